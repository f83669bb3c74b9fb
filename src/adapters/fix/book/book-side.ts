// Hot path.
import { NO_PLACE } from "./byte-keys.ts";
import type { EntryStore } from "./entry-store.ts";

/** Entries of a side there is room for at first. */
const ROOM_AT_FIRST = 4;
/** Up to this many places a loop beats the call into native code. */
const SHORT_MOVE = 32;

/**
 * The order of one side of a book: places of the store, best first. Entries of one price stand in the order in which they
 * came. A book by level uses the same list with the LP's own order; the methods that search by price are not for it.
 */
export class BookSide {
  /** Owner of the ids of this side in the store. */
  readonly owner: number;
  /** Entries, the ones without size too. */
  count = 0;

  readonly #store: EntryStore;
  /** 1 for offers, whose best is the lowest; −1 for bids. */
  readonly #direction: number;
  #order = new Int32Array(ROOM_AT_FIRST);

  constructor(store: EntryStore, owner: number, kind: "bid" | "offer") {
    this.#store = store;
    this.owner = owner;
    this.#direction = kind === "bid" ? -1 : 1;
  }

  /** The best entry that has a size (or none was sent), the first that came of its price; {@link NO_PLACE} when there is none. */
  best(): number {
    for (let position = 0; position < this.count; position++) {
      const place = this.#order[position];
      if (!this.#store.isEmpty(place)) return place;
    }
    return NO_PLACE;
  }

  /** The place at `position`, from 0. */
  at(position: number): number {
    return this.#order[position];
  }

  /** Where `place` stands; −1 when not here. */
  positionOf(place: number): number {
    for (let position = 0; position < this.count; position++) if (this.#order[position] === place) return position;
    return -1;
  }

  /** The first position whose price is not better than the one the store has read. */
  firstAt(): number {
    return this.#search(0);
  }

  /** The first position whose price is worse than the one the store has read. */
  firstBehind(): number {
    return this.#search(1);
  }

  /** The first entry without an id of exactly the price the store has read; {@link NO_PLACE} when there is none. */
  findByPrice(): number {
    const store = this.#store;
    for (let position = this.firstAt(); position < this.count; position++) {
      const place = this.#order[position];
      if (store.compare(place) !== 0) return NO_PLACE;
      if (!store.ids.has(place)) return place;
    }
    return NO_PLACE;
  }

  /** The best entry without an id; {@link NO_PLACE} when there is none. */
  firstWithoutId(): number {
    for (let position = 0; position < this.count; position++) {
      const place = this.#order[position];
      if (!this.#store.ids.has(place)) return place;
    }
    return NO_PLACE;
  }

  /** Puts `place` at `position` and moves what stands there and behind by one. */
  insert(position: number, place: number): void {
    if (this.count === this.#order.length) {
      const larger = new Int32Array(this.count * 2);
      larger.set(this.#order);
      this.#order = larger;
    }
    const order = this.#order;
    if (this.count - position > SHORT_MOVE) order.copyWithin(position + 1, position, this.count);
    else for (let i = this.count; i > position; i--) order[i] = order[i - 1];
    order[position] = place;
    this.count++;
  }

  /** Moves `place`, whose price becomes the one the store has read, behind all that are not worse. */
  move(place: number): void {
    const order = this.#order;
    const position = this.positionOf(place);
    const staysBehind = position === 0 || this.#rankOf(order[position - 1]) <= 0;
    if (staysBehind && (position + 1 === this.count || this.#rankOf(order[position + 1]) > 0)) return;
    this.#close(position, position + 1);
    this.insert(this.firstBehind(), place);
  }

  /** Deletes the entries of `[from, to)` and gives their places back. */
  remove(from: number, to: number): void {
    for (let position = from; position < to; position++) this.#store.release(this.#order[position]);
    if (to > from) this.#close(from, to);
  }

  /** Deletes all. */
  clear(): void {
    this.remove(0, this.count);
  }

  /** What stands here, best first; for tests and people. */
  dump(): BookEntry[] {
    const store = this.#store;
    const entries: BookEntry[] = [];
    for (let position = 0; position < this.count; position++) {
      const place = this.#order[position];
      entries.push({
        id: latin1(store.ids.keyAt(place)),
        price: latin1(store.text.subarray(store.priceStart(place), store.priceStart(place) + store.priceLength(place))),
        size:
          store.sizeLength(place) < 0
            ? null
            : latin1(store.text.subarray(store.sizeStart(place), store.sizeStart(place) + store.sizeLength(place))),
      });
    }
    return entries;
  }

  /** Moves what stands from `to` on to `from`. */
  #close(from: number, to: number): void {
    const order = this.#order;
    if (this.count - to > SHORT_MOVE) order.copyWithin(from, to, this.count);
    else for (let i = to; i < this.count; i++) order[from + i - to] = order[i];
    this.count -= to - from;
  }

  /**
   * The first position whose price, against the one read, is at least as bad (`rank` 0) or worse (`rank` 1). Steps double
   * from the best on: what is asked for is mostly near it.
   */
  #search(rank: number): number {
    const order = this.#order;
    const { count } = this;
    let low = 0;
    let high = 1;
    while (high <= count && this.#rankOf(order[high - 1]) < rank) {
      low = high;
      high *= 2;
    }
    high = high <= count ? high - 1 : count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#rankOf(order[middle]) < rank) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Below, at or above 0 as the price of `place` is better than, equal to or worse than the one the store has read. */
  #rankOf(place: number): number {
    return -this.#store.compare(place) * this.#direction;
  }
}

/** One entry as text: the empty id when the LP gave none, a null size when it sent none. */
export interface BookEntry {
  readonly id: string;
  readonly price: string;
  readonly size: string | null;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
