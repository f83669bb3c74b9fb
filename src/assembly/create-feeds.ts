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
import type { RequestBudget } from "../runtime/request-budget.ts";
import { Ticker } from "../runtime/ticker.ts";
import { TurnQueue } from "../runtime/turn-queue.ts";
import { type AdapterParts, createAdapter, type SecretReader } from "./create-adapter.ts";
import type { EnabledFeed } from "./prepare-feeds.ts";

/** What the feeds of the process share. */
export interface FeedSurroundings {
  readonly config: Config;
  readonly clock: Clock;
  /** What venues allow our address, shared by all that polls. */
  readonly requestBudget: RequestBudget;
  readonly readSecret: SecretReader;
  readonly random: RandomSource;
  /** Where quotes go. */
  readonly quotes: QuoteSink;
  /** What it counts, by feed index, and who is told of broken streams. */
  readonly pipeline: InterruptionSink & { readonly counters: readonly QuoteCounters[] };
  readonly events: FeedEventSink;
  readonly backpressure: Backpressure;
  readonly log: Log;
}

/** One supervised feed for each that is enabled, by feed index; none of them started. */
export function createFeeds(enabled: readonly EnabledFeed[], surroundings: FeedSurroundings): Feed[] {
  const { config, clock, requestBudget, readSecret, random, quotes, pipeline, events, backpressure, log } =
    surroundings;
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
  const parts: AdapterParts = {
    turns: new TurnQueue(clock),
    budget: requestBudget,
    clock,
    rawPayload: config.rawPayload,
    readSecret,
    stateDir: config.stateDir,
    onNumbersTrouble: (source, { kind, path, message }) =>
      log.warn({ source, kind, path, message }, "session_numbers_trouble"),
  };
  return enabled.map((enabledFeed) => {
    const { config: feed, venue, instruments, feedIndex } = enabledFeed;
    const settings = { ...feed, whenExhausted: config.reconnect.onExhausted };
    return new Feed({
      name: feed.name,
      venue: venue.name,
      isEnabled: true,
      adapter: createAdapter(enabledFeed, parts),
      instruments,
      policy: createFeedPolicy(settings, venue.limits),
      counters: pipeline.counters[feedIndex],
      environment,
    });
  });
}
