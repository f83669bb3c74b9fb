import type { SpoolStatus } from "../domain/spool-status.ts";
import { bytesText, countText, durationText } from "./board-text.ts";
import type { MetricsSnapshot } from "./metrics-snapshot.ts";
import type { LaneState } from "./metrics-source.ts";

/** Lanes named for each state; the rest is counted. */
const LANES_NAMED_MAX = 5;

const UNUSUAL: readonly LaneState[] = ["spooling", "draining", "held"];

/** Why the spool is not at rest: its trouble, which lanes go through the disk and what waits there; empty when it is. */
export function whySpoolIsBusy(
  spool: SpoolStatus,
  { lanes, drain, wallMs }: Pick<MetricsSnapshot, "lanes" | "drain" | "wallMs">,
): string {
  const parts: string[] = [];
  if (spool.state !== "ok") parts.push(`is ${spool.state}${spool.trouble === "" ? "" : `: ${spool.trouble}`}`);
  for (const state of UNUSUAL) {
    const names = lanes
      .filter((lane) => lane.state === state)
      .map(({ topic, partition }) => laneName(topic, partition));
    if (names.length > 0) parts.push(`${state}: ${listed(names)}`);
  }
  if (spool.unreadRecords > 0) {
    const age =
      spool.oldestUnreadMs < 0 ? "" : `, the oldest ${durationText(Math.max(0, wallMs - spool.oldestUnreadMs))}`;
    parts.push(`${countText(spool.unreadRecords)} records wait in ${bytesText(spool.unreadBytes)}${age}`);
  }
  const secondsLeft = drain?.secondsLeft ?? 0;
  if (secondsLeft > 0) parts.push(`${durationText(secondsLeft * 1000)} left at this pace`);
  return parts.join("; ");
}

function laneName(topic: string, partition: number): string {
  return partition < 0 ? topic : `${topic}/${partition}`;
}

function listed(names: readonly string[]): string {
  const more = names.length - LANES_NAMED_MAX;
  return names.slice(0, LANES_NAMED_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
