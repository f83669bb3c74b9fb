// Hot path.
import { type MarketDataMessage, MdAction, MdEntryType } from "../../../fix/market-data-message.ts";
import { MAX_DECIMAL_BYTES } from "../../../venues/decimal-text.ts";
import { BookSide } from "./book-side.ts";
import { MAX_KEY_BYTES, NO_PLACE } from "./byte-keys.ts";
import { isZeroDecimal } from "./decimal-order.ts";
import type { EntryStore } from "./entry-store.ts";

/** How an entry says which one it is about. */
export const BookKey = {
  /** A side has one quote. */
  one: 0,
  /** MDEntryID (278); entries without it by side and price. */
  id: 1,
  /** Side and price. */
  price: 2,
  /** MDPriceLevel (1023) or MDEntryPositionNo (290). */
  level: 3,
  /** QuoteEntryID (299); entries without it are the one quote of their side. */
  quoteId: 4,
} as const;

/** See {@link BookKey}. */
export type BookKey = (typeof BookKey)[keyof typeof BookKey];

/** What an entry did to the book. */
export const Verdict = {
  /** No business of a book (trades, statistics), or it changes nothing. */
  ignored: 0,
  applied: 1,
  /** Deletes what is not there: nothing is changed, and nothing is wrong. */
  unknown: 2,
  /** Changes what is not there and says all of it: put in. */
  taken: 3,
  /** Changes what is not there: the book is not the LP's any more. */
  wrong: 4,
  /** More entries than allowed. */
  full: 5,
  /** An action, price, size or id that no book can hold. */
  unreadable: 6,
} as const;

/** See {@link Verdict}. */
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/**
 * The book of one symbol. It does what each entry says (FIX 4.4 vol 3, Market Data; 5.0 SP2 for actions 3 to 5), and knows
 * nothing of requests, trust and quotes.
 *
 * - `new` replaces what has its key; by level it moves the levels below down, and what falls behind `entriesMax` is gone.
 * - `change` keeps the price or size it does not send. An entry of the same price keeps its turn; another price puts it
 *   behind those already there. In a book by price, a change of what is not there that has price and size is a `new`: it
 *   says all (venues differ in what they call a New there, and at the edge of the depth asked for).
 * - `overlay` is a change that may also be a new.
 * - `deleteThru` deletes from the best to the named entry, `deleteFrom` from it to the worst, both with it. Each kind of
 *   delete that names no entry deletes the whole side (OSL: NumberOfOrders (346) = 0 and nothing else).
 * - FIX gives a size of zero no meaning; venues use it for "nothing left". By price, or with one quote a side, it deletes.
 *   By id or level the entry stays (it may be changed again, and levels must not move) but is never the best.
 * - `new` without a price is no offer: what has its key is deleted.
 */
export class SymbolBook {
  readonly bids: BookSide;
  readonly offers: BookSide;
  readonly #store: EntryStore;
  readonly #entriesMax: number;
  /** Highest level of a snapshot so far, per side. */
  #bidLevelMax = 0;
  #offerLevelMax = 0;

  /** @param index of the symbol in its session: tells the ids of its entries from others' */
  constructor(store: EntryStore, index: number, entriesMax: number) {
    this.#store = store;
    this.#entriesMax = entriesMax;
    this.bids = new BookSide(store, index * 2, "bid");
    this.offers = new BookSide(store, index * 2 + 1, "offer");
  }

  /** Deletes all: before the entries of a snapshot are put in. */
  clear(): void {
    this.bids.clear();
    this.offers.clear();
    this.#bidLevelMax = 0;
    this.#offerLevelMax = 0;
  }

  /** True when the best bid is above the best offer. */
  isCrossed(): boolean {
    const bid = this.bids.best();
    const offer = this.offers.best();
    return bid !== NO_PLACE && offer !== NO_PLACE && this.#store.isAbove(bid, offer);
  }

  /** Puts in entry `i` of a snapshot. With one quote a side the first entry of the side stands. */
  restore(message: MarketDataMessage, i: number, key: BookKey): Verdict {
    const side = this.#sideOf(message.type[i]);
    if (side === null) return Verdict.ignored;
    if (isTooLong(message, i)) return Verdict.unreadable;
    if (message.priceFrom[i] < 0 || (key === BookKey.one && side.count > 0)) return Verdict.ignored;
    if (key !== BookKey.level) return this.#new(side, message, i, key);
    if (side.count === this.#entriesMax) return Verdict.full;
    this.#store.readPrice(message, i);
    side.insert(this.#snapshotPosition(side, message, i), this.#store.add(message, i));
    return Verdict.applied;
  }

  /** Does what entry `i` of an increment or of a quote says. */
  apply(message: MarketDataMessage, i: number, key: BookKey): Verdict {
    const type = message.type[i];
    if (type === MdEntryType.emptyBook) {
      this.clear();
      return Verdict.applied;
    }
    let side = this.#sideOf(type);
    if (side === null && type !== 0) return Verdict.ignored;
    if (isTooLong(message, i)) return Verdict.unreadable;
    const action = message.action[i];
    // A Delete needs no MDEntryType (269) where ids are given: cTrader sends 279, 278 and 55 alone.
    if (side === null) side = this.#sideOfId(message, i);
    if (side === null) return action === MdAction.delete ? Verdict.unknown : Verdict.wrong;
    const by = addressOf(message, i, key);
    if (action === MdAction.new) {
      return by === BookKey.level ? this.#newLevel(side, message, i) : this.#new(side, message, i, by);
    }
    if (action === MdAction.change || action === MdAction.overlay) {
      const verdict = this.#change(side, message, i, by);
      // Where ids are the rule, an entry without one may have had another price before.
      return verdict === Verdict.taken && key === BookKey.id ? Verdict.wrong : verdict;
    }
    if (action === MdAction.delete) return this.#delete(side, message, i, by);
    if (action === MdAction.deleteThru || action === MdAction.deleteFrom) {
      return this.#deleteRange(side, message, i, by);
    }
    return Verdict.unreadable;
  }

  /** Deletes both quotes of this id (QuoteCancel); false when there is none. */
  cancel(id: Uint8Array): boolean {
    const hasBid = this.#cancelOn(this.bids, id);
    const hasOffer = this.#cancelOn(this.offers, id);
    return hasBid || hasOffer;
  }

  #new(side: BookSide, message: MarketDataMessage, i: number, key: BookKey): Verdict {
    const store = this.#store;
    const by = addressOf(message, i, key);
    const place = this.#find(side, message, i, by);
    const isWithdrawn = message.priceFrom[i] < 0 || (by !== BookKey.id && isZeroSize(message, i));
    if (isWithdrawn) return this.#removePlace(side, place) ? Verdict.applied : Verdict.ignored;
    // By price it was read to find the place.
    if (by !== BookKey.price) store.readPrice(message, i);
    if (place !== NO_PLACE) {
      store.setSize(place, message, i);
      this.#reprice(side, place);
      return Verdict.applied;
    }
    if (side.count >= this.#entriesMax) return Verdict.full;
    const added = store.add(message, i);
    if (by === BookKey.id) store.ids.keep(added);
    side.insert(side.firstBehind(), added);
    return Verdict.applied;
  }

  #newLevel(side: BookSide, message: MarketDataMessage, i: number): Verdict {
    const level = message.level[i];
    if (level < 1 || level > side.count + 1 || message.priceFrom[i] < 0) return Verdict.wrong;
    if (level > this.#entriesMax) return Verdict.ignored;
    this.#store.readPrice(message, i);
    side.insert(level - 1, this.#store.add(message, i));
    if (side.count > this.#entriesMax) side.remove(this.#entriesMax, side.count);
    return Verdict.applied;
  }

  #change(side: BookSide, message: MarketDataMessage, i: number, by: BookKey): Verdict {
    const store = this.#store;
    const place = by === BookKey.id ? this.#findChanged(side, message, i) : this.#find(side, message, i, by);
    if (place === NO_PLACE) return this.#changeUnknown(side, message, i, by);
    const isDeleted = isZeroSize(message, i) && (by === BookKey.price || by === BookKey.one);
    if (isDeleted) {
      this.#removePlace(side, place);
      return Verdict.applied;
    }
    if (message.sizeFrom[i] >= 0) store.setSize(place, message, i);
    if (by === BookKey.id) this.#rename(side, place, message, i);
    if (message.priceFrom[i] >= 0) {
      store.readPrice(message, i);
      if (by === BookKey.level) store.setPrice(place);
      else this.#reprice(side, place);
    }
    return Verdict.applied;
  }

  #changeUnknown(side: BookSide, message: MarketDataMessage, i: number, by: BookKey): Verdict {
    if (message.priceFrom[i] < 0) return Verdict.wrong;
    const isOverlay = message.action[i] === MdAction.overlay;
    if (by === BookKey.level) return isOverlay ? this.#newLevel(side, message, i) : Verdict.wrong;
    if (isOverlay || by === BookKey.one) return this.#new(side, message, i, by);
    if (by !== BookKey.price || message.sizeFrom[i] < 0) return Verdict.wrong;
    if (isZeroSize(message, i)) return Verdict.unknown;
    const verdict = this.#new(side, message, i, by);
    return verdict === Verdict.applied ? Verdict.taken : verdict;
  }

  #delete(side: BookSide, message: MarketDataMessage, i: number, by: BookKey): Verdict {
    const namesNone =
      (by === BookKey.price && message.priceFrom[i] < 0) || (by === BookKey.level && message.level[i] === 0);
    if (namesNone) return this.#deleteRange(side, message, i, by);
    const place = by === BookKey.id ? this.#findDeleted(side, message, i) : this.#find(side, message, i, by);
    if (place === NO_PLACE) return Verdict.unknown;
    if (by === BookKey.one && message.priceFrom[i] >= 0) {
      // A late Delete of the quote that a New has already replaced.
      this.#store.readPrice(message, i);
      if (this.#store.compare(place) !== 0) return Verdict.unknown;
    }
    this.#removePlace(side, place);
    return Verdict.applied;
  }

  #deleteRange(side: BookSide, message: MarketDataMessage, i: number, by: BookKey): Verdict {
    const isThru = message.action[i] === MdAction.deleteThru;
    let first = 0;
    let behind = side.count;
    if (by === BookKey.level && message.level[i] > 0) {
      if (isThru) behind = Math.min(behind, message.level[i]);
      else first = Math.min(behind, message.level[i] - 1);
    } else if (by === BookKey.id) {
      const place = this.#findDeleted(side, message, i);
      if (place === NO_PLACE) return Verdict.wrong;
      const position = side.positionOf(place);
      if (isThru) behind = position + 1;
      else first = position;
    } else if (by === BookKey.price && message.priceFrom[i] >= 0) {
      this.#store.readPrice(message, i);
      if (isThru) behind = side.firstBehind();
      else first = side.firstAt();
    }
    if (first >= behind) return Verdict.unknown;
    side.remove(first, behind);
    return Verdict.applied;
  }

  #find(side: BookSide, message: MarketDataMessage, i: number, by: BookKey): number {
    if (by === BookKey.id) return this.#store.ids.find(side.owner, message.bytes, message.idFrom[i], message.idTo[i]);
    if (by === BookKey.level) {
      const level = message.level[i];
      return level < 1 || level > side.count ? NO_PLACE : side.at(level - 1);
    }
    if (by === BookKey.one) return side.firstWithoutId();
    if (message.priceFrom[i] < 0) return NO_PLACE;
    this.#store.readPrice(message, i);
    return side.findByPrice();
  }

  /** The entry a Change is about: by MDEntryRefID (280) when it renames; a replayed one has its new id already. */
  #findChanged(side: BookSide, message: MarketDataMessage, i: number): number {
    const place = isReferring(message, i) ? this.#findReferred(side, message, i) : NO_PLACE;
    return place === NO_PLACE ? this.#find(side, message, i, BookKey.id) : place;
  }

  #findDeleted(side: BookSide, message: MarketDataMessage, i: number): number {
    const place = this.#find(side, message, i, BookKey.id);
    return place === NO_PLACE ? this.#findReferred(side, message, i) : place;
  }

  #findReferred(side: BookSide, message: MarketDataMessage, i: number): number {
    return this.#store.ids.find(side.owner, message.bytes, message.refIdFrom[i], message.refIdTo[i]);
  }

  #rename(side: BookSide, place: number, message: MarketDataMessage, i: number): void {
    if (!isReferring(message, i) || message.idTo[i] <= message.idFrom[i]) return;
    const ids = this.#store.ids;
    const holder = this.#find(side, message, i, BookKey.id);
    if (holder === place) return;
    if (holder !== NO_PLACE) this.#removePlace(side, holder);
    ids.remove(place);
    ids.keep(place);
  }

  /** Gives `place` the price that was read, and its turn in the order. */
  #reprice(side: BookSide, place: number): void {
    const store = this.#store;
    if (store.compare(place) !== 0) side.move(place);
    store.setPrice(place);
  }

  #removePlace(side: BookSide, place: number): boolean {
    if (place === NO_PLACE) return false;
    const position = side.positionOf(place);
    side.remove(position, position + 1);
    return true;
  }

  #cancelOn(side: BookSide, id: Uint8Array): boolean {
    return this.#removePlace(side, this.#store.ids.find(side.owner, id, 0, id.length));
  }

  #sideOf(type: number): BookSide | null {
    if (type === MdEntryType.bid) return this.bids;
    return type === MdEntryType.offer ? this.offers : null;
  }

  #sideOfId(message: MarketDataMessage, i: number): BookSide | null {
    if (this.#findDeleted(this.bids, message, i) !== NO_PLACE) return this.bids;
    return this.#findDeleted(this.offers, message, i) !== NO_PLACE ? this.offers : null;
  }

  /** Where a snapshot's entry belongs by its level; behind the others when it has none. */
  #snapshotPosition(side: BookSide, message: MarketDataMessage, i: number): number {
    const level = message.level[i];
    const highest = side === this.bids ? this.#bidLevelMax : this.#offerLevelMax;
    if (level === 0) return side.count;
    if (level >= highest) {
      if (side === this.bids) this.#bidLevelMax = level;
      else this.#offerLevelMax = level;
      return side.count;
    }
    let position = 0;
    for (let j = 0; j < i; j++) {
      if (message.type[j] === message.type[i] && message.priceFrom[j] >= 0 && message.level[j] <= level) position++;
    }
    return position;
  }
}

/** False for trades, statistics and other news that are no part of a book. 0 = not said (a Delete by id). */
export function isBookEntry(type: number): boolean {
  return type === MdEntryType.bid || type === MdEntryType.offer || type === MdEntryType.emptyBook || type === 0;
}

/** By what this entry is found: an id only where it has one. */
function addressOf(message: MarketDataMessage, i: number, key: BookKey): BookKey {
  if (key !== BookKey.id && key !== BookKey.quoteId) return key;
  if (message.idTo[i] > message.idFrom[i]) return BookKey.id;
  if (message.action[i] !== MdAction.new && isReferring(message, i)) return BookKey.id;
  return key === BookKey.id ? BookKey.price : BookKey.one;
}

/** It has a MDEntryRefID (280). */
function isReferring(message: MarketDataMessage, i: number): boolean {
  return message.refIdTo[i] > message.refIdFrom[i];
}

/** Zero, and said to be: a size that was not sent is unknown. */
function isZeroSize(message: MarketDataMessage, i: number): boolean {
  return message.sizeFrom[i] >= 0 && isZeroDecimal(message.bytes, message.sizeFrom[i], message.sizeTo[i]);
}

function isTooLong(message: MarketDataMessage, i: number): boolean {
  return (
    message.priceTo[i] - message.priceFrom[i] > MAX_DECIMAL_BYTES ||
    message.sizeTo[i] - message.sizeFrom[i] > MAX_DECIMAL_BYTES ||
    message.idTo[i] - message.idFrom[i] > MAX_KEY_BYTES ||
    message.refIdTo[i] - message.refIdFrom[i] > MAX_KEY_BYTES
  );
}
