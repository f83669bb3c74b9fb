import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { packMsgType } from "../../../../src/fix/fix-frame.ts";
import { MarketDataMessage } from "../../../../src/fix/market-data-message.ts";
import { bookRig } from "./book-rig.ts";
import { readFix } from "./fix-text.ts";

const SYMBOLS = ["EUR/USD", "GBP/USD"];
const RULES = [
  { key: "id", isOneQuotePerSide: false, entriesMax: 4, crossed: "distrust" },
  { key: "price", isOneQuotePerSide: false, entriesMax: 4, crossed: "distrust" },
  { key: "level", isOneQuotePerSide: false, entriesMax: 4, crossed: "distrust" },
  { key: "price", isOneQuotePerSide: true, entriesMax: 4, crossed: "distrust" },
] as const;

const field = (tag: number, values: readonly string[]) =>
  fc.option(fc.constantFrom(...values), { nil: "" }).map((value) => (value === "" ? "" : `|${tag}=${value}`));

const entry = fc
  .tuple(
    fc.constantFrom("0", "0", "1", "2", "3", "4", "5", "7"),
    field(269, ["0", "1", "2", "J"]),
    field(278, ["a", "b"]),
    field(280, ["a", "c"]),
    field(55, [...SYMBOLS, "XAU"]),
    field(270, ["1", "1.5", "2", "-1"]),
    field(271, ["0", "5"]),
    field(290, ["1", "2", "9"]),
    field(83, ["1", "2", "3"]),
  )
  .map(([action, type, ...rest]) => ({ action, type, rest: rest.join("") }));

const message = fc
  .tuple(
    fc.constantFrom("W", "X", "X", "X", "S", "i"),
    field(262, ["r1", "r2"]),
    fc.array(entry, { maxLength: 4 }),
    fc.boolean(),
  )
  .map(([type, request, entries, isPossDup]) => {
    const head = `35=${type}|34=5|52=20241019-05:41:52${isPossDup ? "|43=Y" : ""}${request}`;
    if (type === "S") return `${head}|55=EUR/USD|132=1|133=2`;
    if (type === "i") return `${head}|295=1|299=a|55=EUR/USD|132=1.5|133=1.6`;
    const parts = entries.map((e) =>
      type === "W" ? `${e.type || "|269=0"}${e.rest}` : `|279=${e.action}${e.type}${e.rest}`,
    );
    return `${head}${type === "W" ? "|55=EUR/USD" : ""}|268=${parts.length}${parts.join("")}`;
  });

const step = fc.oneof(
  { weight: 12, arbitrary: message },
  fc.constantFrom("bind r1", "bind r2", "unbind r1", "distrust", "distrustAll", "cancel", "cancelEntry"),
);

describe("MarketDataBooks", () => {
  test.each(RULES)("property: any run of messages keeps to the rules of quotes, by %o", (rules) => {
    const options = fc.record({
      hasRptSeq: fc.boolean(),
      quoteKey: fc.constantFrom("symbol" as const, "entryId" as const),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), options, (steps, plan) => {
        const { books, quotes, take, trouble } = bookRig({ symbols: SYMBOLS, rules, plan: { ...plan, levelTag: 290 } });
        const cancel = { frame: readFix("35=Z|34=9|52=20241019-05:41:55").frame, receivedTimeUs: 1 };
        for (const one of steps) {
          const before = quotes.all.length;
          const troubleBefore = trouble.all.length;
          if (one.startsWith("bind")) books.bindRequest(one.slice(5), [0, 1]);
          else if (one.startsWith("unbind")) books.unbindRequest(one.slice(7));
          else if (one === "distrust") books.distrust(0, "sequence_gap");
          else if (one === "distrustAll") books.distrustAll("sequence_gap");
          else if (one === "cancel") books.cancelAll(0, cancel);
          else if (one === "cancelEntry") books.cancelEntry(0, Buffer.from("a"), cancel);
          else take(one);
          const news = quotes.all.slice(before);
          expect(new Set(news.map(({ symbol }) => symbol)).size).toBe(news.length);
          if (one.includes("|43=Y")) expect(news).toEqual([]);
          for (const { symbol, top } of news) {
            expect(books.isTrusted(SYMBOLS.indexOf(symbol))).toBe(true);
            const [bid, offer] = top.split(" / ").map((side) => Number(side.split(" x ")[0]));
            expect(bid > offer).toBe(false);
          }
          const told = trouble.all.slice(troubleBefore).filter((text) => !text.includes(" gap "));
          expect(new Set(told.map((text) => text.split(" ")[0])).size).toBe(told.length);
          for (const symbol of [0, 1]) {
            if (!books.isTrusted(symbol)) expect(books.dump(symbol)).toEqual({ bids: [], asks: [] });
            expect(books.dump(symbol).bids.length).toBeLessThanOrEqual(rules.entriesMax);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test("property: offsets of any kind are taken without a throw", () => {
    const offset = fc.integer({ min: -1, max: 90 });
    const entries = fc.array(fc.tuple(fc.nat(255), fc.nat(255), fc.array(offset, { minLength: 16, maxLength: 16 })), {
      maxLength: 12,
    });
    const head = fc.array(offset, { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 90 }),
        head,
        entries,
        fc.constantFrom("W", "X", "S", "i", "8"),
        (bytes, at, list, type) => {
          const { books } = bookRig({ plan: { hasRptSeq: true, time: "entry" } });
          const { frame } = readFix(`35=${type}|34=1|52=20241019-05:41:52`);
          const read = new MarketDataMessage();
          read.bytes = bytes;
          read.msgType = packMsgType(type);
          [read.requestIdStart, read.requestIdEnd, read.symbolStart, read.symbolEnd, read.rptSeqStart, read.rptSeqEnd] =
            at;
          for (const [action, entryType, offsets] of list) {
            read.grow();
            const i = read.count++;
            read.action[i] = action;
            read.type[i] = entryType;
            const columns = [
              read.symbolFrom,
              read.symbolTo,
              read.idFrom,
              read.idTo,
              read.refIdFrom,
              read.refIdTo,
              read.priceFrom,
              read.priceTo,
            ];
            columns.push(
              read.sizeFrom,
              read.sizeTo,
              read.rptSeqFrom,
              read.rptSeqTo,
              read.dateFrom,
              read.dateTo,
              read.timeFrom,
              read.timeTo,
            );
            for (const [column, array] of columns.entries()) array[i] = offsets[column];
          }
          books.apply(read, frame, 1);
          expect(books.dump(0).bids.length).toBeLessThanOrEqual(100);
        },
      ),
    );
  });
});
