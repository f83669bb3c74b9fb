import type { FeedEvent } from "../domain/feed-event.ts";
import type { LogFields } from "../domain/log.ts";

/** One feed event as a log line. */
export interface EventLogLine {
  readonly level: "info" | "warn" | "error";
  readonly name: string;
  readonly fields: LogFields;
}

/** What a feed event looks like in the log: trouble is a warning, a failed feed an error. */
export function eventLogLine(event: FeedEvent): EventLogLine {
  const { type, timeUs: _stamp, ...fields } = event;
  switch (type) {
    case "market-data.feed-status": {
      const isTrouble = event.to === "backing-off" || event.to === "stale";
      return { level: event.to === "failed" ? "error" : isTrouble ? "warn" : "info", name: "feed_state", fields };
    }
    case "market-data.sequence-gap":
      return { level: "warn", name: "sequence_gap", fields };
    case "market-data.feed-stale":
      return { level: "warn", name: "feed_stale", fields };
    case "market-data.dropped":
      return { level: "error", name: "quotes_dropped", fields };
  }
}
