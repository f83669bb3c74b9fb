import type { LatencyHistogram } from "../runtime/latency-histogram.ts";
import type { BoardSnapshot } from "./board-snapshot.ts";
import type { DrainProgress } from "./drain-meter.ts";

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** `1,234,567`. */
export function countText(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Per second: one decimal below ten, whole numbers above. */
export function rateText(perSecond: number): string {
  return perSecond >= 0.05 && perSecond < 9.95 ? perSecond.toFixed(1) : countText(perSecond);
}

/** `0 B`, `812 kB`, `1.2 GB`: powers of 1000, one decimal below ten. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${BYTE_UNITS[unit]}`;
}

/** How long ago: `12ms`, `3.4s`, `5m`, `2h`; `-` when never. A time in the future counts as now. */
export function ageText(nowMs: number, thenMs: number | null): string {
  if (thenMs === null) return "-";
  const ageMs = Math.max(0, nowMs - thenMs);
  if (ageMs < 1000) return `${Math.floor(ageMs)}ms`;
  if (ageMs < 60_000) return `${(Math.floor(ageMs / 100) / 10).toFixed(1)}s`;
  if (ageMs < 3_600_000) return `${Math.floor(ageMs / 60_000)}m`;
  return `${Math.floor(ageMs / 3_600_000)}h`;
}

/** `7s`, `2m05s`, `3h07m`, `4d02h`. */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${two(Math.floor(seconds / 60) % 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${two(Math.floor(seconds / 3600) % 24)}h`;
}

/** Upper bound of the bucket that holds a quantile: `500us`, `20ms`, `5s`; `-` when empty. */
export function latencyText(histogram: LatencyHistogram, q: number): string {
  if (histogram.count === 0) return "-";
  const us = histogram.quantileUs(q);
  if (!Number.isFinite(us)) return ">100s";
  if (us < 1000) return `${us}us`;
  return us < 1_000_000 ? `${us / 1000}ms` : `${us / 1_000_000}s`;
}

/**
 * What waits on the disk: `spool 1.2 GB (340,000 records, oldest 5m40s)  12,000 records/s  2m10s left`, and in which state
 * the disk is when it is not well; empty when there is nothing to say.
 */
export function backlogText(
  { spool, nowMs }: Pick<BoardSnapshot, "spool" | "nowMs">,
  drain: DrainProgress | null,
): string {
  if (spool === null || (spool.unreadRecords === 0 && spool.state === "ok")) return "";
  const { oldestUnreadMs, unreadBytes, unreadRecords } = spool;
  const oldest = oldestUnreadMs < 0 ? "" : `, oldest ${durationText(Math.max(0, nowMs - oldestUnreadMs))}`;
  const parts = [`spool ${bytesText(unreadBytes)} (${countText(unreadRecords)} records${oldest})`];
  if (spool.state !== "ok") parts.push(`${spool.state}${spool.trouble === "" ? "" : `: ${spool.trouble}`}`);
  if (drain !== null && unreadRecords > 0) {
    parts.push(`${rateText(drain.recordsPerSecond)} records/s`);
    if (drain.secondsLeft !== null) parts.push(`${durationText(Math.ceil(drain.secondsLeft) * 1000)} left`);
  }
  return parts.join("  ");
}
