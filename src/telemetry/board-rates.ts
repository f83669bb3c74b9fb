import type { BoardSnapshot } from "./board-snapshot.ts";
import { DrainMeter, type DrainProgress } from "./drain-meter.ts";

/** Rates are averages over about this long. */
const WINDOW_MS = 2000;
/** Bounds the window however fast snapshots come. */
const MAX_SAMPLES = 64;

/** Quotes per second, over the last seconds. */
export interface BoardRates {
  readonly accepted: number;
  readonly acked: number;
  readonly byFeed: ReadonlyMap<string, number>;
  /** Null without a spool. */
  readonly drain: DrainProgress | null;
}

interface Sample {
  readonly uptimeMs: number;
  readonly accepted: number;
  readonly acked: number;
  readonly byFeed: ReadonlyMap<string, number>;
}

/** Makes rates out of counters seen at different times. */
export class RateWindow {
  readonly #samples: Sample[] = [];
  readonly #drain = new DrainMeter();

  /** Takes in a snapshot and returns the rates up to it; all 0 at the first. */
  add(snapshot: BoardSnapshot): BoardRates {
    const byFeed = new Map(snapshot.feeds.map((feed) => [feed.name, feed.quotesAccepted]));
    const sample = { uptimeMs: snapshot.uptimeMs, accepted: snapshot.accepted, acked: snapshot.acked, byFeed };
    this.#samples.push(sample);
    while (this.#samples.length > MAX_SAMPLES || this.#hasSpare(sample.uptimeMs)) this.#samples.shift();
    const oldest = this.#samples[0];
    const seconds = (sample.uptimeMs - oldest.uptimeMs) / 1000;
    const rate = (now: number, then: number) => (seconds > 0 ? Math.max(0, now - then) / seconds : 0);
    return {
      accepted: rate(sample.accepted, oldest.accepted),
      acked: rate(sample.acked, oldest.acked),
      byFeed: new Map([...byFeed].map(([name, quotes]) => [name, rate(quotes, oldest.byFeed.get(name) ?? 0)])),
      drain: snapshot.spool === null ? null : this.#drain.add(snapshot.spool, snapshot.uptimeMs),
    };
  }

  /** Whether the window is long enough without its oldest sample. */
  #hasSpare(nowMs: number): boolean {
    return this.#samples.length > 2 && this.#samples[1].uptimeMs <= nowMs - WINDOW_MS;
  }
}
