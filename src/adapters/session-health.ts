// Hot path: `countFrame` and `countData` run once per message.

/**
 * The clocks of one session: any frame, any data. The hot path only counts; each tick of the watchdog looks whether a
 * count moved, so a silence is measured from the tick that saw the last message (one interval late at most, never early).
 */
export class SessionHealth {
  frames = 0;
  bytes = 0;
  dataMessages = 0;
  #seenFrames = 0;
  #seenData = 0;
  #lastFrameMs: number;
  #lastDataMs: number;

  constructor(nowMs: number) {
    this.#lastFrameMs = nowMs;
    this.#lastDataMs = nowMs;
  }

  countFrame(bytes: number): void {
    this.frames++;
    this.bytes += bytes;
  }

  countData(): void {
    this.dataMessages++;
  }

  /** Starts both clocks anew: the session is open, or silence so far means nothing. */
  restart(nowMs: number): void {
    this.#lastFrameMs = nowMs;
    this.#lastDataMs = nowMs;
  }

  /**
   * Looks what moved since the last tick.
   *
   * @param lostMs time in which this process did not run: it does not count as silence
   * @returns true when a frame came
   */
  observe(nowMs: number, lostMs: number): boolean {
    const hasFrames = this.frames !== this.#seenFrames;
    this.#lastFrameMs = hasFrames ? nowMs : this.#lastFrameMs + lostMs;
    this.#lastDataMs = this.dataMessages !== this.#seenData ? nowMs : this.#lastDataMs + lostMs;
    this.#seenFrames = this.frames;
    this.#seenData = this.dataMessages;
    return hasFrames;
  }

  frameSilenceMs(nowMs: number): number {
    return nowMs - this.#lastFrameMs;
  }

  dataSilenceMs(nowMs: number): number {
    return nowMs - this.#lastDataMs;
  }
}
