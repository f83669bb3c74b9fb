import { Instrument } from "../../src/domain/instrument.ts";
import type { QuoteSink, QuoteView } from "../../src/domain/quote.ts";
import { type CompiledVenue, type FrameDecoder, FrameKind } from "../../src/venues/compiled-venue.ts";

/** A quote as plain values, for comparison. */
export interface PlainQuote {
  readonly symbol: string;
  readonly bidPrice: string | null;
  readonly bidSize: string | null;
  readonly askPrice: string | null;
  readonly askSize: string | null;
  readonly sequence: string | null;
  readonly venueTimeMs: number;
}

/** What became of one frame. */
export interface DecodedFrame {
  readonly kind: keyof typeof FrameKind;
  readonly reason: string;
  readonly quotes: readonly PlainQuote[];
}

/** A sink that keeps what it is given as plain values, and the raw message of the last quote. */
export class QuoteRecorder implements QuoteSink {
  quotes: PlainQuote[] = [];
  snapshots: boolean[] = [];
  previousSequences: (string | null)[] = [];
  lastRaw = "";
  lastEpoch = -1;
  lastReceivedTimeUs = -1;

  accept(quote: QuoteView): void {
    this.quotes.push(toPlainQuote(quote));
    this.snapshots.push(quote.isSnapshot);
    this.previousSequences.push(textOf(quote, quote.previousSequenceStart, quote.previousSequenceEnd));
    this.lastRaw = Buffer.from(quote.raw.subarray(quote.rawStart, quote.rawEnd)).toString("utf8");
    this.lastEpoch = quote.epoch;
    this.lastReceivedTimeUs = quote.receivedTimeUs;
  }

  /** The quotes since the last call. */
  take(): PlainQuote[] {
    const taken = this.quotes;
    this.quotes = [];
    return taken;
  }
}

/** A decoder with a recorder behind it. */
export function createRecordedDecoder(venue: CompiledVenue, symbols: readonly string[]) {
  const recorder = new QuoteRecorder();
  const instruments = symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: venue.name, symbol }));
  const decoder = venue.createDecoder(instruments, recorder, 7);
  return { decoder, recorder, decode: (text: string) => decodeFrame(decoder, recorder, Buffer.from(text, "utf8")) };
}

/** Decodes one frame and gives all that came of it. */
export function decodeFrame(decoder: FrameDecoder, recorder: QuoteRecorder, frame: Uint8Array): DecodedFrame {
  const kind = decoder.decode(frame, 1_700_000_000_000_000);
  return { kind: kindName(kind), reason: decoder.rejectReason, quotes: recorder.take() };
}

function kindName(kind: FrameKind): keyof typeof FrameKind {
  const [name] = Object.entries(FrameKind).find(([, value]) => value === kind) ?? [];
  if (name === undefined) throw new Error(`${kind} is no FrameKind`);
  return name as keyof typeof FrameKind;
}

function toPlainQuote(quote: QuoteView): PlainQuote {
  if (quote.instrument === null) throw new Error("A quote without an instrument");
  return {
    symbol: quote.instrument.symbol,
    bidPrice: textOf(quote, quote.bidPriceStart, quote.bidPriceEnd),
    bidSize: textOf(quote, quote.bidSizeStart, quote.bidSizeEnd),
    askPrice: textOf(quote, quote.askPriceStart, quote.askPriceEnd),
    askSize: textOf(quote, quote.askSizeStart, quote.askSizeEnd),
    sequence: textOf(quote, quote.sequenceStart, quote.sequenceEnd),
    venueTimeMs: quote.venueTimeMs,
  };
}

function textOf(quote: QuoteView, start: number, end: number): string | null {
  return start === -1 ? null : Buffer.from(quote.fields.subarray(start, end)).toString("latin1");
}
