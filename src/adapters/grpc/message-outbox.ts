import type { Clock, Timer } from "../../runtime/clock.ts";

/** More messages than this never wait in honest use: each symbol is asked for at most twice at a time. */
const WAITING_MAX = 20_000;

/** Sends messages in order: each when the call has taken the one before, and none sooner than the venue allows. */
export class MessageOutbox {
  readonly #clock: Clock;
  readonly #spacingMs: number;
  readonly #send: (message: Uint8Array, onSent: () => void) => void;
  #waiting: Uint8Array[] = [];
  #timer: Timer | null = null;
  #isSending = false;
  #isClosed = false;

  constructor(clock: Clock, spacingMs: number, send: (message: Uint8Array, onSent: () => void) => void) {
    this.#clock = clock;
    this.#spacingMs = spacingMs;
    this.#send = send;
  }

  /** Takes a message; false when too many wait. */
  push(message: Uint8Array): boolean {
    if (this.#isClosed || this.#waiting.length >= WAITING_MAX) return false;
    this.#waiting.push(message);
    this.#sendNext();
    return true;
  }

  /** Forgets what waits. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#timer?.cancel();
    this.#timer = null;
  }

  #sendNext(): void {
    if (this.#isSending || this.#isClosed || this.#timer !== null) return;
    const message = this.#waiting.shift();
    if (message === undefined) return;
    this.#isSending = true;
    this.#send(message, () => this.#onSent());
  }

  #onSent(): void {
    this.#isSending = false;
    if (this.#isClosed) return;
    if (this.#spacingMs === 0) {
      this.#sendNext();
      return;
    }
    this.#timer = this.#clock.schedule(this.#spacingMs, () => {
      this.#timer = null;
      this.#sendNext();
    });
  }
}
