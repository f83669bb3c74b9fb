import type { FeedEventSink } from "../domain/feed-event.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { QuoteSink } from "../domain/quote.ts";
import type { Clock, RandomSource } from "../runtime/clock.ts";
import type { ConnectRateLimiter } from "../runtime/rate-limiter.ts";
import type { Ticker } from "../runtime/ticker.ts";
import type { Backpressure } from "./adapter.ts";
import type { DescriptorUse } from "./descriptor-use.ts";
import type { FeedPolicy } from "./feed-policy.ts";
import type { FeedTally } from "./feed-tally.ts";
import type { RejectReporter } from "./reject-reporter.ts";

/** Told when the stream of instruments was broken, before any later quote of theirs: the next quote says so. */
export interface InterruptionSink {
  interrupt(instruments: readonly Instrument[], reason: "disconnect" | "stale", timeUs: number): void;
  /** The venue's numbers of a whole connection, or of one symbol of it (`isWhole` false), jumped. */
  reportGap(gap: VenueGap): void;
}

/** A hole in the venue's numbers that an adapter has found. */
export interface VenueGap {
  /** At least one; all of one feed. */
  readonly instruments: readonly Instrument[];
  /** True when the numbers are those of the connection: one event is published for all of them. */
  readonly isWhole: boolean;
  /** The last number seen, and the one that revealed the hole; decimal text. */
  readonly from: string;
  readonly to: string;
  readonly timeUs: number;
}

/** What all feeds of the process share. */
export interface FeedEnvironment {
  readonly quotes: QuoteSink;
  readonly events: FeedEventSink;
  readonly interruptions: InterruptionSink;
  readonly backpressure: Backpressure;
  readonly limiter: ConnectRateLimiter;
  /** Ticks every {@link WATCHDOG_INTERVAL_MS}. */
  readonly ticker: Ticker;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Absent: those of this process. */
  readonly descriptors?: () => DescriptorUse | null;
}

/** What all connections of one feed share. */
export interface FeedParts extends FeedEnvironment {
  readonly name: string;
  readonly policy: FeedPolicy;
  readonly tally: FeedTally;
  readonly rejects: RejectReporter;
  /** The number of the feed's next session: rising, from 1, over all its connections. */
  nextEpoch(): number;
}

/** How often the watchdogs look, ms: a silence is found at most two of these, and never more than 250 ms, late. */
export const WATCHDOG_INTERVAL_MS = 100;
