import type { Clock } from "./clock.ts";

/** Resolves after `delayMs`, or at once when the signal aborts; the caller looks at the signal. Leaves no timer behind. */
export function delay(delayMs: number, signal: AbortSignal, clock: Clock): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    function finish(): void {
      timer.cancel();
      signal.removeEventListener("abort", finish);
      resolve();
    }
    const timer = clock.schedule(delayMs, finish);
    signal.addEventListener("abort", finish, { once: true });
  });
}

/** True when the promise settled, either way, within `limitMs`; false when the time ran out. Never rejects. */
export function settlesWithin(promise: Promise<unknown>, limitMs: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.schedule(limitMs, () => resolve(false));
    function finish(): void {
      timer.cancel();
      resolve(true);
    }
    promise.then(finish, finish);
  });
}
