import type protobuf from "protobufjs";
import protobufjs from "protobufjs";
import { loadProtoFiles } from "../../../src/adapters/grpc/load-proto-files.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import type { QuoteView } from "../../../src/domain/quote.ts";
import type { GrpcStream } from "../../../src/venues/compiled-grpc-venue.ts";
import { compileGrpcVenue } from "../../../src/venues/grpc/compile-grpc-venue.ts";
import { type GrpcProfile, grpcProfileSchema } from "../../../src/venues/grpc/grpc-profile-schema.ts";
import type { ProtoSchema } from "../../../src/venues/grpc/proto-schema.ts";

/** A schema with one of everything. */
export const EVERYTHING_PROTO = `
syntax = "proto3";
package t;
import "google/protobuf/timestamp.proto";
service S {
  rpc Watch(Ask) returns (stream Event);
  rpc Talk(stream Ask) returns (stream Event);
  rpc Once(Ask) returns (Event);
}
message Ask { repeated string symbols = 1; int32 depth = 2; Mode mode = 3; Inner inner = 4; map<string, string> tags = 5; uint64 nonce = 6; }
message Inner { string text = 1; double share = 2; bytes key = 3; bool flag = 4; sfixed64 far = 5; }
enum Mode { NONE = 0; FULL = 1; }
message Event {
  repeated Quote quotes = 1;
  Quote one = 2;
  Answers answers = 3;
  string failure = 4;
  bool beat = 5;
  Mode mode = 6;
  int64 code = 7;
  uint64 nonce = 8;
  sint32 grade = 9;
  map<string, string> tags = 10;
  repeated int32 numbers = 11;
}
message Answers { repeated Answer list = 1; }
message Answer { string symbol = 1; Mode mode = 2; string why = 3; }
message Decimal { string value = 1; }
message Money { int64 units = 1; sint32 nano = 2; }
message Level { string price = 1; int64 amount = 2; }
message Quote {
  string symbol = 1;
  string bid = 2;
  string ask = 3;
  Decimal bid_decimal = 4;
  Money bid_money = 5;
  int64 bid_scaled = 6;
  int32 exponent = 7;
  double bid_double = 8;
  string bid_size = 9;
  int64 ask_size = 10;
  google.protobuf.Timestamp time = 11;
  sfixed64 time_ns = 12;
  string time_text = 13;
  uint64 sequence = 14;
  string sequence_text = 15;
  bool whole = 16;
  repeated Level bids = 17;
  repeated Level asks = 18;
  optional int64 optional_scaled = 19;
  uint64 previous = 300;
}`;

/** The schema as the compiler takes it, and as protobufjs writes it. */
export async function loadEverything(): Promise<{ schema: ProtoSchema; encode: (event: object) => Buffer }> {
  const embedded = new Map([["t.proto", EVERYTHING_PROTO]]);
  const schema = await loadProtoFiles({ paths: ["t.proto"], includes: [], embedded, readText: () => null });
  const root = new protobufjs.Root();
  protobufjs.parse(EVERYTHING_PROTO, root, { keepCase: true });
  root.addJSON(protobufjs.common.get("google/protobuf/timestamp.proto")?.nested ?? {});
  const type: protobuf.Type = root.lookupType("t.Event");
  return { schema, encode: (event) => Buffer.from(type.encode(type.fromObject(event)).finish()) };
}

/** A profile of that schema; `changes` are laid over it. */
export function everythingProfile(changes: object = {}): GrpcProfile {
  return grpcProfileSchema.parse({
    transport: "grpc",
    name: "everything",
    description: "One of everything",
    proto: ["t.proto"],
    method: "t.S/Watch",
    symbols: { default: ["A", "B"] },
    subscribe: { symbols: "{symbols}" },
    messages: [
      {
        kind: "quote",
        when: {},
        quote: { symbol: "quotes.*.symbol", bid: { price: "quotes.*.bid" }, ask: { price: "quotes.*.ask" } },
      },
    ],
    ...changes,
  });
}

/** One rule of kind quote with this mapping. */
export function quoteRule(mapping: object): object {
  return { messages: [{ kind: "quote", when: {}, quote: { symbol: "one.symbol", ...mapping } }] };
}

/** Decodes with a stream and keeps what comes: `A bid/bidSize ask/askSize #sequence @time`, with `*` behind a snapshot. */
export class DecodedQuotes {
  readonly quotes: string[] = [];
  readonly raws: string[] = [];
  readonly decoder: ReturnType<GrpcStream["createDecoder"]>;

  constructor(stream: GrpcStream, symbols: readonly string[] = ["A", "B"]) {
    const instruments = symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "x", symbol }));
    this.decoder = stream.createDecoder({
      instruments,
      sink: { accept: (quote) => this.#accept(quote) },
      epoch: 3,
      hasRaw: true,
    });
  }

  #accept(quote: QuoteView): void {
    const text = (start: number, end: number) =>
      start < 0 ? "-" : Buffer.from(quote.fields.subarray(start, end)).toString("latin1");
    const bid = `${text(quote.bidPriceStart, quote.bidPriceEnd)}/${text(quote.bidSizeStart, quote.bidSizeEnd)}`;
    const ask = `${text(quote.askPriceStart, quote.askPriceEnd)}/${text(quote.askSizeStart, quote.askSizeEnd)}`;
    const sequence = quote.sequenceStart < 0 ? "" : ` #${text(quote.sequenceStart, quote.sequenceEnd)}`;
    const before =
      quote.previousSequenceStart < 0 ? "" : `<${text(quote.previousSequenceStart, quote.previousSequenceEnd)}`;
    const time = quote.venueTimeMs < 0 ? "" : ` @${quote.venueTimeMs}`;
    this.quotes.push(
      `${quote.instrument?.symbol} ${bid} ${ask}${sequence}${before}${time}${quote.isSnapshot ? " *" : ""}`,
    );
    this.raws.push(Buffer.from(quote.raw.subarray(quote.rawStart, quote.rawEnd)).toString("latin1"));
  }
}

/** The stream of a profile over the schema. */
export function bindEverything(schema: ProtoSchema, changes: object = {}): GrpcStream {
  return compileGrpcVenue(everythingProfile(changes)).bind(schema);
}
