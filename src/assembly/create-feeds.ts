import type { Backpressure } from "../adapters/adapter.ts";
import { Feed, type QuoteCounters } from "../adapters/feed.ts";
import { type InterruptionSink, WATCHDOG_INTERVAL_MS } from "../adapters/feed-parts.ts";
import { createFeedPolicy } from "../adapters/feed-policy.ts";
import type { Config } from "../config/config.ts";
import type { FeedEventSink } from "../domain/feed-event.ts";
import type { Log } from "../domain/log.ts";
import type { QuoteSink } from "../domain/quote.ts";
import type { Clock, RandomSource } from "../runtime/clock.ts";
import { ConnectRateLimiter } from "../runtime/rate-limiter.ts";
import { Ticker } from "../runtime/ticker.ts";
import { TurnQueue } from "../runtime/turn-queue.ts";
import { type AdapterParts, createAdapter } from "./create-adapter.ts";
import type { EnabledFeed } from "./prepare-feeds.ts";

/** What the feeds of the process share. */
export interface FeedSurroundings {
  readonly config: Config;
  readonly clock: Clock;
  readonly adapterParts: AdapterParts;
  readonly random: RandomSource;
  /** Where quotes go. */
  readonly quotes: QuoteSink;
  /** What it counts, by feed index, and who is told of broken streams. */
  readonly pipeline: InterruptionSink & { readonly counters: readonly QuoteCounters[] };
  readonly events: FeedEventSink;
  readonly backpressure: Backpressure;
}

/** What the adapters of the process share. */
export function createAdapterParts(
  config: Config,
  tools: Pick<AdapterParts, "clock" | "budget" | "readSecret"> & { readonly log: Log },
): AdapterParts {
  const { clock, budget, readSecret, log } = tools;
  return {
    turns: new TurnQueue(clock),
    budget,
    clock,
    rawPayload: config.rawPayload,
    readSecret,
    stateDir: config.stateDir,
    stores: new Map(),
    onNumbersTrouble: (source, { kind, path, message }) =>
      log.warn({ source, kind, path, message }, "session_numbers_trouble"),
  };
}

/** One supervised feed for each that is enabled, by feed index; none of them started. */
export function createFeeds(enabled: readonly EnabledFeed[], surroundings: FeedSurroundings): Feed[] {
  const { config, clock, adapterParts, random, quotes, pipeline, events, backpressure } = surroundings;
  const environment = {
    quotes,
    events,
    interruptions: pipeline,
    backpressure,
    limiter: new ConnectRateLimiter(clock, config.reconnect.connectsPerSecond),
    ticker: new Ticker(clock, WATCHDOG_INTERVAL_MS),
    clock,
    random,
  };
  return enabled.map((enabledFeed) => {
    const { config: feed, venue, instruments, feedIndex } = enabledFeed;
    const settings = { ...feed, whenExhausted: config.reconnect.onExhausted };
    return new Feed({
      name: feed.name,
      venue: venue.name,
      isEnabled: true,
      adapter: createAdapter(enabledFeed, adapterParts),
      instruments,
      policy: createFeedPolicy(settings, venue.limits),
      counters: pipeline.counters[feedIndex],
      environment,
    });
  });
}
