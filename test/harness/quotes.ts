import { Instrument } from "../../src/domain/instrument.ts";
import { QuoteView } from "../../src/domain/quote.ts";

/** The parts of a quote as text; null = the venue sent none. */
export interface QuoteText {
  bidPrice?: string | null;
  bidSize?: string | null;
  askPrice?: string | null;
  askSize?: string | null;
  sequence?: string | null;
  previousSequence?: string | null;
  raw?: string;
  venueTimeMs?: number;
  receivedTimeUs?: number;
  isSnapshot?: boolean;
  epoch?: number;
}

/** Fills a view as a decoder would, with all text in one buffer. */
export function quoteView(instrument: Instrument, text: QuoteText = {}): QuoteView {
  const view = new QuoteView();
  const parts: string[] = [];
  let at = 0;
  const slice = (value: string | null | undefined, fallback: string | null): [number, number] => {
    const chosen = value === undefined ? fallback : value;
    if (chosen === null) return [-1, -1];
    parts.push(chosen);
    at += chosen.length;
    return [at - chosen.length, at];
  };
  [view.bidPriceStart, view.bidPriceEnd] = slice(text.bidPrice, "1.10");
  [view.bidSizeStart, view.bidSizeEnd] = slice(text.bidSize, "2");
  [view.askPriceStart, view.askPriceEnd] = slice(text.askPrice, "1.20");
  [view.askSizeStart, view.askSizeEnd] = slice(text.askSize, "3");
  [view.sequenceStart, view.sequenceEnd] = slice(text.sequence, null);
  [view.previousSequenceStart, view.previousSequenceEnd] = slice(text.previousSequence, null);
  view.instrument = instrument;
  view.fields = Buffer.from(parts.join(""));
  view.raw = Buffer.from(text.raw ?? '{"b":1}');
  view.rawStart = 0;
  view.rawEnd = view.raw.length;
  view.venueTimeMs = text.venueTimeMs ?? -1;
  view.receivedTimeUs = text.receivedTimeUs ?? 1_700_000_000_123_456;
  view.isSnapshot = text.isSnapshot ?? false;
  view.epoch = text.epoch ?? 1;
  return view;
}

/** An instrument of feed 0. */
export function instrumentOf(symbol = "BTCUSDT", id = 0, source = "binance"): Instrument {
  return new Instrument({ id, feedIndex: 0, source, symbol });
}
