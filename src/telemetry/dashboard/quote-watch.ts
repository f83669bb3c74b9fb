// Hot path.
import type { Instrument } from "../../domain/instrument.ts";
import type { QuoteSink, QuoteView } from "../../domain/quote.ts";
import type { QuoteRow } from "./protocol.ts";

/** Instruments that are kept; further ones are passed on unseen. */
export const INSTRUMENTS_MAX = 5000;
/** Room for the four texts of a quote at first; grows when a venue writes longer ones. */
const TEXT_BYTES_START = 96;

/** The last quote of one instrument, as bytes. */
interface Slot {
  readonly instrument: Instrument;
  bytes: Uint8Array;
  /** Bytes in use. */
  length: number;
  /** Lengths of the four texts, which lie one behind the other; −1: absent. */
  bidPrice: number;
  bidSize: number;
  askPrice: number;
  askSize: number;
  receivedTimeUs: number;
  isFresh: boolean;
}

/**
 * Passes every quote on, and keeps the newest accepted one of each instrument while somebody watches. Unwatched it costs a
 * call and a comparison per quote; watched, a copy of some fifty bytes.
 */
export class QuoteWatch implements QuoteSink {
  readonly #next: QuoteSink;
  /** By instrument id. */
  readonly #slots: (Slot | undefined)[] = [];
  /** Slots with a quote nobody has taken yet, in the order of their change. */
  readonly #fresh: Slot[] = [];
  #count = 0;
  #isOn = false;

  constructor(next: QuoteSink) {
    this.#next = next;
  }

  accept(quote: QuoteView): void {
    const instrument = quote.instrument;
    if (!this.#isOn || instrument === null) {
      this.#next.accept(quote);
      return;
    }
    const before = instrument.sequence;
    this.#next.accept(quote);
    // Duplicates and regressions end in the pipeline: what was not accepted is not shown.
    if (instrument.sequence !== before) this.#keep(instrument, quote);
  }

  /** Begins to keep quotes; what was kept before is forgotten, as it may be long outdated. */
  open(): void {
    this.#slots.length = 0;
    this.#fresh.length = 0;
    this.#count = 0;
    this.#isOn = true;
  }

  /** Keeps nothing from now on. */
  close(): void {
    this.#isOn = false;
  }

  /** At most `limit` instruments that have a new quote, those that wait longest first. They are fresh no more. */
  takeFresh(limit: number): QuoteRow[] {
    const taken = this.#fresh.splice(0, limit);
    for (const slot of taken) slot.isFresh = false;
    return taken.map(quoteRow);
  }

  /** All that is kept. */
  all(): QuoteRow[] {
    return this.#slots.filter((slot) => slot !== undefined).map(quoteRow);
  }

  #keep(instrument: Instrument, quote: QuoteView): void {
    const slot = this.#slots[instrument.id] ?? this.#addSlot(instrument);
    if (slot === null) return;
    const prices = quote.bidPriceEnd - quote.bidPriceStart + quote.askPriceEnd - quote.askPriceStart;
    const needed = prices + quote.bidSizeEnd - quote.bidSizeStart + quote.askSizeEnd - quote.askSizeStart;
    if (needed > slot.bytes.length) slot.bytes = new Uint8Array(needed * 2);
    const fields = quote.fields;
    slot.length = 0;
    slot.bidPrice = append(slot, fields, quote.bidPriceStart, quote.bidPriceEnd);
    slot.bidSize = append(slot, fields, quote.bidSizeStart, quote.bidSizeEnd);
    slot.askPrice = append(slot, fields, quote.askPriceStart, quote.askPriceEnd);
    slot.askSize = append(slot, fields, quote.askSizeStart, quote.askSizeEnd);
    slot.receivedTimeUs = quote.receivedTimeUs;
    if (slot.isFresh) return;
    slot.isFresh = true;
    this.#fresh.push(slot);
  }

  #addSlot(instrument: Instrument): Slot | null {
    if (this.#count >= INSTRUMENTS_MAX) return null;
    this.#count++;
    const slot: Slot = {
      instrument,
      bytes: new Uint8Array(TEXT_BYTES_START),
      length: 0,
      bidPrice: -1,
      bidSize: -1,
      askPrice: -1,
      askSize: -1,
      receivedTimeUs: 0,
      isFresh: false,
    };
    this.#slots[instrument.id] = slot;
    return slot;
  }
}

/** Appends one text and returns its length, −1 when it is absent. A loop: for a dozen bytes it is cheaper than a view and `set`. */
function append(slot: Slot, from: Uint8Array, start: number, end: number): number {
  if (start < 0) return -1;
  const { bytes } = slot;
  let at = slot.length;
  for (let i = start; i < end; i++) bytes[at++] = from[i];
  slot.length = at;
  return end - start;
}

function quoteRow(slot: Slot): QuoteRow {
  const { instrument, bytes, bidPrice, bidSize, askPrice, askSize, receivedTimeUs } = slot;
  const bidSizeAt = Math.max(0, bidPrice);
  const askPriceAt = bidSizeAt + Math.max(0, bidSize);
  const askSizeAt = askPriceAt + Math.max(0, askPrice);
  return [
    instrument.source,
    instrument.symbol,
    text(bytes, 0, bidPrice),
    text(bytes, bidSizeAt, bidSize),
    text(bytes, askPriceAt, askPrice),
    text(bytes, askSizeAt, askSize),
    Math.floor(receivedTimeUs / 1000),
  ];
}

function text(bytes: Uint8Array, at: number, length: number): string | null {
  return length < 0 ? null : Buffer.from(bytes.buffer, bytes.byteOffset + at, length).toString("latin1");
}
