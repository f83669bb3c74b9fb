import { loadProtoFiles } from "../adapters/grpc/load-proto-files.ts";
import type { GrpcFeedConfig } from "../config/config.ts";
import type { ConfigFileReader } from "../config/config-file.ts";
import { feedPrefix } from "../config/feed-names.ts";
import { isLoopback } from "../config/loopback.ts";
import { type ConfigProblem, stateProblem } from "../config/problems.ts";
import { splitHostAndPort } from "../config/variable-types.ts";
import { IngestError } from "../domain/ingest-error.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { CompiledGrpcVenue, GrpcStream } from "../venues/compiled-grpc-venue.ts";
import { compileGrpcVenue } from "../venues/grpc/compile-grpc-venue.ts";
import { EMBEDDED_PROTOS } from "../venues/grpc/embedded-protos.ts";
import type { GrpcProfile } from "../venues/grpc/grpc-profile-schema.ts";
import type { ProtoSchema } from "../venues/grpc/proto-schema.ts";
import { findSymbolProblems } from "../venues/profile-checks.ts";

/** What may stand in metadata: visible ASCII. */
const TOKEN = /^[\x21-\x7e]+$/;

/** What a gRPC feed is made of beside its configuration. */
export interface GrpcVenueParts {
  readonly venue: CompiledGrpcVenue;
  /** host:port: the feed's own, where it has none the profile's. */
  readonly address: string;
  /** What the `.proto` files say; null: the venue is asked by reflection. */
  readonly schema: ProtoSchema | null;
}

/** `parts` is null when there is a problem. */
export interface PreparedGrpcVenue {
  readonly parts: GrpcVenueParts | null;
  readonly problems: readonly ConfigProblem[];
}

/** What a venue is prepared with. */
export interface GrpcVenueTools {
  readonly instruments: readonly Instrument[];
  readonly readFile: ConfigFileReader;
}

/**
 * Compiles the venue of an enabled gRPC feed, reads its `.proto` files, and finds all that its settings, its profile and the files
 * ask of each other. Loads the parser of the files: only gRPC feeds pay for it.
 */
export async function prepareGrpcVenue(
  feed: GrpcFeedConfig,
  profile: GrpcProfile,
  tools: GrpcVenueTools,
): Promise<PreparedGrpcVenue> {
  const venue = compileGrpcVenue(profile, venueOptions(feed));
  const address = feed.address ?? venue.address;
  const bound = await bindVenue(feed, venue, tools);
  const problems = [
    ...findSymbolsProblems(feed, profile, { stream: bound.stream, instruments: tools.instruments }),
    ...findAddressProblems(feed, venue),
    ...findTokenProblems(feed, venue),
    ...bound.problems,
  ];
  if (problems.length > 0 || address === null) return { parts: null, problems };
  return { parts: { venue, address, schema: bound.schema }, problems };
}

function venueOptions({ keepaliveMs, keepaliveTimeoutMs, firstMessageMs }: GrpcFeedConfig) {
  return {
    keepalive: {
      ...(keepaliveMs === null ? {} : { everyMs: keepaliveMs }),
      ...(keepaliveTimeoutMs === null ? {} : { timeoutMs: keepaliveTimeoutMs }),
    },
    ...(firstMessageMs === null ? {} : { firstMessageMs }),
  };
}

function findSymbolsProblems(
  { name, symbols }: GrpcFeedConfig,
  profile: GrpcProfile,
  { stream, instruments }: { stream: GrpcStream | null; instruments: readonly Instrument[] },
): ConfigProblem[] {
  const refuse = (state: string) => [stateProblem(`${feedPrefix(name)}SYMBOLS`, "name symbols the venue takes", state)];
  const problems = findSymbolProblems(profile, symbols);
  if (problems.length > 0) return refuse(problems.join("; "));
  try {
    // Made and thrown away: it finds symbols that are one and the same at the venue.
    stream?.createDecoder({ instruments, sink: { accept: () => {} }, epoch: 0, hasRaw: false });
    return [];
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    return refuse(error.message);
  }
}

/** A tunnel on this machine may do the encryption. */
function findAddressProblems(feed: GrpcFeedConfig, venue: CompiledGrpcVenue): ConfigProblem[] {
  const prefix = feedPrefix(feed.name);
  const address = feed.address ?? venue.address;
  if (address === null) {
    return [stateProblem(`${prefix}ADDRESS`, `be set, as ${venue.name} has no address of its own`, "it is not set")];
  }
  const host = splitHostAndPort(address)?.host ?? "";
  if (venue.tls === "optional" || feed.tls !== null || isLoopback(host)) return [];
  return [stateProblem(`${prefix}TLS`, "be on", `it is off, and ${venue.name} takes TLS only`)];
}

/** A token that is set and not sent is most likely meant for another venue. */
function findTokenProblems({ name, token }: GrpcFeedConfig, venue: CompiledGrpcVenue): ConfigProblem[] {
  const variable = `${feedPrefix(name)}TOKEN`;
  if (token === null) {
    return venue.needsToken ? [stateProblem(variable, `be set, as ${venue.name} wants it`, "it is not set")] : [];
  }
  if (!venue.needsToken) {
    return [stateProblem(variable, `not be set, as ${venue.name} has no use for it`, "it is set")];
  }
  if (TOKEN.test(token.reveal())) return [];
  return [stateProblem(variable, "hold printable ASCII characters without spaces and line ends", "it holds others")];
}

/** A venue and the files that describe it. */
interface BoundVenue {
  /** Null: the venue is asked by reflection, or there is a problem; the same for the stream. */
  readonly schema: ProtoSchema | null;
  readonly stream: GrpcStream | null;
  readonly problems: readonly ConfigProblem[];
}

/** Reads the files, and binds the venue to them once: it finds what does not fit before anything is connected. */
async function bindVenue(
  feed: GrpcFeedConfig,
  venue: CompiledGrpcVenue,
  { readFile }: GrpcVenueTools,
): Promise<BoundVenue> {
  const isOwn = feed.protoPaths.length > 0;
  if (!isOwn && venue.proto.kind === "reflection") return { schema: null, stream: null, problems: [] };
  const profileFiles = venue.proto.kind === "files" ? venue.proto.files : [];
  try {
    const schema = await loadProtoFiles({
      paths: isOwn ? feed.protoPaths : profileFiles,
      includes: feed.protoIncludes,
      embedded: EMBEDDED_PROTOS,
      readText: (path) => readText(readFile, path),
    });
    return { schema, stream: venue.bind(schema), problems: [] };
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    const variable = `${feedPrefix(feed.name)}${isOwn || feed.profileFile === null ? "PROTO_PATH" : "PROFILE"}`;
    const wanted = "name .proto files that hold what the profile names";
    return { schema: null, stream: null, problems: [stateProblem(variable, wanted, error.message)] };
  }
}

/** Null when there is no such file: which is told with all the others. */
function readText(readFile: ConfigFileReader, path: string): string | null {
  try {
    return readFile(path).text;
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code !== undefined) return null;
    throw error;
  }
}
