import type { Clock, Timer } from "../../runtime/clock.ts";

/** More messages than this never wait in honest use: each symbol is asked for at most twice at a time. */
const WAITING_MAX = 20_000;

/** One message to the venue. */
export interface OutgoingMessage {
  /** Text frame; null for a ping frame. */
  readonly text: string | null;
  /** Called when the message has been handed to the socket. */
  onSent(): void;
}

/** Sends messages in order, no two of them closer than the venue allows. */
export class Outbox {
  readonly #clock: Clock;
  readonly #spacingMs: number;
  readonly #send: (text: string | null) => void;
  #waiting: OutgoingMessage[] = [];
  #lastSentMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(clock: Clock, spacingMs: number, send: (text: string | null) => void) {
    this.#clock = clock;
    this.#spacingMs = spacingMs;
    this.#send = send;
  }

  /**
   * Takes a message; `urgent` ones (pings) go before all that wait.
   *
   * @returns false when too many wait: the message is not taken
   */
  push(message: OutgoingMessage, order: "urgent" | "in_turn"): boolean {
    if (this.#isClosed || this.#waiting.length >= WAITING_MAX) return false;
    if (order === "urgent") this.#waiting.unshift(message);
    else this.#waiting.push(message);
    if (this.#timer === null) this.#drain();
    return true;
  }

  /** Forgets what waits; nothing is sent any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#timer?.cancel();
    this.#timer = null;
  }

  #drain(): void {
    this.#timer = null;
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const nowMs = this.#clock.monotonicMs();
      const dueMs = this.#lastSentMs + this.#spacingMs;
      if (dueMs > nowMs) {
        this.#timer = this.#clock.schedule(dueMs - nowMs, () => this.#drain());
        return;
      }
      const message = this.#waiting.shift() as OutgoingMessage;
      this.#lastSentMs = nowMs;
      this.#send(message.text);
      message.onSent();
    }
  }
}
