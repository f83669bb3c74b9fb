import type { Clock, Timer } from "../../runtime/clock.ts";

/** One timer of a pausable clock. */
interface PausableTimer {
  /** On the pausable clock. */
  readonly dueMs: number;
  readonly callback: () => void;
  /** The timer of the clock beneath; null while paused. */
  inner: Timer | null;
}

/**
 * A clock whose monotonic time stands still while it is paused: what an LP was given time for does not run out while we do
 * not read. The wall clock goes on.
 */
export class PausableClock implements Clock {
  readonly #clock: Clock;
  /** Bounded by who schedules: each holds a timer or two. */
  readonly #timers = new Set<PausableTimer>();
  #pausedMs = 0;
  /** Monotonic ms of the clock beneath; −1 while it runs. */
  #pausedSinceMs = -1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  monotonicMs(): number {
    const nowMs = this.#pausedSinceMs < 0 ? this.#clock.monotonicMs() : this.#pausedSinceMs;
    return nowMs - this.#pausedMs;
  }

  wallUs(): number {
    return this.#clock.wallUs();
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const timer: PausableTimer = { dueMs: this.monotonicMs() + Math.max(0, delayMs), callback, inner: null };
    this.#timers.add(timer);
    if (this.#pausedSinceMs < 0) this.#arm(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.inner?.cancel();
      },
    };
  }

  scheduleSoon(callback: () => void): Timer {
    return this.#clock.scheduleSoon(callback);
  }

  /** Stands still, or goes on. */
  pause(isPaused: boolean): void {
    if (isPaused === this.#pausedSinceMs >= 0) return;
    if (isPaused) {
      this.#pausedSinceMs = this.#clock.monotonicMs();
      for (const timer of this.#timers) timer.inner?.cancel();
      return;
    }
    this.#pausedMs += this.#clock.monotonicMs() - this.#pausedSinceMs;
    this.#pausedSinceMs = -1;
    for (const timer of this.#timers) this.#arm(timer);
  }

  #arm(timer: PausableTimer): void {
    timer.inner = this.#clock.schedule(timer.dueMs - this.monotonicMs(), () => {
      this.#timers.delete(timer);
      timer.callback();
    });
  }
}
