// Hot path.
// From a WebSocket message to the decoder: one clock read, no allocation of our own, no copy.
import WebSocket from "ws";
import type { Clock } from "../../runtime/clock.ts";
import type { TurnQueue } from "../../runtime/turn-queue.ts";
import { type FrameDecoder, FrameKind } from "../../venues/compiled-venue.ts";
import type { SessionMonitor } from "../adapter.ts";

/** Messages read from one socket before the event loop gets a turn; timers starve under a flood otherwise. */
const SLICE_MESSAGES = 256;

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
  readonly #resumeTurn: () => void;
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
    this.#resumeTurn = () => {
      this.#isWaitingTurn = false;
      this.#inSlice = 0;
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
    try {
      this.#take(message, this.#decoder.decode(message, this.#clock.wallUs()));
    } catch (error) {
      this.#options.onThrown(error);
      return;
    }
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

  /** Whatever still comes is read and thrown away; holds no timer afterwards. */
  stop(): void {
    this.#isHeld = false;
    this.#isWaitingTurn = false;
    this.#resume();
    this.#isStopped = true;
    this.#options.turns.leave(this.#resumeTurn);
  }

  #take(message: Uint8Array, kind: FrameKind): void {
    if (kind === FrameKind.quote || kind === FrameKind.heartbeat) this.#monitor.onData();
    else if (kind === FrameKind.control) this.#options.onControl(message);
    else if (kind === FrameKind.rejected) this.#monitor.onReject(this.#decoder.rejectReason, message);
  }

  /** What the socket had read before it was paused still comes in; it belongs to this slice. */
  #endSlice(): void {
    if (this.#isWaitingTurn) return;
    this.#isWaitingTurn = true;
    this.#pause();
    this.#options.turns.wait(this.#resumeTurn);
  }

  // Bun 1.4.5 throws from both when the connection is gone and `close` was not told yet: hence the look at the state.
  #pause(): void {
    const { socket } = this.#options;
    if (socket.readyState === WebSocket.OPEN) socket.pause();
  }

  #resume(): void {
    const { socket } = this.#options;
    const isWanted = !this.#isHeld && !this.#isWaitingTurn && !this.#isStopped;
    if (isWanted && socket.readyState === WebSocket.OPEN) socket.resume();
  }
}
