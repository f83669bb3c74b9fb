import { backoffDelayMs } from "../../../runtime/backoff.ts";
import type { Clock, RandomSource, Timer } from "../../../runtime/clock.ts";
import type { ServerMessage } from "../protocol.ts";

/** The server sends four times a second: after this long without a word the connection is taken for dead, ms. */
export const SILENCE_MAX_MS = 5000;
/** How long a connection may take to come about, ms. */
const OPEN_LIMIT_MS = 5000;
const BACKOFF = { initialDelayMs: 500, maxDelayMs: 5000 };
/** No two tries closer than this, ms. */
const DELAY_MIN_MS = 200;

/** One connection, as the browser's WebSocket gives it. */
export interface LinkSocket {
  onopen: (() => void) | null;
  onmessage: ((text: string) => void) | null;
  onclose: (() => void) | null;
  send(text: string): void;
  close(): void;
}

/** What a link needs. */
export interface LinkOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly open: () => LinkSocket;
  readonly onMessage: (message: ServerMessage) => void;
}

/** How the link is, for the banner. */
export interface LinkStatus {
  readonly isUp: boolean;
  /** Since the last message; null before the first. */
  readonly silentMs: number | null;
  /** Until the next try; null while one is under way. */
  readonly retryInMs: number | null;
}

/** The connection to the server: opened again and again, with growing pauses, until the page is closed. */
export class Link {
  readonly #options: LinkOptions;
  #socket: LinkSocket | null = null;
  #isUp = false;
  #attempt = 0;
  #lastMessageMs: number | null = null;
  #retryAtMs: number | null = null;
  #limit: Timer | null = null;
  #retry: Timer | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#socket === null && this.#retry === null) this.#open();
  }

  /** Tries now instead of later: the browser says that the network is back, or the page is looked at again. */
  hurry(): void {
    if (this.#retry === null) return;
    this.#retry.cancel();
    this.#open();
  }

  /** False when there is nobody to send to; the caller asks again after the next hello. */
  send(message: object): boolean {
    if (!this.#isUp || this.#socket === null) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  status(): LinkStatus {
    const nowMs = this.#options.clock.monotonicMs();
    return {
      isUp: this.#isUp,
      silentMs: this.#lastMessageMs === null ? null : nowMs - this.#lastMessageMs,
      retryInMs: this.#retryAtMs === null ? null : Math.max(0, this.#retryAtMs - nowMs),
    };
  }

  #open(): void {
    this.#retry = null;
    this.#retryAtMs = null;
    const socket = this.#options.open();
    this.#socket = socket;
    this.#watch(OPEN_LIMIT_MS);
    socket.onopen = () => this.#watch(SILENCE_MAX_MS);
    socket.onmessage = (text) => this.#take(socket, text);
    socket.onclose = () => this.#end(socket);
  }

  #take(socket: LinkSocket, text: string): void {
    if (socket !== this.#socket) return;
    this.#isUp = true;
    this.#attempt = 0;
    this.#lastMessageMs = this.#options.clock.monotonicMs();
    this.#watch(SILENCE_MAX_MS);
    this.#options.onMessage(JSON.parse(text));
  }

  #watch(limitMs: number): void {
    this.#limit?.cancel();
    this.#limit = this.#options.clock.schedule(limitMs, () => {
      if (this.#socket !== null) this.#end(this.#socket);
    });
  }

  /** A dead peer never answers a close: it is not waited for. */
  #end(socket: LinkSocket): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#isUp = false;
    this.#limit?.cancel();
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
    const { clock, random } = this.#options;
    const delayMs = Math.max(DELAY_MIN_MS, backoffDelayMs(BACKOFF, this.#attempt++, random));
    this.#retryAtMs = clock.monotonicMs() + delayMs;
    this.#retry = clock.schedule(delayMs, () => this.#open());
  }
}
