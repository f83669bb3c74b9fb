import type { BooksWrapper } from "../adapters/fix/session-books.ts";
import type {
  Config,
  FeedConfig,
  FixFeedConfig,
  FixSettings,
  GrpcFeedConfig,
  RestFeedConfig,
  WebSocketFeedConfig,
} from "../config/config.ts";
import type { ConfigFileReader } from "../config/config-file.ts";
import { feedPrefix } from "../config/feed-names.ts";
import { type ConfigProblem, stateProblem } from "../config/problems.ts";
import { IngestError } from "../domain/ingest-error.ts";
import { Instrument } from "../domain/instrument.ts";
import type { SessionHours } from "../runtime/session-hours.ts";
import { findBuiltInProfile } from "../venues/built-in-venues.ts";
import { compileVenue } from "../venues/compile-venue.ts";
import type { CompiledFixVenue } from "../venues/compiled-fix-venue.ts";
import type { CompiledRestVenue } from "../venues/compiled-rest-venue.ts";
import type { CompiledVenue } from "../venues/compiled-venue.ts";
import { loadProfile } from "../venues/load-profile.ts";
import type { ProfileOf, VenueTransport } from "../venues/profile-schema.ts";
import { type DictionaryChecker, prepareFixVenue } from "./prepare-fix-venue.ts";
import { type GrpcVenueParts, prepareGrpcVenue } from "./prepare-grpc-venue.ts";
import { prepareRestVenue } from "./prepare-rest-venue.ts";

/** What every enabled feed has. */
interface CommonFeed {
  /** Dense number among the enabled feeds, from 0. */
  readonly feedIndex: number;
  readonly instruments: readonly Instrument[];
}

/** An enabled WebSocket feed with its venue compiled and its instruments made. */
export interface EnabledWebSocketFeed extends CommonFeed {
  readonly transport: "websocket";
  readonly config: WebSocketFeedConfig;
  readonly venue: CompiledVenue;
}

/** An enabled FIX feed with its venue compiled and its instruments made. */
export interface EnabledFixFeed extends CommonFeed {
  readonly transport: "fix";
  readonly config: FixFeedConfig;
  readonly venue: CompiledFixVenue;
  readonly settings: FixSettings;
  /** The feed's own, where it has none the profile's. */
  readonly hours: SessionHours;
  /** A recorder in front of the books. */
  readonly wrapBooks?: BooksWrapper;
}

/** An enabled REST feed with its venue compiled and its instruments made. */
export interface EnabledRestFeed extends CommonFeed {
  readonly transport: "rest";
  readonly config: RestFeedConfig;
  readonly venue: CompiledRestVenue;
}

/** An enabled gRPC feed with its venue compiled, its `.proto` files read and its instruments made. */
export interface EnabledGrpcFeed extends CommonFeed, GrpcVenueParts {
  readonly transport: "grpc";
  readonly config: GrpcFeedConfig;
}

/** An enabled feed of any transport. */
export type EnabledFeed = EnabledWebSocketFeed | EnabledFixFeed | EnabledRestFeed | EnabledGrpcFeed;

/** A feed that is configured and switched off. */
export interface DisabledFeed {
  readonly config: FeedConfig;
  readonly feedIndex: -1;
}

/** One configured feed. */
export type PreparedFeed = EnabledFeed | DisabledFeed;

/** What profiles and dictionaries are read with. */
export interface FeedReaders {
  readonly readFile: ConfigFileReader;
  readonly checkDictionary: DictionaryChecker;
}

/** All configured feeds, or what is wrong with their profiles and dictionaries; nothing is connected. */
export async function prepareFeeds(
  config: Pick<Config, "feeds">,
  readers: FeedReaders,
): Promise<{ readonly feeds: readonly PreparedFeed[]; readonly problems: readonly ConfigProblem[] }> {
  const feeds: PreparedFeed[] = [];
  const problems: ConfigProblem[] = [];
  let feedIndex = 0;
  let instrumentId = 0;
  for (const feed of config.feeds) {
    if (!feed.isEnabled) {
      feeds.push({ config: feed, feedIndex: -1 });
      continue;
    }
    const index = feedIndex;
    const instruments = feed.symbols.map(
      (symbol) => new Instrument({ id: instrumentId++, feedIndex: index, source: feed.name, symbol }),
    );
    try {
      const prepared = await prepareFeed(feed, { feedIndex: index, instruments }, readers);
      problems.push(...prepared.problems);
      if (prepared.feed !== null) feeds.push(prepared.feed);
      feedIndex++;
    } catch (error) {
      if (!(error instanceof IngestError)) throw error;
      problems.push(venueProblem(feed, error));
    }
  }
  return { feeds, problems };
}

/** Narrows to the enabled ones, by feed index. */
export function enabledFeeds(feeds: readonly PreparedFeed[]): EnabledFeed[] {
  return feeds.filter((feed): feed is EnabledFeed => feed.feedIndex >= 0);
}

/** `feed` is null when there is a problem. */
interface PreparedOne {
  readonly feed: EnabledFeed | null;
  readonly problems: readonly ConfigProblem[];
}

async function prepareFeed(config: FeedConfig, common: CommonFeed, readers: FeedReaders): Promise<PreparedOne> {
  switch (config.transport) {
    case "websocket": {
      const venue = compileWebSocketVenue(config, common, readers);
      return { feed: { ...common, transport: "websocket", config, venue }, problems: [] };
    }
    case "fix": {
      const profile = readProfile(config, "fix", readers.readFile);
      const { parts, problems } = await prepareFixVenue(config, profile, readers.checkDictionary);
      return { feed: parts === null ? null : { ...common, transport: "fix", config, ...parts }, problems };
    }
    case "rest":
      return prepareRestFeed(config, common, readers);
    case "grpc": {
      const profile = readProfile(config, "grpc", readers.readFile);
      const tools = { instruments: common.instruments, readFile: readers.readFile };
      const { parts, problems } = await prepareGrpcVenue(config, profile, tools);
      return { feed: parts === null ? null : { ...common, transport: "grpc", config, ...parts }, problems };
    }
  }
}

function prepareRestFeed(config: RestFeedConfig, common: CommonFeed, { readFile }: FeedReaders): PreparedOne {
  const { venue, problems } = prepareRestVenue(config, readProfile(config, "rest", readFile));
  if (venue === null) return { feed: null, problems };
  // Made and thrown away, as below.
  venue.createDecoder({
    instruments: common.instruments,
    sink: { accept: () => {} },
    epoch: 0,
    publishUnchanged: false,
    onReject: () => {},
  });
  return { feed: { ...common, transport: "rest", config, venue }, problems };
}

function compileWebSocketVenue(
  feed: WebSocketFeedConfig,
  { instruments }: CommonFeed,
  { readFile }: FeedReaders,
): CompiledVenue {
  const { url, pingIntervalMs } = feed;
  const venue = compileVenue(readProfile(feed, "websocket", readFile), {
    ...(url === null ? {} : { urlOverride: url }),
    ...(pingIntervalMs === null ? {} : { pingIntervalMs }),
  });
  // Made and thrown away: it finds symbols that are one and the same at the venue, before anything is connected.
  venue.createDecoder(instruments, { accept: () => {} }, 0);
  return venue;
}

function readProfile<T extends VenueTransport>(
  feed: FeedConfig,
  transport: T,
  readFile: ConfigFileReader,
): ProfileOf<T> {
  const { profileFile, venue } = feed;
  if (profileFile !== null) return loadProfile(readFile(profileFile).text, profileFile, transport);
  const profile = findBuiltInProfile(venue, transport);
  if (profile === null) throw new Error(`Bug: the configuration let the unknown venue '${venue}' pass`);
  return profile;
}

function venueProblem(feed: FeedConfig, error: IngestError): ConfigProblem {
  const variable = `${feedPrefix(feed.name)}${feed.profileFile === null ? "SYMBOLS" : "PROFILE"}`;
  const wanted = feed.profileFile === null ? "name symbols the venue takes" : "name a valid venue profile";
  return stateProblem(variable, wanted, error.message);
}
