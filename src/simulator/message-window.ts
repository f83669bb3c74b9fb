/** Counts a client's messages in fixed windows, as the venues' rate limits do. */
export class MessageWindow {
  readonly #windowMs: number;
  #startMs = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Counts one message and returns how many there were in the present window, this one included. */
  add(nowMs: number): number {
    if (nowMs - this.#startMs >= this.#windowMs) {
      this.#startMs = nowMs;
      this.#count = 0;
    }
    this.#count++;
    return this.#count;
  }
}
