import type { Clock, Timer } from "../runtime/clock.ts";

/** Sockets are paused from this share of the memory budget on, and read again below the other. */
const PAUSE_SHARE = 0.8;
const RESUME_SHARE = 0.5;

/** What memory pressure needs. */
export interface MemoryPressureOptions {
  readonly clock: Clock;
  readonly limitBytes: number;
  /** A socket is held at most this long, ms; then reading goes on and quotes that find no room are dropped, counted. */
  readonly pauseMaxMs: number;
}

/**
 * Turns the use of the memory budget into "stop reading": the last resort before anything is dropped. A venue that is
 * not read closes the link sooner or later, so a pause has an end; after it the budget decides, quote by quote.
 */
export class MemoryPressure {
  isPaused = false;
  /** How often reading was stopped. */
  pauses = 0;
  readonly #options: MemoryPressureOptions;
  readonly #listeners = new Set<(isPaused: boolean) => void>();
  #limitTimer: Timer | null = null;
  #isExhausted = false;

  constructor(options: MemoryPressureOptions) {
    this.#options = options;
  }

  /** Calls back on every change until the returned function is called. */
  onChange(listener: (isPaused: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hears every change of the budget. */
  update(usedBytes: number): void {
    const { limitBytes, clock, pauseMaxMs } = this.#options;
    if (usedBytes <= limitBytes * RESUME_SHARE) {
      this.#isExhausted = false;
      if (this.isPaused) this.#resume();
      return;
    }
    if (this.isPaused || this.#isExhausted || usedBytes < limitBytes * PAUSE_SHARE) return;
    this.isPaused = true;
    this.pauses++;
    this.#limitTimer = clock.schedule(pauseMaxMs, () => {
      this.#isExhausted = true;
      this.#resume();
    });
    this.#tell();
  }

  /** Frees the timer; nothing is paused any more. */
  stop(): void {
    if (this.isPaused) this.#resume();
  }

  #resume(): void {
    this.isPaused = false;
    this.#limitTimer?.cancel();
    this.#limitTimer = null;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.isPaused);
  }
}
