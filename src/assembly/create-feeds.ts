import type { Backpressure } from "../adapters/adapter.ts";
import { Feed } from "../adapters/feed.ts";
import { WATCHDOG_INTERVAL_MS } from "../adapters/feed-parts.ts";
import { createFeedPolicy } from "../adapters/feed-policy.ts";
import { WebSocketAdapter } from "../adapters/websocket/websocket-adapter.ts";
import type { Config } from "../config/config.ts";
import type { FeedEventSink } from "../domain/feed-event.ts";
import type { QuoteSink } from "../domain/quote.ts";
import type { QuotePipeline } from "../pipeline/quote-pipeline.ts";
import type { Clock, RandomSource } from "../runtime/clock.ts";
import { ConnectRateLimiter } from "../runtime/rate-limiter.ts";
import { Ticker } from "../runtime/ticker.ts";
import { TurnQueue } from "../runtime/turn-queue.ts";
import type { EnabledFeed } from "./prepare-feeds.ts";

/** What the feeds of the process share. */
export interface FeedSurroundings {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Where quotes go. */
  readonly quotes: QuoteSink;
  readonly pipeline: QuotePipeline;
  readonly events: FeedEventSink;
  readonly backpressure: Backpressure;
}

/** One supervised feed for each that is enabled, by feed index; none of them started. */
export function createFeeds(enabled: readonly EnabledFeed[], surroundings: FeedSurroundings): Feed[] {
  const { config, clock, random, quotes, pipeline, events, backpressure } = surroundings;
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
  const turns = new TurnQueue(clock);
  return enabled.map(({ config: feed, venue, instruments, feedIndex }) => {
    const settings = { ...feed, whenExhausted: config.reconnect.onExhausted };
    return new Feed({
      name: feed.name,
      venue: venue.name,
      isEnabled: true,
      adapter: new WebSocketAdapter({ venue, turns }),
      instruments,
      policy: createFeedPolicy(settings, venue.limits),
      counters: pipeline.counters[feedIndex],
      environment,
    });
  });
}
