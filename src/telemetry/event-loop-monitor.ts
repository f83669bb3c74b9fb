import type { Clock, Timer } from "../runtime/clock.ts";
import { LatencyHistogram } from "../runtime/latency-histogram.ts";

/** The timer whose lateness is measured comes this often, ms; 20 Hz costs about 0.3 % of one core on a small machine. */
export const BEAT_EVERY_MS = 50;
/** Maximum and p99 cover the last one to two of these, ms: independent of who scrapes, and how often. */
export const LAG_WINDOW_MS = 15_000;

/** How late timers were over the last 15 to 30 s. */
export interface LagSummary {
  readonly maxMs: number;
  /** Upper bound of the bucket that holds the 99th percentile. */
  readonly p99Ms: number;
}

/** Measures how late a timer comes: the time in which the event loop was busy with something else. */
export class EventLoopMonitor {
  /** Every lateness since the start, for the histogram metric. */
  readonly lag = new LatencyHistogram();
  readonly #clock: Clock;
  #timer: Timer | null = null;
  #dueMs = 0;
  #lastBeatMs: number;
  #windowEndMs = 0;
  #current = new LagWindow();
  #previous = new LagWindow();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastBeatMs = clock.monotonicMs();
  }

  /** Monotonic ms of the last beat: `/healthz` fails when it is 10 s old. */
  get lastBeatMs(): number {
    return this.#lastBeatMs;
  }

  start(): void {
    if (this.#timer !== null) return;
    this.#lastBeatMs = this.#clock.monotonicMs();
    this.#windowEndMs = this.#lastBeatMs + LAG_WINDOW_MS;
    this.#arm(this.#lastBeatMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** The lateness over the last 15 to 30 s. */
  summary(): LagSummary {
    const both = new LatencyHistogram();
    for (const window of [this.#previous, this.#current]) {
      for (let i = 0; i < both.counts.length; i++) both.counts[i] += window.lag.counts[i];
      both.count += window.lag.count;
    }
    const maxMs = Math.max(this.#previous.maxMs, this.#current.maxMs);
    return { maxMs, p99Ms: Math.min(maxMs, both.quantileUs(0.99) / 1000) };
  }

  #arm(nowMs: number): void {
    this.#dueMs = nowMs + BEAT_EVERY_MS;
    this.#timer = this.#clock.schedule(BEAT_EVERY_MS, () => this.#beat());
  }

  #beat(): void {
    const nowMs = this.#clock.monotonicMs();
    const lateMs = Math.max(0, nowMs - this.#dueMs);
    this.#lastBeatMs = nowMs;
    if (nowMs >= this.#windowEndMs) {
      this.#previous = this.#current;
      this.#current = new LagWindow();
      this.#windowEndMs = nowMs + LAG_WINDOW_MS;
    }
    this.lag.record(lateMs * 1000);
    this.#current.lag.record(lateMs * 1000);
    this.#current.maxMs = Math.max(this.#current.maxMs, lateMs);
    this.#arm(nowMs);
  }
}

class LagWindow {
  readonly lag = new LatencyHistogram();
  maxMs = 0;
}
