import type { Clock, Timer } from "../runtime/clock.ts";

/** Sockets are paused from this share of the memory budget on, and read again below the other. */
const PAUSE_SHARE = 0.8;
const RESUME_SHARE = 0.5;

/** After the longest pause the sockets are read for so long before the next, ms: pings are answered, the link lives. */
const READ_BETWEEN_PAUSES_MS = 500;

/** What memory pressure needs. */
export interface MemoryPressureOptions {
  readonly clock: Clock;
  readonly limitBytes: number;
  /** A socket is held at most this long at a time, ms; then it is read for a moment, and what finds no room is dropped. */
  readonly pauseMaxMs: number;
}

/**
 * Turns the use of the memory budget into "stop reading": the last resort before anything is dropped. A venue that is
 * not read closes the link sooner or later, so a pause has an end: a moment of reading, in which the budget decides quote
 * by quote, and the next pause.
 */
export class MemoryPressure {
  isPaused = false;
  /** How often reading was stopped. */
  pauses = 0;
  readonly #options: MemoryPressureOptions;
  readonly #listeners = new Set<(isPaused: boolean) => void>();
  /** Ends the pause, or the moment of reading between two pauses. */
  #timer: Timer | null = null;
  #usedBytes = 0;

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
    this.#usedBytes = usedBytes;
    const { limitBytes } = this.#options;
    if (usedBytes <= limitBytes * RESUME_SHARE) this.#settle();
    else if (this.#timer === null && usedBytes >= limitBytes * PAUSE_SHARE) this.#pause();
  }

  /** Frees the timer; nothing is paused any more. */
  stop(): void {
    this.#settle();
  }

  #pause(): void {
    const { clock, pauseMaxMs } = this.#options;
    this.#timer = clock.schedule(pauseMaxMs, () => this.#readForAMoment());
    this.pauses++;
    this.#tell(true);
  }

  #readForAMoment(): void {
    this.#timer = this.#options.clock.schedule(READ_BETWEEN_PAUSES_MS, () => {
      this.#timer = null;
      this.update(this.#usedBytes);
    });
    this.#tell(false);
  }

  #settle(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.isPaused) this.#tell(false);
  }

  #tell(isPaused: boolean): void {
    this.isPaused = isPaused;
    for (const listener of this.#listeners) listener(isPaused);
  }
}
