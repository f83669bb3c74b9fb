import type { BookEntry } from "../../../../src/adapters/fix/book/book-side.ts";
import type { BookListener } from "../../../../src/adapters/fix/book/book-sink.ts";
import { MarketDataBooks } from "../../../../src/adapters/fix/book/market-data-books.ts";
import { Instrument } from "../../../../src/domain/instrument.ts";
import type { QuoteSink, QuoteView } from "../../../../src/domain/quote.ts";
import type { BookRules, MarketDataPlan } from "../../../../src/venues/compiled-fix-venue.ts";
import { PLAN, readFix } from "./fix-text.ts";

/** A quote as text; `-` for what is not there. */
export interface SeenQuote {
  readonly symbol: string;
  /** `bidPrice x bidSize / askPrice x askSize`. */
  readonly top: string;
  readonly sequence: string;
  readonly isSnapshot: boolean;
  readonly venueTimeMs: number;
  readonly receivedTimeUs: number;
  readonly raw: string;
  readonly isRawText: boolean;
  readonly epoch: number;
}

/** Keeps every quote as text. */
export class SeenQuotes implements QuoteSink {
  readonly all: SeenQuote[] = [];

  accept(quote: QuoteView): void {
    const text = (start: number, end: number) =>
      start < 0 ? "-" : Buffer.from(quote.fields.subarray(start, end)).toString("latin1");
    const bid = `${text(quote.bidPriceStart, quote.bidPriceEnd)} x ${text(quote.bidSizeStart, quote.bidSizeEnd)}`;
    const ask = `${text(quote.askPriceStart, quote.askPriceEnd)} x ${text(quote.askSizeStart, quote.askSizeEnd)}`;
    this.all.push({
      symbol: quote.instrument?.symbol ?? "?",
      top: `${bid} / ${ask}`,
      sequence: text(quote.sequenceStart, quote.sequenceEnd),
      isSnapshot: quote.isSnapshot,
      venueTimeMs: quote.venueTimeMs,
      receivedTimeUs: quote.receivedTimeUs,
      raw: Buffer.from(quote.raw.subarray(quote.rawStart, quote.rawEnd)).toString("latin1"),
      isRawText: quote.isRawText,
      epoch: quote.epoch,
    });
  }
}

/** Keeps what books tell of, in order. */
export class SeenTrouble implements BookListener {
  readonly all: string[] = [];

  onDistrust(instrument: Instrument, reason: string): void {
    this.all.push(`${instrument.symbol} ${reason}`);
  }

  onSymbolGap(instrument: Instrument, from: string, to: string): void {
    this.all.push(`${instrument.symbol} gap ${from}-${to}`);
  }
}

/** What a test may choose. */
export interface RigOptions {
  readonly symbols?: readonly string[];
  readonly wireSymbols?: readonly string[];
  readonly rules?: Partial<BookRules>;
  readonly plan?: Partial<MarketDataPlan>;
  readonly publish?: "top_change" | "every_update";
}

/** Books with a recorder on either side, and messages as text. */
export function bookRig(options: RigOptions = {}) {
  const symbols = options.symbols ?? ["EUR/USD", "GBP/USD", "USD/JPY"];
  const plan: MarketDataPlan = { ...PLAN, ...options.plan };
  const quotes = new SeenQuotes();
  const trouble = new SeenTrouble();
  const books = new MarketDataBooks({
    instruments: symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "lp", symbol })),
    wireSymbols: options.wireSymbols ?? symbols,
    rules: { key: "id", isOneQuotePerSide: false, entriesMax: 100, crossed: "distrust", ...options.rules },
    plan,
    epoch: 7,
    quotes,
    listener: trouble,
    publish: options.publish ?? "top_change",
  });
  /** Applies a message and returns the tops it gave: `EUR/USD 1.1 x 5 / 1.2 x 6`. */
  const take = (text: string): string[] => {
    const before = quotes.all.length;
    const { message, frame } = readFix(text, plan);
    books.apply(message, frame, 1_700_000_000_000_001);
    return quotes.all.slice(before).map(({ symbol, top }) => `${symbol} ${top}`);
  };
  /** `id:price x size` of one book, best first: `bids | asks`. */
  const show = (symbol = 0): string => {
    const { bids, asks } = books.dump(symbol);
    return `${bids.map(entryText).join(", ")} | ${asks.map(entryText).join(", ")}`;
  };
  return { books, quotes, trouble, take, show };
}

function entryText({ id, price, size }: BookEntry): string {
  return `${id === "" ? "" : `${id}:`}${price} x ${size ?? "-"}`;
}
