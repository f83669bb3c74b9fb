// Hot path.
// From a gRPC message to the decoder: one clock read, no copy, and the next message is asked for when this one is done.
import type { Clock } from "../../runtime/clock.ts";
import type { GrpcDecoder } from "../../venues/compiled-grpc-venue.ts";
import { FrameKind } from "../../venues/compiled-venue.ts";
import type { SessionMonitor } from "../adapter.ts";
import type { GrpcLibrary } from "./grpc-library.ts";
import { type CallStatus, Status } from "./status-meaning.ts";

/** The library's call: `Channel.createCall()` gives one. */
type LibraryCall = ReturnType<InstanceType<GrpcLibrary["Channel"]>["createCall"]>;

/** What a call works with. */
export interface StreamCallOptions {
  readonly call: LibraryCall;
  readonly decoder: GrpcDecoder;
  readonly monitor: SessionMonitor;
  readonly clock: Clock;
  /** The venue has taken the call. */
  onAccepted(): void;
  /** The first message of the call. */
  onFirstMessage(): void;
  /** An ack, a refusal, an error, a ping or a notice; borrowed. */
  onControl(message: Uint8Array): void;
  /** Once, unless the call was cancelled by us. */
  onEnd(status: CallStatus): void;
  /** The decoder or the sink threw, which they promise not to do. */
  onThrown(error: unknown): void;
}

/**
 * One call that is being read. A message is asked for only when the one before it has been taken, so that a call that is held is
 * held on the wire too: the venue stops when HTTP/2's window is full. Under a flood that window also bounds what is read
 * between two turns of the event loop, so that timers keep their time; stopping in between, as with WebSocket, would make
 * the buffers of Bun's HTTP/2 grow instead (measured: 1.4 GB in a minute).
 */
export class StreamCall {
  readonly #options: StreamCallOptions;
  readonly #call: LibraryCall;
  readonly #decoder: GrpcDecoder;
  readonly #monitor: SessionMonitor;
  readonly #clock: Clock;
  #hasMessage = false;
  #isHeld: boolean;
  /** The library has been asked for a message and has not brought it. */
  #isReading = false;
  #isOver = false;
  /** The message that was on its way when the call was held. */
  #kept: Buffer | null = null;
  #keptTimeUs = 0;

  constructor(options: StreamCallOptions, isHeld: boolean) {
    this.#options = options;
    this.#call = options.call;
    this.#decoder = options.decoder;
    this.#monitor = options.monitor;
    this.#clock = options.clock;
    this.#isHeld = isHeld;
  }

  start(metadata: Parameters<LibraryCall["start"]>[0]): void {
    this.#call.start(metadata, {
      onReceiveMetadata: () => {
        if (!this.#isOver) this.#options.onAccepted();
      },
      onReceiveMessage: (message: Buffer) => this.#onMessage(message),
      onReceiveStatus: (status) => this.#onStatus(status),
    });
    if (!this.#isHeld) this.#ask();
  }

  /** Sends one message; `onSent` when the next may be sent. */
  send(message: Uint8Array, onSent: () => void): void {
    if (this.#isOver) return;
    this.#call.sendMessageWithContext({ callback: onSent }, Buffer.from(message));
  }

  /** Nothing more will be sent. */
  halfClose(): void {
    if (!this.#isOver) this.#call.halfClose();
  }

  /** Stops reading, or goes on: memory is full, or is not any more. */
  hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld || this.#isOver) return;
    this.#isHeld = isHeld;
    if (isHeld) return;
    this.#takeKept();
    this.#askNext();
  }

  /** Ends the call; nothing more comes from it. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#kept = null;
    this.#call.cancelWithStatus(Status.cancelled, "Cancelled by the client");
  }

  #ask(): void {
    this.#isReading = true;
    this.#call.startRead();
  }

  #onMessage(message: Buffer): void {
    if (this.#isOver) return;
    this.#isReading = false;
    if (this.#isHeld) {
      this.#kept = message;
      this.#keptTimeUs = this.#clock.wallUs();
      return;
    }
    this.#take(message, this.#clock.wallUs());
    this.#askNext();
  }

  #takeKept(): void {
    const message = this.#kept;
    this.#kept = null;
    if (message !== null) this.#take(message, this.#keptTimeUs);
  }

  /** Whatever a message led to: a call that is over or held asks for no other. */
  #askNext(): void {
    if (!this.#isHeld && !this.#isOver && !this.#isReading) this.#ask();
  }

  #take(message: Buffer, receivedTimeUs: number): void {
    this.#monitor.onFrame(message.length);
    if (!this.#hasMessage) {
      this.#hasMessage = true;
      this.#options.onFirstMessage();
    }
    try {
      const kind = this.#decoder.decode(message, receivedTimeUs);
      if (kind === FrameKind.quote || kind === FrameKind.heartbeat) this.#monitor.onData();
      else if (kind === FrameKind.control) this.#options.onControl(message);
      else if (kind === FrameKind.rejected) this.#monitor.onReject(this.#decoder.rejectReason, message);
    } catch (error) {
      this.#options.onThrown(error);
    }
  }

  #onStatus(status: CallStatus): void {
    if (this.#isOver) return;
    this.#takeKept();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onEnd(status);
  }
}
