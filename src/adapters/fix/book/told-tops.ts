// Hot path.
import type { QuoteView } from "../../../domain/quote.ts";
import { MAX_DECIMAL_BYTES, MAX_SEQUENCE_DIGITS } from "../../../venues/decimal-text.ts";
import { NO_PLACE } from "./byte-keys.ts";
import type { EntryStore } from "./entry-store.ts";
import type { SymbolBook } from "./symbol-book.ts";

/** Per symbol: price and size of bid and offer. */
const PLACES = 4;
const BID = 0;
const OFFER = 2;
/** In place of the length of a field: it is not there. */
const ABSENT = 255;
/** In place of the length: nothing was told of it yet. */
const UNTOLD = 254;
/** Bytes of a field there is room for at first, its length included; a longer one widens all. */
const WIDTH_AT_FIRST = 24;
const WIDTH_MAX = MAX_DECIMAL_BYTES + 1;

/**
 * The top of each book as it was last told, as text: what a new top is compared with, and where a quote's slices point.
 * One array for all symbols, so that a quote costs no object; each field is its length and its bytes.
 */
export class ToldTops {
  readonly #store: EntryStore;
  readonly #places: number;
  #width = WIDTH_AT_FIRST;
  /** `PLACES` fields per symbol; behind them the venue's sequence of the quote in hand. */
  #text: Uint8Array;

  constructor(store: EntryStore, symbolCount: number) {
    this.#store = store;
    this.#places = symbolCount * PLACES;
    this.#text = new Uint8Array(this.#places * this.#width + MAX_SEQUENCE_DIGITS);
    for (let symbol = 0; symbol < symbolCount; symbol++) this.forget(symbol);
  }

  /** The next top of this symbol is news, whatever it is. */
  forget(symbol: number): void {
    const first = symbol * PLACES;
    for (let place = first; place < first + PLACES; place++) this.#text[place * this.#width] = UNTOLD;
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
    const to = this.#places * this.#width;
    for (let i = 0; i < length; i++) this.#text[to + i] = bytes[start + i];
    view.sequenceStart = to;
    view.sequenceEnd = to + length;
  }

  #updateSide(pricePlace: number, entry: number): boolean {
    if (entry === NO_PLACE) {
      const isNew = this.#text[pricePlace * this.#width] !== ABSENT;
      this.#text[pricePlace * this.#width] = ABSENT;
      this.#text[(pricePlace + 1) * this.#width] = ABSENT;
      return isNew;
    }
    const store = this.#store;
    const isPriceNew = this.#updateField(pricePlace, store.priceStart(entry), store.priceLength(entry));
    const isSizeNew = this.#updateField(pricePlace + 1, store.sizeStart(entry), store.sizeLength(entry));
    return isPriceNew || isSizeNew;
  }

  /** Takes in `length` bytes of the store's text from `source` on (below 0 = none); true when they are others than before. */
  #updateField(place: number, source: number, length: number): boolean {
    if (length >= this.#width) this.#widen();
    const from = this.#store.text;
    const to = this.#text;
    const field = place * this.#width;
    const lengthByte = length < 0 ? ABSENT : length;
    let i = 0;
    if (to[field] === lengthByte) {
      while (i < length && to[field + 1 + i] === from[source + i]) i++;
      if (i >= length) return false;
    }
    to[field] = lengthByte;
    for (; i < length; i++) to[field + 1 + i] = from[source + i];
    return true;
  }

  #widen(): void {
    const before = this.#text;
    const widthBefore = this.#width;
    this.#width = WIDTH_MAX;
    this.#text = new Uint8Array(this.#places * this.#width + MAX_SEQUENCE_DIGITS);
    for (let place = 0; place < this.#places; place++) {
      this.#text.set(before.subarray(place * widthBefore, (place + 1) * widthBefore), place * this.#width);
    }
  }

  #start(place: number): number {
    const field = place * this.#width;
    return this.#text[field] === ABSENT ? -1 : field + 1;
  }

  #end(place: number): number {
    const field = place * this.#width;
    return this.#text[field] === ABSENT ? -1 : field + 1 + this.#text[field];
  }
}
