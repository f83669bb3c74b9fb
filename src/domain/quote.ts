import type { Instrument } from "./instrument.ts";

/** Shared by every view that holds no bytes yet. */
const NO_BYTES = new Uint8Array(0);

/**
 * One top-of-book quote as slices of bytes: what the venue wrote, never a double.
 *
 * A decoder owns one view and fills it anew for every quote; whoever receives it must copy what it keeps before it
 * returns. A slice is `[start, end)` into `fields`; start −1 means absent (`null` in the record). Prices and sizes are
 * checked by the decoder to be JSON-safe decimal text.
 */
export class QuoteView {
  instrument: Instrument | null = null;
  /** The bytes the eight price and size offsets and the two sequence slices point into. */
  fields: Uint8Array = NO_BYTES;
  bidPriceStart = -1;
  bidPriceEnd = -1;
  bidSizeStart = -1;
  bidSizeEnd = -1;
  askPriceStart = -1;
  askPriceEnd = -1;
  askSizeStart = -1;
  askSizeEnd = -1;
  /** The venue's sequence number, decimal digits; −1 when the venue sends none. */
  sequenceStart = -1;
  sequenceEnd = -1;
  /** The venue's number of the message before this one (rule `linked`), decimal digits; −1 when none. */
  previousSequenceStart = -1;
  previousSequenceEnd = -1;
  /** True when the message replaces all that was known (snapshot): the sequence rule starts anew. */
  isSnapshot = false;
  /** The venue's stamp, whole ms since the epoch; −1 when the venue sends none. */
  venueTimeMs = -1;
  /** Our wall clock when the message was in hand, whole µs since the epoch. */
  receivedTimeUs = 0;
  /** The venue's whole message: JSON, unless `isRawText`. */
  raw: Uint8Array = NO_BYTES;
  rawStart = 0;
  rawEnd = 0;
  /** True when `raw` is no JSON (FIX): the record holds it as a JSON string, bytes above 127 as U+0080 to U+00FF. */
  isRawText = false;
  /** The session this quote came through; see {@link Instrument.ownerEpoch}. */
  epoch = 0;
}

/** Where decoded quotes go: the pipeline. Synchronous; the view is reused when it returns. */
export interface QuoteSink {
  accept(quote: QuoteView): void;
}
