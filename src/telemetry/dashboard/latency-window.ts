import { LATENCY_BOUNDS_US } from "../../runtime/latency-histogram.ts";

/** Quantiles are over this many samples, one a second. */
const SAMPLES = 5;
const BUCKETS = LATENCY_BOUNDS_US.length + 1;

/** Quantiles of the last seconds, out of the ever growing counts of one histogram or the sum of several. */
export class LatencyWindow {
  /** The counts at the last samples, oldest first; the rows are used again and again. */
  readonly #rows: Float64Array[] = [];
  readonly #gained = new Float64Array(BUCKETS);
  #count = 0;

  /** Takes in the counts at a new sample; once a second. */
  add(counts: Float64Array): void {
    const row = this.#rows.length > SAMPLES ? (this.#rows.shift() ?? counts) : new Float64Array(BUCKETS);
    row.set(counts);
    this.#rows.push(row);
    const oldest = this.#rows[0];
    this.#count = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      this.#gained[bucket] = Math.max(0, row[bucket] - oldest[bucket]);
      this.#count += this.#gained[bucket];
    }
  }

  /** The quantile, ms, on a straight line within its bucket; null when nothing was counted in the window. */
  quantileMs(q: number): number | null {
    if (this.#count === 0) return null;
    const wanted = q * this.#count;
    let seen = 0;
    for (let bucket = 0; bucket < LATENCY_BOUNDS_US.length; bucket++) {
      const inBucket = this.#gained[bucket];
      if (seen + inBucket >= wanted && inBucket > 0) {
        const low = bucket === 0 ? 0 : LATENCY_BOUNDS_US[bucket - 1];
        const us = low + ((wanted - seen) / inBucket) * (LATENCY_BOUNDS_US[bucket] - low);
        return us / 1000;
      }
      seen += inBucket;
    }
    return LATENCY_BOUNDS_US[LATENCY_BOUNDS_US.length - 1] / 1000;
  }
}
