import type { SessionMonitor } from "../adapters/adapter.ts";
import { WebSocketAdapter } from "../adapters/websocket/websocket-adapter.ts";
import { feedPrefix } from "../config/feed-names.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { Clock } from "../runtime/clock.ts";
import { TurnQueue } from "../runtime/turn-queue.ts";
import type { EnabledFeed } from "./prepare-feeds.ts";

/** A venue that has neither failed nor answered for every symbol by then is reported as it stands, ms. */
const CHECK_LIMIT_MS = 10_000;

/** Symbols without a quote that are named. */
const NAMES_SHOWN = 5;

/** What came of one try. */
export interface FeedCheck {
  readonly subject: string;
  readonly variable: string;
  readonly isGood: boolean;
  readonly detail: string;
}

/** Connects one feed once, subscribes, waits for a first quote of every symbol or a refusal, and hangs up. */
export async function checkFeed(feed: EnabledFeed, clock: Clock): Promise<FeedCheck> {
  const { config, venue, instruments } = feed;
  const adapter = new WebSocketAdapter({ venue, turns: new TurnQueue(clock) });
  const stop = new AbortController();
  // One connection's worth of symbols is asked for: it is a try, not a load.
  const asked = instruments.slice(0, venue.limits.symbolsPerConnection);
  const seen = new SeenSymbols(asked, () => stop.abort());
  const timer = clock.schedule(CHECK_LIMIT_MS, () => stop.abort());
  const startMs = clock.monotonicMs();
  let trouble = "";
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
    if (end.reason === "planned") trouble = `the venue ended the session: ${end.message}`;
  } catch (error) {
    trouble = error instanceof Error ? error.message : String(error);
  } finally {
    timer.cancel();
  }
  const summary = seen.summary(clock.monotonicMs() - startMs);
  return {
    subject: `feed ${config.name}`,
    // Connected and not quoted: it is the symbols that are in question, not the address.
    variable: `${feedPrefix(config.name)}${trouble === "" && seen.hasData && !seen.isWhole ? "SYMBOLS" : "URL"}`,
    isGood: trouble === "" && seen.isWhole,
    detail: trouble === "" ? `${adapter.target}: ${summary}` : trouble,
  };
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
