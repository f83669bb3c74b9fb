import type { Instrument } from "../domain/instrument.ts";
import type { QuoteSink, QuoteView } from "../domain/quote.ts";
import type { BoardQuote } from "./board-snapshot.ts";

/**
 * Keeps the last quote of every instrument as text, on its way to the next sink: for the demo's board. Makes strings
 * per quote, so it has no place in the service itself.
 */
export class LatestQuotes implements QuoteSink {
  readonly #next: QuoteSink;
  readonly #latest = new Map<Instrument, BoardQuote>();

  constructor(next: QuoteSink) {
    this.#next = next;
  }

  accept(quote: QuoteView): void {
    const { instrument } = quote;
    if (instrument !== null) {
      this.#latest.set(instrument, {
        source: instrument.source,
        symbol: instrument.symbol,
        bidPrice: textOf(quote.fields, quote.bidPriceStart, quote.bidPriceEnd),
        bidSize: textOf(quote.fields, quote.bidSizeStart, quote.bidSizeEnd),
        askPrice: textOf(quote.fields, quote.askPriceStart, quote.askPriceEnd),
        askSize: textOf(quote.fields, quote.askSizeStart, quote.askSizeEnd),
        receivedTimeMs: Math.floor(quote.receivedTimeUs / 1000),
      });
    }
    this.#next.accept(quote);
  }

  /** The last quote of each instrument, in order of their ids. */
  quotes(): BoardQuote[] {
    return [...this.#latest].sort(([a], [b]) => a.id - b.id).map(([, quote]) => quote);
  }
}

function textOf(bytes: Uint8Array, start: number, end: number): string | null {
  return start < 0 ? null : Buffer.from(bytes.subarray(start, end)).toString("latin1");
}
