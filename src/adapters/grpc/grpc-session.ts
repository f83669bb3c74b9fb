import { IngestError } from "../../domain/ingest-error.ts";
import type { Instrument } from "../../domain/instrument.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { CompiledGrpcVenue, GrpcControl, GrpcRequest, GrpcStream } from "../../venues/compiled-grpc-venue.ts";
import type { ProtoSchema } from "../../venues/grpc/proto-schema.ts";
import type { Session, SessionContext, SessionEnd } from "../adapter.ts";
import type { TokenStore } from "../token-store.ts";
import { createMetadata } from "./call-metadata.ts";
import { type GrpcLibrary, loadGrpcLibrary } from "./grpc-library.ts";
import { GrpcLink, type GrpcTls } from "./grpc-link.ts";
import { MessageOutbox } from "./message-outbox.ts";
import { reflectSchema } from "./reflection-client.ts";
import { type CallStatus, isRefusal, Status, statusMeaning, venueText } from "./status-meaning.ts";
import { StreamCall } from "./stream-call.ts";
import { GrpcSubscriptions, type SymbolGroup } from "./subscriptions.ts";

/** What a session needs beside its context. */
export interface GrpcSessionOptions {
  readonly venue: CompiledGrpcVenue;
  /** Null: the server is asked by reflection. */
  readonly schema: ProtoSchema | null;
  readonly target: string;
  readonly tls: GrpcTls | null;
  readonly token: TokenStore;
  readonly hasRaw: boolean;
  readonly openLimitMs: number;
}

/** A call and the symbols it carries. */
interface Carrier {
  readonly call: StreamCall;
  /** Null: the one call of a bidirectional session. */
  readonly group: SymbolGroup | null;
  readonly mute: (instrument: Instrument) => void;
}

/** One gRPC connection from its handshake to its end, with the calls on it. */
export class GrpcSession implements Session {
  readonly ended: Promise<SessionEnd>;
  readonly #context: SessionContext;
  readonly #options: GrpcSessionOptions;
  readonly #settle = Promise.withResolvers<SessionEnd>();
  readonly #onAbort = () => this.#abort();
  readonly #carriers = new Set<Carrier>();
  #grpc: GrpcLibrary | null = null;
  #link: GrpcLink | null = null;
  #stream: GrpcStream | null = null;
  #subscriptions: GrpcSubscriptions | null = null;
  #outbox: MessageOutbox | null = null;
  #unwatchPressure: (() => void) | null = null;
  #firstMessageLimit: Timer | null = null;
  /** The token was read anew and nothing has come since: it is not read a third time. */
  #hasRefreshed = false;
  #isHeld = false;
  #isOver = false;

  constructor(context: SessionContext, options: GrpcSessionOptions) {
    this.#context = context;
    this.#options = options;
    this.ended = this.#settle.promise;
    if (context.signal.aborted) {
      this.#isOver = true;
      this.#settle.resolve({ reason: "aborted" });
      return;
    }
    context.signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#run().catch((error: unknown) => this.#end(this.#toIngestError(error)));
  }

  resubscribe(instrument: Instrument, _reason: string): void {
    if (!this.#isOver) this.#subscriptions?.resubscribe(instrument);
  }

  async #run(): Promise<void> {
    const { venue, schema, target, tls, openLimitMs } = this.#options;
    const { monitor, clock, instruments, backpressure, signal } = this.#context;
    // The decoder first: should it refuse the instruments, no connection is made.
    this.#stream = schema === null ? null : this.#bind(schema);
    const grpc = await loadGrpcLibrary();
    if (this.#isOver) return;
    this.#grpc = grpc;
    const { keepalive } = venue;
    const { maxMessageBytes } = venue.limits;
    const link = new GrpcLink({ grpc, target, tls, keepalive, maxMessageBytes, openLimitMs, clock });
    this.#link = link;
    await link.connect();
    if (this.#isOver) return;
    monitor.onOpen();
    this.#unwatchPressure = backpressure.onChange((isPaused) => this.#hold(isPaused));
    if (backpressure.isPaused) this.#hold(true);
    const metadata = () => this.#metadata(grpc);
    this.#stream ??= this.#bind(
      await reflectSchema({ grpc, channel: link.channel, clock, signal, method: venue.method, target, metadata }),
    );
    if (this.#isOver) return;
    this.#subscriptions = new GrpcSubscriptions({
      stream: this.#stream,
      context: this.#context,
      target,
      ackTimeoutMs: this.#stream.streaming === "bidirectional" ? venue.ackTimeoutMs : 0,
      ask: (group, request) => this.#ask(group, request),
      release: (instrument, group) => this.#release(instrument, group),
      onFailed: (error) => this.#end(error),
    });
    if (instruments.length > 0) this.#startCalls();
  }

  /** Compiles the readers, and looks whether they take the instruments. */
  #bind(schema: ProtoSchema): GrpcStream {
    const { venue } = this.#options;
    const { instruments, quotes, epoch } = this.#context;
    const stream = venue.bind(schema);
    stream.createDecoder({ instruments, sink: quotes, epoch, hasRaw: false });
    return stream;
  }

  #startCalls(): void {
    if (this.#stream?.streaming === "bidirectional") this.#openConversation();
    this.#armFirstMessage();
    this.#subscriptions?.start();
  }

  /** The one call on which symbols come and go. */
  #openConversation(): void {
    const carrier = this.#openCall(null, this.#context.instruments);
    const { messageSpacingMs } = this.#options.venue.limits;
    this.#outbox = new MessageOutbox(this.#context.clock, messageSpacingMs, (message, onSent) =>
      carrier.call.send(message, onSent),
    );
  }

  #ask(group: SymbolGroup, { message }: GrpcRequest): void {
    if (this.#isOver) return;
    if (this.#outbox !== null) {
      if (!this.#outbox.push(message)) this.#end(this.#error("venue_error", "too many requests wait to be sent"));
      return;
    }
    const { call } = this.#openCall(group, group.instruments);
    call.send(message, ignoreSent);
    call.halfClose();
  }

  /** A symbol has been, or is about to be, asked for anew: what it was carried by carries it no longer. */
  #release(instrument: Instrument, group: SymbolGroup): void {
    if (this.#outbox !== null) {
      for (const { message } of this.#stream?.unsubscribeRequests([instrument.symbol]) ?? [])
        this.#outbox.push(message);
      return;
    }
    for (const carrier of this.#carriers) {
      if (carrier.group !== group) continue;
      carrier.mute(instrument);
      if (group.moved.size === group.instruments.length) this.#drop(carrier);
    }
  }

  #drop(carrier: Carrier): void {
    this.#carriers.delete(carrier);
    carrier.call.cancel();
  }

  #openCall(group: SymbolGroup | null, instruments: readonly Instrument[]): Carrier {
    const { clock, monitor, quotes, epoch } = this.#context;
    const [grpc, link, stream] = [this.#grpc, this.#link, this.#stream];
    if (grpc === null || link === null || stream === null) throw new Error("Bug: a call before the connection");
    const decoder = stream.createDecoder({ instruments, sink: quotes, epoch, hasRaw: this.#options.hasRaw });
    const metadata = this.#metadata(grpc);
    const options = {
      call: link.channel.createCall(stream.path, Number.POSITIVE_INFINITY, null, null, undefined),
      decoder,
      monitor,
      clock,
      onAccepted: () => {
        if (group !== null) this.#subscriptions?.onAccepted(group);
      },
      onFirstMessage: () => this.#onFirstMessage(),
      onControl: (message: Uint8Array) => this.#onControl(carrier, stream.readControl(message)),
      onEnd: (status: CallStatus) => this.#onCallEnd(carrier, status),
      onThrown: (error: unknown) => this.#end(this.#toIngestError(error)),
    };
    const call = new StreamCall(options, this.#isHeld);
    const carrier: Carrier = { call, group, mute: (instrument) => decoder.mute(instruments.indexOf(instrument)) };
    this.#carriers.add(carrier);
    call.start(metadata);
    return carrier;
  }

  #metadata(grpc: GrpcLibrary): ReturnType<typeof createMetadata> {
    const { venue, token, target } = this.#options;
    return createMetadata(grpc, venue.metadata, { token: token.reveal(), target });
  }

  #onControl(carrier: Carrier, control: GrpcControl): void {
    if (control.kind === "none") return;
    if (control.kind === "answers") this.#subscriptions?.onAnswers(carrier.group, control);
    else if (control.kind === "reply") {
      this.#context.monitor.onData();
      this.#outbox?.push(control.message);
    } else if (control.kind === "reconnect") this.#context.monitor.onReconnectAsked(venueText(control.reason));
    else if (control.kind === "refusal") this.#onRefused(carrier, control.reason);
    else {
      const code = control.isCredentials ? "logon_refused" : control.isRateLimit ? "rate_limited" : "venue_error";
      this.#end(this.#error(code, `the venue said "${venueText(control.reason)}"`));
    }
  }

  /** An error in the stream: the answer to the request, or, once all of it is quoted, the end. */
  #onRefused(carrier: Carrier, reason: string): void {
    if (carrier.group !== null) this.#drop(carrier);
    const isTaken = this.#subscriptions?.onRefused(carrier.group, reason, "backoff") ?? true;
    if (!isTaken) this.#end(this.#error("venue_error", `the venue said "${venueText(reason)}"`));
  }

  #onCallEnd(carrier: Carrier, status: CallStatus): void {
    this.#carriers.delete(carrier);
    if (status.code === Status.unauthenticated && !this.#hasRefreshed) {
      this.#hasRefreshed = true;
      this.#refreshToken(status).catch((error: unknown) => this.#end(this.#toIngestError(error)));
      return;
    }
    const meaning = this.#meaningOf(status);
    if (carrier.group !== null && isRefusal(status.code) && meaning instanceof IngestError) {
      const reason = `${meaning.context["status"]}: ${status.details}`;
      if (this.#subscriptions?.onRefused(carrier.group, reason, meaning.retry)) return;
    }
    this.#end(meaning);
  }

  /** The token may have been renewed since it was read: with another one the calls are made anew. */
  async #refreshToken(status: CallStatus): Promise<void> {
    const hasOther = await this.#options.token.refresh();
    if (this.#isOver) return;
    if (!hasOther) {
      this.#end(this.#meaningOf(status));
      return;
    }
    for (const carrier of [...this.#carriers]) this.#drop(carrier);
    this.#outbox?.close();
    this.#outbox = null;
    this.#startCalls();
  }

  #meaningOf(status: CallStatus): SessionEnd | IngestError {
    return statusMeaning(this.#options.target, status, Math.floor(this.#context.clock.wallUs() / 1000));
  }

  #hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld || this.#isOver) return;
    this.#isHeld = isHeld;
    for (const { call } of [...this.#carriers]) call.hold(isHeld);
    if (isHeld) this.#context.monitor.onPause();
  }

  #armFirstMessage(): void {
    const { firstMessageMs } = this.#options.venue;
    this.#firstMessageLimit?.cancel();
    this.#firstMessageLimit = null;
    if (firstMessageMs === 0 || this.#isOver) return;
    this.#firstMessageLimit = this.#context.clock.schedule(firstMessageMs, () => {
      // While memory is full nothing is read, so nothing can come.
      if (this.#isHeld) this.#armFirstMessage();
      else this.#end(this.#error("subscribe_timeout", `no message within ${firstMessageMs} ms`));
    });
  }

  #onFirstMessage(): void {
    this.#hasRefreshed = false;
    this.#firstMessageLimit?.cancel();
    this.#firstMessageLimit = null;
  }

  /** The supervisor ends a session either because it is wanted, politely, or because the link is dead, at once. */
  #abort(): void {
    this.#end({ reason: "aborted" });
  }

  /** Ends the session once, whatever comes afterwards. */
  #end(how: SessionEnd | IngestError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#context.signal.removeEventListener("abort", this.#onAbort);
    this.#unwatchPressure?.();
    this.#unwatchPressure = null;
    this.#firstMessageLimit?.cancel();
    this.#firstMessageLimit = null;
    this.#subscriptions?.stop();
    this.#outbox?.close();
    for (const carrier of [...this.#carriers]) this.#drop(carrier);
    const isDead = how instanceof IngestError || this.#context.signal.reason instanceof IngestError;
    const settle = () => {
      if (how instanceof IngestError) this.#settle.reject(how);
      else this.#settle.resolve(how);
    };
    const closing = this.#link?.close(isDead ? "at once" : "politely") ?? Promise.resolve();
    // However the connection ends: the session is over.
    closing.then(settle, settle);
  }

  #error(code: IngestError["code"], what: string): IngestError {
    const retry = code === "logon_refused" ? "never" : "backoff";
    return new IngestError(`Cannot go on with ${this.#options.target}: ${what}`, { code, retry });
  }

  #toIngestError(error: unknown): IngestError {
    if (error instanceof IngestError) return error;
    return new IngestError(`Cannot run a call at ${this.#options.target}: ${String(error)}`, {
      code: "venue_error",
      retry: "backoff",
      cause: error,
    });
  }
}

/** A call with one request sends nothing behind it. */
function ignoreSent(): void {}
