import type { SpoolState, SpoolStatus } from "../domain/spool-status.ts";
import type { DrainProgress } from "./drain-meter.ts";
import { laneMetric, type MetricDeclaration, type MetricHead, single } from "./metric-declaration.ts";
import type { MetricsSnapshot } from "./metrics-snapshot.ts";
import type { LaneState } from "./metrics-source.ts";

// Metrics of the spool. Without one those of the disk are 0, and its state has no sample.

const SPOOL_STATES: readonly SpoolState[] = ["ok", "full", "failing"];
const LANE_STATES: readonly LaneState[] = ["direct", "spooling", "draining", "held"];

/** The disk as a whole, and what of each lane lies on it. */
export const SPOOL_METRICS: readonly MetricDeclaration[] = [
  {
    name: "ingester_spool_state",
    type: "gauge",
    help: "1 for the state of the spool's disk, 0 for the others: `ok`; `full`, no room left; `failing`, not to be written",
    labels: ["state"],
    read: ({ spool }, emit) => {
      if (spool === null) return;
      for (const state of SPOOL_STATES) emit(spool.state === state ? 1 : 0, state);
    },
  },
  gauge("ingester_spool_bytes", "Bytes of all files of the spool", (spool) => spool.usedBytes),
  gauge("ingester_spool_limit_bytes", "Bytes they may take (SPOOL_MAX_BYTES)", (spool) => spool.limitBytes),
  gauge("ingester_spool_free_bytes", "Bytes free on the disk of the spool", (spool) => spool.freeBytes),
  gauge("ingester_spool_segments", "Files with batches", (spool) => spool.segments),
  gauge("ingester_spool_backlog_batches", "Batches that wait on the disk alone", (spool) => spool.unreadBatches),
  gauge("ingester_spool_backlog_records", "Records that wait on the disk alone", (spool) => spool.unreadRecords),
  gauge("ingester_spool_backlog_bytes", "Bytes that wait on the disk alone", (spool) => spool.unreadBytes),
  spoolMetric(
    {
      name: "ingester_spool_oldest_age_seconds",
      type: "gauge",
      help: "Age of the oldest record that waits on the disk, by the wall clock; 0 when none does",
    },
    ({ oldestUnreadMs }, { wallMs }) => (oldestUnreadMs < 0 ? 0 : Math.max(0, wallMs - oldestUnreadMs) / 1000),
  ),
  counter("ingester_spool_written_records_total", "Records written to the disk", (spool) => spool.writtenRecords),
  counter("ingester_spool_written_bytes_total", "Bytes written to the disk", (spool) => spool.writtenBytes),
  counter("ingester_spool_read_records_total", "Records read back to be sent", (spool) => spool.readRecords),
  counter("ingester_spool_read_bytes_total", "Bytes read back to be sent", (spool) => spool.readBytes),
  counter(
    "ingester_spool_recovered_records_total",
    "Records found on the disk at the start",
    (spool) => spool.recoveredRecords,
  ),
  counter(
    "ingester_spool_damaged_records_total",
    "Records lost with batches that were torn or flipped on the disk",
    (spool) => spool.damagedRecords,
  ),
  counter(
    "ingester_spool_missing_records_total",
    "Records that should have been on the disk and were not found",
    (spool) => spool.missingRecords,
  ),
  counter(
    "ingester_spool_dropped_records_total",
    "Records given up to make room (SPOOL_WHEN_FULL=drop_oldest)",
    (spool) => spool.droppedRecords,
  ),
  counter(
    "ingester_spool_expired_records_total",
    "Records given up for their age (SPOOL_MAX_AGE)",
    (spool) => spool.expiredRecords,
  ),
  gauge(
    "ingester_spool_last_fsync_seconds",
    "How long the disk took for the last fdatasync",
    (spool) => spool.lastSyncMs / 1000,
  ),
  drainGauge(
    "ingester_spool_drain_records_per_second",
    "Records read back per second, over the last seconds",
    (drain) => drain.recordsPerSecond,
  ),
  drainGauge(
    "ingester_spool_drain_bytes_per_second",
    "Bytes read back per second, over the last seconds",
    (drain) => drain.bytesPerSecond,
  ),
  drainGauge(
    "ingester_spool_drain_left_seconds",
    "Time until nothing waits on the disk, at the pace of the last seconds; 0 when nothing does, +Inf while it does not shrink",
    (drain) => drain.secondsLeft ?? Number.POSITIVE_INFINITY,
  ),
  {
    name: "ingester_lane_state",
    type: "gauge",
    help: "1 for how the lane's batches go, 0 for the others: `direct`, `spooling`, `draining`, `held`",
    labels: ["topic", "partition", "state"],
    read: ({ lanes }, emit) => {
      for (const { topic, partition, state } of lanes) {
        for (const one of LANE_STATES) emit(state === one ? 1 : 0, topic, String(partition), one);
      }
    },
  },
  laneMetric(
    { name: "ingester_lane_spooled_batches", type: "gauge", help: "Batches of the lane on the disk alone" },
    (lane) => lane.spooledBatches,
  ),
  laneMetric(
    { name: "ingester_lane_spooled_records", type: "gauge", help: "Records of the lane on the disk alone" },
    (lane) => lane.spooledRecords,
  ),
  laneMetric(
    { name: "ingester_lane_spooled_bytes", type: "gauge", help: "Bytes of the lane on the disk alone" },
    (lane) => lane.spooledBytes,
  ),
];

/** Without a spool prom-client shows 0 for a metric without labels. */
function spoolMetric(
  head: MetricHead,
  valueFrom: (spool: SpoolStatus, snapshot: MetricsSnapshot) => number,
): MetricDeclaration {
  return single(head, (snapshot) => (snapshot.spool === null ? 0 : valueFrom(snapshot.spool, snapshot)));
}

function gauge(name: string, help: string, valueFrom: (spool: SpoolStatus) => number): MetricDeclaration {
  return spoolMetric({ name, type: "gauge", help }, valueFrom);
}

function counter(name: string, help: string, valueFrom: (spool: SpoolStatus) => number): MetricDeclaration {
  return spoolMetric({ name, type: "counter", help }, valueFrom);
}

function drainGauge(name: string, help: string, valueFrom: (drain: DrainProgress) => number): MetricDeclaration {
  return single({ name, type: "gauge", help }, ({ drain }) => (drain === null ? 0 : valueFrom(drain)));
}
