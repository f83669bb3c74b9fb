import { feedPrefix } from "../config/feed-names.ts";
import type { Clock } from "../runtime/clock.ts";
import type { RequestBudget } from "../runtime/request-budget.ts";
import { TurnQueue } from "../runtime/turn-queue.ts";
import { createAdapter, type SecretReader } from "./create-adapter.ts";
import type { EnabledFeed } from "./prepare-feeds.ts";
import { SeenSymbols } from "./seen-symbols.ts";
import { variableToBlame } from "./variable-to-blame.ts";

/** A venue that has neither failed nor answered for every symbol by then is reported as it stands, ms. */
const CHECK_LIMIT_MS = 10_000;

/** Longest wait for the turn of a symbol that is polled at long intervals, ms. */
const POLL_WAIT_MS_MAX = 20_000;

/** What came of one try. */
export interface FeedCheck {
  readonly subject: string;
  readonly variable: string;
  readonly isGood: boolean;
  readonly detail: string;
}

/** What a check works with. */
export interface CheckParts {
  readonly clock: Clock;
  /** One for all tries. */
  readonly budget: RequestBudget;
  readonly readSecret: SecretReader;
  /** A FIX logon uses up session numbers, so the same store is used as by the service. */
  readonly stateDir: string;
}

/** Connects one feed once, subscribes, waits for a first quote of every symbol or a refusal, and hangs up. */
export async function checkFeed(
  feed: EnabledFeed,
  { clock, budget, readSecret, stateDir }: CheckParts,
): Promise<FeedCheck> {
  const { config, venue, instruments } = feed;
  const notes: string[] = [];
  const adapter = createAdapter(feed, {
    turns: new TurnQueue(clock),
    budget,
    clock,
    rawPayload: "off",
    readSecret,
    stateDir,
    onNumbersTrouble: (_, { path, message }) => notes.push(`${path}: ${message}`),
  });
  const subject = `feed ${config.name}`;
  const closedMs = adapter.calendar?.msUntilOpen(clock.wallUs() / 1000) ?? 0;
  if (closedMs > 0) {
    const opensAt = new Date(clock.wallUs() / 1000 + closedMs).toISOString();
    const detail = `${adapter.target}: not tried, as the session is closed until ${opensAt}`;
    return { subject, variable: `${feedPrefix(config.name)}SESSION_START`, isGood: true, detail };
  }
  const stop = new AbortController();
  // One connection's worth of symbols is asked for: it is a try, not a load.
  const asked = instruments.slice(0, venue.limits.symbolsPerConnection);
  const seen = new SeenSymbols(asked, () => stop.abort());
  const timer = clock.schedule(checkLimitMs(feed), () => stop.abort());
  const startMs = clock.monotonicMs();
  let trouble: Error | null = null;
  try {
    const session = adapter.startSession({
      signal: stop.signal,
      epoch: 1,
      instruments: asked,
      quotes: { accept: (quote) => seen.onQuote(quote.instrument) },
      monitor: seen,
      backpressure: { isPaused: false, onChange: () => () => {} },
      clock,
    });
    const end = await session.ended;
    if (end.reason === "planned") trouble = new Error(`the venue ended the session: ${end.message}`);
  } catch (error) {
    trouble = error instanceof Error ? error : new Error(String(error));
  } finally {
    timer.cancel();
  }
  const summary = `${adapter.target}: ${seen.summary(clock.monotonicMs() - startMs)}`;
  return {
    subject,
    variable: variableToBlame(feed, trouble, seen),
    isGood: trouble === null && seen.isWhole,
    detail: [trouble?.message ?? summary, ...notes].join("; "),
  };
}

/** A logon may take its time before the first quote has any, and polls come one by one. */
function checkLimitMs(feed: EnabledFeed): number {
  switch (feed.transport) {
    case "websocket":
      return CHECK_LIMIT_MS;
    case "fix":
      return CHECK_LIMIT_MS + feed.settings.logonTimeoutMs;
    case "grpc":
      return CHECK_LIMIT_MS + feed.venue.ackTimeoutMs;
    case "rest":
      // Symbols are spread over the interval, and a refused request is asked anew in parts.
      return CHECK_LIMIT_MS + Math.min(feed.venue.polling.intervalMs, POLL_WAIT_MS_MAX);
  }
}
