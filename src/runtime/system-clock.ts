import type { Clock, Timer } from "./clock.ts";

/** How far the wall clock may run away from the monotonic one before the stamps are set anew, µs. */
const WALL_STEP_LIMIT_US = 1000;
/** How often the two clocks are compared, monotonic ms. */
const WALL_CHECK_EVERY_MS = 50;

/**
 * The machine's clocks. Stamps have µs: `Date.now()` gives whole ms, so the monotonic clock fills in between, and the
 * pair is compared every 50 ms so that a step of the wall clock is followed at once and drift stays below 1 ms.
 */
export class SystemClock implements Clock {
  #wallBaseUs = 0;
  #monotonicBaseMs = 0;
  #nextCheckMs = 0;

  constructor() {
    this.#rebase(performance.now());
  }

  monotonicMs(): number {
    return performance.now();
  }

  wallUs(): number {
    const nowMs = performance.now();
    if (nowMs >= this.#nextCheckMs) this.#compare(nowMs);
    return this.#wallBaseUs + Math.floor((nowMs - this.#monotonicBaseMs) * 1000);
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const handle = setTimeout(callback, Math.max(0, delayMs));
    return { cancel: () => clearTimeout(handle) };
  }

  scheduleSoon(callback: () => void): Timer {
    const handle = setImmediate(callback);
    return { cancel: () => clearImmediate(handle) };
  }

  #compare(nowMs: number): void {
    this.#nextCheckMs = nowMs + WALL_CHECK_EVERY_MS;
    const ourUs = this.#wallBaseUs + (nowMs - this.#monotonicBaseMs) * 1000;
    const systemUs = Date.now() * 1000;
    // Date.now() is floored to a ms, so an honest difference lies in [0, 1000) µs.
    if (ourUs < systemUs - WALL_STEP_LIMIT_US || ourUs > systemUs + 2 * WALL_STEP_LIMIT_US) this.#rebase(nowMs);
  }

  #rebase(nowMs: number): void {
    this.#wallBaseUs = Date.now() * 1000;
    this.#monotonicBaseMs = nowMs;
    this.#nextCheckMs = nowMs + WALL_CHECK_EVERY_MS;
  }
}
