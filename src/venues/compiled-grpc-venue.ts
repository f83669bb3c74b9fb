import type { Instrument } from "../domain/instrument.ts";
import type { QuoteSink } from "../domain/quote.ts";
import type { FrameDecoder, SequenceRule, VenueLimits } from "./compiled-venue.ts";
import type { ProtoSchema } from "./grpc/proto-schema.ts";

/** How the messages flow: one call per group of symbols, or one call on which symbols come and go. */
export type GrpcStreaming = "server" | "bidirectional";

/** Where a method is described. */
export type ProtoSource =
  | { readonly kind: "reflection" }
  | { readonly kind: "files"; readonly files: readonly string[] };

/** What an adapter needs to decode one call. */
export interface GrpcDecoderParts {
  readonly instruments: readonly Instrument[];
  readonly sink: QuoteSink;
  readonly epoch: number;
  /** Whether the record holds the venue's message (base64): else it is not made. */
  readonly hasRaw: boolean;
}

/** Decodes the messages of one call. */
export interface GrpcDecoder extends FrameDecoder {
  /** From now on quotes of this instrument (its index) are ignored: another call carries it. */
  mute(index: number): void;
}

/** One request message, and what it asks for. */
export interface GrpcRequest {
  readonly message: Uint8Array;
  /** Configured symbols it names. */
  readonly symbols: readonly string[];
}

/** What a control message says, in our words. */
export type GrpcControl =
  /** Per instrument; `acked` null: everything that was asked for with the call. */
  | {
      readonly kind: "answers";
      readonly acked: readonly string[] | null;
      readonly refused: readonly { readonly symbol: string; readonly reason: string }[];
    }
  /** The call was refused as a whole. */
  | { readonly kind: "refusal"; readonly reason: string }
  /** A heartbeat that wants this answer. */
  | { readonly kind: "reply"; readonly message: Uint8Array }
  | { readonly kind: "fatal"; readonly reason: string; readonly isRateLimit: boolean; readonly isCredentials: boolean }
  | { readonly kind: "reconnect"; readonly reason: string }
  /** Nothing that concerns us. */
  | { readonly kind: "none" };

/** A venue's method as its `.proto` describes it, with the readers compiled. */
export interface GrpcStream {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly streaming: GrpcStreaming;
  /** @throws IngestError `config_invalid` when a symbol cannot be one of the venue's, or two are the same there */
  createDecoder(parts: GrpcDecoderParts): GrpcDecoder;
  /** Splits by `symbolsPerRequest`. */
  subscribeRequests(symbols: readonly string[]): GrpcRequest[];
  /** Bidirectional calls; empty where the venue has no such message. */
  unsubscribeRequests(symbols: readonly string[]): GrpcRequest[];
  /** Cold path. Never throws; what it cannot read is `none`. */
  readControl(message: Uint8Array): GrpcControl;
}

/** HTTP/2 pings. */
export interface KeepaliveRule {
  /** After this long without a byte, ms. */
  readonly everyMs: number;
  /** A link that does not answer by then is dead, ms. */
  readonly timeoutMs: number;
}

/** A gRPC profile, checked and compiled: all an adapter needs to know of a venue. */
export interface CompiledGrpcVenue {
  readonly name: string;
  readonly description: string;
  readonly transport: "grpc";
  /** host:port of the venue; null where every feed has its own. */
  readonly address: string | null;
  readonly tls: "required" | "optional";
  readonly proto: ProtoSource;
  /** `package.Service/Method`. */
  readonly method: string;
  /** Values hold `{token}` where the token goes. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly needsToken: boolean;
  readonly keepalive: KeepaliveRule;
  /** Bidirectional calls: how long an ack may take, ms; 0: there is none. */
  readonly ackTimeoutMs: number;
  /** A call on which nothing has come by then is given up, ms; 0: never. */
  readonly firstMessageMs: number;
  readonly limits: VenueLimits;
  readonly sequence: SequenceRule;
  /**
   * Compiles the readers for the method as `schema` has it. Cold: once at start, or once per session when the server is asked.
   *
   * @throws IngestError `config_invalid` that names everything that does not fit
   */
  bind(schema: ProtoSchema): GrpcStream;
}
