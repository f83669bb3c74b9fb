import type { FeedStatus } from "../domain/feed-status.ts";
import type { MetricsSource } from "./metrics-source.ts";

/** One part of readiness. */
interface ReadinessPart {
  /** `app`, `sink <kind>` or `feed <name>`. */
  readonly part: string;
  readonly isReady: boolean;
  /** Works, but not as it should: told, without making the whole unready. */
  readonly isDegraded: boolean;
  /** Why it is not ready or degraded; empty when all is well. */
  readonly why: string;
}

/** What `/readyz` says. */
export interface Readiness {
  readonly isReady: boolean;
  readonly parts: readonly ReadinessPart[];
}

/**
 * Ready means: running, the sink can be written, no enabled feed has failed, and every enabled feed has been live at
 * least once or is outside its trading hours. A feed that was live and now reconnects is degraded: taking the instance away would not help it.
 */
export function readReadiness(source: Pick<MetricsSource, "phase" | "sink" | "feeds">): Readiness {
  const sink = source.sink();
  const parts: ReadinessPart[] = [appPart(source.phase()), sinkPart(sink)];
  for (const feed of source.feeds()) {
    if (feed.state === "disabled") continue;
    // No venue is asked for prices that could not be kept.
    const isWaiting = feed.state === "stopped" && !sink.isStarted;
    parts.push(isWaiting ? part(`feed ${feed.name}`, "unready", "waits for the sink") : feedPart(feed));
  }
  return { isReady: parts.every((part) => part.isReady), parts };
}

function appPart(phase: ReturnType<MetricsSource["phase"]>): ReadinessPart {
  return part("app", phase === "running" ? "ready" : "unready", phase === "running" ? "" : `is ${phase}`);
}

function sinkPart(sink: ReturnType<MetricsSource["sink"]>): ReadinessPart {
  const name = `sink ${sink.kind}`;
  if (sink.trouble !== "") return part(name, "unready", sink.trouble);
  return sink.isStarted ? part(name, "ready", "") : part(name, "unready", "is not started yet");
}

function feedPart(feed: FeedStatus): ReadinessPart {
  const name = `feed ${feed.name}`;
  const why = whyNotLive(feed);
  if (feed.state === "failed" || feed.state === "stopped") return part(name, "unready", why);
  // Nothing can be had now, and nothing is wrong.
  if (feed.state === "closed") return part(name, "ready", "is outside its trading hours");
  if (feed.state === "live") {
    const refused = feed.subscriptions.filter((one) => one.state === "rejected").length;
    if (refused === 0) return part(name, "ready", "");
    return part(name, "degraded", `${refused} of ${feed.subscriptions.length} subscriptions were refused`);
  }
  const wasLive = feed.state === "stale" || feed.lastQuoteTimeMs !== null;
  return part(name, wasLive ? "degraded" : "unready", wasLive ? why : `${why}; was never live`);
}

function whyNotLive(feed: FeedStatus): string {
  const error = feed.connections.find((connection) => connection.lastError !== null)?.lastError;
  return error === null || error === undefined ? `is ${feed.state}` : `is ${feed.state}: ${error.message}`;
}

function part(name: string, state: "ready" | "degraded" | "unready", why: string): ReadinessPart {
  return { part: name, isReady: state !== "unready", isDegraded: state === "degraded", why };
}
