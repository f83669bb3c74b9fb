// Hot path.
import type { QuoteView } from "../../../domain/quote.ts";
import { MAX_DECIMAL_BYTES, MAX_SEQUENCE_DIGITS } from "../../../venues/decimal-text.ts";
import { NO_PLACE } from "./byte-keys.ts";
import { Column, type EntryStore } from "./entry-store.ts";
import type { SymbolBook } from "./symbol-book.ts";

/** Per symbol: price and size of bid and offer. */
const PLACES = 4;
const BID = 0;
const OFFER = 2;
/** Length of a field that is not there. */
const ABSENT = -1;
/** Length of a field of which nothing was told yet: no text has it. */
const UNTOLD = -2;

/**
 * The top of each book as it was last told, as text: what a new top is compared with, and where a quote's slices point.
 * One array for all symbols, so that a quote costs no object.
 */
export class ToldTops {
  readonly #store: EntryStore;
  /** `PLACES` times {@link MAX_DECIMAL_BYTES} per symbol; behind them the venue's sequence of the quote in hand. */
  readonly #text: Uint8Array;
  readonly #lengths: Int8Array;
  readonly #sequenceStart: number;

  constructor(store: EntryStore, symbolCount: number) {
    this.#store = store;
    this.#sequenceStart = symbolCount * PLACES * MAX_DECIMAL_BYTES;
    this.#text = new Uint8Array(this.#sequenceStart + MAX_SEQUENCE_DIGITS);
    this.#lengths = new Int8Array(symbolCount * PLACES).fill(UNTOLD);
  }

  /** The next top of this symbol is news, whatever it is. */
  forget(symbol: number): void {
    this.#lengths.fill(UNTOLD, symbol * PLACES, (symbol + 1) * PLACES);
  }

  /** Takes in the top of the book; true when its text is not what was told last. */
  update(symbol: number, book: SymbolBook): boolean {
    const isBidNew = this.#updateSide(symbol * PLACES + BID, book.bids.best());
    const isOfferNew = this.#updateSide(symbol * PLACES + OFFER, book.offers.best());
    return isBidNew || isOfferNew;
  }

  /** Points the view at the top of this symbol. */
  show(symbol: number, view: QuoteView): void {
    const first = symbol * PLACES;
    view.fields = this.#text;
    view.bidPriceStart = this.#start(first + BID);
    view.bidPriceEnd = this.#end(first + BID);
    view.bidSizeStart = this.#start(first + BID + 1);
    view.bidSizeEnd = this.#end(first + BID + 1);
    view.askPriceStart = this.#start(first + OFFER);
    view.askPriceEnd = this.#end(first + OFFER);
    view.askSizeStart = this.#start(first + OFFER + 1);
    view.askSizeEnd = this.#end(first + OFFER + 1);
  }

  /** Points the view at a copy of `bytes[start, end)`, the venue's number: none when absent or longer than is compared. */
  showSequence(view: QuoteView, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (start < 0 || length <= 0 || length > MAX_SEQUENCE_DIGITS) {
      view.sequenceStart = -1;
      view.sequenceEnd = -1;
      return;
    }
    const to = this.#sequenceStart;
    for (let i = 0; i < length; i++) this.#text[to + i] = bytes[start + i];
    view.sequenceStart = to;
    view.sequenceEnd = to + length;
  }

  #updateSide(pricePlace: number, entry: number): boolean {
    if (entry === NO_PLACE) {
      const isNew = this.#lengths[pricePlace] !== ABSENT;
      this.#lengths[pricePlace] = ABSENT;
      this.#lengths[pricePlace + 1] = ABSENT;
      return isNew;
    }
    const isPriceNew = this.#updateField(pricePlace, entry, Column.price);
    const isSizeNew = this.#updateField(pricePlace + 1, entry, Column.size);
    return isPriceNew || isSizeNew;
  }

  #updateField(place: number, entry: number, column: number): boolean {
    const store = this.#store;
    const length = store.length(entry, column);
    const from = store.text;
    const to = this.#text;
    const source = store.start(entry, column);
    const target = place * MAX_DECIMAL_BYTES;
    let isNew = this.#lengths[place] !== length;
    this.#lengths[place] = length;
    for (let i = 0; i < length; i++) {
      const byte = from[source + i];
      if (to[target + i] === byte) continue;
      to[target + i] = byte;
      isNew = true;
    }
    return isNew;
  }

  #start(place: number): number {
    return this.#lengths[place] < 0 ? -1 : place * MAX_DECIMAL_BYTES;
  }

  #end(place: number): number {
    return this.#lengths[place] < 0 ? -1 : place * MAX_DECIMAL_BYTES + this.#lengths[place];
  }
}
