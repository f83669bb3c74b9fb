import type { FeedStatus } from "../domain/feed-status.ts";
import type { SpoolStatus } from "../domain/spool-status.ts";
import type { LatencyHistogram } from "../runtime/latency-histogram.ts";

/** The last quote of one instrument; a missing side is null. */
export interface BoardQuote {
  readonly source: string;
  readonly symbol: string;
  readonly bidPrice: string | null;
  readonly bidSize: string | null;
  readonly askPrice: string | null;
  readonly askSize: string | null;
  /** Wall clock, ms since the epoch. */
  readonly receivedTimeMs: number;
}

/** All the board shows, read at one moment. */
export interface BoardSnapshot {
  /** What runs, for instance `edge-ingester 0.1.0 demo`. */
  readonly title: string;
  readonly uptimeMs: number;
  /** Wall clock, ms since the epoch. */
  readonly nowMs: number;
  readonly adminUrl: string | null;
  readonly sink: string;
  /** Quotes since the start. */
  readonly accepted: number;
  readonly acked: number;
  readonly dropped: number;
  /** Null without a spool. */
  readonly spool: SpoolStatus | null;
  readonly feeds: readonly FeedStatus[];
  /** Venue to edge, per source that sends times. */
  readonly latencies: readonly { readonly source: string; readonly histogram: LatencyHistogram }[];
  readonly quotes: readonly BoardQuote[];
  /** Where to look and what happened last; one line each. */
  readonly hints: readonly string[];
}
