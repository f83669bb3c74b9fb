import { type BackoffPolicy, backoffDelayMs } from "../../runtime/backoff.ts";
import type { Clock, RandomSource, Timer } from "../../runtime/clock.ts";
import { CurrentWait } from "../../runtime/current-wait.ts";

/** Waits between failed connections to one broker: one that is back is noticed within a second. */
export const RECONNECT_BACKOFF: BackoffPolicy = { initialDelayMs: 50, maxDelayMs: 1000 };

/**
 * Keeps the connections to one broker from storming it: one attempt at a time, and after a failure a pause with full
 * jitter that grows until a connection has proved useful. Whoever asks while an attempt runs shares its failure.
 */
export class ConnectGate {
  /** Until when the attempt that runs may take. */
  readonly wait = new CurrentWait();
  readonly #clock: Clock;
  readonly #random: RandomSource;
  #failures = 0;
  #notBeforeMs = 0;
  #attempt: Promise<unknown> | null = null;
  #pause: { readonly timer: Timer; readonly finish: () => void } | null = null;
  #isClosed = false;

  constructor(clock: Clock, random: RandomSource) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Failures in a row; 0 for a broker that is well. */
  get failures(): number {
    return this.#failures;
  }

  /** Runs `connect` when it may; rejects with its error, or with that of the attempt it had to wait for. */
  async pass<T>(connect: () => Promise<T>): Promise<T> {
    while (this.#attempt !== null) await this.#attempt;
    const attempt = this.#pauseThen(connect);
    this.#attempt = attempt;
    try {
      return await attempt;
    } finally {
      this.#attempt = null;
    }
  }

  /** A connection failed, or ended before it had been of any use. */
  noteFailure(): void {
    const delayMs = backoffDelayMs(RECONNECT_BACKOFF, this.#failures, this.#random);
    this.#failures++;
    this.#notBeforeMs = this.#clock.monotonicMs() + delayMs;
  }

  /** A connection has done its work. */
  noteUseful(): void {
    this.#failures = 0;
    this.#notBeforeMs = 0;
  }

  /** Ends a pause at once; later passes do not pause. */
  close(): void {
    this.#isClosed = true;
    this.#pause?.timer.cancel();
    this.#pause?.finish();
  }

  async #pauseThen<T>(connect: () => Promise<T>): Promise<T> {
    const delayMs = this.#notBeforeMs - this.#clock.monotonicMs();
    if (delayMs > 0 && !this.#isClosed) await this.#wait(delayMs);
    return await connect();
  }

  #wait(delayMs: number): Promise<void> {
    this.wait.until(this.#clock.monotonicMs() + delayMs);
    return new Promise((resolve) => {
      const finish = () => {
        this.#pause = null;
        resolve();
      };
      this.#pause = { timer: this.#clock.schedule(delayMs, finish), finish };
    });
  }
}
