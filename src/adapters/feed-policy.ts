import type { BackoffPolicy } from "../runtime/backoff.ts";
import type { ConnectWindow } from "../runtime/rate-limiter.ts";
import type { VenueLimits } from "../venues/compiled-venue.ts";

/** A feed must have had data for this long after it went live before its failed tries are forgotten, ms. */
const HEALTHY_AFTER_MS = 10_000;
/** The least silence of a feed whose link lives that costs the session, ms. */
const NO_DATA_AFTER_MS_MIN = 60_000;
/** Stale periods of silence that cost the session. */
const NO_DATA_STALE_PERIODS = 6;
/** A session that is not even open after this long is ended, whatever limits its adapter keeps, ms. */
const OPEN_LIMIT_MS = 30_000;
/** How long the new session of a planned reconnect may take to be whole before the old one is given up, ms. */
const HANDOVER_LIMIT_MS = 15_000;
/** How long one symbol may be silent while its feed is not, before that is published, ms. */
const SYMBOL_STALE_AFTER_MS = 60_000;

/** What the supervisor does once `maxRetries` is reached: knock slowly at the cap, or leave it. */
export type WhenExhausted = "probe" | "stop";

/** The times and limits one feed is supervised by. */
export interface FeedPolicy extends BackoffPolicy {
  /** Failed tries after the first one before the feed counts as failed. */
  readonly maxRetries: number;
  readonly whenExhausted: WhenExhausted;
  /** No data and no venue heartbeat for this long: stale, ms. */
  readonly staleAfterMs: number;
  /** No frame of any kind for this long: the connection is half-open, ms. */
  readonly deadAfterMs: number;
  /** Frames (pongs), but no data for this long: connect anew, ms. */
  readonly noDataAfterMs: number;
  /** One symbol without a quote for this long while the feed has data: published, ms; 0 = never. */
  readonly symbolStaleAfterMs: number;
  readonly openLimitMs: number;
  readonly healthyAfterMs: number;
  readonly handoverLimitMs: number;
  /** Reconnect by plan after this long, ms; 0 = never. */
  readonly maxSessionMs: number;
  readonly symbolsPerConnection: number;
  readonly connects: ConnectWindow;
}

/** What the configuration says of one feed. */
export interface FeedSettings {
  readonly maxRetries: number;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  /** null: as the venue's profile says. */
  readonly staleAfterMs: number | null;
  readonly whenExhausted: WhenExhausted;
}

/** The policy of a feed from its settings and its venue's limits. */
export function createFeedPolicy(settings: FeedSettings, limits: VenueLimits): FeedPolicy {
  const staleAfterMs = settings.staleAfterMs ?? limits.staleAfterMs;
  return {
    maxRetries: settings.maxRetries,
    initialDelayMs: settings.initialDelayMs,
    maxDelayMs: settings.maxDelayMs,
    whenExhausted: settings.whenExhausted,
    staleAfterMs,
    deadAfterMs: limits.deadAfterMs,
    noDataAfterMs: Math.max(NO_DATA_AFTER_MS_MIN, NO_DATA_STALE_PERIODS * staleAfterMs),
    symbolStaleAfterMs: Math.max(SYMBOL_STALE_AFTER_MS, staleAfterMs),
    openLimitMs: OPEN_LIMIT_MS,
    healthyAfterMs: HEALTHY_AFTER_MS,
    handoverLimitMs: HANDOVER_LIMIT_MS,
    maxSessionMs: limits.maxSessionMs,
    symbolsPerConnection: limits.symbolsPerConnection,
    connects: limits.connects,
  };
}
