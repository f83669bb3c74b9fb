import type { Socket } from "node:net";
import type { IngestError } from "../../domain/ingest-error.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { TurnQueue } from "../../runtime/turn-queue.ts";
import {
  brokenError,
  closedError,
  connectError,
  connectTimeout,
  notReadingError,
  type SystemError,
} from "./connection-errors.ts";
import { type FixEndpoint, openSocket } from "./socket-options.ts";

/**
 * Bytes read from one socket before the event loop gets a turn, about a ms of work: under a flood Bun 1.4.5 hands over
 * chunks of 512 KiB, one after the other, and timers starve.
 */
const SLICE_BYTES = 65_536;
/**
 * Bytes in hand that wait for their turn. A paused socket still delivers a chunk or two (TLS; see `#pauseSoon`); more than
 * this are taken at once, so the bound costs no message.
 */
const WAITING_BYTES_MAX = 16 * 1024 * 1024;
/**
 * Bytes that wait to be written: an LP that leaves more does not read. Requests for ten thousand symbols, which go out in one
 * turn of the event loop, are three million.
 */
const UNSENT_BYTES_MAX = 8 * 1024 * 1024;
/** How long the LP may take to close its side once we have closed ours, ms. */
const CLOSE_GRACE_MS = 200;

/** Told what happens to a connection; nothing is told after `close` or `finish`. */
export interface FixConnectionListener {
  /** The connection is up, TLS included. */
  onOpen(): void;
  /** Bytes in order, split anywhere; borrowed. `receivedTimeUs` is when they were in hand, wall clock. */
  onBytes(bytes: Uint8Array, receivedTimeUs: number): void;
  /** The connection is gone, or never came up; once. */
  onLost(error: IngestError): void;
}

/** What a connection works with. */
export interface FixConnectionOptions {
  readonly endpoint: FixEndpoint;
  readonly clock: Clock;
  /** Shared by all sockets of the process, so that a flood on many starves nobody. */
  readonly turns: TurnQueue;
  /** How long connecting may take, ms. */
  readonly connectLimitMs: number;
  readonly listener: FixConnectionListener;
}

/** Bytes that were read and not yet taken. */
interface WaitingChunk {
  readonly bytes: Uint8Array;
  readonly receivedTimeUs: number;
}

/** One TCP or TLS connection: read in turns, held while memory is full, written within bounds. */
export class FixConnection {
  readonly #options: FixConnectionOptions;
  readonly #socket: Socket;
  readonly #onTurn = () => this.#takeTurn();
  /** In order, the first from `#takenOfFirst` on. */
  #waiting: WaitingChunk[] = [];
  #takenOfFirst = 0;
  #waitingBytes = 0;
  #inSlice = 0;
  #isWaitingTurn = false;
  #isHeld = false;
  #isOpen = false;
  #isOver = false;
  /** How the connection was lost, while bytes that came before still wait. */
  #lost: IngestError | null = null;
  #limit: Timer | null;

  /** @throws IngestError when a certificate or a key cannot be used */
  constructor(options: FixConnectionOptions) {
    this.#options = options;
    const { endpoint, clock, connectLimitMs } = options;
    const { target } = endpoint;
    const socket = openSocket(endpoint);
    this.#socket = socket;
    this.#limit = clock.schedule(connectLimitMs, () => this.#lose(connectTimeout(target, connectLimitMs)));
    socket.on(endpoint.tls === null ? "connect" : "secureConnect", () => this.#onOpen());
    socket.on("data", (chunk: Uint8Array) => this.#onData(chunk));
    // After an error comes a close: the first of the two tells how it ended, the other finds it told.
    socket.on("error", (error: SystemError) => {
      this.#lose(this.#isOpen ? brokenError(target, error) : connectError(target, error));
    });
    socket.on("end", () => this.#lose(this.#closed()));
    socket.on("close", () => this.#lose(this.#closed()));
  }

  /** Sends bytes; borrowed. An LP that does not read them in time loses the connection. */
  write(bytes: Uint8Array): void {
    if (this.#isOver || this.#lost !== null) return;
    this.#socket.write(Buffer.from(bytes));
    const unsent = this.#socket.writableLength;
    if (unsent > UNSENT_BYTES_MAX) this.#lose(notReadingError(this.#options.endpoint.target, unsent));
  }

  /** Stops reading, or goes on: memory is full, or is not any more. */
  hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld || this.#isOver) return;
    this.#isHeld = isHeld;
    if (isHeld) this.#socket.pause();
    else this.#readOn();
  }

  /** Ends at once; nothing is told afterwards. */
  close(): void {
    this.#release();
    this.#socket.destroy();
  }

  /** Ends when what was written has gone out, within {@link CLOSE_GRACE_MS}; nothing is told afterwards. */
  async finish(): Promise<void> {
    const socket = this.#socket;
    this.#release();
    if (!this.#isOpen || socket.destroyed) {
      socket.destroy();
      return;
    }
    const closed = Promise.withResolvers<void>();
    const limit = this.#options.clock.schedule(CLOSE_GRACE_MS, () => closed.resolve());
    socket.once("close", () => closed.resolve());
    // What still comes is read and thrown away: unread bytes would turn our FIN into a reset, and cost the LP our Logout.
    socket.resume();
    socket.end();
    await closed.promise;
    limit.cancel();
    socket.destroy();
  }

  #onOpen(): void {
    if (this.#isOver || this.#lost !== null) return;
    this.#isOpen = true;
    this.#limit?.cancel();
    this.#limit = null;
    this.#options.listener.onOpen();
  }

  #onData(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#waiting.push({ bytes, receivedTimeUs: this.#options.clock.wallUs() });
    this.#waitingBytes += bytes.length;
    if (!this.#isHeld && !this.#isWaitingTurn) this.#takeSlice();
    while (this.#waitingBytes > WAITING_BYTES_MAX && !this.#isOver) this.#take(SLICE_BYTES);
    if (this.#waitingBytes > 0) this.#pauseSoon();
    else if (this.#lost !== null) this.#tellLost();
  }

  #takeTurn(): void {
    this.#isWaitingTurn = false;
    this.#inSlice = 0;
    this.#readOn();
  }

  /** Takes what waits, and reads the socket again when nothing waits any more. */
  #readOn(): void {
    if (this.#isHeld || this.#isWaitingTurn || this.#isOver) return;
    this.#takeSlice();
    if (this.#waitingBytes > 0 || this.#isOver) return;
    if (this.#lost === null) this.#socket.resume();
    this.#tellLost();
  }

  #takeSlice(): void {
    while (this.#waitingBytes > 0 && !this.#isOver) {
      if (this.#inSlice >= SLICE_BYTES) {
        this.#isWaitingTurn = true;
        this.#options.turns.wait(this.#onTurn);
        return;
      }
      this.#inSlice += this.#take(SLICE_BYTES - this.#inSlice);
    }
  }

  /** Hands over at most `bytesMax` of the oldest chunk; returns how many. */
  #take(bytesMax: number): number {
    const { bytes, receivedTimeUs } = this.#waiting[0];
    const start = this.#takenOfFirst;
    const end = Math.min(bytes.length, start + bytesMax);
    this.#waitingBytes -= end - start;
    this.#takenOfFirst = end;
    if (end === bytes.length) {
      this.#waiting.shift();
      this.#takenOfFirst = 0;
    }
    const isWhole = start === 0 && end === bytes.length;
    this.#options.listener.onBytes(isWhole ? bytes : bytes.subarray(start, end), receivedTimeUs);
    return end - start;
  }

  /**
   * Pauses once the socket's own buffer is empty. Over TLS Bun 1.4.5 delivers one more chunk after each pause and keeps it
   * in the stream; were the stream paused within `data`, these would pile up (293 MB in a second of flood).
   */
  #pauseSoon(): void {
    queueMicrotask(() => {
      if (this.#waitingBytes > 0 && !this.#isOver) this.#socket.pause();
    });
  }

  #closed(): IngestError {
    const { target } = this.#options.endpoint;
    if (this.#isOpen) return closedError(target);
    return connectError(target, new Error("the connection ended before it was up"));
  }

  /** Bytes that came before the loss are taken first, as far as memory allows. */
  #lose(error: IngestError): void {
    if (this.#isOver || this.#lost !== null) return;
    this.#lost = error;
    if (this.#waitingBytes === 0) this.#tellLost();
  }

  #tellLost(): void {
    const error = this.#lost;
    if (this.#isOver || error === null) return;
    this.close();
    this.#options.listener.onLost(error);
  }

  /** Lets go of timers and turns; nothing is read or told any more. */
  #release(): void {
    this.#isOver = true;
    this.#limit?.cancel();
    this.#limit = null;
    this.#options.turns.leave(this.#onTurn);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
