import type { Clock } from "../../../runtime/clock.ts";

/** The browser's clocks and timers. */
export const BROWSER_CLOCK: Clock = {
  monotonicMs: () => performance.now(),
  wallUs: () => Date.now() * 1000,
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  scheduleSoon: (callback) => {
    const timer = setTimeout(callback, 0);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The browser's chance. */
export function browserRandom(): number {
  return Math.random();
}
