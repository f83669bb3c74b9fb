import { describe, expect, test } from "bun:test";
import { bookRig } from "./book-rig.ts";

const HEAD = "49=LP|56=US|34=7|52=20241019-05:41:52.867";

describe("books of venues", () => {
  test("cTrader: ids in W and X, no 262, a Delete without 269", () => {
    const { take, show, trouble } = bookRig({ symbols: ["EURUSD"], wireSymbols: ["1"] });
    expect(
      take(
        `35=W|${HEAD}|55=1|268=4|269=0|270=1.13160|271=1000000|278=11|269=0|270=1.13161|271=500000|278=12` +
          "|269=1|270=1.13165|271=2000000|278=13|269=1|270=1.13170|271=1000000|278=14",
      ),
    ).toEqual(["EURUSD 1.13161 x 500000 / 1.13165 x 2000000"]);
    expect(show()).toBe("12:1.13161 x 500000, 11:1.13160 x 1000000 | 13:1.13165 x 2000000, 14:1.13170 x 1000000");
    expect(
      take(`35=X|${HEAD}|268=3|279=2|278=12|55=1|279=2|278=13|55=1|279=0|269=1|278=15|55=1|270=1.13166|271=3000000`),
    ).toEqual(["EURUSD 1.13160 x 1000000 / 1.13166 x 3000000"]);
    expect(take(`35=X|${HEAD}|268=1|279=2|278=14|55=1`)).toEqual([]);
    expect(show()).toBe("11:1.13160 x 1000000 | 15:1.13166 x 3000000");
    expect(trouble.all).toEqual([]);
  });

  test("cTrader spot: W alone, without sizes and ids", () => {
    const { take } = bookRig({ symbols: ["EURUSD"], wireSymbols: ["1"] });
    expect(take(`35=W|${HEAD}|55=1|268=2|269=0|270=1.1|269=1|270=1.2`)).toEqual(["EURUSD 1.1 x - / 1.2 x -"]);
    expect(take(`35=W|${HEAD}|55=1|268=2|269=0|270=1.1|269=1|270=1.3`)).toEqual(["EURUSD 1.1 x - / 1.3 x -"]);
  });

  test("Binance at depth 1: a Change replaces the side's quote, symbols are inherited, W may be empty", () => {
    const { books, take } = bookRig({
      symbols: ["BTCUSDT", "ETHUSDT"],
      rules: { key: "price", isOneQuotePerSide: true },
    });
    books.bindRequest("r1", [0, 1]);
    expect(take(`35=W|${HEAD}|262=r1|55=BTCUSDT|25044=1|268=0`)).toEqual(["BTCUSDT - x - / - x -"]);
    expect(
      take(`35=W|${HEAD}|262=r1|55=ETHUSDT|25044=1|268=2|269=0|270=3000.10|271=1|269=1|270=3000.20|271=2`),
    ).toEqual(["ETHUSDT 3000.10 x 1 / 3000.20 x 2"]);
    expect(
      take(
        `35=X|${HEAD}|262=r1|268=4|279=0|270=64000.00|271=0.5|269=0|55=BTCUSDT|25043=1|25044=2|279=0|270=64000.01|271=0.6|269=1` +
          "|279=1|270=3000.05|271=4.00|269=0|55=ETHUSDT|279=1|271=5|269=1",
      ),
    ).toEqual(["BTCUSDT 64000.00 x 0.5 / 64000.01 x 0.6", "ETHUSDT 3000.05 x 4.00 / 3000.20 x 5"]);
    expect(take(`35=X|${HEAD}|262=r1|268=1|279=2|270=3000.05|271=0|269=0|55=ETHUSDT`)).toEqual([
      "ETHUSDT - x - / 3000.20 x 5",
    ]);
  });

  test("Deribit: the symbol in the body, whole timestamps in 272, by price", () => {
    const { books, quotes, take } = bookRig({
      symbols: ["BTC-PERPETUAL"],
      rules: { key: "price" },
      plan: { time: "entry" },
    });
    books.bindRequest("r1", [0]);
    take(
      `35=W|${HEAD}|55=BTC-PERPETUAL|262=r1|268=2|269=0|270=64000.5|271=10|272=20241019-05:41:52.111|269=1|270=64001|271=20`,
    );
    expect(
      take(
        `35=X|${HEAD}|55=BTC-PERPETUAL|262=r1|100087=1|268=3|279=1|269=0|270=64000.5|271=30|272=20241019-05:41:52.222` +
          "|279=2|269=1|270=64001.0|271=0|279=0|269=1|270=64001.5|271=5",
      ),
    ).toEqual(["BTC-PERPETUAL 64000.5 x 30 / 64001.5 x 5"]);
    expect(quotes.all.map(({ venueTimeMs }) => venueTimeMs)).toEqual([
      Date.parse("2024-10-19T05:41:52.111Z"),
      Date.parse("2024-10-19T05:41:52.222Z"),
    ]);
  });

  test("Kraken: the symbol in the body, 279 269 278 270 271 273, a trade among the entries", () => {
    const { books, quotes, take } = bookRig({ symbols: ["BTC/USD"], plan: { time: "entry" } });
    books.bindRequest("r1", [0]);
    expect(take(`35=W|${HEAD}|262=r1|55=BTC/USD|268=0`)).toEqual(["BTC/USD - x - / - x -"]);
    expect(
      take(
        `35=X|${HEAD}|262=r1|55=BTC/USD|268=3|279=0|269=0|278=O1|270=64000.1|271=0.5|273=05:41:52.100` +
          "|279=0|269=2|278=T1|270=1.0|271=9|279=0|269=1|278=O2|270=64000.2|271=0.25|5041=123",
      ),
    ).toEqual(["BTC/USD 64000.1 x 0.5 / 64000.2 x 0.25"]);
    expect(quotes.all[1]?.venueTimeMs).toBe(Date.parse("2024-10-19T05:41:52.100Z"));
    expect(take(`35=X|${HEAD}|262=r1|55=BTC/USD|268=1|279=1|269=0|278=O1|270=64000.1|271=0.4`)).toEqual([
      "BTC/USD 64000.1 x 0.4 / 64000.2 x 0.25",
    ]);
  });

  test("OSL: 55 on the first entry only, by level, an empty side", () => {
    const { books, take, show } = bookRig({
      symbols: ["BTCUSD", "ETHUSD"],
      rules: { key: "level", entriesMax: 3 },
      plan: { levelTag: 290 },
    });
    books.bindRequest("r1", [0]);
    take(
      `35=W|${HEAD}|262=r1|55=BTCUSD|268=4|269=0|270=10|271=1|290=1|269=0|270=9|271=2|290=2|269=0|270=8|271=3|290=3|269=1|270=11|271=4|290=1`,
    );
    expect(
      take(
        `35=X|${HEAD}|262=r1|268=3|279=0|269=0|55=BTCUSD|270=10.5|271=7|290=1|279=1|269=0|271=8|290=2|279=2|269=1|290=1`,
      ),
    ).toEqual(["BTCUSD 10.5 x 7 / - x -"]);
    expect(show()).toBe("10.5 x 7, 10 x 8, 9 x 2 | ");
    // As the scanner reads 346=0 without a price: a Delete that names no entry.
    expect(take(`35=X|${HEAD}|262=r1|268=1|279=2|269=0|55=BTCUSD`)).toEqual(["BTCUSD - x - / - x -"]);
  });

  test("LMAX: instruments by 48, W alone, 262 echoed, 272 and 273 in the first entry", () => {
    const { books, quotes, take } = bookRig({
      symbols: ["EUR/USD", "GBP/USD"],
      wireSymbols: ["4001", "4002"],
      plan: { symbolTag: 48, time: "entry" },
    });
    books.bindRequest("lmax-2", [1]);
    expect(
      take(
        `35=W|${HEAD}|262=lmax-2|48=4002|22=8|268=2|269=0|270=1.31|271=10|272=20241018|273=23:59:59.999|269=1|270=1.32|271=20`,
      ),
    ).toEqual(["GBP/USD 1.31 x 10 / 1.32 x 20"]);
    expect(quotes.all[0]?.venueTimeMs).toBe(Date.parse("2024-10-18T23:59:59.999Z"));
    // No instrument at all: the request has one symbol.
    expect(take(`35=W|${HEAD}|262=lmax-2|268=2|269=0|270=1.33|271=10|269=1|270=1.34|271=20`)).toEqual([
      "GBP/USD 1.33 x 10 / 1.34 x 20",
    ]);
    expect(take(`35=W|${HEAD}|268=1|269=0|270=1.33`)).toEqual([]);
    expect(books.counts.unknownSymbols).toBe(1);
  });

  test("Revolut: X holds trades only and is none of a book's business", () => {
    const { books, take, trouble } = bookRig({ symbols: ["BTC/USD"], rules: { key: "price" } });
    books.bindRequest("r1", [0]);
    expect(take(`35=X|${HEAD}|262=r1|268=1|279=0|269=2|278=T|55=BTC/USD|270=1|271=1`)).toEqual([]);
    expect(take(`35=W|${HEAD}|262=r1|55=BTC/USD|268=2|269=0|270=1|271=1|269=1|270=2|271=1`)).toHaveLength(1);
    expect(take(`35=X|${HEAD}|262=r1|268=1|279=0|269=2|278=T|55=BTC/USD|270=1|271=1`)).toEqual([]);
    expect([trouble.all, books.counts.entries]).toEqual([[], 2]);
  });

  test("MassQuote: one line per maker, the best of them is the top", () => {
    const { books, take, show } = bookRig({ plan: { requestIdTag: 131, quoteKey: "entryId" } });
    books.bindRequest("q1", [0, 1]);
    expect(
      take(
        `35=i|${HEAD}|131=q1|117=1|296=1|302=0|295=2|299=LP1|55=EUR/USD|132=1.10|133=1.12|134=1|135=2|299=LP2|132=1.11|133=1.13|134=3|135=4`,
      ),
    ).toEqual(["EUR/USD 1.11 x 3 / 1.12 x 2"]);
    expect(show()).toBe("LP2:1.11 x 3, LP1:1.10 x 1 | LP1:1.12 x 2, LP2:1.13 x 4");
    expect(
      take(`35=i|${HEAD}|131=q1|295=2|299=LP2|55=EUR/USD|132=0|133=1.125|135=4|299=LP1|55=GBP/USD|132=1.3|133=1.4`),
    ).toEqual(["EUR/USD 1.10 x 1 / 1.12 x 2", "GBP/USD 1.3 x - / 1.4 x -"]);
    expect(books.counts.unknownEntries).toBe(0);
  });

  test("Quote: the symbol's one quote; a side without a price is withdrawn", () => {
    const { books, take } = bookRig({ plan: { requestIdTag: 131 } });
    books.bindRequest("q1", [0]);
    expect(take(`35=S|${HEAD}|131=q1|117=5|55=EUR/USD|132=1.10|133=1.12|134=1|135=2`)).toEqual([
      "EUR/USD 1.10 x 1 / 1.12 x 2",
    ]);
    expect(take(`35=S|${HEAD}|131=q1|117=6|55=EUR/USD|132=1.20|133=1.21|134=1|135=2`)).toEqual([
      "EUR/USD 1.20 x 1 / 1.21 x 2",
    ]);
    expect(take(`35=S|${HEAD}|131=q1|117=7|55=EUR/USD|133=1.21|135=2`)).toEqual(["EUR/USD - x - / 1.21 x 2"]);
    expect(take(`35=S|${HEAD}|131=q1|117=8|55=EUR/USD|133=1.21|135=2`)).toEqual([]);
    expect(books.counts.unknownEntries).toBe(0);
  });
});
