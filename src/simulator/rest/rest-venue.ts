import type { Clock } from "../../runtime/clock.ts";
import { Market, type MarketSpec } from "../market.ts";
import { mixSeed } from "../seeded-random.ts";
import type { SentListener } from "../simulated-venue.ts";
import type { RestDesk, RestDialect } from "./rest-dialect.ts";

/** Start price, in ticks, of a symbol the dialect does not know, lowest and range. */
const UNKNOWN_START_TICKS = 10_000;
const UNKNOWN_START_RANGE = 900_000;

/** What a {@link RestVenue} is made of. */
export interface RestVenueOptions {
  readonly dialect: RestDialect;
  readonly clock: Clock;
  readonly seed: number;
  /** Instruments the venue lists; absent: the dialect's own. */
  readonly symbols: readonly string[] | undefined;
  /** Told of every quote in an answer that was not in one before. */
  readonly onSent: SentListener | undefined;
}

/** What all clients of one simulated REST venue share: its instruments, whom it refuses, and its counters. */
export class RestVenue implements RestDesk {
  readonly dialect: RestDialect;
  readonly refused = new Set<string>();
  /** True while prices stand still. */
  isQuiet = false;
  quotesSent = 0;
  readonly #clock: Clock;
  readonly #onSent: SentListener | undefined;
  readonly #markets = new Map<string, Market>();
  /** Per market: its number when it was last in an answer. */
  readonly #lastSent = new Map<Market, number>();
  #nextMarket = 0;

  constructor(options: RestVenueOptions) {
    const { dialect, clock, seed } = options;
    this.dialect = dialect;
    this.#clock = clock;
    this.#onSent = options.onSent;
    for (const symbol of options.symbols ?? dialect.markets.map((spec) => spec.symbol)) {
      const spec = dialect.markets.find((each) => each.symbol === symbol) ?? inventSpec(dialect.markets[0], symbol);
      const market = new Market(spec, symbol, seed);
      market.timeUs = clock.wallUs();
      this.#markets.set(symbol, market);
    }
  }

  get symbols(): readonly string[] {
    return [...this.#markets.keys()];
  }

  get wallUs(): number {
    return this.#clock.wallUs();
  }

  find(symbol: string): Market | null {
    return this.refused.has(symbol) ? null : (this.#markets.get(symbol) ?? null);
  }

  quoted(market: Market): void {
    if (this.#lastSent.get(market) === market.updates) return;
    this.#lastSent.set(market, market.updates);
    market.sent++;
    this.quotesSent++;
    this.#onSent?.(market.symbol, this.dialect.expectedQuote(market));
  }

  /** New quotes of so many instruments, in turn. */
  move(count: number): void {
    if (this.isQuiet) return;
    const markets = [...this.#markets.values()];
    for (let i = 0; i < count && markets.length > 0; i++) {
      markets[this.#nextMarket++ % markets.length].step(this.#clock.wallUs(), this.#clock.monotonicMs());
    }
  }

  /** The venue's number of a symbol jumps. */
  skipSequence(symbol: string, count: number): void {
    const market = this.#markets.get(symbol);
    if (market !== undefined) market.sequence += count;
  }

  /** Quotes sent per symbol. */
  sentBySymbol(): Record<string, number> {
    return Object.fromEntries([...this.#markets.values()].map((market) => [market.symbol, market.sent]));
  }
}

/** A market for a symbol the dialect has no figures for, in the form of one it has. */
function inventSpec(model: MarketSpec, symbol: string): MarketSpec {
  return { ...model, symbol, startTicks: UNKNOWN_START_TICKS + (mixSeed(0, symbol) % UNKNOWN_START_RANGE) };
}
