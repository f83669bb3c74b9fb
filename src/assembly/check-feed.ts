import type { SessionMonitor } from "../adapters/adapter.ts";
import { feedPrefix } from "../config/feed-names.ts";
import { IngestError } from "../domain/ingest-error.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { Clock } from "../runtime/clock.ts";
import type { RequestBudget } from "../runtime/request-budget.ts";
import { TurnQueue } from "../runtime/turn-queue.ts";
import { createAdapter } from "./create-adapter.ts";
import type { EnabledFeed, EnabledFixFeed, EnabledRestFeed } from "./prepare-feeds.ts";

/** A venue that has neither failed nor answered for every symbol by then is reported as it stands, ms. */
const CHECK_LIMIT_MS = 10_000;

/** Longest wait for the turn of a symbol that is polled at long intervals, ms. */
const POLL_WAIT_MS_MAX = 20_000;

/** Symbols without a quote that are named. */
const NAMES_SHOWN = 5;

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
  /** A FIX logon uses up session numbers, so the same store is used as by the service. */
  readonly stateDir: string;
}

/** Connects one feed once, subscribes, waits for a first quote of every symbol or a refusal, and hangs up. */
export async function checkFeed(feed: EnabledFeed, { clock, budget, stateDir }: CheckParts): Promise<FeedCheck> {
  const { config, venue, instruments } = feed;
  const notes: string[] = [];
  const adapter = createAdapter(feed, {
    turns: new TurnQueue(clock),
    budget,
    clock,
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
    case "rest":
      // Symbols are spread over the interval, and a refused request is asked anew in parts.
      return CHECK_LIMIT_MS + Math.min(feed.venue.polling.intervalMs, POLL_WAIT_MS_MAX);
  }
}

/** The variable to look at first. */
function variableToBlame(feed: EnabledFeed, trouble: Error | null, seen: SeenSymbols): string {
  const prefix = feedPrefix(feed.config.name);
  if (feed.transport === "fix") return fixVariableToBlame(feed, trouble, seen);
  if (feed.transport === "rest") return restVariableToBlame(feed, trouble, seen);
  // Connected and not quoted: it is the symbols that are in question, not the address.
  return `${prefix}${trouble === null && seen.hasData && !seen.isWhole ? "SYMBOLS" : "URL"}`;
}

function restVariableToBlame({ config, venue }: EnabledRestFeed, trouble: Error | null, seen: SeenSymbols): string {
  const prefix = feedPrefix(config.name);
  if (trouble === null) return `${prefix}${seen.hasData && !seen.isWhole ? "SYMBOLS" : "URL"}`;
  if (!(trouble instanceof IngestError)) return `${prefix}URL`;
  switch (trouble.code) {
    case "logon_refused":
      return `${prefix}${venue.needsToken ? "TOKEN" : "URL"}`;
    case "subscription_refused":
      return `${prefix}SYMBOLS`;
    case "tls_failed":
      return `${prefix}TLS_CA_FILE`;
    case "handshake_timeout":
      return `${prefix}TIMEOUT_MS`;
    case "message_too_large":
      return `${prefix}MAX_BODY_BYTES`;
    case "rate_limited":
      return `${prefix}POLL_INTERVAL_MS`;
    default:
      return `${prefix}URL`;
  }
}

function fixVariableToBlame({ config, settings }: EnabledFixFeed, trouble: Error | null, seen: SeenSymbols): string {
  const prefix = feedPrefix(config.name);
  if (trouble === null) return `${prefix}${seen.wasAsked && !seen.isWhole ? "SYMBOLS" : "HOST"}`;
  if (!(trouble instanceof IngestError)) return `${prefix}HOST`;
  switch (trouble.code) {
    case "logon_refused":
      return `${prefix}${settings.password === null ? "SENDER" : "PASSWORD"}`;
    case "sequence_too_low":
      return `${prefix}RESET`;
    case "subscription_refused":
    case "subscribe_timeout":
      return `${prefix}SYMBOLS`;
    case "tls_failed":
      return `${prefix}TLS`;
    case "protocol_violation":
      return `${prefix}TARGET`;
    case "config_invalid":
      // Another process holds the numbers, or a certificate cannot be used.
      return "pid" in trouble.context ? "STATE_DIR" : `${prefix}TLS`;
    default:
      return `${prefix}HOST`;
  }
}

/** The first few names, and how many more there are. */
function listed(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** Follows one session until every symbol was quoted or refused. */
class SeenSymbols implements SessionMonitor {
  readonly #quoted = new Set<Instrument>();
  readonly #refused = new Map<Instrument, string>();
  readonly #onWhole: () => void;
  readonly #expected: readonly Instrument[];
  #isOpen = false;
  #wasAsked = false;
  #rejects = 0;
  #lastReject = "";

  constructor(instruments: readonly Instrument[], onWhole: () => void) {
    this.#expected = instruments;
    this.#onWhole = onWhole;
  }

  /** True when every symbol was quoted. */
  get isWhole(): boolean {
    return this.#quoted.size === this.#expected.length;
  }

  /** True when a symbol was asked for: the logon, where there is one, was taken. */
  get wasAsked(): boolean {
    return this.#wasAsked;
  }

  /** True when the venue answered for a symbol at least: it is the right venue. */
  get hasData(): boolean {
    return this.#quoted.size + this.#refused.size > 0;
  }

  summary(tookMs: number): string {
    if (!this.#isOpen) return `no connection within ${Math.round(tookMs)} ms`;
    const parts = [`${this.#quoted.size} of ${this.#expected.length} symbols quoted in ${Math.round(tookMs)} ms`];
    for (const [instrument, reason] of this.#refused) parts.push(`${instrument.symbol} refused: ${reason}`);
    const silent = this.#expected.filter((one) => !this.#quoted.has(one) && !this.#refused.has(one));
    if (silent.length > 0) parts.push(`no quote of ${listed(silent.map((one) => one.symbol))}`);
    if (this.#rejects > 0) parts.push(`${this.#rejects} messages could not be decoded (${this.#lastReject})`);
    return parts.join("; ");
  }

  onQuote(instrument: Instrument | null): void {
    if (instrument === null) return;
    this.#quoted.add(instrument);
    this.#look();
  }

  onOpen(): void {
    this.#isOpen = true;
  }

  onFrame(): void {}

  onData(): void {}

  onReject(reason: string): void {
    this.#rejects++;
    this.#lastReject = reason;
  }

  onSubscription(instrument: Instrument, state: "pending" | "acked" | "rejected", reason: string): void {
    if (state === "pending") this.#wasAsked = true;
    if (state === "rejected") this.#refused.set(instrument, reason);
    this.#look();
  }

  onReconnectAsked(): void {}

  onGap(): void {}

  onPause(): void {}

  #look(): void {
    if (this.#quoted.size + this.#refused.size >= this.#expected.length) this.#onWhole();
  }
}
