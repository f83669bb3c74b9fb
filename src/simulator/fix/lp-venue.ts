import { formatUtcTimestamp } from "../../fix/utc-timestamp.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { SentListener } from "../simulated-venue.ts";
import type { ExpectedQuote, SymbolVerdict } from "../venue-dialect.ts";
import type { FixDialect } from "./fix-dialect.ts";
import { marketSpecOf } from "./fx-markets.ts";
import { LpBook } from "./lp-book.ts";
import type { RenderTimes } from "./market-data-fields.ts";

/** What an {@link LpVenue} is made of. */
export interface LpVenueOptions {
  readonly dialect: FixDialect;
  readonly clock: Clock;
  readonly seed: number;
  /** Instruments the LP lists; absent: the dialect's own. */
  readonly symbols: readonly string[] | undefined;
  /** Entries a side. */
  readonly levels: number;
  readonly onSent: SentListener | undefined;
  /** True: `onSent` is told of every message, not only of those that change the best. */
  readonly listsEveryUpdate: boolean;
}

/** What all sessions of one LP share: its books, whom it refuses, and its counters. */
export class LpVenue {
  readonly dialect: FixDialect;
  readonly clock: Clock;
  readonly onSent: SentListener | undefined;
  readonly listsEveryUpdate: boolean;
  readonly refused = new Set<string>();
  readonly #books = new Map<string, LpBook>();
  readonly #sent = new Map<string, number>();
  /** True while no market data is sent though the link lives. */
  isQuiet = false;
  /** Messages not sent because the client did not read, or while silent. */
  withheld = 0;
  quotesSent = 0;

  constructor(options: LpVenueOptions) {
    const { dialect, seed, levels } = options;
    this.dialect = dialect;
    this.clock = options.clock;
    this.onSent = options.onSent;
    this.listsEveryUpdate = options.listsEveryUpdate;
    const { identity } = dialect.shape;
    for (const symbol of options.symbols ?? dialect.markets.map((spec) => spec.symbol)) {
      this.#books.set(symbol, new LpBook(marketSpecOf(dialect.markets, symbol), { seed, depth: levels, identity }));
      this.#sent.set(symbol, 0);
    }
  }

  get symbols(): readonly string[] {
    return [...this.#books.keys()];
  }

  verdict(symbol: string): SymbolVerdict {
    if (this.refused.has(symbol)) return "refused";
    return this.#books.has(symbol) ? "known" : "unknown";
  }

  findBook(symbol: string): LpBook | null {
    return this.#books.get(symbol) ?? null;
  }

  /** The present time as messages carry it. */
  times(): RenderTimes {
    const { timeDigits } = this.dialect.shape;
    const wallUs = this.clock.wallUs();
    const timeMs = Math.floor(wallUs / 1000);
    const timestamp = formatUtcTimestamp(wallUs, timeDigits);
    return { timestamp, timeMs: timeDigits === 0 ? timeMs - (timeMs % 1000) : timeMs };
  }

  /** Counts messages that were sent. */
  count(symbol: string, messages: number): void {
    this.quotesSent += messages;
    this.#sent.set(symbol, (this.#sent.get(symbol) ?? 0) + messages);
  }

  /** Tells the listener what a right client publishes now. */
  tell(quote: ExpectedQuote): void {
    this.onSent?.(quote.symbol, quote);
  }

  /** Messages sent per symbol. */
  sentBySymbol(): Record<string, number> {
    return Object.fromEntries(this.#sent);
  }
}
