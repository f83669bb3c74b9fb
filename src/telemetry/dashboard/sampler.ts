import { LATENCY_BOUNDS_US } from "../../runtime/latency-histogram.ts";
import type { MetricsSnapshot } from "../metrics-snapshot.ts";
import { HistoryRing, type HistorySample } from "./history-ring.ts";
import { LatencyWindow } from "./latency-window.ts";
import type { HistoryPoint } from "./protocol.ts";

/** What a feed usually does is judged over about this many seconds. */
const USUAL_SECONDS = 60;
/** A feed counts as steady when in this share of the seconds it has quotes. */
const STEADY_SHARE = 0.95;
/**
 * A steady feed without a quote for this long is silent, ms: before most venues' own limit of staleness, and so that it is red
 * within 6 s. Quotes that come by chance, just often enough to be steady (three a second), pause so long once in days.
 */
const SILENT_AFTER_MS = 4500;
const BUCKETS = LATENCY_BOUNDS_US.length + 1;

/** One feed's figures that are made out of two looks at its counters. */
interface FeedTrack {
  accepted: number;
  acked: number;
  readonly latency: LatencyWindow;
  /** Seconds seen since the first quote, up to {@link USUAL_SECONDS}. */
  seconds: number;
  /** Share of these seconds that had a quote. */
  steadyShare: number;
  quietSeconds: number;
}

/** Makes rates, latencies and their history out of one snapshot a second. */
export class Sampler {
  readonly history = new HistoryRing();
  readonly #feeds = new Map<string, FeedTrack>();
  readonly #venueLatency = new LatencyWindow();
  readonly #ackLatency = new LatencyWindow();
  readonly #venueCounts = new Float64Array(BUCKETS);
  #atMs = Number.NaN;
  #cpuSeconds = 0;
  #cpuShare = 0;
  #last: HistorySample | null = null;

  /** The last sample; null before the first interval has passed. */
  get last(): HistorySample | null {
    return this.#last;
  }

  /** CPU time of the process over the last interval, as a share of one core. */
  get cpuShare(): number {
    return this.#cpuShare;
  }

  /** Takes in a snapshot; the first one is only what the next is compared with. */
  add(snapshot: MetricsSnapshot): void {
    const seconds = (snapshot.nowMs - this.#atMs) / 1000;
    this.#atMs = snapshot.nowMs;
    this.#cpuShare = seconds > 0 ? (snapshot.process.cpuSeconds - this.#cpuSeconds) / seconds : 0;
    this.#cpuSeconds = snapshot.process.cpuSeconds;
    this.#addLatencies(snapshot);
    const live = new Set(snapshot.feeds.filter(({ state }) => state === "live").map(({ name }) => name));
    const byFeed = new Map<string, HistoryPoint>();
    let accepted = 0;
    let acked = 0;
    for (const row of snapshot.ledger) {
      const track = this.#trackOf(row.source);
      noteSecond(track, { hasQuotes: row.accepted > track.accepted, isLive: live.has(row.source) });
      const point = feedPoint(track, row, seconds);
      byFeed.set(row.source, point);
      accepted += point.accepted ?? 0;
      acked += point.acked ?? 0;
    }
    if (!(seconds > 0)) return;
    const total: HistoryPoint = {
      accepted,
      acked,
      venueP50Ms: this.#venueLatency.quantileMs(0.5),
      venueP99Ms: this.#venueLatency.quantileMs(0.99),
      ackP50Ms: this.#ackLatency.quantileMs(0.5),
      ackP99Ms: this.#ackLatency.quantileMs(0.99),
    };
    this.#last = { wallMs: snapshot.wallMs, total, byFeed };
    this.history.add(this.#last);
  }

  /** Whether a feed that has quotes nearly every second has had none for 4.5 s: dead, whatever its state says yet. */
  isSilent(feed: string, lastQuoteAgeMs: number | null): boolean {
    const track = this.#feeds.get(feed);
    if (track === undefined || lastQuoteAgeMs === null) return false;
    return (
      track.seconds >= SILENT_AFTER_MS / 1000 && track.steadyShare >= STEADY_SHARE && lastQuoteAgeMs >= SILENT_AFTER_MS
    );
  }

  #addLatencies({ latencies }: MetricsSnapshot): void {
    this.#venueCounts.fill(0);
    for (const { source, histogram } of latencies.venueToEdge) {
      this.#trackOf(source).latency.add(histogram.counts);
      for (let bucket = 0; bucket < BUCKETS; bucket++) this.#venueCounts[bucket] += histogram.counts[bucket];
    }
    this.#venueLatency.add(this.#venueCounts);
    this.#ackLatency.add(latencies.edgeToAck.counts);
  }

  #trackOf(feed: string): FeedTrack {
    let track = this.#feeds.get(feed);
    if (track === undefined) {
      track = { accepted: 0, acked: 0, latency: new LatencyWindow(), seconds: 0, steadyShare: 0, quietSeconds: 0 };
      this.#feeds.set(feed, track);
    }
    return track;
  }
}

/** Moves the track on to the counters of now. */
function feedPoint(track: FeedTrack, now: { accepted: number; acked: number }, seconds: number): HistoryPoint {
  const gained = Math.max(0, now.accepted - track.accepted);
  const acked = Math.max(0, now.acked - track.acked);
  track.accepted = now.accepted;
  track.acked = now.acked;
  return {
    accepted: seconds > 0 ? gained / seconds : null,
    acked: seconds > 0 ? acked / seconds : null,
    venueP50Ms: track.latency.quantileMs(0.5),
    venueP99Ms: track.latency.quantileMs(0.99),
    ackP50Ms: null,
    ackP99Ms: null,
  };
}

/**
 * A silence is learnt only when it is over: it must not make itself usual while it lasts. One that became an outage is no
 * habit of the feed and not learnt at all.
 */
function noteSecond(track: FeedTrack, { hasQuotes, isLive }: { hasQuotes: boolean; isLive: boolean }): void {
  if (!isLive) track.quietSeconds = 0;
  if (!hasQuotes) {
    track.quietSeconds = Math.min(USUAL_SECONDS, track.quietSeconds + 1);
    return;
  }
  const misses = track.seconds === 0 ? 0 : track.quietSeconds;
  track.quietSeconds = 0;
  for (let i = 0; i < misses; i++) learn(track, 0);
  learn(track, 1);
}

function learn(track: FeedTrack, hit: 0 | 1): void {
  track.seconds = Math.min(USUAL_SECONDS, track.seconds + 1);
  track.steadyShare += (hit - track.steadyShare) / track.seconds;
}
