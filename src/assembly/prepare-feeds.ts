import type { Config, FeedConfig, WebSocketFeedConfig } from "../config/config.ts";
import type { ConfigFileReader } from "../config/config-file.ts";
import { feedPrefix } from "../config/feed-names.ts";
import { type ConfigProblem, stateProblem } from "../config/problems.ts";
import { IngestError } from "../domain/ingest-error.ts";
import { Instrument } from "../domain/instrument.ts";
import { findBuiltInProfile } from "../venues/built-in-venues.ts";
import { compileVenue } from "../venues/compile-venue.ts";
import type { CompiledVenue } from "../venues/compiled-venue.ts";
import { loadProfile } from "../venues/load-profile.ts";

/** An enabled feed with its venue compiled and its instruments made. */
export interface EnabledFeed {
  readonly config: WebSocketFeedConfig;
  /** Dense number among the enabled feeds, from 0. */
  readonly feedIndex: number;
  readonly venue: CompiledVenue;
  readonly instruments: readonly Instrument[];
}

/** A feed that is configured and switched off. */
export interface DisabledFeed {
  readonly config: FeedConfig;
  readonly feedIndex: -1;
}

/** One configured feed. */
export type PreparedFeed = EnabledFeed | DisabledFeed;

/** All configured feeds, or what is wrong with their profiles; nothing is connected. */
export function prepareFeeds(
  config: Config,
  readFile: ConfigFileReader,
): { readonly feeds: readonly PreparedFeed[]; readonly problems: readonly ConfigProblem[] } {
  const feeds: PreparedFeed[] = [];
  const problems: ConfigProblem[] = [];
  let feedIndex = 0;
  let instrumentId = 0;
  for (const feed of config.feeds) {
    if (!feed.isEnabled) {
      feeds.push({ config: feed, feedIndex: -1 });
      continue;
    }
    if (feed.transport === "fix") {
      problems.push(fixProblem(feed));
      continue;
    }
    const index = feedIndex;
    const instruments = feed.symbols.map(
      (symbol) => new Instrument({ id: instrumentId++, feedIndex: index, source: feed.name, symbol }),
    );
    try {
      const venue = compileFeedVenue(feed, readFile);
      // Made and thrown away: it finds symbols that are one and the same at the venue, before anything is connected.
      venue.createDecoder(instruments, { accept: () => {} }, 0);
      feeds.push({ config: feed, feedIndex, venue, instruments });
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

function compileFeedVenue(feed: WebSocketFeedConfig, readFile: ConfigFileReader): CompiledVenue {
  const { profileFile, venue, url, pingIntervalMs } = feed;
  const profile =
    profileFile === null ? findBuiltInProfile(venue) : loadProfile(readFile(profileFile).text, profileFile);
  if (profile === null) throw new Error(`Bug: the configuration let the unknown venue '${venue}' pass`);
  return compileVenue(profile, {
    ...(url === null ? {} : { urlOverride: url }),
    ...(pingIntervalMs === null ? {} : { pingIntervalMs }),
  });
}

function venueProblem(feed: WebSocketFeedConfig, error: IngestError): ConfigProblem {
  const variable = `${feedPrefix(feed.name)}${feed.profileFile === null ? "SYMBOLS" : "PROFILE"}`;
  const wanted = feed.profileFile === null ? "name symbols the venue takes" : "name a valid venue profile";
  return stateProblem(variable, wanted, error.message);
}

function fixProblem(feed: FeedConfig): ConfigProblem {
  return stateProblem(
    `${feedPrefix(feed.name)}ENABLED`,
    "be false",
    "this version speaks WebSocket only; the FIX transport is not built yet",
  );
}
