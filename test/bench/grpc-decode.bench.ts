/*
 * µs per gRPC message: our readers over the bytes, with and without the base64 of the raw payload, against what the reflective
 * loader does (protobufjs decode and toObject, as @grpc/proto-loader is set up by most). `bun test/bench/grpc-decode.bench.ts`
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";
import { loadProtoFiles } from "../../src/adapters/grpc/load-proto-files.ts";
import { Instrument } from "../../src/domain/instrument.ts";
import { findGrpcDialect, SIMULATED_GRPC_VENUES } from "../../src/simulator/grpc/grpc-dialect-registry.ts";
import { Market } from "../../src/simulator/market.ts";
import { compileGrpcVenue } from "../../src/venues/grpc/compile-grpc-venue.ts";
import { EMBEDDED_PROTOS } from "../../src/venues/grpc/embedded-protos.ts";
import { grpcProfileSchema } from "../../src/venues/grpc/grpc-profile-schema.ts";

const MESSAGES = 1000;
const ROUNDS = 5;
const ROUND_MS = 400;
const PROFILES = join(import.meta.dir, "../../config/venues");
const LOADER_OPTIONS = { longs: String, enums: String, defaults: true, oneofs: true };

/** µs per message, the best of some rounds. */
function measure(messages: readonly Buffer[], take: (message: Buffer) => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const beganMs = performance.now();
    let count = 0;
    while (performance.now() - beganMs < ROUND_MS) {
      for (const message of messages) take(message);
      count += messages.length;
    }
    best = Math.min(best, ((performance.now() - beganMs) * 1000) / count);
  }
  return best;
}

/** Prints the figures of one venue. */
async function compare(venue: string): Promise<void> {
  const dialect = findGrpcDialect(venue);
  if (dialect === null) throw new Error(`no venue ${venue}`);
  const profile = grpcProfileSchema.parse(JSON.parse(readFileSync(join(PROFILES, `${venue}.json`), "utf8")));
  const files = profile.proto as string[];
  const schema = await loadProtoFiles({ paths: files, includes: [], embedded: EMBEDDED_PROTOS, readText: () => null });
  const stream = compileGrpcVenue(profile).bind(schema);
  const markets = dialect.markets.map((spec) => new Market(spec, spec.symbol, 7));
  const told = markets.map(() => ({ bidPrice: "", askPrice: "", isWhole: false }));
  const messages = Array.from({ length: MESSAGES }, (_, i) => {
    const market = markets[i % markets.length];
    market.step(1_700_000_000_000_000 + i, i);
    return dialect.quote(market, told[i % markets.length]);
  });
  let quotes = 0;
  const instruments = markets.map(({ symbol }, id) => new Instrument({ id, feedIndex: 0, source: venue, symbol }));
  const parts = { instruments, sink: { accept: () => quotes++ }, epoch: 1 };
  const plain = stream.createDecoder({ ...parts, hasRaw: false });
  const withRaw = stream.createDecoder({ ...parts, hasRaw: true });
  const root = new protobuf.Root();
  for (const text of new Set(EMBEDDED_PROTOS.values())) protobuf.parse(text, root, { keepCase: true });
  root.addJSON(protobuf.common.get("google/protobuf/timestamp.proto")?.nested ?? {});
  const response = schema.services.get(profile.method.split("/")[0])?.get(profile.method.split("/")[1])?.response;
  const type = root.lookupType(response?.fullName ?? "");
  const bytes = Math.round(messages.reduce((sum, message) => sum + message.length, 0) / messages.length);
  const ours = measure(messages, (message) => plain.decode(message, 1));
  const oursRaw = measure(messages, (message) => withRaw.decode(message, 1));
  const decoded = measure(messages, (message) => type.decode(message));
  const loader = measure(messages, (message) => type.toObject(type.decode(message), LOADER_OPTIONS));
  console.log(
    `${venue.padEnd(13)} ${bytes} B: readers ${ours.toFixed(2)} µs, with base64 ${oursRaw.toFixed(2)}, ` +
      `protobufjs decode ${decoded.toFixed(2)}, as proto-loader ${loader.toFixed(2)} (${quotes} quotes)`,
  );
}

// A process for each venue: what the compiler has learned of one must not weigh on the next.
const [, , only] = process.argv;
if (only !== undefined) await compare(only);
else
  for (const venue of SIMULATED_GRPC_VENUES)
    Bun.spawnSync([process.execPath, import.meta.path, venue], { stdio: ["ignore", "inherit", "inherit"] });
