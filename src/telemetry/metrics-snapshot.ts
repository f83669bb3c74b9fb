import type { Clock } from "../runtime/clock.ts";
import type { LatencyHistogram } from "../runtime/latency-histogram.ts";
import { DrainMeter, type DrainProgress } from "./drain-meter.ts";
import type { EventLoopMonitor, LagSummary } from "./event-loop-monitor.ts";
import type { BuildInfo, LaneStatus, MetricsSource } from "./metrics-source.ts";
import { type ProcessStatus, readProcessStatus } from "./process-status.ts";

/** Lanes that get series of their own; a topic with thousands of partitions must not blow up a scrape. */
export const LANES_MAX = 512;

/** Everything one scrape shows, read at one moment, so that sums over it hold. */
export interface MetricsSnapshot {
  readonly phase: ReturnType<MetricsSource["phase"]>;
  readonly feeds: ReturnType<MetricsSource["feeds"]>;
  readonly ledger: ReturnType<MetricsSource["ledger"]>;
  readonly publishErrors: ReturnType<MetricsSource["publishErrors"]>;
  readonly sideRecords: ReturnType<MetricsSource["sideRecords"]>;
  /** At most {@link LANES_MAX}. */
  readonly lanes: readonly LaneStatus[];
  readonly lanesLeftOut: number;
  readonly latencies: ReturnType<MetricsSource["latencies"]>;
  readonly memory: ReturnType<MetricsSource["memory"]>;
  readonly requestBudgets: ReturnType<MetricsSource["requestBudgets"]>;
  readonly certificates: ReturnType<MetricsSource["certificates"]>;
  readonly sink: ReturnType<MetricsSource["sink"]>;
  /** Null without a spool. */
  readonly spool: ReturnType<MetricsSource["spool"]>;
  readonly strangeTopics: ReturnType<MetricsSource["strangeTopics"]>;
  readonly drain: DrainProgress | null;
  readonly logLinesLeftOut: number;
  readonly process: ProcessStatus;
  readonly lag: LatencyHistogram;
  readonly lagSummary: LagSummary;
  readonly build: BuildInfo;
  /** Monotonic ms of the snapshot. */
  readonly nowMs: number;
  /** Wall clock of the snapshot, ms since the epoch. */
  readonly wallMs: number;
  /** Wall clock when the process began, s since the epoch. */
  readonly startTimeSeconds: number;
}

/** Where snapshots come from. */
export interface SnapshotOptions {
  readonly source: MetricsSource;
  readonly loop: EventLoopMonitor;
  readonly clock: Clock;
  readonly build: BuildInfo;
  /** For tests; the operating system's figures when absent. */
  readonly readProcess?: () => ProcessStatus;
}

/** A function that reads everything at one moment; synchronous, so nothing changes in between. */
export function createSnapshotReader(options: SnapshotOptions): () => MetricsSnapshot {
  const { source, loop, clock, build } = options;
  const readProcess = options.readProcess ?? readProcessStatus;
  // Once: computed anew it would jitter, and a step of the wall clock would look like a restart.
  const startTimeSeconds = clock.wallUs() / 1e6 - readProcess().uptimeSeconds;
  const drainMeter = new DrainMeter();
  return () => {
    const nowMs = clock.monotonicMs();
    const lanes = source.lanes();
    const spool = source.spool();
    return {
      phase: source.phase(),
      feeds: source.feeds(),
      ledger: source.ledger(),
      publishErrors: source.publishErrors(),
      sideRecords: source.sideRecords(),
      lanes: lanes.slice(0, LANES_MAX),
      lanesLeftOut: Math.max(0, lanes.length - LANES_MAX),
      latencies: source.latencies(),
      memory: source.memory(),
      requestBudgets: source.requestBudgets(),
      certificates: source.certificates(),
      sink: source.sink(),
      spool,
      strangeTopics: source.strangeTopics(),
      drain: spool === null ? null : drainMeter.add(spool, nowMs),
      logLinesLeftOut: source.logLinesLeftOut(),
      process: readProcess(),
      lag: loop.lag,
      lagSummary: loop.summary(),
      build,
      nowMs,
      wallMs: clock.wallUs() / 1000,
      startTimeSeconds,
    };
  };
}
