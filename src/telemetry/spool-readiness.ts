import type { SpoolStatus } from "../domain/spool-status.ts";
import { bytesText, countText, durationText } from "./board-text.ts";
import type { MetricsSnapshot } from "./metrics-snapshot.ts";
import type { LaneState } from "./metrics-source.ts";

/** Lanes named for each state, and topics; the rest is counted. */
const NAMED_MAX = 5;

const UNUSUAL: readonly LaneState[] = ["spooling", "draining", "held"];

/** Why the spool is not at rest: its trouble, which lanes go through the disk and what waits there; empty when it is. */
export function whySpoolIsBusy(
  spool: SpoolStatus,
  { lanes, strangeTopics, drain, wallMs }: Pick<MetricsSnapshot, "lanes" | "strangeTopics" | "drain" | "wallMs">,
): string {
  const parts: string[] = [];
  if (spool.state !== "ok") parts.push(`is ${spool.state}${spool.trouble === "" ? "" : `: ${spool.trouble}`}`);
  for (const state of UNUSUAL) {
    const names = lanes
      .filter((lane) => lane.state === state)
      .map(({ topic, partition }) => laneName(topic, partition));
    if (names.length > 0) parts.push(`${state}: ${listed(names)}`);
  }
  if (strangeTopics.length > 0) parts.push(`holds records of topics not configured: ${listed(strangeTopics)}`);
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
  const more = names.length - NAMED_MAX;
  return names.slice(0, NAMED_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
