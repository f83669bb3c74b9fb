import type { FeedStatus } from "../domain/feed-status.ts";
import type { MetricsSnapshot } from "./metrics-snapshot.ts";
import type { MetricsSource } from "./metrics-source.ts";
import { whySpoolIsBusy } from "./spool-readiness.ts";

/** One part of readiness. */
interface ReadinessPart {
  /** `app`, `sink <kind>`, `spool` or `feed <name>`. */
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

/** What readiness is read from. */
type ReadinessSource = Pick<
  MetricsSnapshot,
  "phase" | "sink" | "spool" | "strangeTopics" | "drain" | "lanes" | "feeds" | "wallMs"
>;

/**
 * Ready means: running, quotes can be kept, no enabled feed has failed, and every enabled feed has been live at least
 * once or is outside its trading hours. Quotes can be kept when the sink can be written or the spool takes what the sink does not:
 * then a sink in trouble is degraded, and so is a spool that is full or failing while the sink is well. A feed that was live and
 * now reconnects is degraded: taking the instance away would not help it.
 */
export function readReadiness(snapshot: ReadinessSource): Readiness {
  const { sink, spool } = snapshot;
  const parts: ReadinessPart[] = [appPart(snapshot.phase), sinkPart(sink, spool?.state === "ok")];
  if (spool !== null) {
    const why = whySpoolIsBusy(spool, snapshot);
    parts.push(part("spool", why === "" ? "ready" : "degraded", why));
  }
  for (const feed of snapshot.feeds) {
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

function sinkPart(sink: ReturnType<MetricsSource["sink"]>, isSpoolTaking: boolean): ReadinessPart {
  const name = `sink ${sink.kind}`;
  const ifNot = isSpoolTaking ? "degraded" : "unready";
  if (sink.trouble !== "") return part(name, ifNot, sink.trouble);
  return sink.isStarted ? part(name, "ready", "") : part(name, ifNot, "is not started yet");
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
