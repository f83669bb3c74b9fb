import WebSocket from "ws";
import { IngestError } from "../../domain/ingest-error.ts";
import type { Instrument } from "../../domain/instrument.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { TurnQueue } from "../../runtime/turn-queue.ts";
import type { CompiledVenue } from "../../venues/compiled-venue.ts";
import type { Session, SessionContext, SessionEnd } from "../adapter.ts";
import { MessageReader } from "./message-reader.ts";
import { Outbox } from "./outbox.ts";
import { Pinger } from "./pinger.ts";
import { closeMeaning, connectError, protocolError, statusError, venueText } from "./session-errors.ts";
import { SubscriptionTracker } from "./subscription-tracker.ts";

/** How long the venue may take to answer our close frame, ms. */
const CLOSE_GRACE_MS = 250;
/** Answers to the venue that wait to be sent; one that asks for more before it was answered is not answered. */
const ANSWERS_WAITING_MAX = 16;
/** Close code of an end in good order (RFC 6455, 7.4.1). */
const NORMAL_CLOSURE = 1000;

/** What a session needs beside its context. */
export interface WebSocketSessionOptions {
  readonly venue: CompiledVenue;
  readonly turns: TurnQueue;
  readonly url: string;
  /** The URL as people may see it. */
  readonly target: string;
  readonly caPem: string | null;
  readonly handshakeLimitMs: number;
}

/** One WebSocket connection from handshake to close. */
export class WebSocketSession implements Session {
  readonly ended: Promise<SessionEnd>;
  readonly #context: SessionContext;
  readonly #options: WebSocketSessionOptions;
  readonly #socket: WebSocket;
  readonly #outbox: Outbox;
  readonly #tracker: SubscriptionTracker;
  readonly #reader: MessageReader;
  readonly #pinger: Pinger | null;
  readonly #settle: PromiseWithResolvers<SessionEnd>;
  readonly #onAbort = () => this.#abort();
  #unwatchPressure: (() => void) | null = null;
  /** The handshake limit, later the wait for the venue's close frame. */
  #limit: Timer | null;
  #lastId = 0;
  #answersWaiting = 0;
  #isOpen = false;
  #isClosing = false;
  #isOver = false;

  /** @throws IngestError when the URL cannot be used or the venue does not take the instruments */
  constructor(context: SessionContext, options: WebSocketSessionOptions) {
    this.#context = context;
    this.#options = options;
    const { venue, turns } = options;
    const { clock, monitor } = context;
    const nextId = () => ++this.#lastId;
    this.#settle = Promise.withResolvers<SessionEnd>();
    this.ended = this.#settle.promise;
    // The decoder first: should it refuse the instruments, no socket is left behind.
    const decoder = venue.createDecoder(context.instruments, context.quotes, context.epoch);
    this.#socket = openSocket(options);
    this.#outbox = new Outbox(clock, venue.limits.messageSpacingMs, (text) => this.#send(text));
    this.#tracker = new SubscriptionTracker({
      venue,
      context,
      outbox: this.#outbox,
      target: options.target,
      nextId,
      onFailed: (error) => this.#end(error),
    });
    this.#reader = new MessageReader({
      socket: this.#socket,
      decoder,
      monitor,
      clock,
      turns,
      maxMessageBytes: venue.limits.maxMessageBytes,
      onControl: (frame) => this.#onControl(frame),
      onTooLarge: (bytes) => this.#end(this.#tooLarge(bytes)),
      onThrown: (error) => this.#end(this.#thrown(error)),
    });
    this.#pinger =
      venue.ping &&
      new Pinger({
        rule: venue.ping,
        clock,
        outbox: this.#outbox,
        framesReceived: () => this.#reader.frames,
        text: () => venue.pingText(nextId, this.#wallMs()),
      });
    this.#limit = clock.schedule(options.handshakeLimitMs, () => this.#end(this.#handshakeTimeout()));
    this.#listen();
    if (context.signal.aborted) this.#abort();
    else context.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  resubscribe(instrument: Instrument, _reason: string): void {
    if (this.#isOpen && !this.#isClosing && !this.#isOver) this.#tracker.resubscribe(instrument);
  }

  #listen(): void {
    const socket = this.#socket;
    const reader = this.#reader;
    const { target } = this.#options;
    socket.on("message", (message) => reader.read(message));
    socket.on("ping", (payload) => reader.readSignal(payload.length));
    socket.on("pong", (payload) => reader.readSignal(payload.length));
    socket.on("open", () => this.#onOpen());
    socket.on("unexpected-response", (_request, answer) => {
      this.#end(statusError(target, answer, Math.floor(this.#context.clock.wallUs() / 1000)));
    });
    // After an error comes a close: the first of the two ends the session, the other finds it over.
    socket.on("error", (error) => this.#end(this.#isOpen ? protocolError(target, error) : connectError(target, error)));
    socket.on("close", (code, reason) => this.#onClose(code, reason.toString()));
  }

  #onOpen(): void {
    if (this.#isOver) return;
    this.#isOpen = true;
    this.#limit?.cancel();
    this.#limit = null;
    const { monitor, backpressure } = this.#context;
    monitor.onOpen();
    this.#unwatchPressure = backpressure.onChange((isPaused) => this.#reader.hold(isPaused));
    this.#reader.hold(backpressure.isPaused);
    this.#pinger?.start();
    for (const text of this.#options.venue.openingTexts(() => ++this.#lastId, this.#wallMs())) {
      this.#outbox.push({ text, onSent: () => {} }, "in_turn");
    }
    this.#tracker.start();
  }

  #onControl(frame: Uint8Array): void {
    const message = this.#options.venue.readControl(frame);
    if (message.kind === "ack") this.#tracker.onAck(message.id, message.symbols);
    else if (message.kind === "accepted") this.#tracker.onAccepted(message.id, message.symbols);
    else if (message.kind === "answer") this.#answer(message.text);
    else if (message.kind === "refusal") this.#tracker.onRefusal(message.id, message.symbols, message.text);
    else if (message.kind === "reconnect") this.#context.monitor.onReconnectAsked(venueText(message.text));
    else if (message.kind === "fatal") {
      this.#end(
        new IngestError(`Cannot go on with ${this.#options.target}: the venue said "${venueText(message.text)}"`, {
          code: message.isRateLimit ? "rate_limited" : "venue_error",
          retry: "backoff",
        }),
      );
    }
  }

  /** Says what the venue wants to hear; that it asked is a sign of life. */
  #answer(text: string): void {
    this.#context.monitor.onData();
    if (this.#answersWaiting >= ANSWERS_WAITING_MAX) return;
    this.#answersWaiting++;
    const onSent = () => {
      this.#answersWaiting--;
    };
    if (!this.#outbox.push({ text, onSent }, "urgent")) this.#answersWaiting--;
  }

  #wallMs(): number {
    return Math.floor(this.#context.clock.wallUs() / 1000);
  }

  #onClose(code: number, reason: string): void {
    const { target } = this.#options;
    if (this.#isClosing) this.#end({ reason: "aborted" });
    else if (this.#isOpen) this.#end(closeMeaning(target, code, reason));
    else this.#end(connectError(target, new Error("the connection ended within the handshake")));
  }

  #send(text: string | null): void {
    // A socket that is going down reports so itself; what is sent to it meanwhile is of no use.
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (text === null) this.#socket.ping();
    else this.#socket.send(text);
  }

  /** The supervisor ends a session either because it is wanted, politely, or because the link is dead, at once. */
  #abort(): void {
    if (this.#isOver || this.#isClosing) return;
    if (!this.#isOpen || this.#context.signal.reason instanceof IngestError) {
      this.#end({ reason: "aborted" });
      return;
    }
    this.#isClosing = true;
    this.#release();
    this.#limit = this.#context.clock.schedule(CLOSE_GRACE_MS, () => this.#end({ reason: "aborted" }));
    this.#socket.close(NORMAL_CLOSURE);
  }

  /** Ends the session once, whatever comes afterwards. */
  #end(how: SessionEnd | IngestError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#release();
    this.#socket.terminate();
    if (this.#isClosing) this.#settle.resolve({ reason: "aborted" });
    else if (how instanceof IngestError) this.#settle.reject(how);
    else this.#settle.resolve(how);
  }

  /** Lets go of every timer and listener; what still comes from the socket is thrown away. */
  #release(): void {
    this.#limit?.cancel();
    this.#limit = null;
    this.#context.signal.removeEventListener("abort", this.#onAbort);
    this.#unwatchPressure?.();
    this.#unwatchPressure = null;
    this.#pinger?.stop();
    this.#tracker.stop();
    this.#outbox.close();
    this.#reader.stop();
  }

  #handshakeTimeout(): IngestError {
    const { target, handshakeLimitMs } = this.#options;
    return new IngestError(`Cannot connect to ${target}: no answer to the handshake within ${handshakeLimitMs} ms`, {
      code: "handshake_timeout",
      retry: "backoff",
    });
  }

  #tooLarge(bytes: number): IngestError {
    const { target, venue } = this.#options;
    return new IngestError(
      `Cannot read from ${target}: a message has ${bytes} bytes, more than ${venue.limits.maxMessageBytes}`,
      { code: "message_too_large", retry: "backoff" },
    );
  }

  #thrown(error: unknown): IngestError {
    return new IngestError(`Cannot read from ${this.#options.target}: a message could not be taken: ${String(error)}`, {
      code: "venue_error",
      retry: "backoff",
      cause: error,
    });
  }
}

/** Opens the socket with every guard said aloud, even where it is the default. */
function openSocket({ url, venue, caPem, target }: WebSocketSessionOptions): WebSocket {
  try {
    return new WebSocket(url, {
      // A message that is small on the wire could inflate to 128 MiB; nothing here needs compression that much.
      perMessageDeflate: false,
      maxPayload: venue.limits.maxMessageBytes,
      followRedirects: false,
      // Said aloud: it outranks NODE_TLS_REJECT_UNAUTHORIZED=0.
      rejectUnauthorized: true,
      headers: venue.headers,
      ...(caPem === null ? {} : { ca: caPem }),
    });
  } catch (cause) {
    throw new IngestError(`Cannot connect to ${target}: the URL is not a WebSocket URL`, {
      code: "config_invalid",
      retry: "never",
      cause,
    });
  }
}
