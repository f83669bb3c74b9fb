/*
 * A recording: zstd frames of JSON lines, so that `zstdcat FILE | jq` shows it. The first line is the header, every other one thing
 * that happened, in the order in which it happened:
 *
 *     {"kind":"header","format":"edge-ingester-recording","version":1,"feed":"kraken","transport":"websocket",…}
 *     {"kind":"open","decoder":1,"epoch":1,"symbols":["BTC/USD"]}
 *     {"kind":"frame","decoder":1,"timeUs":1767225600000000,"text":"{\"channel\":\"ticker\",…}"}
 *     {"kind":"interrupt","timeUs":1767225601000000,"reason":"disconnect","symbols":["BTC/USD"]}
 */

import type { DistrustReason } from "../../adapters/fix/book/book-sink.ts";

/** What the format calls itself, and its version. */
export const RECORDING_FORMAT = "edge-ingester-recording";
/** See {@link RECORDING_FORMAT}. */
export const RECORDING_VERSION = 1;

/** What the recording was made of, and with: enough to decode it on another machine. */
export interface RecordingHeader {
  readonly kind: "header";
  readonly format: typeof RECORDING_FORMAT;
  readonly version: typeof RECORDING_VERSION;
  /** Of the program that wrote it. */
  readonly program: string;
  /** ISO 8601. */
  readonly recordedAt: string;
  readonly feed: string;
  readonly transport: "websocket" | "fix" | "rest" | "grpc";
  /** The feed's variables as they were set, whole names, without secrets. */
  readonly variables: Readonly<Record<string, string>>;
  /** Text of the profile and the `.proto` files those name, by path. */
  readonly files: Readonly<Record<string, string>>;
}

/** Bytes as text where they are UTF-8, else as base64. */
export type RecordedBytes = { readonly text: string } | { readonly base64: string };

/** One thing that happened. */
export type RecordedStep =
  /** A decoder was made for these symbols; the steps that follow name it by its number. */
  | { readonly kind: "open"; readonly decoder: number; readonly epoch: number; readonly symbols: readonly string[] }
  /** A message came (WebSocket, gRPC; FIX: of market data). */
  | ({ readonly kind: "frame"; readonly decoder: number; readonly timeUs: number } & RecordedBytes)
  /** An answer came (REST); `asked` are indexes of the decoder's symbols. */
  | ({
      readonly kind: "answer";
      readonly decoder: number;
      readonly timeUs: number;
      readonly status: number;
      readonly asked: readonly number[];
    } & RecordedBytes)
  /** An answer said that nothing has changed (REST). */
  | { readonly kind: "confirm"; readonly decoder: number; readonly timeUs: number; readonly asked: readonly number[] }
  /** The next quote of this symbol is news even when it is the same (REST). */
  | { readonly kind: "forget"; readonly decoder: number; readonly index: number }
  /** Another call carries this symbol from now on (gRPC). */
  | { readonly kind: "mute"; readonly decoder: number; readonly index: number }
  /** The LP has withdrawn quotes of a symbol (FIX): those of an entry (299, base64), or all. */
  | ({
      readonly kind: "cancel";
      readonly decoder: number;
      readonly timeUs: number;
      readonly symbol: number;
      readonly entry: string | null;
    } & RecordedBytes)
  /** These symbols were asked for by this request (FIX). */
  | { readonly kind: "bind"; readonly decoder: number; readonly request: string; readonly symbols: readonly number[] }
  /** The request is over (FIX). */
  | { readonly kind: "unbind"; readonly decoder: number; readonly request: string }
  /** The book of this symbol, or with null all, could not be trusted any more (FIX). */
  | {
      readonly kind: "distrust";
      readonly decoder: number;
      readonly symbol: number | null;
      readonly reason: DistrustReason;
    }
  /** The stream of these symbols was broken or silent. */
  | {
      readonly kind: "interrupt";
      readonly timeUs: number;
      readonly reason: "disconnect" | "stale";
      readonly symbols: readonly string[];
    }
  /** A hole in the venue's numbers that the session itself found. */
  | {
      readonly kind: "gap";
      readonly timeUs: number;
      readonly symbols: readonly string[];
      readonly isWhole: boolean;
      readonly from: string;
      readonly to: string;
    }
  /** The last line: without it the recording was cut off. */
  | { readonly kind: "end"; readonly timeUs: number; readonly frames: number };

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes for a line, exact either way. */
export function toRecordedBytes(bytes: Uint8Array): RecordedBytes {
  try {
    return { text: DECODER.decode(bytes) };
  } catch {
    // Not UTF-8, which is what protobuf mostly is not.
    return { base64: Buffer.from(bytes).toString("base64") };
  }
}

/** The bytes of a line. */
export function fromRecordedBytes(recorded: RecordedBytes): Uint8Array {
  return "text" in recorded ? Buffer.from(recorded.text, "utf8") : Buffer.from(recorded.base64, "base64");
}
