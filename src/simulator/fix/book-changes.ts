import { type BookLevel, type BookSides, EMPTY_BOOK } from "./lp-book.ts";

/** How the entries of an increment are told apart. */
export type EntryKey =
  /** MDEntryID (278). */
  | "id"
  /** Side and price. */
  | "price"
  /** MDEntryPositionNo (290). */
  | "position"
  /** One quote a side, which every entry replaces. */
  | "side";

/** One entry of an increment. */
export interface BookChange {
  /** MDUpdateAction (279). */
  readonly action: "0" | "1" | "2";
  /** MDEntryType (269). */
  readonly side: "0" | "1";
  readonly level: BookLevel;
  /** MDEntryRefID (280); null: none. */
  readonly refId: string | null;
  /** From 1, best first. */
  readonly position: number;
}

/** What a client sees of a book that asked for `depth` levels; 0 is all. */
export function cutBook(sides: BookSides, depth: number, wants: { bids: boolean; asks: boolean }): BookSides {
  const { bids, asks } = sides;
  if (depth === 0 && wants.bids && wants.asks) return sides;
  const end = depth === 0 ? undefined : depth;
  return {
    bids: wants.bids ? bids.slice(0, end) : EMPTY_BOOK.bids,
    asks: wants.asks ? asks.slice(0, end) : EMPTY_BOOK.asks,
  };
}

/**
 * The entries that make the book `told` the book `now`: deletions first, the worst of them first, then the best first. So
 * positions are right for a reader that moves what is below an entry up or down.
 */
export function compareBooks(told: BookSides, now: BookSides, key: EntryKey): BookChange[] {
  const bids = compareSide("0", { told: told.bids, now: now.bids, key });
  const asks = compareSide("1", { told: told.asks, now: now.asks, key });
  return [...bids, ...asks].sort((a, b) => Number(a.action !== "2") - Number(b.action !== "2"));
}

/** True when both have the same best prices and, where `hasSizes`, the same best sizes. */
export function haveSameTop(a: BookSides, b: BookSides, hasSizes: boolean): boolean {
  const isSame = hasSizes ? isSameQuote : isSamePrice;
  return isSame(a.bids[0], b.bids[0]) && isSame(a.asks[0], b.asks[0]);
}

function isSamePrice(a: BookLevel | undefined, b: BookLevel | undefined): boolean {
  return a?.priceUnits === b?.priceUnits;
}

function isSameQuote(a: BookLevel | undefined, b: BookLevel | undefined): boolean {
  return isSamePrice(a, b) && a?.sizeUnits === b?.sizeUnits;
}

function compareSide(
  side: BookChange["side"],
  { told, now, key }: { told: readonly BookLevel[]; now: readonly BookLevel[]; key: EntryKey },
): BookChange[] {
  if (told === now) return [];
  const changes: BookChange[] = [];
  const before = new Map(told.map((level) => [keyOf(level, key), level]));
  for (const [rank, level] of now.entries()) {
    const own = keyOf(level, key);
    const renamedFrom = key === "id" && !before.has(own) ? level.renamedFrom : null;
    const refId = renamedFrom !== null && before.has(renamedFrom) ? renamedFrom : null;
    const previous = before.get(refId ?? own);
    before.delete(refId ?? own);
    if (previous !== undefined && refId === null && isSameQuote(previous, level)) continue;
    changes.push({ action: previous === undefined ? "0" : "1", side, level, refId, position: rank + 1 });
  }
  for (let rank = told.length - 1; rank >= 0; rank--) {
    if (!before.has(keyOf(told[rank], key))) continue;
    changes.push({ action: "2", side, level: told[rank], refId: null, position: rank + 1 });
  }
  return changes;
}

function keyOf(level: BookLevel, key: EntryKey): string | number {
  if (key === "id") return level.id;
  return key === "side" ? 0 : level.priceUnits;
}
