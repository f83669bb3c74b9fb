import type { QuoteSink, QuoteView } from "../../../src/domain/quote.ts";

/** The quote a symbol was last published with, as text; null = absent. */
export interface LastQuote {
  readonly bidPrice: string | null;
  readonly bidSize: string | null;
  readonly askPrice: string | null;
  readonly askSize: string | null;
}

/** Where quotes of a feed end in these tests: keeps the last of each symbol, and the instruments as the pipeline does. */
export class LastQuotes implements QuoteSink {
  readonly bySymbol = new Map<string, LastQuote>();
  count = 0;

  accept(quote: QuoteView): void {
    const { instrument, fields } = quote;
    if (instrument === null || quote.epoch < instrument.ownerEpoch) return;
    instrument.ownerEpoch = quote.epoch;
    instrument.sequence++;
    instrument.lastQuoteTimeUs = quote.receivedTimeUs;
    this.count++;
    this.bySymbol.set(instrument.symbol, {
      bidPrice: text(fields, quote.bidPriceStart, quote.bidPriceEnd),
      bidSize: text(fields, quote.bidSizeStart, quote.bidSizeEnd),
      askPrice: text(fields, quote.askPriceStart, quote.askPriceEnd),
      askSize: text(fields, quote.askSizeStart, quote.askSizeEnd),
    });
  }
}

function text(fields: Uint8Array, start: number, end: number): string | null {
  return start < 0 ? null : Buffer.from(fields.subarray(start, end)).toString("latin1");
}
