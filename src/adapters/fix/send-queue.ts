import type { Clock, Timer } from "../../runtime/clock.ts";

/** More requests than this never wait in honest use: each symbol is unsubscribed and asked for once at a time. */
const WAITING_MAX = 20_000;

/** Sends requests in order, no two of them closer than the LP allows. */
export class SendQueue {
  readonly #clock: Clock;
  readonly #spacingMs: number;
  /** In order, the next from `#nextIndex` on. */
  #waiting: (() => void)[] = [];
  #nextIndex = 0;
  #lastSentMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | null = null;
  #isClosed = false;

  /** @param spacingMs at least this long between two of them; 0 = at once */
  constructor(clock: Clock, spacingMs: number) {
    this.#clock = clock;
    this.#spacingMs = spacingMs;
  }

  /**
   * Takes what sends one request.
   *
   * @returns false when too many wait: it is not taken
   */
  push(send: () => void): boolean {
    if (this.#isClosed || this.#waiting.length - this.#nextIndex >= WAITING_MAX) return false;
    this.#waiting.push(send);
    if (this.#timer === null) this.#drain();
    return true;
  }

  /** Forgets what waits; nothing is sent any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#nextIndex = 0;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #drain(): void {
    this.#timer = null;
    while (this.#nextIndex < this.#waiting.length) {
      const dueMs = this.#lastSentMs + this.#spacingMs - this.#clock.monotonicMs();
      if (dueMs > 0) {
        this.#timer = this.#clock.schedule(dueMs, () => this.#drain());
        return;
      }
      const send = this.#waiting[this.#nextIndex++];
      this.#lastSentMs = this.#clock.monotonicMs();
      send();
    }
    this.#waiting = [];
    this.#nextIndex = 0;
  }
}
