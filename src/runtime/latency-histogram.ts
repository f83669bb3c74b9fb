/** Upper bounds of the buckets, µs: three a decade from 10 µs to 100 s, then everything above. */
export const LATENCY_BOUNDS_US: readonly number[] = [
  10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
  2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000, 100_000_000,
];

/** Counts latencies in fixed buckets; cheap enough for every quote. Read by the metrics at scrape. */
export class LatencyHistogram {
  /** One counter per bound and one for everything above. */
  readonly counts = new Float64Array(LATENCY_BOUNDS_US.length + 1);
  sumUs = 0;
  count = 0;

  /** @param latencyUs µs; negative values (clock skew) count into the first bucket and add nothing to the sum */
  record(latencyUs: number, times = 1): void {
    let bucket = 0;
    while (bucket < LATENCY_BOUNDS_US.length && latencyUs > LATENCY_BOUNDS_US[bucket]) bucket++;
    this.counts[bucket] += times;
    this.count += times;
    if (latencyUs > 0) this.sumUs += latencyUs * times;
  }

  /** The bound below which the share `q` (0..1) of all values lies, µs; 0 when empty. */
  quantileUs(q: number): number {
    if (this.count === 0) return 0;
    let seen = 0;
    for (let i = 0; i < LATENCY_BOUNDS_US.length; i++) {
      seen += this.counts[i];
      if (seen >= q * this.count) return LATENCY_BOUNDS_US[i];
    }
    return Number.POSITIVE_INFINITY;
  }
}
