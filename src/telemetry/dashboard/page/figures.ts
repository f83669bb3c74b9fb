import { countText, durationText, rateText } from "../../board-text.ts";
import type { FeedRow, SpoolRow } from "../protocol.ts";

/** What stands where there is no value. */
export const NONE = "–";

/** `0.42 ms`, `12.3 ms`, `1.25 s`: three digits. */
export function latencyText(ms: number | null): string {
  if (ms === null) return NONE;
  if (ms >= 999.5) return `${threeDigits(ms / 1000)} s`;
  return `${threeDigits(ms)} ms`;
}

/** `0.3 s`, `12 s`, `2m05s`: how long ago, or how long yet. */
export function spanText(ms: number | null): string {
  if (ms === null) return NONE;
  return ms < 9950 ? `${(ms / 1000).toFixed(1)} s` : ms < 60_000 ? `${Math.round(ms / 1000)} s` : durationText(ms);
}

/** `12.3 %` of one core. */
export function shareText(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** `1,234`, and a dash for nothing worth a look. */
export function faultText(count: number): string {
  return count === 0 ? NONE : countText(count);
}

/** Why a feed is not well, and when it will try again: `closed_by_venue: …; try 3 in 1.2 s`. */
export function troubleText(feed: FeedRow): string {
  const attempts = Math.max(0, ...feed.connections.map((connection) => connection.attempts));
  const next = feed.retryInMs === null ? "" : `try ${attempts + 1} in ${spanText(feed.retryInMs)}`;
  return [next, feed.reason].filter((part) => part !== "").join(" · ");
}

/** The word for a feed's state, where silence goes before what the session believes. */
export function stateWord(feed: Pick<FeedRow, "state" | "isSilent">): string {
  return feed.isSilent ? "silent" : feed.state;
}

/** How the disk empties: `12,000 records/s, 2m10s left`. */
export function drainText(spool: SpoolRow): string {
  if (spool.unreadRecords === 0) return "nothing waits";
  const rate = `${rateText(spool.recordsPerSecond)} records/s`;
  return spool.secondsLeft === null
    ? `${rate}, not getting less`
    : `${rate}, ${spanText(spool.secondsLeft * 1000)} left`;
}

/** `14:03:59.123`, in UTC, as all times are. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23);
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
