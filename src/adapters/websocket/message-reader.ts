// Hot path.
// From a WebSocket message to the decoder: one clock read, no allocation of our own, no copy.
import WebSocket from "ws";
import type { Clock } from "../../runtime/clock.ts";
import type { TurnQueue } from "../../runtime/turn-queue.ts";
import { type FrameDecoder, FrameKind } from "../../venues/compiled-venue.ts";
import type { SessionMonitor } from "../adapter.ts";

/** Messages decoded from one socket before the event loop gets a turn; timers starve under a flood otherwise. */
const SLICE_MESSAGES = 512;
/**
 * Messages that wait for their turn: a paused socket still delivers what it had read, up to 512 KiB. More than this are
 * decoded at once, so the bound costs no message.
 */
const WAITING_MAX = 8192;

/** What a reader works with. */
export interface MessageReaderOptions {
  readonly socket: WebSocket;
  readonly decoder: FrameDecoder;
  readonly monitor: SessionMonitor;
  readonly clock: Clock;
  readonly turns: TurnQueue;
  readonly maxMessageBytes: number;
  /** An ack, a refusal, an error or a notice; the frame is borrowed. */
  onControl(frame: Uint8Array): void;
  onTooLarge(bytes: number): void;
  /** The decoder or the sink threw, which they promise not to do. */
  onThrown(error: unknown): void;
}

/** Reads one socket: hands each message to the decoder, and reads no faster than the rest of the process can live with. */
export class MessageReader {
  /** Messages and control frames of the protocol received so far. */
  frames = 0;
  readonly #options: MessageReaderOptions;
  readonly #decoder: FrameDecoder;
  readonly #monitor: SessionMonitor;
  readonly #clock: Clock;
  readonly #maxMessageBytes: number;
  readonly #onTurn: () => void;
  /** Messages read after their slice was full, in order from `#nextWaiting` on, and when each was in hand. */
  #waiting: Uint8Array[] = [];
  readonly #waitingTimesUs = new Float64Array(WAITING_MAX);
  #nextWaiting = 0;
  #inSlice = 0;
  #isWaitingTurn = false;
  #isHeld = false;
  #isStopped = false;

  constructor(options: MessageReaderOptions) {
    this.#options = options;
    this.#decoder = options.decoder;
    this.#monitor = options.monitor;
    this.#clock = options.clock;
    this.#maxMessageBytes = options.maxMessageBytes;
    this.#onTurn = () => {
      this.#isWaitingTurn = false;
      this.#inSlice = 0;
      if (!this.#isHeld) this.#decodeWaiting(SLICE_MESSAGES);
      this.#resume();
    };
  }

  /** Takes one whole message. */
  read(message: Uint8Array): void {
    if (this.#isStopped) return;
    this.frames++;
    this.#monitor.onFrame(message.length);
    if (message.length > this.#maxMessageBytes) {
      this.#options.onTooLarge(message.length);
      return;
    }
    const receivedTimeUs = this.#clock.wallUs();
    if (this.#isWaitingTurn || this.#isHeld || this.#waiting.length > 0) {
      this.#queue(message, receivedTimeUs);
      return;
    }
    this.#decode(message, receivedTimeUs);
    if (++this.#inSlice >= SLICE_MESSAGES) this.#endSlice();
  }

  /** Takes a ping or pong frame: the link lives. */
  readSignal(bytes: number): void {
    if (this.#isStopped) return;
    this.frames++;
    this.#monitor.onFrame(bytes);
  }

  /** Stops reading the socket, or goes on: memory is full, or is not any more. */
  hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld || this.#isStopped) return;
    this.#isHeld = isHeld;
    if (!isHeld) {
      this.#resume();
      return;
    }
    this.#pause();
    this.#monitor.onPause();
  }

  /** What was in hand is decoded; whatever still comes is read and thrown away. Holds no timer afterwards. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isHeld = false;
    this.#isWaitingTurn = false;
    this.#options.turns.leave(this.#onTurn);
    // Also a way into here: a waiting message that ends the session is no longer among those that wait.
    this.#isStopped = true;
    this.#decodeWaiting(WAITING_MAX);
    const { socket } = this.#options;
    if (socket.readyState === WebSocket.OPEN) socket.resume();
  }

  /** Order is kept: while an older message waits, or reading is stopped, a newer one waits too. */
  #queue(message: Uint8Array, receivedTimeUs: number): void {
    if (this.#waiting.length === WAITING_MAX) this.#decodeWaiting(WAITING_MAX);
    this.#waitingTimesUs[this.#waiting.length] = receivedTimeUs;
    this.#waiting.push(message);
  }

  #decode(message: Uint8Array, receivedTimeUs: number): void {
    try {
      this.#take(message, this.#decoder.decode(message, receivedTimeUs));
    } catch (error) {
      this.#options.onThrown(error);
    }
  }

  /** Decodes what waits, at most `countMax`. */
  #decodeWaiting(countMax: number): void {
    for (let i = 0; i < countMax && this.#nextWaiting < this.#waiting.length; i++) {
      const at = this.#nextWaiting++;
      this.#decode(this.#waiting[at], this.#waitingTimesUs[at]);
    }
    if (this.#nextWaiting < this.#waiting.length) return;
    this.#waiting = [];
    this.#nextWaiting = 0;
  }

  #take(message: Uint8Array, kind: FrameKind): void {
    if (kind === FrameKind.quote || kind === FrameKind.heartbeat) this.#monitor.onData();
    else if (kind === FrameKind.control) this.#options.onControl(message);
    else if (kind === FrameKind.rejected) this.#monitor.onReject(this.#decoder.rejectReason, message);
  }

  /** Stops reading until the next turn. */
  #endSlice(): void {
    if (this.#isWaitingTurn) return;
    this.#isWaitingTurn = true;
    this.#pause();
    this.#options.turns.wait(this.#onTurn);
  }

  // Bun 1.4.5 throws from both when the connection is gone and `close` was not told yet: hence the look at the state.
  #pause(): void {
    const { socket } = this.#options;
    if (socket.readyState === WebSocket.OPEN) socket.pause();
  }

  /** Reads on when nothing speaks against it; what waits goes first. */
  #resume(): void {
    if (this.#isHeld || this.#isWaitingTurn) return;
    if (this.#waiting.length > 0) {
      this.#endSlice();
      return;
    }
    const { socket } = this.#options;
    if (socket.readyState === WebSocket.OPEN) socket.resume();
  }
}
