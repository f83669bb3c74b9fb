// Hot path.
import { NO_PLACE } from "./byte-keys.ts";
import { Column, type EntryStore } from "./entry-store.ts";

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

  /** Takes the entry at `position` out of the order; its place stays taken. */
  unlink(position: number): void {
    this.#close(position, position + 1);
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
    const entries: BookEntry[] = [];
    for (let position = 0; position < this.count; position++) {
      const place = this.#order[position];
      entries.push({
        id: latin1(this.#store.ids.keyAt(place)),
        price: this.#textOf(place, Column.price) ?? "",
        size: this.#textOf(place, Column.size),
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

  #textOf(place: number, column: number): string | null {
    const start = this.#store.start(place, column);
    const length = this.#store.length(place, column);
    return length < 0 ? null : latin1(this.#store.text.subarray(start, start + length));
  }

  /** The first position whose price, against the one read, is at least as bad (`rank` 0) or worse (`rank` 1). */
  #search(rank: number): number {
    const store = this.#store;
    const order = this.#order;
    let low = 0;
    let high = this.count;
    // Snapshots come best first: what is put in belongs at the end.
    if (high > 0 && -store.compare(order[high - 1]) * this.#direction < rank) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (-store.compare(order[middle]) * this.#direction < rank) low = middle + 1;
      else high = middle;
    }
    return low;
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
