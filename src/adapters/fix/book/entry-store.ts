// Hot path.
import type { MarketDataMessage } from "../../../fix/market-data-message.ts";
import { MAX_DECIMAL_BYTES } from "../../../venues/decimal-text.ts";
import { ByteKeys } from "./byte-keys.ts";
import { compareDecimals, DecimalKey, isZeroDecimal } from "./decimal-order.ts";

/** Entries there is room for at first, a power of two; doubled when they are taken. */
const ENTRIES_AT_FIRST = 256;
/** Bytes of a price or a size there is room for at first: doubled, up to {@link MAX_DECIMAL_BYTES}, when a longer one comes. */
const WIDTH_AT_FIRST = 16;
/** Length of a size that the LP did not send. */
const ABSENT = -1;

/** Where a price or a size of an entry stands in `EntryStore.text`. */
export const Column = { price: 0, size: 1 } as const;

/**
 * The entries of all books of one session: side by side in arrays, prices and sizes as the bytes the LP wrote. A place is
 * taken by `add` and given back by `release`; books hold the places and their order.
 */
export class EntryStore {
  /** Ids of entries (278, 299); owner: see {@link SymbolBook}. */
  readonly ids = new ByteKeys(ENTRIES_AT_FIRST);
  /** The price that is being looked for or put in. */
  readonly price = new DecimalKey();

  #width = WIDTH_AT_FIRST;
  /** Price and size of each place, one behind the other. */
  #text = new Uint8Array(ENTRIES_AT_FIRST * 2 * WIDTH_AT_FIRST);
  #priceLengths = new Int8Array(ENTRIES_AT_FIRST);
  #sizeLengths = new Int8Array(ENTRIES_AT_FIRST);
  #highs = new Float64Array(ENTRIES_AT_FIRST);
  #lows = new Int32Array(ENTRIES_AT_FIRST);
  #areLong = new Uint8Array(ENTRIES_AT_FIRST);
  #areEmpty = new Uint8Array(ENTRIES_AT_FIRST);
  /** Places given back, a stack. */
  #free = new Int32Array(ENTRIES_AT_FIRST);
  #freeCount = 0;
  /** Places ever taken. */
  #used = 0;

  /** The bytes of all prices and sizes; borrowed until the next entry is put in. */
  get text(): Uint8Array {
    return this.#text;
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
    this.#makeRoom(end - start);
    this.#copy(bytes, start, end, this.start(place, Column.price));
    this.#priceLengths[place] = end - start;
    this.#highs[place] = high;
    this.#lows[place] = low;
    this.#areLong[place] = isLong ? 1 : 0;
  }

  /** Replaces the size by that of entry `i`, which may have none. */
  setSize(place: number, message: MarketDataMessage, i: number): void {
    const start = message.sizeFrom[i];
    const end = message.sizeTo[i];
    if (start < 0) {
      this.#sizeLengths[place] = ABSENT;
      this.#areEmpty[place] = 0;
      return;
    }
    this.#makeRoom(end - start);
    this.#copy(message.bytes, start, end, this.start(place, Column.size));
    this.#sizeLengths[place] = end - start;
    this.#areEmpty[place] = isZeroDecimal(message.bytes, start, end) ? 1 : 0;
  }

  /** Gives the place back, its id with it. */
  release(place: number): void {
    this.ids.remove(place);
    this.#free[this.#freeCount++] = place;
  }

  /** Below, at or above 0 as the price that was read is below, equal to or above that of `place`. */
  compare(place: number): number {
    const { high, low, isLong } = this.price;
    const otherHigh = this.#highs[place];
    if (high !== otherHigh) return high < otherHigh ? -1 : 1;
    const otherLow = this.#lows[place];
    if (low !== otherLow) return low < otherLow ? -1 : 1;
    if (!isLong && this.#areLong[place] === 0) return 0;
    const start = this.start(place, Column.price);
    return compareDecimals(this.price, this.#text, start, start + this.#priceLengths[place]);
  }

  /** Takes the price of `place` as the one to compare with. */
  readPriceOf(place: number): void {
    const start = this.start(place, Column.price);
    this.price.read(this.#text, start, start + this.#priceLengths[place]);
  }

  /** True when the size is zero: the entry is known, but nothing can be had of it. */
  isEmpty(place: number): boolean {
    return this.#areEmpty[place] !== 0;
  }

  /** Where the price or size of `place` begins in `text`. */
  start(place: number, column: number): number {
    return (place * 2 + column) * this.#width;
  }

  /** Bytes of the price or size; −1 for a size the LP did not send. */
  length(place: number, column: number): number {
    return column === Column.price ? this.#priceLengths[place] : this.#sizeLengths[place];
  }

  #takePlace(): number {
    if (this.#freeCount > 0) return this.#free[--this.#freeCount];
    if (this.#used === this.#lows.length) this.#grow();
    return this.#used++;
  }

  #copy(from: Uint8Array, start: number, end: number, target: number): void {
    const to = this.#text;
    let at = target;
    for (let i = start; i < end; i++) to[at++] = from[i];
  }

  #grow(): void {
    this.ids.grow();
    this.#text = doubled(this.#text, Uint8Array);
    this.#priceLengths = doubled(this.#priceLengths, Int8Array);
    this.#sizeLengths = doubled(this.#sizeLengths, Int8Array);
    this.#highs = doubled(this.#highs, Float64Array);
    this.#lows = doubled(this.#lows, Int32Array);
    this.#areLong = doubled(this.#areLong, Uint8Array);
    this.#areEmpty = doubled(this.#areEmpty, Uint8Array);
    this.#free = doubled(this.#free, Int32Array);
  }

  #makeRoom(length: number): void {
    if (length <= this.#width) return;
    const before = this.#width;
    while (this.#width < length && this.#width < MAX_DECIMAL_BYTES) this.#width *= 2;
    const columns = this.#lows.length * 2;
    const wider = new Uint8Array(columns * this.#width);
    for (let column = 0; column < columns; column++) {
      wider.set(this.#text.subarray(column * before, (column + 1) * before), column * this.#width);
    }
    this.#text = wider;
  }
}

type Numbers = Uint8Array | Int8Array | Int32Array | Float64Array;

function doubled<T extends Numbers>(from: T, kind: new (length: number) => T): T {
  const larger = new kind(from.length * 2);
  larger.set(from);
  return larger;
}
