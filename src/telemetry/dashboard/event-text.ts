import type { FeedEvent, FeedStatusEvent } from "../../domain/feed-event.ts";
import { durationText } from "../board-text.ts";
import type { EventRow, Tone } from "./protocol.ts";

/** What a feed event says to a person. */
export type EventText = Pick<EventRow, "tone" | "kind" | "text">;

/** One feed event in a line. Not yet clean of what venues may write into it. */
export function eventText(event: FeedEvent): EventText {
  switch (event.type) {
    case "market-data.feed-status":
      return { tone: statusTone(event), kind: "state", text: statusText(event) };
    case "market-data.sequence-gap": {
      const what = event.symbol === undefined ? "connection" : event.symbol;
      return { tone: "warn", kind: "gap", text: `${what}: nothing between ${event.from} and ${event.to}` };
    }
    case "market-data.feed-stale": {
      const what = event.symbol === undefined ? "no data" : `${event.symbol}: no data`;
      return {
        tone: event.symbol === undefined ? "bad" : "warn",
        kind: "stale",
        text: `${what} for ${waitText(event.silentMs)}`,
      };
    }
    case "market-data.dropped": {
      const what = event.symbol === undefined ? "" : `${event.symbol}: `;
      const run = event.fromSequence === undefined ? "" : `, numbers ${event.fromSequence} to ${event.toSequence}`;
      return { tone: "bad", kind: "drop", text: `${what}${event.count} quotes lost (${event.reason})${run}` };
    }
  }
}

/** How attentively a state wants to be looked at. */
export function stateTone(state: FeedStatusEvent["to"]): Tone {
  switch (state) {
    case "live":
      return "good";
    case "connecting":
    case "subscribing":
      return "warn";
    case "stale":
    case "backing-off":
    case "failed":
      return "bad";
    case "disabled":
    case "closed":
    case "stopped":
      return "off";
  }
}

function statusTone({ to }: FeedStatusEvent): Tone {
  return to === "connecting" || to === "subscribing" ? "off" : stateTone(to);
}

function statusText({ connection, from, to, code, message, attempt, retryInMs }: FeedStatusEvent): string {
  const which = connection === 0 ? "" : `connection ${connection}: `;
  const why = code === "ok" ? "" : `: ${code}${message === "" ? "" : ` – ${message}`}`;
  const next = retryInMs > 0 ? `; try ${attempt + 1} in ${waitText(retryInMs)}` : "";
  return `${which}${from} → ${to}${why}${next}`;
}

/** `0.4 s`, `12 s`, `2m05s`. */
function waitText(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : durationText(ms);
}
