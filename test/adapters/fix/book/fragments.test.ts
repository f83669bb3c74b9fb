// LastFragment (893): Binance cuts updates of a whole book into messages of up to 10,000 entries (fix-api.md, X).
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bookRig, type RigOptions } from "./book-rig.ts";

const HEAD = "34=5|52=20241019-05:41:53.200201";
const OPTIONS: RigOptions = { symbols: ["BTCUSDT", "ETHUSDT"], rules: { key: "price" } };

/** An X of the request r1: entries as `0:10x5 BTCUSDT`, side, price, size and symbol. */
function increment(mark: string, ...entries: readonly string[]): string {
  const parts = entries.map((text) => {
    const [, side, price, size, symbol] = /^([01]):([\d.]+)x(\d+) (\w+)$/.exec(text) ?? [];
    return `|279=${size === "0" ? "2" : "0"}|270=${price}|271=${size}|269=${side}|55=${symbol}`;
  });
  return `35=X|${HEAD}|262=r1${mark}|268=${entries.length}${parts.join("")}`;
}

/** A W of the request r1: entries as `0:10x5`. */
function snapshot(mark: string, symbol: string, ...entries: readonly string[]): string {
  const parts = entries.map((text) => {
    const [, side, price, size] = /^([01]):([\d.]+)x(\d+)$/.exec(text) ?? [];
    return `|269=${side}|270=${price}|271=${size}`;
  });
  return `35=W|${HEAD}|262=r1|55=${symbol}${mark}|268=${entries.length}${parts.join("")}`;
}

function startedRig() {
  const rig = bookRig(OPTIONS);
  rig.books.bindRequest("r1", [0, 1]);
  rig.take(snapshot("", "BTCUSDT", "0:10x1", "1:11x1"));
  rig.take(snapshot("", "ETHUSDT", "0:20x1", "1:21x1"));
  return rig;
}

describe("increments in fragments", () => {
  test("give one quote a symbol, with the last fragment, of all symbols that any of them touched", () => {
    const { take } = startedRig();
    expect(take(increment("|893=N", "0:10.5x1 BTCUSDT"))).toEqual([]);
    expect(take(increment("|893=N", "0:20.5x1 ETHUSDT"))).toEqual([]);
    expect(take(increment("|893=Y", "1:20.9x1 ETHUSDT")).toSorted()).toEqual([
      "BTCUSDT 10.5 x 1 / 11 x 1",
      "ETHUSDT 20.5 x 1 / 20.9 x 1",
    ]);
    expect(take(increment("", "0:10.6x1 BTCUSDT"))).toEqual(["BTCUSDT 10.6 x 1 / 11 x 1"]);
  });

  test("may cross the book until the last one has come", () => {
    const { books, take, trouble } = startedRig();
    expect(take(increment("|893=N", "0:11.5x1 BTCUSDT"))).toEqual([]);
    expect(take(increment("|893=Y", "1:11x0 BTCUSDT", "1:12x1 BTCUSDT"))).toEqual(["BTCUSDT 11.5 x 1 / 12 x 1"]);
    take(increment("|893=N", "0:13x1 BTCUSDT"));
    expect([trouble.all, books.counts.crossed]).toEqual([[], 0]);
    expect(take(increment("|893=Y", "0:9x1 BTCUSDT"))).toEqual([]);
    expect([trouble.all, books.counts.crossed]).toEqual([["BTCUSDT crossed"], 1]);
  });

  test("the last may not say so: it is the last of the symbols it names", () => {
    const { take } = startedRig();
    take(increment("|893=N", "0:10.5x1 BTCUSDT"));
    expect(take(increment("", "0:20.5x1 ETHUSDT"))).toEqual(["ETHUSDT 20.5 x 1 / 21 x 1"]);
    expect(take(increment("", "0:10.6x1 BTCUSDT"))).toEqual(["BTCUSDT 10.6 x 1 / 11 x 1"]);
  });

  test("a snapshot ends what is unfinished", () => {
    const { take, trouble } = startedRig();
    take(increment("|893=N", "0:30x1 BTCUSDT"));
    expect(take(snapshot("", "BTCUSDT", "0:9x1", "1:12x1"))).toEqual(["BTCUSDT 9 x 1 / 12 x 1"]);
    expect(trouble.all).toEqual([]);
  });

  test("of a request that was replaced they are forgotten", () => {
    const { books, take } = startedRig();
    take(increment("|893=N", "0:10.5x1 BTCUSDT", "0:20.5x1 ETHUSDT"));
    books.bindRequest("r2", [0]);
    expect(take(increment("|893=Y", "0:20.4x1 ETHUSDT"))).toEqual(["ETHUSDT 20.5 x 1 / 21 x 1"]);
  });
});

describe("snapshots in fragments", () => {
  test("are trusted and told with the last one, which adds to those before", () => {
    const { books, take, show } = bookRig(OPTIONS);
    books.bindRequest("r1", [0, 1]);
    expect(take(snapshot("|893=N", "BTCUSDT", "0:10x1", "0:12x1"))).toEqual([]);
    expect(books.isTrusted(0)).toBe(false);
    expect(take(snapshot("", "ETHUSDT", "0:20x1"))).toEqual(["ETHUSDT 20 x 1 / - x -"]);
    expect(take(snapshot("|893=N", "BTCUSDT", "0:9x1"))).toEqual([]);
    expect(take(snapshot("|893=Y", "BTCUSDT", "1:13x1"))).toEqual(["BTCUSDT 12 x 1 / 13 x 1"]);
    expect([books.isTrusted(0), show()]).toEqual([true, "12 x 1, 10 x 1, 9 x 1 | 13 x 1"]);
    expect(take(snapshot("", "BTCUSDT", "0:5x1"))).toEqual(["BTCUSDT 5 x 1 / - x -"]);
  });

  test("replace what was there; the same top again is no news", () => {
    const { take, show } = startedRig();
    take(snapshot("|893=N", "BTCUSDT", "0:10x1"));
    expect([take(snapshot("|893=Y", "BTCUSDT", "1:11x1", "1:12x1")), show()]).toEqual([[], "10 x 1 | 11 x 1, 12 x 1"]);
  });

  test("an increment in between costs the trust, and what is left of the snapshot heals nothing", () => {
    const { books, take, trouble } = startedRig();
    take(snapshot("|893=N", "BTCUSDT", "0:10x1"));
    expect(take(increment("", "0:10.5x1 BTCUSDT"))).toEqual([]);
    expect(trouble.all).toEqual(["BTCUSDT unfinished"]);
    expect(take(snapshot("|893=N", "BTCUSDT", "0:9x1"))).toEqual([]);
    expect(take(snapshot("|893=Y", "BTCUSDT", "1:11x1"))).toEqual([]);
    expect(books.isTrusted(0)).toBe(false);
    expect(take(snapshot("|893=N", "BTCUSDT", "0:8x1"))).toEqual([]);
    expect(take(snapshot("|893=Y", "BTCUSDT", "1:9x1"))).toEqual(["BTCUSDT 8 x 1 / 9 x 1"]);
    expect(trouble.all).toHaveLength(1);
  });

  test("too many entries in all of them cost the trust once", () => {
    const { books, take, trouble } = bookRig({ ...OPTIONS, rules: { key: "price", entriesMax: 2 } });
    books.bindRequest("r1", [0]);
    take(snapshot("|893=N", "BTCUSDT", "0:10x1", "0:9x1"));
    take(snapshot("|893=N", "BTCUSDT", "0:8x1"));
    take(snapshot("|893=Y", "BTCUSDT", "1:11x1"));
    expect([trouble.all, books.isTrusted(0)]).toEqual([["BTCUSDT too_many_entries"], false]);
    expect(take(snapshot("", "BTCUSDT", "0:1x1"))).toEqual(["BTCUSDT 1 x 1 / - x -"]);
  });
});

test("property: a message in fragments gives the book and the quotes of the whole one", () => {
  const entry = fc
    .tuple(fc.constantFrom("0", "1"), fc.nat(9), fc.nat(3), fc.constantFrom("BTCUSDT", "ETHUSDT"))
    .map(([side, price, size, symbol]) => `${side}:${Number(side) * 20 + price}x${size} ${symbol}`);
  const cuts = fc.array(fc.array(entry, { maxLength: 4 }), { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(cuts, { maxLength: 6 }), (messages) => {
      const whole = startedRig();
      const cut = startedRig();
      for (const parts of messages) {
        const expected = whole.take(increment("", ...parts.flat()));
        const marks = parts.map((_, i) => (i + 1 < parts.length ? "|893=N" : "|893=Y"));
        const told = parts.flatMap((part, i) => cut.take(increment(marks[i] as string, ...part)));
        expect(told.toSorted()).toEqual(expected.toSorted());
        expect([cut.show(0), cut.show(1), cut.trouble.all]).toEqual([whole.show(0), whole.show(1), whole.trouble.all]);
      }
    }),
    { numRuns: 200 },
  );
});
