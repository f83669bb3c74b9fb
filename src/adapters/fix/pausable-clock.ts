import type { Clock, Timer } from "../../runtime/clock.ts";
import { STANDSTILL_MS } from "./standstill.ts";

/** How long the clock goes on after the process stood still before a timer that is due fires: what waits is read first, ms. */
const READ_FIRST_MS = 1000;

/** One timer of a pausable clock. */
interface PausableTimer {
  /** On the pausable clock. */
  dueMs: number;
  readonly callback: () => void;
  /** The timer of the clock beneath; null while paused. */
  inner: Timer | null;
}

/**
 * A clock whose monotonic time stands still while it is paused: what an LP was given time for does not run out while we do
 * not read, nor while the process itself stands still. The wall clock goes on.
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
    timer.inner = this.#clock.schedule(timer.dueMs - this.monotonicMs(), () => this.#fire(timer));
  }

  #fire(timer: PausableTimer): void {
    const lateMs = this.monotonicMs() - timer.dueMs;
    if (lateMs <= STANDSTILL_MS) {
      this.#timers.delete(timer);
      timer.callback();
      return;
    }
    this.#pausedMs += lateMs;
    timer.dueMs += READ_FIRST_MS;
    for (const each of this.#timers) {
      each.inner?.cancel();
      this.#arm(each);
    }
  }
}
