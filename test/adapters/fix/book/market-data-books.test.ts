import { describe, expect, test } from "bun:test";
import { bookRig } from "./book-rig.ts";
import { readFix } from "./fix-text.ts";

const W = "35=W|34=1|52=20241019-05:41:52.867";
const X = "35=X|34=2|52=20241019-05:41:53";
const S = "35=S|34=3|52=20241019-05:41:54";
const EUR = "55=EUR/USD";
const GBP = "55=GBP/USD";
const FULL_W = `${W}|${EUR}|268=2|269=0|278=b|270=1.1|271=5|269=1|278=a|270=1.2|271=6`;

/** Z as the session hands it over. */
function cancelOf(text = "35=Z|34=9|52=20241019-05:41:55") {
  return { frame: readFix(text).frame, receivedTimeUs: 5 };
}

describe("quotes", () => {
  test("bear the frame, its number, its time, the epoch, and whether they are a snapshot", () => {
    const { quotes, take } = bookRig();
    take(FULL_W);
    take(`${X}|268=1|279=1|269=0|278=b|${EUR}|271=7`);
    const [first, second] = quotes.all;
    expect(first).toMatchObject({
      symbol: "EUR/USD",
      sequence: "1",
      isSnapshot: true,
      isRawText: true,
      epoch: 7,
      venueTimeMs: Date.parse("2024-10-19T05:41:52.867Z"),
      receivedTimeUs: 1_700_000_000_000_001,
    });
    expect(first?.raw).toBe(Buffer.from(readFix(FULL_W).frame.bytes).toString("latin1"));
    expect(second).toMatchObject({ sequence: "2", isSnapshot: false, top: "1.1 x 7 / 1.2 x 6" });
  });

  test("several symbols in one message give one quote each, after all entries", () => {
    const { take } = bookRig();
    take(FULL_W);
    take(`${W}|${GBP}|268=1|269=0|278=b|270=1.3|271=5`);
    expect(
      take(
        `${X}|268=4|279=1|269=0|278=b|${EUR}|270=1.15|279=0|269=1|278=a|${GBP}|270=1.4|279=1|269=1|278=a|${EUR}|270=1.16` +
          `|279=2|278=b|${GBP}`,
      ),
    ).toEqual(["EUR/USD 1.15 x 5 / 1.16 x 6", "GBP/USD - x - / 1.4 x -"]);
  });

  test("top_change: what is not the top, and the same text again, gives none; the same number otherwise written does", () => {
    const { take } = bookRig();
    take(FULL_W);
    expect(take(`${X}|268=1|279=0|269=0|278=c|${EUR}|270=1.0|271=5`)).toEqual([]);
    expect(take(FULL_W)).toEqual([]);
    expect(take(`${X}|268=1|279=1|269=0|278=b|${EUR}|270=1.10`)).toEqual(["EUR/USD 1.10 x 5 / 1.2 x 6"]);
    expect(take(`${X}|268=1|279=1|269=0|278=b|${EUR}|271=5`)).toEqual([]);
  });

  test("every_update: each message that changes a book gives one", () => {
    const { take } = bookRig({ publish: "every_update" });
    take(FULL_W);
    expect(take(`${X}|268=1|279=0|269=0|278=c|${EUR}|270=1.0|271=5`)).toEqual(["EUR/USD 1.1 x 5 / 1.2 x 6"]);
    expect(take(`${X}|268=1|279=2|278=unknown|${EUR}`)).toEqual([]);
    expect(take(`${X}|268=1|279=0|269=2|${EUR}|270=1.0|271=5`)).toEqual([]);
  });

  test("of several entries at the best price the first that came is the top", () => {
    const { take } = bookRig();
    take(FULL_W);
    expect(take(`${X}|268=1|279=0|269=0|278=big|${EUR}|270=1.10|271=99`)).toEqual([]);
    expect(take(`${X}|268=1|279=2|278=b|${EUR}`)).toEqual(["EUR/USD 1.10 x 99 / 1.2 x 6"]);
  });

  test("prices of 64 bytes and ids of 128 are kept whole; longer ones cost the symbol its trust", () => {
    const { take, trouble, show } = bookRig();
    const price = `0.${"1".repeat(62)}`;
    const id = "i".repeat(128);
    take(FULL_W);
    expect(take(`${W}|${EUR}|268=2|269=0|278=${id}|270=${price}|271=${price}|269=1|270=1|271=1`)).toEqual([
      `EUR/USD ${price} x ${price} / 1 x 1`,
    ]);
    expect(show()).toBe(`${id}:${price} x ${price} | 1 x 1`);
    for (const field of [`270=1${price}`, `270=1|271=1${price}`, `270=1|278=${id}i`]) {
      take(FULL_W);
      take(`${X}|268=1|279=0|269=0|${EUR}|${field}`);
    }
    expect(trouble.all).toEqual(["EUR/USD unreadable", "EUR/USD unreadable", "EUR/USD unreadable"]);
  });

  test("a number longer than the pipeline compares, or none, is left out", () => {
    const { quotes, take } = bookRig();
    take(`35=W|34=${"1".repeat(25)}|52=x|${EUR}|268=1|269=0|270=1`);
    take(`35=W|${EUR}|268=1|269=0|270=2`);
    expect(quotes.all.map(({ sequence, venueTimeMs }) => [sequence, venueTimeMs])).toEqual([
      ["-", -1],
      ["-", -1],
    ]);
  });
});

describe("replays", () => {
  test("a PossDup or PossResend message rebuilds the book and gives no quote; the next fresh one does", () => {
    const { take, show } = bookRig();
    take(FULL_W);
    expect(take(`${X}|43=Y|268=1|279=1|269=0|278=b|${EUR}|270=1.15`)).toEqual([]);
    expect(show()).toBe("b:1.15 x 5 | a:1.2 x 6");
    expect(take(`${X}|268=1|279=0|269=0|278=deep|${EUR}|270=1.0`)).toEqual(["EUR/USD 1.15 x 5 / 1.2 x 6"]);
    expect(take(`${X}|97=Y|268=1|279=1|269=0|278=b|${EUR}|270=1.15`)).toEqual([]);
    expect(take(`${X}|268=1|279=1|269=0|278=deep|${EUR}|270=1.01`)).toEqual(["EUR/USD 1.15 x 5 / 1.2 x 6"]);
    expect(take(`${X}|268=1|279=1|269=0|278=deep|${EUR}|270=1.02`)).toEqual([]);
  });

  test("a replayed snapshot heals the book, quietly", () => {
    const { books, take } = bookRig();
    take(FULL_W);
    books.distrust(0, "sequence_gap");
    expect(take(`${FULL_W}|43=Y`.replace("|52=", "|43=Y|52="))).toEqual([]);
    expect(books.isTrusted(0)).toBe(true);
    expect(take(`${X}|268=1|279=0|269=0|278=deep|${EUR}|270=1.0`)).toEqual(["EUR/USD 1.1 x 5 / 1.2 x 6"]);
  });
});

describe("trust", () => {
  test("an increment before any snapshot is told once", () => {
    const { books, take, trouble } = bookRig();
    for (let i = 0; i < 3; i++) take(`${X}|268=1|279=0|269=0|278=b|${EUR}|270=1.1`);
    expect(trouble.all).toEqual(["EUR/USD no_snapshot"]);
    expect(books.isTrusted(0)).toBe(false);
    expect(take(FULL_W)).toEqual(["EUR/USD 1.1 x 5 / 1.2 x 6"]);
    expect(books.isTrusted(0)).toBe(true);
  });

  test("an unknown Delete is counted, an unknown Change costs the trust, other symbols keep theirs", () => {
    const { books, take, trouble } = bookRig();
    take(FULL_W);
    take(`${W}|${GBP}|268=1|269=0|278=b|270=1.3|271=5`);
    expect(take(`${X}|268=1|279=2|269=0|278=none|${EUR}`)).toEqual([]);
    expect([books.counts.unknownEntries, trouble.all]).toEqual([1, []]);
    expect(take(`${X}|268=2|279=1|269=0|278=none|${EUR}|270=1|279=1|269=0|278=b|${GBP}|270=1.31`)).toEqual([
      "GBP/USD 1.31 x 5 / - x -",
    ]);
    expect([books.counts.unknownEntries, trouble.all]).toEqual([2, ["EUR/USD unknown_entry"]]);
    expect(books.dump(0)).toEqual({ bids: [], asks: [] });
    expect(take(`${X}|268=1|279=0|269=0|278=b|${EUR}|270=1.1`)).toEqual([]);
    // The same top is news after distrust.
    expect(take(FULL_W)).toEqual(["EUR/USD 1.1 x 5 / 1.2 x 6"]);
  });

  test("a book crossed when the message is over is not quoted; locked, and crossed on the way, is fine", () => {
    const { books, take, trouble } = bookRig();
    take(FULL_W);
    expect(take(`${X}|268=1|279=1|269=0|278=b|${EUR}|270=1.20`)).toEqual(["EUR/USD 1.20 x 5 / 1.2 x 6"]);
    expect(take(`${X}|268=2|279=1|269=0|278=b|${EUR}|270=1.3|279=1|269=1|278=a|${EUR}|270=1.31`)).toEqual([
      "EUR/USD 1.3 x 5 / 1.31 x 6",
    ]);
    expect(take(`${X}|268=1|279=1|269=0|278=b|${EUR}|270=1.310000000000000000001`)).toEqual([]);
    expect([trouble.all, books.counts.crossed]).toEqual([["EUR/USD crossed"], 1]);
    expect(take(`${W}|${EUR}|268=2|269=0|270=2|269=1|270=1`)).toEqual([]);
    expect(trouble.all).toEqual(["EUR/USD crossed", "EUR/USD crossed"]);
  });

  test("a crossed book is quoted as it is, and counted, where its makers may disagree", () => {
    const { books, take, trouble } = bookRig({ rules: { crossed: "count" } });
    take(FULL_W);
    expect(take(`${X}|268=1|279=1|269=0|278=b|${EUR}|270=1.3`)).toEqual(["EUR/USD 1.3 x 5 / 1.2 x 6"]);
    expect(take(`${X}|268=1|279=1|269=0|278=b|${EUR}|270=1.1`)).toEqual(["EUR/USD 1.1 x 5 / 1.2 x 6"]);
    expect([trouble.all, books.counts.crossed]).toEqual([[], 1]);
  });

  test("more entries than allowed, in a snapshot or one by one", () => {
    const { take, trouble } = bookRig({ rules: { entriesMax: 2 } });
    take(FULL_W);
    take(`${X}|268=1|279=0|269=0|278=c|${EUR}|270=1.0`);
    expect(trouble.all).toEqual([]);
    take(`${X}|268=1|279=0|269=0|278=d|${EUR}|270=1.0`);
    take(`${W}|${EUR}|268=3|269=0|278=1|270=1|269=0|278=2|270=2|269=0|278=3|270=3`);
    expect(trouble.all).toEqual(["EUR/USD too_many_entries", "EUR/USD too_many_entries"]);
  });

  test("an action that is none costs the trust", () => {
    const { take, trouble } = bookRig();
    take(FULL_W);
    take(`${X}|268=1|279=9|269=0|278=b|${EUR}|270=1.0`);
    expect(trouble.all).toEqual(["EUR/USD unreadable"]);
  });

  test("distrustAll() tells of every symbol that has or awaits a book", () => {
    const { books, take, trouble } = bookRig();
    take(FULL_W);
    books.bindRequest("r", [1]);
    books.distrustAll("sequence_gap");
    books.distrustAll("sequence_gap");
    expect(trouble.all).toEqual(["EUR/USD sequence_gap", "GBP/USD sequence_gap"]);
    books.bindRequest("r2", [0]);
    books.distrustAll("sequence_gap");
    expect(trouble.all).toHaveLength(3);
  });

  test("after a newer request, increments without an id are late until its snapshot, and quiet", () => {
    const { books, take, trouble } = bookRig();
    books.bindRequest("r1", [0]);
    take(FULL_W);
    books.bindRequest("r2", [0]);
    expect(books.isTrusted(0)).toBe(false);
    expect(take(`${X}|268=1|279=0|269=0|278=c|${EUR}|270=1.15`)).toEqual([]);
    expect([books.counts.late, trouble.all]).toEqual([1, []]);
    expect(take(`${FULL_W}|262=r2`.replace("|268", "|262=r2|268"))).toEqual(["EUR/USD 1.1 x 5 / 1.2 x 6"]);
  });
});

describe("requests", () => {
  test("data of an older request, or of one that is over, is late; without an id it is taken", () => {
    const { books, take, show } = bookRig();
    const w = (id: string, price: string) => `${W}|262=${id}|${EUR}|268=1|269=0|270=${price}|271=1`;
    books.bindRequest("r1", [0, 1]);
    books.bindRequest("r2", [0]);
    expect(take(w("r1", "1"))).toEqual([]);
    expect(take(w("r2", "2"))).toHaveLength(1);
    expect(take(w("other", "3"))).toEqual([]);
    expect(take(w("r1", "3").replace("EUR", "GBP"))).toHaveLength(1);
    expect(take(`${X}|262=r1|268=2|279=0|269=0|278=c|${EUR}|270=9|279=0|269=0|278=d|${EUR}|270=9`)).toEqual([]);
    expect(books.counts.late).toBe(4);
    books.unbindRequest("r2");
    books.unbindRequest("never");
    expect(take(w("r2", "4"))).toEqual([]);
    expect(take(`${W}|${EUR}|268=1|269=0|270=5`)).toHaveLength(1);
    expect(show()).toBe("5 x - | ");
  });

  test("a message without a symbol is of the only symbol of its request, while that is on it", () => {
    const { books, take } = bookRig();
    const w = (id: string) => `${W}|262=${id}|268=1|269=0|270=1|271=1`;
    books.bindRequest("one", [1]);
    books.bindRequest("two", [0, 2]);
    expect(take(w("one"))).toEqual(["GBP/USD 1 x 1 / - x -"]);
    expect(take(w("two"))).toEqual([]);
    books.bindRequest("newer", [1]);
    expect(take(w("one"))).toEqual([]);
    expect(take(w("newer"))).toHaveLength(1);
    expect([books.counts.unknownSymbols, books.counts.late]).toEqual([2, 0]);
  });

  test("symbols that are not ours are counted", () => {
    const { books, take } = bookRig();
    expect(take(`${W}|55=XAU/USD|268=1|269=0|270=1`)).toEqual([]);
    expect(take(`${X}|268=2|279=0|269=0|55=XAU/USD|270=1|279=0|269=1|270=2`)).toEqual([]);
    expect(books.counts.unknownSymbols).toBe(2);
  });

  test("thousands of requests one after the other leave nothing behind", () => {
    const { books, take } = bookRig();
    for (let i = 0; i < 5000; i++) books.bindRequest(`r${i}`, [i % 3]);
    expect(take(`${W}|262=r4998|${EUR}|268=1|269=0|270=1`)).toHaveLength(1);
    expect(take(`${W}|262=r4995|${EUR}|268=1|269=0|270=2`)).toEqual([]);
    expect(() => books.bindRequest("", [0])).toThrow(RangeError);
    expect(() => books.bindRequest("x".repeat(129), [0])).toThrow(RangeError);
  });
});

describe("RptSeq (83)", () => {
  const plan = { hasRptSeq: true };

  test("a gap is told with its numbers and costs the trust; W starts anew; lower and equal are duplicates", () => {
    const { books, quotes, take, trouble } = bookRig({ plan });
    const x = (n: number, price: string) => `${X}|268=1|279=1|269=0|278=b|${EUR}|270=${price}|83=${n}`;
    take(FULL_W.replace("|268", "|83=10|268"));
    expect(take(x(11, "1.11"))).toHaveLength(1);
    expect(take(x(11, "1.12"))).toEqual([]);
    expect(take(x(9, "1.12"))).toEqual([]);
    expect(books.counts.duplicates).toBe(2);
    expect(take(x(13, "1.13"))).toEqual([]);
    expect(trouble.all).toEqual(["EUR/USD gap 11-13", "EUR/USD rpt_seq_gap"]);
    take(FULL_W.replace("|268", "|83=5|268"));
    expect(take(x(6, "1.16"))).toHaveLength(1);
    expect(quotes.all.map(({ sequence }) => sequence)).toEqual(["10", "11", "5", "6"]);
  });

  test("in the body, or one number on all entries of a symbol, or one each, trades among them", () => {
    const { quotes, take, trouble } = bookRig({ plan });
    take(`${FULL_W}|83=1`);
    take(`${X}|83=2|268=2|279=1|269=0|278=b|${EUR}|270=1.11|279=1|269=1|278=a|${EUR}|270=1.21`);
    take(`${X}|268=2|279=1|269=0|278=b|${EUR}|270=1.12|83=3|279=1|269=1|278=a|${EUR}|270=1.22|83=3`);
    take(
      `${X}|268=3|279=1|269=0|278=b|${EUR}|270=1.13|83=4|279=0|269=2|${EUR}|270=1|83=5|279=1|269=1|278=a|${EUR}|270=1.23|83=6`,
    );
    expect(quotes.all.map(({ top, sequence }) => `${sequence}: ${top}`)).toEqual([
      "1: 1.1 x 5 / 1.2 x 6",
      "2: 1.11 x 5 / 1.21 x 6",
      "3: 1.12 x 5 / 1.22 x 6",
      "6: 1.13 x 5 / 1.23 x 6",
    ]);
    expect(trouble.all).toEqual([]);
  });

  test("a snapshot without a number lets the next update say it", () => {
    const { quotes, take, trouble } = bookRig({ plan });
    take(FULL_W);
    take(`${X}|268=1|279=1|269=0|278=b|${EUR}|270=1.11|83=77`);
    take(`${X}|268=1|279=1|269=0|278=b|${EUR}|270=1.12|83=78`);
    take(`${X}|268=1|279=1|269=0|278=b|${EUR}|270=1.13`);
    expect(quotes.all.map(({ sequence }) => sequence)).toEqual(["-", "77", "78", "-"]);
    expect(trouble.all).toEqual([]);
  });
});

describe("quote streams", () => {
  const plan = { requestIdTag: 131 };

  test("after distrust the first quote after a newer request heals", () => {
    const { books, take, trouble } = bookRig({ plan });
    const s = (id: string, bid: string) => `${S}|131=${id}|${EUR}|132=${bid}|133=1.5|134=1|135=2`;
    books.bindRequest("q1", [0]);
    take(s("q1", "1.1"));
    books.distrust(0, "sequence_gap");
    expect(take(s("q1", "1.2"))).toEqual([]);
    books.bindRequest("q2", [0]);
    expect(take(s("q1", "1.3"))).toEqual([]);
    expect(take(s("q2", "1.1"))).toEqual(["EUR/USD 1.1 x 1 / 1.5 x 2"]);
    expect([trouble.all, books.counts.late]).toEqual([["EUR/USD sequence_gap"], 4]);
  });

  test("a first quote without prices is a quote: the LP makes none", () => {
    const { take } = bookRig({ plan });
    expect(take(`${S}|${EUR}|132=0|133=0`)).toEqual(["EUR/USD - x - / - x -"]);
  });

  test("cancelAll() publishes the empty top once, with the cancel's number and time", () => {
    const { books, quotes, take } = bookRig({ plan });
    books.cancelAll(0, cancelOf());
    expect(quotes.all).toEqual([]);
    take(`${S}|${EUR}|132=1|133=2`);
    books.cancelAll(0, cancelOf());
    books.cancelAll(0, cancelOf());
    expect(quotes.all.slice(1)).toMatchObject([
      {
        top: "- x - / - x -",
        sequence: "9",
        isSnapshot: false,
        receivedTimeUs: 5,
        venueTimeMs: Date.parse("2024-10-19T05:41:55Z"),
      },
    ]);
    expect(take(`${S}|${EUR}|132=1|133=2`)).toHaveLength(1);
  });

  test("cancelEntry() takes one maker's line away, both sides; with one quote a symbol, that one", () => {
    const { books, quotes, take, show } = bookRig({ plan: { ...plan, quoteKey: "entryId" } });
    take(`35=i|34=1|295=2|299=A|${EUR}|132=1.1|133=1.5|299=B|132=1.2|133=1.4`);
    books.cancelEntry(0, Buffer.from("none"), cancelOf());
    books.cancelEntry(0, Buffer.from("B"), cancelOf());
    expect(show()).toBe("A:1.1 x - | A:1.5 x -");
    expect(quotes.all.map(({ top }) => top)).toEqual(["1.2 x - / 1.4 x -", "1.1 x - / 1.5 x -"]);
    expect(books.counts.unknownEntries).toBe(1);

    const single = bookRig({ plan });
    single.take(`${S}|${EUR}|132=1|133=2`);
    single.books.cancelEntry(0, Buffer.from("any"), cancelOf());
    expect(single.quotes.all.at(-1)?.top).toBe("- x - / - x -");
  });

  test("a replayed cancel empties the book quietly", () => {
    const { books, quotes, take, show } = bookRig({ plan });
    take(`${S}|${EUR}|132=1|133=2`);
    books.cancelAll(0, cancelOf("35=Z|34=9|43=Y|52=20241019-05:41:55"));
    expect([quotes.all.length, show()]).toEqual([1, " | "]);
    expect(take(`${S}|${EUR}|132=1|133=2`)).toHaveLength(1);
  });
});
