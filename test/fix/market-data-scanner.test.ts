import { describe, expect, test } from "bun:test";
import type { MarketDataPlan } from "../../src/venues/compiled-fix-venue.ts";
import { numbered } from "./fix-text.ts";
import { type ReadMessage, scanMarketData } from "./market-data-text.ts";

function scan(type: string, body: string, plan: Partial<MarketDataPlan> = {}): ReadMessage | null {
  return scanMarketData(numbered(1, type, body), plan);
}

function symbols(read: ReadMessage | null): unknown {
  return read?.entries.map((entry) => entry["symbol"] ?? null);
}

describe("MarketDataScanner, W:", () => {
  test("reads entries in the order they have, all members", () => {
    const body =
      "262=R1|55=EUR/USD|83=9|60=20240502-07:49:37|268=2|269=0|278=a|270=1.0850|271=1000000|272=20240502|273=07:49:37.700|290=1|83=4|" +
      "269=1|278=b|270=1.0851|271=.5|290=2|";
    expect(scan("W", body, { time: "transactTime", levelTag: 290, hasRptSeq: true })).toEqual({
      requestId: "R1",
      symbol: "EUR/USD",
      rptSeq: "9",
      time: "20240502-07:49:37",
      entries: [
        {
          action: "0",
          type: "0",
          symbol: "EUR/USD",
          id: "a",
          price: "1.0850",
          size: "1000000",
          rptSeq: "4",
          date: "20240502",
          time: "07:49:37.700",
          level: 1,
        },
        { action: "0", type: "1", symbol: "EUR/USD", id: "b", price: "1.0851", size: ".5", level: 2 },
      ],
    });
  });

  test("an empty book: no entries, or one of type J", () => {
    expect(scan("W", "262=R|55=X|268=0|")).toEqual({ requestId: "R", symbol: "X", entries: [] });
    expect(scan("W", "55=X|268=1|269=J|")?.entries).toEqual([{ action: "0", type: "J", symbol: "X" }]);
  });

  test("NumberOfOrders (346) = 0 is an entry without a price", () => {
    expect(scan("W", "55=X|268=2|269=0|346=0|269=1|270=2|271=1|346=3|")?.entries).toEqual([
      { action: "0", type: "0", symbol: "X" },
      { action: "0", type: "1", symbol: "X", price: "2", size: "1" },
    ]);
  });

  test.each([
    ["before the group", "55=X|268=2|269=0|270=1|269=1|270=2|"],
    ["behind the group", "268=2|269=0|270=1|269=1|270=2|55=X|"],
    ["in the first entry", "268=2|269=0|55=X|270=1|269=1|270=2|"],
    ["in every entry", "268=2|269=0|55=X|270=1|269=1|55=X|270=2|"],
  ])("the symbol may stand %s", (_where, body) => {
    const read = scan("W", body);
    expect([read?.["symbol"], symbols(read)]).toEqual(["X", ["X", "X"]]);
  });

  test("the profile says which tag names the instrument", () => {
    const body = "262=1|48=4001|22=8|55=EUR/USD|268=1|269=0|270=1|";
    expect(symbols(scan("W", body, { symbolTag: 48 }))).toEqual(["4001"]);
    expect(symbols(scan("W", "262=1|268=1|269=0|270=1|"))).toEqual([null]);
  });

  test("279 in a snapshot says nothing", () => {
    expect(scan("W", "55=X|268=1|279=2|269=0|270=1|")?.entries).toEqual([
      { action: "0", type: "0", symbol: "X", price: "1" },
    ]);
  });

  test.each(["55=X|268=2|269=0|55=X|269=1|55=Y|", "268=3|269=0|270=1|269=1|55=X|269=0|270=3|"])(
    "declines %p",
    (body) => {
      expect(scan("W", body)).toBeNull();
    },
  );
});

describe("MarketDataScanner, X:", () => {
  test("several symbols in one message, inherited from the entry before", () => {
    const read = scan(
      "X",
      "262=R|268=4|279=0|269=0|55=A|270=1|279=1|269=1|270=2|279=2|269=0|278=7|55=B|279=1|269=1|278=8|280=6|270=3|",
    );
    expect(read?.entries).toEqual([
      { action: "0", type: "0", symbol: "A", price: "1" },
      { action: "1", type: "1", symbol: "A", price: "2" },
      { action: "2", type: "0", symbol: "B", id: "7" },
      { action: "1", type: "1", symbol: "B", id: "8", refId: "6", price: "3" },
    ]);
  });

  test.each([
    ["before the group", "55=X|262=R|268=2|279=0|269=0|270=1|279=0|269=1|270=2|", ["X", "X"]],
    ["behind the group", "262=R|268=2|279=0|269=0|270=1|279=0|269=1|270=2|55=X|", ["X", "X"]],
    ["nowhere", "262=R|268=1|279=0|269=0|270=1|", [null]],
    [
      "before the group, and another in an entry",
      "55=X|268=3|279=0|270=1|279=0|270=2|55=Y|279=0|270=1|",
      ["X", "Y", "Y"],
    ],
  ])("the message's symbol may stand %s", (_where, body, expected) => {
    expect(symbols(scan("X", body))).toEqual(expected);
  });

  test("an entry starts with the tag the first one started with", () => {
    const read = scan("X", "268=2|269=0|279=1|55=A|270=1|269=1|279=1|270=2|");
    expect(read?.entries.map((entry) => entry["price"])).toEqual(["1", "2"]);
  });

  test("an empty side (346=0 without a price) is a delete with no key", () => {
    const body = "268=2|279=0|269=0|55=X|336=OPEN|346=0|279=0|269=1|270=5|271=1|346=2|290=1|";
    expect(scan("X", body)?.entries).toEqual([
      { action: "2", type: "0", symbol: "X" },
      { action: "0", type: "1", symbol: "X", price: "5", size: "1" },
    ]);
  });

  test("fields of the message may stand behind the group; of many stamps the first counts", () => {
    const body = "268=2|279=0|269=0|60=20240502-07:00:00|270=1|279=0|269=1|60=20240502-08:00:00|270=1|262=R|";
    const read = scan("X", body, { time: "transactTime" });
    expect([read?.["requestId"], read?.["time"]]).toEqual(["R", "20240502-07:00:00"]);
  });

  test("LastFragment (893) may stand before the group or behind it; two that differ are declined", () => {
    const group = "268=1|279=0|269=0|55=A|270=1|";
    const fragmentOf = (body: string) => scan("X", body)?.["fragment"];
    expect([`262=R|${group}`, `893=N|${group}`, `893=Y|${group}`, `${group}893=N|`].map(fragmentOf)).toEqual([
      undefined,
      "more",
      "last",
      "more",
    ]);
    expect(scan("X", `893=N|${group}893=Y|`)).toBeNull();
  });

  test("data fields outside of entries are jumped", () => {
    expect(scan("X", "354=13|355=a|268=9|279=0|55=X|268=1|279=0|269=0|270=1|")?.entries).toHaveLength(1);
  });

  test("groups inside an entry that repeat no tag of ours are jumped", () => {
    const body = "268=2|279=0|269=0|55=X|453=1|448=LP1|447=D|452=1|270=1|279=0|269=1|453=0|270=2|";
    expect(scan("X", body)?.entries.map((entry) => entry["price"])).toEqual(["1", "2"]);
  });

  test.each([".5", "5.", "-.25", "1.10", "0", "00023.23", "-0.0", "1234567890123456789.123456789"])(
    "price %p is kept as written",
    (price) => {
      expect(scan("X", `268=1|279=0|269=0|270=${price}|271=${price}|`)?.entries[0]).toMatchObject({
        price,
        size: price,
      });
    },
  );

  test("an empty value is an absent one", () => {
    const body = "262=|55=|268=1|279=0|269=|55=X|278=|270=|271=|";
    expect(scan("X", body)).toEqual({ entries: [{ action: "0", type: "", symbol: "X" }] });
  });

  test.each([
    ["an exponent", "268=1|279=0|270=1e3|"],
    ["a blank", "268=1|279=0|270= 1.5|"],
    ["a plus sign", "268=1|279=0|270=+1|"],
    ["two points", "268=1|279=0|270=1.2.3|"],
    ["a sign alone", "268=1|279=0|270=-|"],
    ["a point alone", "268=1|279=0|270=-.|"],
    ["a price of 65 digits", `268=1|279=0|270=${"1".repeat(65)}|`],
    ["a size that is none", "268=1|279=0|270=1|271=x|"],
    ["more entries than announced", "268=1|279=0|270=1|279=0|270=2|"],
    ["fewer entries than announced", "268=2|279=0|270=1|"],
    ["entries without a count", "279=0|270=1|"],
    ["no count", "262=R|"],
    ["a count that is no number", "268=x|279=0|270=1|"],
    ["a second count", "268=0|268=1|279=0|270=1|"],
    ["a count inside an entry", "268=1|279=0|270=1|268=1|"],
    ["a tag twice in one entry", "268=1|279=0|270=1|270=2|"],
    ["entries that do not start alike", "268=2|279=0|269=0|270=1|269=1|279=0|270=2|"],
    ["an entry without an action", "268=2|269=0|279=0|270=1|269=1|270=2|"],
    ["an action of two characters", "268=1|279=00|270=1|"],
    ["an empty action", "268=1|279=|270=1|"],
    ["a price outside of entries", "270=1|268=1|279=0|269=0|"],
    ["raw data in an entry", "268=1|279=0|270=1|354=1|355=x|"],
    ["a tag that is no number", "268=1|279=0|27x=1|"],
    ["a field without a tag", "268=1|279=0|=1|"],
    ["a symbol that comes too late", "268=3|279=0|270=1|279=0|55=X|270=2|279=0|270=3|"],
  ])("declines %s", (_what, body) => {
    expect(scan("X", body)).toBeNull();
  });

  test("declines a level that is no number, where levels count", () => {
    expect(scan("X", "268=1|279=0|1023=x|", { levelTag: 1023 })).toBeNull();
    expect(scan("X", "268=1|279=0|1023=x|", { levelTag: 290 })).not.toBeNull();
  });

  test("declines underlyings where they name the instrument", () => {
    const body = "268=1|279=0|270=1|711=1|311=X|";
    expect(scan("X", body, { symbolTag: 311 })).toBeNull();
    expect(scan("X", body)).not.toBeNull();
  });

  test("a message of many entries", () => {
    const entries = Array.from({ length: 5000 }, (_, i) => `279=0|269=${i % 2}|278=${i}|270=${i}.5|`).join("");
    const read = scan("X", `55=X|268=5000|${entries}`);
    expect(read?.entries[4999]).toEqual({ action: "0", type: "1", symbol: "X", id: "4999", price: "4999.5" });
  });
});

describe("MarketDataScanner, others:", () => {
  test.each(["0", "A", "Y", "AI", "V"])("declines MsgType %p", (type) => {
    expect(scan(type, "268=0|")).toBeNull();
  });

  test("S: a bid and an offer", () => {
    const body = "131=R1|117=Q7|55=EUR/USD|132=1.08|133=1.09|134=100|135=200|60=20240502-07:49:37|453=1|448=LP|";
    expect(scan("S", body, { requestIdTag: 131, time: "transactTime" })).toEqual({
      requestId: "R1",
      quoteId: "Q7",
      symbol: "EUR/USD",
      time: "20240502-07:49:37",
      entries: [
        { action: "0", type: "0", symbol: "EUR/USD", price: "1.08", size: "100" },
        { action: "0", type: "1", symbol: "EUR/USD", price: "1.09", size: "200" },
      ],
    });
  });

  test("S: a side without a price, or with zero, is withdrawn", () => {
    const read = scan("S", "117=Q|55=X|132=0.0|134=0|", { requestIdTag: 117 });
    expect([read?.["requestId"], read?.["quoteId"]]).toEqual(["Q", "Q"]);
    expect(read?.entries).toEqual([
      { action: "2", type: "0", symbol: "X", size: "0" },
      { action: "2", type: "1", symbol: "X" },
    ]);
  });

  test.each(["117=Q|132=1|132=2|", "117=Q|132=1e3|", "117=Q|134=x|", "117=Q|117=Q|"])("S: declines %p", (body) => {
    expect(scan("S", body)).toBeNull();
  });

  test("i: sets and quotes; symbols by quote, by set, by message", () => {
    const body =
      "131=R|117=Q|301=2|296=2|302=s1|311=U1|295=2|299=a|55=X|132=1|134=10|299=b|133=2|135=20|302=s2|295=1|299=c|132=3|133=4|";
    const plan: Partial<MarketDataPlan> = { requestIdTag: 131, quoteKey: "entryId" };
    const read = scan("i", body, plan);
    expect(read).toMatchObject({ requestId: "R", quoteId: "Q", wantsAck: true });
    expect(symbols(read)).toEqual(["X", "X", null, null, null, null]);
    expect(read?.entries.map((entry) => `${entry["action"]}${entry["type"]} ${entry["id"]} ${entry["price"]}`)).toEqual(
      ["00 a 1", "21 a undefined", "20 b undefined", "01 b 2", "00 c 3", "01 c 4"],
    );
    expect(symbols(scan("i", body, { ...plan, symbolTag: 311 }))).toEqual(["U1", "U1", "U1", "U1", null, null]);
    expect(symbols(scan("i", body, { ...plan, symbolTag: 302 }))).toEqual(["s1", "s1", "s1", "s1", "s2", "s2"]);
    const named = scan("i", "55=M|296=1|302=s|295=1|299=a|132=1|", plan);
    expect(symbols(named)).toEqual(["M", "M"]);
  });

  test("i: nothing quoted", () => {
    expect(scan("i", "117=Q|296=0|")).toEqual({ quoteId: "Q", entries: [] });
    expect(scan("i", "117=Q|296=1|302=s|295=0|")).toEqual({ quoteId: "Q", entries: [] });
  });

  test.each([
    ["fewer sets than announced", "296=2|302=a|295=1|299=1|132=1|"],
    ["more sets than announced", "296=1|302=a|295=1|299=1|132=1|302=b|295=0|"],
    ["fewer quotes than announced", "296=1|302=a|295=2|299=1|132=1|"],
    ["more quotes than announced", "296=1|302=a|295=1|299=1|132=1|299=2|132=1|"],
    ["a set that does not start with 302", "296=1|311=U|302=a|295=1|299=1|132=1|"],
    ["a set without a count", "296=1|302=a|299=1|132=1|"],
    ["a price outside of quotes", "132=1|296=0|"],
    ["no sets", "117=Q|"],
    ["raw data in a set", "296=1|302=a|95=1|96=x|295=0|"],
  ])("i: declines %s", (_what, body) => {
    expect(scan("i", body)).toBeNull();
  });
});
