import { afterEach, describe, expect, test } from "bun:test";
import { MarketDataBooks } from "../../../src/adapters/fix/book/market-data-books.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import type { QuoteView } from "../../../src/domain/quote.ts";
import { FrameScanner } from "../../../src/fix/frame-scanner.ts";
import { MarketDataScanner } from "../../../src/fix/market-data-scanner.ts";
import { decimalText } from "../../../src/simulator/decimal-text.ts";
import type { BookLevel } from "../../../src/simulator/fix/lp-book.ts";
import type { ExpectedQuote } from "../../../src/simulator/venue-dialect.ts";
import { findBuiltInProfile } from "../../../src/venues/built-in-venues.ts";
import { compileFixVenue } from "../../../src/venues/compile-fix-venue.ts";
import type { CompiledFixVenue } from "../../../src/venues/compiled-fix-venue.ts";
import { LpBench } from "./fix-client.ts";

// The dialects were written from the venues' documents and the profiles by somebody else from the same documents: what
// one sends, the other must read, and make of it what was meant.

const MAX_MESSAGE_BYTES = 65_536;
const CASES: readonly [venue: string, depth: number][] = [
  ["fix-generic", 0],
  ["fix-generic", 1],
  ["fix-generic", 3],
  ["ctrader", 0],
  ["ctrader", 1],
  ["binance-fix", 1],
  ["binance-fix", 3],
  ["revolut-fix", 0],
  ["revolut-fix", 1],
  ["osl-fix", 1],
  ["osl-fix", 3],
  ["fxspotstream", 0],
];

let bench: LpBench;
afterEach(() => bench.stop());

function slice(bytes: Uint8Array, start: number, end: number): string | null {
  return start < 0 ? null : Buffer.from(bytes.subarray(start, end)).toString("latin1");
}

function quoteOf(view: QuoteView): ExpectedQuote {
  return {
    symbol: view.instrument?.symbol ?? "",
    bidPrice: slice(view.fields, view.bidPriceStart, view.bidPriceEnd),
    bidSize: slice(view.fields, view.bidSizeStart, view.bidSizeEnd),
    askPrice: slice(view.fields, view.askPriceStart, view.askPriceEnd),
    askSize: slice(view.fields, view.askSizeStart, view.askSizeEnd),
    sequence: slice(view.fields, view.sequenceStart, view.sequenceEnd),
    venueTimeMs: view.venueTimeMs < 0 ? null : view.venueTimeMs,
  };
}

/** The book of a symbol as the LP has it: prices and sizes, best first. */
function meantBook(symbol: string): Record<"bids" | "asks", string[]> {
  const book = bench.lp.book(symbol);
  if (book === null) throw new Error(`Cannot find the book of ${symbol}`);
  const text = ({ priceUnits, sizeUnits }: BookLevel) =>
    `${decimalText(priceUnits, book.spec.priceDecimals)} ${decimalText(sizeUnits, book.spec.sizeDecimals)}`;
  return { bids: book.sides.bids.map(text), asks: book.sides.asks.map(text) };
}

/** Reads bytes as a session does: frames, entries, books. */
class Reader {
  readonly quotes: ExpectedQuote[] = [];
  readonly troubles: string[] = [];
  readonly books: MarketDataBooks;
  readonly #scanner: FrameScanner;
  readonly #symbols: readonly string[];

  constructor(venue: CompiledFixVenue, symbols: readonly string[]) {
    this.#symbols = symbols;
    const instruments = symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "x", symbol }));
    this.books = new MarketDataBooks({
      instruments,
      wireSymbols: symbols.map((symbol) => venue.wireSymbol(symbol)),
      rules: venue.book,
      plan: venue.marketData,
      epoch: 1,
      quotes: { accept: (view) => this.quotes.push(quoteOf(view)) },
      publish: "top_change",
      listener: {
        onDistrust: ({ symbol }, reason) => this.troubles.push(`${symbol}: ${reason}`),
        onSymbolGap: ({ symbol }) => this.troubles.push(`${symbol}: gap`),
      },
    });
    const entries = new MarketDataScanner(venue.marketData);
    this.#scanner = new FrameScanner({
      maxMessageBytes: MAX_MESSAGE_BYTES,
      listener: {
        onFrame: (frame) => {
          if (entries.scan(frame)) this.books.apply(entries.message, frame, 1);
          else this.troubles.push(`declined ${slice(frame.bytes, frame.start, frame.end)}`);
        },
        onGarbage: (reason) => this.troubles.push(reason),
      },
    });
  }

  /** A book as it was read: prices and sizes, best first. */
  book(symbol: string): Record<"bids" | "asks", string[]> {
    const { bids, asks } = this.books.dump(this.#symbols.indexOf(symbol));
    const text = ({ price, size }: { price: string; size: string | null }) => `${price} ${size}`;
    return { bids: bids.map(text), asks: asks.map(text) };
  }

  feed(bytes: Uint8Array): void {
    this.#scanner.feed(bytes);
  }
}

function compiled(venue: string, depth: number): CompiledFixVenue {
  const profile = findBuiltInProfile(venue, "fix");
  if (profile === null) throw new Error(`Cannot find the built-in profile of '${venue}'`);
  return compileFixVenue(profile, { heartbeatS: 30, depth });
}

describe.each(CASES)("%s with depth %d", (name, depth) => {
  test("every quote sent is read to exactly what was meant", async () => {
    const sent: ExpectedQuote[] = [];
    bench = new LpBench({
      venue: name,
      seed: 5,
      logon: {},
      ratePerSecond: 100,
      onSent: (_, quote) => sent.push(quote),
    });
    const symbols = bench.lp.symbols.slice(0, 3);
    const venue = compiled(name, depth);
    const reader = new Reader(venue, symbols);
    const client = await bench.loggedOn();
    let id = 0;
    for (const request of venue.subscribeRequests(symbols, { depth, nextId: () => `r${++id}` })) {
      reader.books.bindRequest(
        request.id,
        request.symbols.map((symbol) => symbols.indexOf(symbol)),
      );
      client.send(request.msgType, request.fields);
    }
    const messages = [...(await bench.drain(client)), ...(await bench.pass(client, 10_000))];
    for (const { bytes } of messages) reader.feed(bytes);
    expect(reader.troubles).toEqual([]);
    expect(reader.quotes).toEqual(sent);
    expect(new Set(sent.map(({ symbol }) => symbol))).toEqual(new Set(symbols));
    expect(sent.length).toBeGreaterThan(300);
    if (depth === 0) for (const symbol of symbols) expect(reader.book(symbol)).toEqual(meantBook(symbol));
  });
});

test("a crossed book and a deletion of nothing are seen as what they are", async () => {
  bench = new LpBench({ seed: 5 });
  const reader = new Reader(compiled("fix-generic", 1), ["EUR/USD"]);
  reader.books.bindRequest("r1", [0]);
  const client = await bench.loggedOn();
  client.subscribe("r1", ["EUR/USD"]);
  await bench.drain(client);
  bench.lp.commands.deleteUnknown("EUR/USD");
  bench.lp.commands.crossBook("EUR/USD");
  await bench.drain(client);
  for (const { msgType, bytes } of client.messages) if (msgType === "W" || msgType === "X") reader.feed(bytes);
  expect(reader.books.counts).toMatchObject({ unknownEntries: 1, crossed: 1 });
  expect(reader.troubles).toEqual(["EUR/USD: crossed"]);
});
