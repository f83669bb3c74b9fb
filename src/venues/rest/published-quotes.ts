// Hot path.
import type { Instrument } from "../../domain/instrument.ts";
import type { QuoteSink, QuoteView } from "../../domain/quote.ts";
import { MAX_DECIMAL_BYTES } from "../decimal-text.ts";

/** Places per instrument: price and size of bid and ask, the sequence number. */
const PLACES = 5;
const SEQUENCE = 4;

/** In `lengths`: nothing has been published yet, so that every quote is news. */
const UNKNOWN = -2;
/** In `lengths`: the quote has no such part. */
const NOTHING = -1;

/** What the polls of a session share. */
export interface PublishedQuotesParts {
  readonly instruments: readonly Instrument[];
  readonly sink: QuoteSink;
  readonly epoch: number;
  readonly publishUnchanged: boolean;
}

/**
 * The quote each instrument was last published with, by its texts: a poll that brings the same again brings no news. Such a
 * quote still holds, so the instrument counts as heard of.
 */
export class PublishedQuotes {
  readonly #parts: PublishedQuotesParts;
  /** `MAX_DECIMAL_BYTES` per place, `PLACES` per instrument. */
  readonly #text: Uint8Array;
  readonly #lengths: Int8Array;

  constructor(parts: PublishedQuotesParts) {
    const count = parts.instruments.length * PLACES;
    this.#parts = parts;
    this.#text = new Uint8Array(count * MAX_DECIMAL_BYTES);
    this.#lengths = new Int8Array(count).fill(UNKNOWN);
  }

  /** Gives the quote of instrument `index` to the sink, unless it is the same again. */
  offer(index: number, view: QuoteView): void {
    const first = index * PLACES;
    let isNews = this.#keep(first, view.fields, view.bidPriceStart, view.bidPriceEnd);
    isNews = this.#keep(first + 1, view.fields, view.bidSizeStart, view.bidSizeEnd) || isNews;
    isNews = this.#keep(first + 2, view.fields, view.askPriceStart, view.askPriceEnd) || isNews;
    isNews = this.#keep(first + 3, view.fields, view.askSizeStart, view.askSizeEnd) || isNews;
    isNews = this.#keep(first + SEQUENCE, view.fields, view.sequenceStart, view.sequenceEnd) || isNews;
    if (isNews || this.#parts.publishUnchanged) this.#parts.sink.accept(view);
    else this.confirm(index, view.receivedTimeUs);
  }

  /** The last quote of the instrument, if it is of this session, still holds: its silence is none. */
  confirm(index: number, timeUs: number): void {
    const instrument = this.#parts.instruments[index];
    if (instrument.ownerEpoch !== this.#parts.epoch || this.#lengths[index * PLACES] === UNKNOWN) return;
    instrument.lastQuoteTimeUs = timeUs;
  }

  /** The next quote of the instrument is news whatever it says. */
  forget(index: number): void {
    this.#lengths.fill(UNKNOWN, index * PLACES, (index + 1) * PLACES);
  }

  /** Keeps the text of one part; returns true when it differs from what was kept. */
  #keep(place: number, fields: Uint8Array, start: number, end: number): boolean {
    const length = start < 0 ? NOTHING : end - start;
    const to = this.#text;
    const base = place * MAX_DECIMAL_BYTES;
    let isNews = this.#lengths[place] !== length;
    this.#lengths[place] = length;
    for (let i = 0; i < length; i++) {
      const byte = fields[start + i];
      if (to[base + i] !== byte) isNews = true;
      to[base + i] = byte;
    }
    return isNews;
  }
}
