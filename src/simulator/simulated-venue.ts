import type { Clock } from "../runtime/clock.ts";
import { Market, type MarketSpec } from "./market.ts";
import { mixSeed } from "./seeded-random.ts";
import type { ExpectedQuote, SymbolVerdict, VenueDialect } from "./venue-dialect.ts";

/** Told of every quote sent: the symbol, and what a right decoder must make of the message. */
export type SentListener = (symbol: string, quote: ExpectedQuote) => void;

/** Start price, in ticks, of a symbol the dialect does not know, lowest and range. */
const UNKNOWN_START_TICKS = 10_000;
const UNKNOWN_START_RANGE = 900_000;

/** What a {@link SimulatedVenue} is made of. */
export interface SimulatedVenueOptions {
  readonly dialect: VenueDialect;
  readonly clock: Clock;
  readonly seed: number;
  /** Instruments the venue lists; absent: the dialect's own. */
  readonly symbols: readonly string[] | undefined;
  readonly onSent: SentListener | undefined;
}

/** What all sessions of one simulated venue share: its instruments, whom it refuses, and its counters. */
export class SimulatedVenue {
  readonly dialect: VenueDialect;
  readonly clock: Clock;
  readonly onSent: SentListener | undefined;
  readonly refused = new Set<string>();
  readonly #markets = new Map<string, Market>();
  /** True while no quotes are sent though the link lives. */
  isQuiet = false;
  /** Quotes not sent because the client did not read, or while silent. */
  withheld = 0;
  quotesSent = 0;

  constructor(options: SimulatedVenueOptions) {
    this.dialect = options.dialect;
    this.clock = options.clock;
    this.onSent = options.onSent;
    const known = options.dialect.markets;
    const symbols = options.symbols ?? known.map((spec) => spec.symbol);
    for (const symbol of symbols) {
      const spec = known.find((each) => each.symbol === symbol) ?? inventSpec(known[0], symbol);
      const market = new Market(spec, options.dialect.quoteTopic(symbol), options.seed);
      market.timeUs = options.clock.wallUs();
      market.changedAtMs = options.clock.monotonicMs();
      this.#markets.set(symbol, market);
    }
  }

  get symbols(): readonly string[] {
    return [...this.#markets.keys()];
  }

  verdict(symbol: string): SymbolVerdict {
    if (this.refused.has(symbol)) return "refused";
    return this.#markets.has(symbol) ? "known" : "unknown";
  }

  findMarket(symbol: string): Market | null {
    return this.#markets.get(symbol) ?? null;
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
