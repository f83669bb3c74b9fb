import type { ConnectionStatus, FeedStatus } from "../../domain/feed-status.ts";
import { ageText } from "../board-text.ts";
import { stateTone } from "./event-text.ts";
import type { ConnectionRow, FeedRow, HistoryPoint } from "./protocol.ts";
import { round, roundOrNull } from "./round.ts";

/** Connections and troubled symbols of one feed that a viewer is shown. */
const CONNECTIONS_MAX = 8;
const SYMBOLS_MAX = 12;

/** What a feed's row needs beside its status. */
export interface FeedRowParts {
  /** Wall clock, ms since the epoch. */
  readonly wallMs: number;
  readonly lastQuoteAgeMs: number | null;
  readonly isSilent: boolean;
  /** Rates and latencies of the last sample; null before the first. */
  readonly point: HistoryPoint | null;
  /** Cleans venues' texts. */
  readonly clean: (text: string) => string;
}

/** One feed as the dashboard shows it. */
export function readFeedRow(feed: FeedStatus, parts: FeedRowParts): FeedRow {
  const { wallMs, lastQuoteAgeMs, isSilent, point, clean } = parts;
  const flowing = feed.subscriptions.filter(({ state }) => state === "live" || state === "acked").length;
  const troubled = feed.subscriptions.filter(({ state }) => state === "rejected");
  const waits = feed.connections.flatMap(({ retryInMs }) => (retryInMs === null ? [] : [retryInMs]));
  return {
    name: feed.name,
    venue: feed.venue,
    transport: feed.transport,
    state: feed.state,
    tone: isSilent ? "bad" : stateTone(feed.state),
    isSilent,
    reason: clean(whyNotWell(feed, parts)),
    retryInMs: waits.length === 0 ? null : Math.max(0, Math.round(Math.min(...waits))),
    symbolsLive: flowing,
    symbols: feed.subscriptions.length,
    quotesPerSecond: round(point?.accepted ?? 0, 1),
    ackedPerSecond: round(point?.acked ?? 0, 1),
    quotes: feed.quotesAccepted,
    lastQuoteAgeMs,
    gaps: feed.gaps,
    reconnects: feed.disconnections,
    rejects: feed.parseErrors,
    duplicates: feed.duplicates,
    regressions: feed.regressions,
    venueP50Ms: roundOrNull(point?.venueP50Ms ?? null, 3),
    venueP99Ms: roundOrNull(point?.venueP99Ms ?? null, 3),
    connections: feed.connections.slice(0, CONNECTIONS_MAX).map((one) => connectionRow(one, wallMs, clean)),
    connectionsLeftOut: Math.max(0, feed.connections.length - CONNECTIONS_MAX),
    troubledSymbols: troubled
      .slice(0, SYMBOLS_MAX)
      .map(({ symbol, state, reason }) => clean(`${symbol} ${state}: ${reason}`)),
    troubledSymbolsLeftOut: Math.max(0, troubled.length - SYMBOLS_MAX),
  };
}

function whyNotWell(feed: FeedStatus, { isSilent, lastQuoteAgeMs }: FeedRowParts): string {
  if (isSilent) return `no quote for ${ageText(lastQuoteAgeMs ?? 0, 0)}, although it has some nearly every second`;
  if (feed.state === "closed") return "outside trading hours";
  if (feed.state === "disabled" || feed.state === "stopped") return "";
  const refused = feed.subscriptions.filter(({ state }) => state === "rejected").length;
  if (feed.state === "live") return refused === 0 ? "" : `${refused} of ${feed.subscriptions.length} symbols refused`;
  const error = lastErrorOf(feed.connections);
  if (error === null) return feed.state === "stale" ? "no data" : "";
  return `${error.code}: ${error.message}`;
}

/** The newest error of any connection. */
function lastErrorOf(connections: readonly ConnectionStatus[]): ConnectionStatus["lastError"] {
  let last: ConnectionStatus["lastError"] = null;
  for (const { lastError } of connections) {
    if (lastError !== null && (last === null || lastError.timeMs > last.timeMs)) last = lastError;
  }
  return last;
}

function connectionRow(connection: ConnectionStatus, wallMs: number, clean: (text: string) => string): ConnectionRow {
  const { index, state, url, attempts, retryInMs, lastError } = connection;
  return {
    index,
    state,
    url: clean(url),
    attempts,
    retryInMs: roundOrNull(retryInMs, 0),
    error: lastError === null ? "" : clean(`${lastError.code}: ${lastError.message}`),
    errorAgeMs: lastError === null ? null : Math.max(0, Math.round(wallMs - lastError.timeMs)),
  };
}
