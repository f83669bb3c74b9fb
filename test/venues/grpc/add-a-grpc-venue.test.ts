import { expect, test } from "bun:test";
import { join } from "node:path";
import protobuf from "protobufjs";
import { loadProtoFiles } from "../../../src/adapters/grpc/load-proto-files.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import { listVenues } from "../../../src/venues/built-in-venues.ts";
import type { GrpcControl } from "../../../src/venues/compiled-grpc-venue.ts";
import { compileGrpcVenue } from "../../../src/venues/grpc/compile-grpc-venue.ts";
import { loadProfile } from "../../../src/venues/load-profile.ts";
import { decodeFrame, QuoteRecorder } from "../quote-recorder.ts";

const PAGE = join(import.meta.dir, "../../../docs/add-a-grpc-venue.md");
const SYMBOLS = ["EURUSD", "GBPUSD"];

/** The contents of the page's code blocks of one language, in order. */
async function codeBlocks(language: string): Promise<string[]> {
  const text = await Bun.file(PAGE).text();
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)\n\`\`\`$`, "gms"))].map(([, block]) => block ?? "");
}

const [proto = ""] = await codeBlocks("proto");
const [profileText = ""] = await codeBlocks("json");
const [asked = "", wire = "", expected = ""] = await codeBlocks("jsonl");

/** The page's messages by the library of another maker. */
const { root } = protobuf.parse(proto, { keepCase: true });
root.addJSON(protobuf.common.get("google/protobuf/timestamp.proto")?.nested ?? {});
const [ask, tell] = ["Ask", "Tell"].map((name) => root.lookupType(`cygnus.md.v2.${name}`));

function toJson(type: protobuf.Type | undefined, bytes: Uint8Array): unknown {
  return type?.toObject(type.decode(bytes), { longs: String });
}

function toBytes(type: protobuf.Type | undefined, line: string): Uint8Array {
  return type?.encode(type.fromObject(JSON.parse(line))).finish() ?? new Uint8Array();
}

async function shownStream() {
  const profile = loadProfile(profileText, "docs/add-a-grpc-venue.md", "grpc");
  const embedded = new Map([["cygnus.proto", proto]]);
  const schema = await loadProtoFiles({ paths: ["cygnus.proto"], includes: [], embedded, readText: () => null });
  return compileGrpcVenue(profile).bind(schema);
}

function plainControl(control: GrpcControl): unknown {
  return control.kind === "reply" ? { ...control, message: toJson(ask, control.message) } : control;
}

test("the profile of docs/add-a-grpc-venue.md asks what the page says", async () => {
  const stream = await shownStream();
  expect([stream.path, stream.streaming]).toEqual(["/cygnus.md.v2.MarketData/Stream", "bidirectional"]);
  const [request, ...others] = stream.subscribeRequests(SYMBOLS);
  expect(others).toEqual([]);
  expect(toJson(ask, request?.message ?? new Uint8Array())).toEqual(JSON.parse(asked));
});

test("the profile of docs/add-a-grpc-venue.md reads the page's messages as the page says", async () => {
  const stream = await shownStream();
  stream.subscribeRequests(SYMBOLS);
  const recorder = new QuoteRecorder();
  const instruments = SYMBOLS.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "cygnus", symbol }));
  const decoder = stream.createDecoder({ instruments, sink: recorder, epoch: 7, hasRaw: false });
  const seen = wire.split("\n").map((line) => {
    const bytes = toBytes(tell, line);
    const { kind, reason, quotes } = decodeFrame(decoder, recorder, bytes);
    if (kind === "control") return { kind, control: plainControl(stream.readControl(bytes)) };
    return { kind, ...(reason === "" ? {} : { reason }), ...(quotes.length === 0 ? {} : { quotes }) };
  });
  expect(seen.length).toBeGreaterThan(7);
  expect(seen).toEqual(expected.split("\n").map((line): (typeof seen)[number] => JSON.parse(line)));
});

test("docs/add-a-grpc-venue.md names every built-in gRPC venue", async () => {
  const text = await Bun.file(PAGE).text();
  for (const { name, transport } of listVenues()) if (transport === "grpc") expect(text).toContain(`\`${name}\``);
});
