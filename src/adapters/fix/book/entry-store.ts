// Hot path.
import type { MarketDataMessage } from "../../../fix/market-data-message.ts";
import { MAX_DECIMAL_BYTES } from "../../../venues/decimal-text.ts";
import { ByteKeys } from "./byte-keys.ts";
import { compareDecimals, DecimalKey, isZeroDecimal } from "./decimal-order.ts";

/** Entries there is room for at first, a power of two; doubled when they are taken. */
const ENTRIES_AT_FIRST = 256;
/** Bytes of a price or a size there is room for at first, so that a row is one line of cache; a longer one widens all. */
const WIDTH_AT_FIRST = 24;

// A row, bytes: `high` 8 | `low` 4 | length of price 1 | length of size 1 | is long 1 | is empty 1 | price | size.
const LOW = 8;
const PRICE_LENGTH = 12;
const SIZE_LENGTH = 13;
const IS_LONG = 14;
const IS_EMPTY = 15;
const TEXT = 16;
/** Length of a size that the LP did not send. */
const ABSENT = 255;

/**
 * The entries of all books of one session, prices and sizes as the bytes the LP wrote. All of an entry lies in one row of
 * memory. A place is taken by `add` and given back by `release`; books hold the places and their order.
 */
export class EntryStore {
  /** Ids of entries (278, 299). Their owner is the side of a book. */
  readonly ids = new ByteKeys(ENTRIES_AT_FIRST);
  /** The price that is being looked for or put in. */
  readonly price = new DecimalKey();

  #places = ENTRIES_AT_FIRST;
  #width = WIDTH_AT_FIRST;
  #rowBytes = TEXT + 2 * WIDTH_AT_FIRST;
  #bytes = new Uint8Array(ENTRIES_AT_FIRST * this.#rowBytes);
  /** The same memory as `#bytes`. */
  #highs = new Float64Array(this.#bytes.buffer);
  #words = new Int32Array(this.#bytes.buffer);
  /** Places given back, a stack. */
  #free = new Int32Array(ENTRIES_AT_FIRST);
  #freeCount = 0;
  /** Places ever taken. */
  #used = 0;

  /** The memory in which all prices and sizes stand; borrowed until the next entry is put in. */
  get text(): Uint8Array {
    return this.#bytes;
  }

  /** Takes the price of entry `i` as the one to look for. */
  readPrice(message: MarketDataMessage, i: number): void {
    this.price.read(message.bytes, message.priceFrom[i], message.priceTo[i]);
  }

  /** Takes a place, without an id, and puts in the price that was read and the size of entry `i`. */
  add(message: MarketDataMessage, i: number): number {
    const place = this.#takePlace();
    this.setPrice(place);
    this.setSize(place, message, i);
    return place;
  }

  /** Replaces the price by the one that was read; the book sees to the order. */
  setPrice(place: number): void {
    const { bytes, start, end, high, low, isLong } = this.price;
    if (end - start > this.#width) this.#widen();
    const row = place * this.#rowBytes;
    this.#highs[row >> 3] = high;
    this.#words[(row + LOW) >> 2] = low;
    const to = this.#bytes;
    to[row + PRICE_LENGTH] = end - start;
    to[row + IS_LONG] = isLong ? 1 : 0;
    let at = row + TEXT;
    for (let from = start; from < end; from++) to[at++] = bytes[from];
  }

  /** Replaces the size by that of entry `i`, which may have none. */
  setSize(place: number, message: MarketDataMessage, i: number): void {
    const start = message.sizeFrom[i];
    const end = message.sizeTo[i];
    if (end - start > this.#width) this.#widen();
    const row = place * this.#rowBytes;
    const to = this.#bytes;
    if (start < 0) {
      to[row + SIZE_LENGTH] = ABSENT;
      to[row + IS_EMPTY] = 0;
      return;
    }
    const from = message.bytes;
    to[row + SIZE_LENGTH] = end - start;
    to[row + IS_EMPTY] = isZeroDecimal(from, start, end) ? 1 : 0;
    let at = row + TEXT + this.#width;
    for (let i = start; i < end; i++) to[at++] = from[i];
  }

  /** Gives the place back, its id with it. */
  release(place: number): void {
    this.ids.remove(place);
    this.#free[this.#freeCount++] = place;
  }

  /** Below, at or above 0 as the price that was read is below, equal to or above that of `place`. */
  compare(place: number): number {
    const { high, low, isLong } = this.price;
    const row = place * this.#rowBytes;
    const otherHigh = this.#highs[row >> 3];
    if (high !== otherHigh) return high < otherHigh ? -1 : 1;
    const otherLow = this.#words[(row + LOW) >> 2];
    if (low !== otherLow) return low < otherLow ? -1 : 1;
    if (!isLong && this.#bytes[row + IS_LONG] === 0) return 0;
    const start = row + TEXT;
    return compareDecimals(this.price, this.#bytes, start, start + this.#bytes[row + PRICE_LENGTH]);
  }

  /** True when the price of one place is above that of another. */
  isAbove(place: number, other: number): boolean {
    const row = place * this.#rowBytes;
    const otherRow = other * this.#rowBytes;
    const high = this.#highs[row >> 3];
    const otherHigh = this.#highs[otherRow >> 3];
    if (high !== otherHigh) return high > otherHigh;
    const low = this.#words[(row + LOW) >> 2];
    const otherLow = this.#words[(otherRow + LOW) >> 2];
    if (low !== otherLow) return low > otherLow;
    if (this.#bytes[row + IS_LONG] === 0 && this.#bytes[otherRow + IS_LONG] === 0) return false;
    this.price.read(this.#bytes, row + TEXT, row + TEXT + this.#bytes[row + PRICE_LENGTH]);
    return this.compare(other) > 0;
  }

  /** True when the size is zero: the entry is known, but nothing can be had of it. */
  isEmpty(place: number): boolean {
    return this.#bytes[place * this.#rowBytes + IS_EMPTY] !== 0;
  }

  /** Where the price of `place` begins in `text`. */
  priceStart(place: number): number {
    return place * this.#rowBytes + TEXT;
  }

  /** Bytes of the price. */
  priceLength(place: number): number {
    return this.#bytes[place * this.#rowBytes + PRICE_LENGTH];
  }

  /** Where the size of `place` begins in `text`. */
  sizeStart(place: number): number {
    return place * this.#rowBytes + TEXT + this.#width;
  }

  /** Bytes of the size; −1 when the LP did not send one. */
  sizeLength(place: number): number {
    const length = this.#bytes[place * this.#rowBytes + SIZE_LENGTH];
    return length === ABSENT ? -1 : length;
  }

  #takePlace(): number {
    if (this.#freeCount > 0) return this.#free[--this.#freeCount];
    if (this.#used === this.#places) this.#grow();
    return this.#used++;
  }

  #grow(): void {
    this.ids.grow();
    const { length } = this.#bytes;
    this.#places *= 2;
    this.#useMemory(this.#bytes, length, length * 2);
    const free = new Int32Array(this.#places);
    free.set(this.#free);
    this.#free = free;
  }

  /** Makes room for the longest price and size there may be, in every row. */
  #widen(): void {
    const { text: before } = this;
    const rowBefore = this.#rowBytes;
    const widthBefore = this.#width;
    this.#width = MAX_DECIMAL_BYTES;
    this.#rowBytes = TEXT + 2 * MAX_DECIMAL_BYTES;
    this.#useMemory(before, 0, this.#places * this.#rowBytes);
    for (let place = 0; place < this.#used; place++) {
      const from = place * rowBefore;
      const to = place * this.#rowBytes;
      const size = from + TEXT + widthBefore;
      this.#bytes.set(before.subarray(from, size), to);
      this.#bytes.set(before.subarray(size, size + widthBefore), to + TEXT + this.#width);
    }
  }

  /** Goes over to new memory of `length` bytes, with the first `kept` bytes of `before`. */
  #useMemory(before: Uint8Array, kept: number, length: number): void {
    this.#bytes = new Uint8Array(length);
    this.#bytes.set(before.subarray(0, kept));
    this.#highs = new Float64Array(this.#bytes.buffer);
    this.#words = new Int32Array(this.#bytes.buffer);
  }
}
