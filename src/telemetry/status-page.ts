import type { LatencyHistogram } from "../runtime/latency-histogram.ts";
import type { StuckPart } from "./health.ts";
import type { MetricsSnapshot } from "./metrics-snapshot.ts";
import type { Readiness } from "./readiness.ts";

/** What `/status` needs beside the snapshot. */
export interface StatusParts {
  readonly snapshot: MetricsSnapshot;
  readonly stuck: readonly StuckPart[];
  readonly readiness: Readiness;
}

/** The object behind `/status`: everything about the program for a person or a script; no secret and no configuration. */
export function statusBody({ snapshot, stuck, readiness }: StatusParts): object {
  const { build, sink, memory, process, lagSummary } = snapshot;
  return {
    instanceId: build.instanceId,
    version: build.version,
    commit: build.commit,
    bunVersion: build.bunVersion,
    phase: snapshot.phase,
    startedAt: new Date(snapshot.startTimeSeconds * 1000).toISOString(),
    uptimeSeconds: Math.floor(process.uptimeSeconds),
    isHealthy: stuck.length === 0,
    isReady: readiness.isReady,
    isDegraded: readiness.parts.some((part) => part.isDegraded),
    sink,
    spool: spoolBody(snapshot),
    feeds: snapshot.feeds,
    ledger: snapshot.ledger,
    publishErrors: snapshot.publishErrors,
    sideRecords: snapshot.sideRecords,
    lanes: snapshot.lanes.map(({ lastAckMs, lastProgressMs, deadlineMs: _, ...lane }) => ({
      ...lane,
      lastAckAgeMs: lastAckMs < 0 ? null : Math.round(snapshot.nowMs - lastAckMs),
      lastProgressAgeMs: Math.round(snapshot.nowMs - lastProgressMs),
    })),
    lanesLeftOut: snapshot.lanesLeftOut,
    requestBudgets: snapshot.requestBudgets,
    latencyMs: {
      edgeToAck: quantiles(snapshot.latencies.edgeToAck),
      venueToEdge: Object.fromEntries(
        snapshot.latencies.venueToEdge.map(({ source, histogram }) => [source, quantiles(histogram)]),
      ),
    },
    memory: { ...memory, residentBytes: process.residentBytes, heapBytes: process.heapBytes },
    eventLoopLagMs: { max: lagSummary.maxMs, p99: lagSummary.p99Ms },
  };
}

/** Null without a spool. */
function spoolBody({ spool, drain, wallMs }: MetricsSnapshot): object | null {
  if (spool === null) return null;
  const { oldestUnreadMs, syncingSinceMs: _, ...rest } = spool;
  return { ...rest, oldestUnreadAgeMs: oldestUnreadMs < 0 ? null : Math.round(wallMs - oldestUnreadMs), drain };
}

/** Upper bounds of the buckets that hold the quantiles, ms; null when there is no value, or none within the buckets. */
function quantiles(histogram: LatencyHistogram): object {
  return { count: histogram.count, p50: quantileMs(histogram, 0.5), p99: quantileMs(histogram, 0.99) };
}

function quantileMs(histogram: LatencyHistogram, q: number): number | null {
  const us = histogram.quantileUs(q);
  return histogram.count === 0 || !Number.isFinite(us) ? null : us / 1000;
}
