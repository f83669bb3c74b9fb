import { expect, test } from "bun:test";
import fc from "fast-check";
import { type BookChange, compareBooks, cutBook, type EntryKey } from "../../../src/simulator/fix/book-changes.ts";
import { FX_MARKETS, marketSpecOf } from "../../../src/simulator/fix/fx-markets.ts";
import { type BookLevel, EMPTY_BOOK, type EntryIdentity, LpBook } from "../../../src/simulator/fix/lp-book.ts";

const [SPEC] = FX_MARKETS;
const PAIRS: readonly [EntryKey, EntryIdentity][] = [
  ["id", "maker"],
  ["id", "quote"],
  ["price", "price"],
  ["position", "price"],
];

/** What an entry is known by. */
function isMeant(level: BookLevel, change: BookChange, key: EntryKey): boolean {
  if (key === "id") return level.id === (change.refId ?? change.level.id);
  return level.priceUnits === change.level.priceUnits;
}

/** Does to a side what the changes say, in order, as a reader does. */
function applied(levels: readonly BookLevel[], changes: readonly BookChange[], key: EntryKey): BookLevel[] {
  const book = [...levels];
  for (const change of changes) {
    const at = key === "position" ? change.position - 1 : book.findIndex((level) => isMeant(level, change, key));
    if (change.action === "0") book.splice(key === "position" ? at : book.length, 0, change.level);
    else if (change.action === "1") book[at] = change.level;
    else book.splice(at, 1);
  }
  return book;
}

function facts({ priceUnits, sizeUnits }: BookLevel): number[] {
  return [priceUnits, sizeUnits];
}

test.each(PAIRS)(
  "compareBooks() by %s leads from any state of a book to any later one (identity %s)",
  (key, identity) => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 5 }), (seed, steps, depth) => {
        const book = new LpBook(SPEC, { seed, depth: 5, identity });
        const both = { bids: true, asks: true };
        const told = cutBook(book.sides, depth, both);
        for (let step = 0; step < steps; step++) book.step(0, 0);
        const now = cutBook(book.sides, depth, both);
        const changes = compareBooks(told, now, key);
        for (const [side, type, sign] of [["bids", "0", -1] as const, ["asks", "1", 1] as const]) {
          const own = changes.filter((change) => change.side === type);
          const result = applied(told[side], own, key).sort((a, b) => sign * (a.priceUnits - b.priceUnits));
          expect(result.map(facts)).toEqual(now[side].map(facts));
        }
        expect(changes.map(({ action }) => action === "2").indexOf(true)).toBeLessThanOrEqual(0);
      }),
    );
  },
);

test("compareBooks() of one quote a side changes it, or makes or deletes it", () => {
  const book = new LpBook(SPEC, { seed: 1, depth: 1, identity: "price" });
  const { sides } = book;
  book.step(0, 0);
  const actions = (told: typeof sides, now: typeof sides) =>
    compareBooks(told, now, "side").map(({ action, side }) => action + side);
  expect(actions(EMPTY_BOOK, sides)).toEqual(["00", "01"]);
  expect(actions(sides, EMPTY_BOOK)).toEqual(["20", "21"]);
  expect(actions(sides, book.sides).every((change) => change.startsWith("1"))).toBe(true);
});

test("LpBook keeps its sides apart, its prices in order and its sizes in steps", () => {
  const book = new LpBook(SPEC, { seed: 3, depth: 4, identity: "maker" });
  for (let step = 0; step < 2000; step++) {
    const before = book.sides;
    book.step(step, step);
    const { bids, asks } = book.sides;
    expect(bids[0].priceUnits).toBeLessThan(asks[0].priceUnits);
    expect(bids.every((level, rank) => rank === 0 || level.priceUnits < bids[rank - 1].priceUnits)).toBe(true);
    expect(asks.every((level, rank) => rank === 0 || level.priceUnits > asks[rank - 1].priceUnits)).toBe(true);
    expect([...bids, ...asks].every(({ sizeUnits }) => sizeUnits > 0 && sizeUnits % 500_000 === 0)).toBe(true);
    expect([facts(bids[0]), facts(asks[0])]).not.toEqual([facts(before.bids[0]), facts(before.asks[0])]);
  }
});

test("marketSpecOf() knows a pair with and without its slash, and invents the rest", () => {
  expect(marketSpecOf(FX_MARKETS, "USDJPY")).toMatchObject({ symbol: "USDJPY", priceDecimals: 3, startTicks: 154_327 });
  expect(marketSpecOf(FX_MARKETS, "EUR/USD")).toEqual(SPEC);
  expect(marketSpecOf(FX_MARKETS, "EUR/PLN")).toMatchObject({ symbol: "EUR/PLN", priceDecimals: 5 });
});
