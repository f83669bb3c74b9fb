import type { Clock, Timer } from "../runtime/clock.ts";

/** The pacer wakes no more often than this, ms; above 1000/this per second, several quotes go at one wake. */
const MIN_TICK_MS = 5;
/** After a stall at most this much of the missed time is made up for; the rest is forgiven. */
const MAX_CATCH_UP_MS = 250;

/** What a pacer drives. */
export interface PacedWork {
  /** Emits `count` quotes now. */
  emit(count: number): void;
}

/** Holds an exact average rate over time: what a late wake-up missed goes out with the next, up to a bound. */
export class QuotePacer {
  readonly #clock: Clock;
  readonly #ratePerSecond: number;
  readonly #work: PacedWork;
  #timer: Timer | null = null;
  #startMs = 0;
  #emitted = 0;

  constructor(clock: Clock, ratePerSecond: number, work: PacedWork) {
    this.#clock = clock;
    this.#ratePerSecond = ratePerSecond;
    this.#work = work;
  }

  /** Starts counting from now; does nothing while running. */
  start(): void {
    if (this.#timer !== null) return;
    this.#startMs = this.#clock.monotonicMs();
    this.#emitted = 0;
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #arm(): void {
    const nextDueMs = this.#startMs + ((this.#emitted + 1) * 1000) / this.#ratePerSecond;
    const delayMs = Math.max(MIN_TICK_MS, nextDueMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.schedule(delayMs, () => this.#tick());
  }

  #tick(): void {
    const elapsedMs = this.#clock.monotonicMs() - this.#startMs;
    // A timer may fire exactly when due, where binary fractions would lose the quote by a hair.
    let due = Math.floor((elapsedMs * this.#ratePerSecond) / 1000 + 1e-6) - this.#emitted;
    const most = Math.max(1, Math.ceil((this.#ratePerSecond * MAX_CATCH_UP_MS) / 1000));
    if (due > most) {
      this.#startMs += ((due - most) * 1000) / this.#ratePerSecond;
      due = most;
    }
    this.#arm();
    if (due <= 0) return;
    this.#emitted += due;
    this.#work.emit(due);
  }
}
