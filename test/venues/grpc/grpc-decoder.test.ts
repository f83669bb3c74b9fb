import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FrameKind } from "../../../src/venues/compiled-venue.ts";
import { REJECT_REASONS } from "../../../src/venues/reject-reason.ts";
import { bindEverything, DecodedQuotes, loadEverything, quoteRule } from "./grpc-test-venue.ts";

const { schema, encode } = await loadEverything();
const TIME_S = 1_700_000_000;

/** Decodes one quote by a mapping; the text of what came, or why it was rejected. */
function decodeOne(mapping: object, one: object): string {
  const decoded = new DecodedQuotes(bindEverything(schema, quoteRule(mapping)));
  const kind = decoded.decoder.decode(encode({ one: { symbol: "A", ...one } }), 5);
  return kind === FrameKind.rejected ? decoded.decoder.rejectReason : (decoded.quotes[0] ?? `kind ${kind}`);
}

const ASK = { price: "one.ask" };

describe("decode(): prices and sizes", () => {
  test.each([
    ["1.10", "A 1.10/- -/-"],
    ["-0.5", "A -0.5/- -/-"],
    ["+3", "A 3/- -/-"],
    ["1e-8", "A 1e-8/- -/-"],
    ["2.5E+7", "A 2.5E+7/- -/-"],
    ["0", "A -/- -/-"],
    ["0e5", "A -/- -/-"],
    ["", "A -/- -/-"],
    ["1.", "bad_price"],
    ["0x10", "bad_price"],
    ["1e", "bad_price"],
    ["NaN", "bad_price"],
    ["9".repeat(65), "bad_price"],
  ])("text %p", (bid, expected) => {
    expect(decodeOne({ bid: { price: "one.bid" }, ask: ASK }, { bid })).toBe(expected);
  });

  test("google.type.Decimal, present and empty, and absent", () => {
    const mapping = { bid: { price: { path: "one.bid_decimal", kind: "decimal" } }, ask: ASK };
    expect(decodeOne(mapping, { bid_decimal: { value: "301.10" } })).toBe("A 301.10/- -/-");
    expect(decodeOne(mapping, { bid_decimal: {} })).toBe("A -/- -/-");
    expect(decodeOne(mapping, {})).toBe("A -/- -/-");
  });

  test.each([
    [{ units: "1", nano: 100_000_000 }, "1.1"],
    [{ units: "-1", nano: -1 }, "-1.000000001"],
    [{ nano: -250_000_000 }, "-0.25"],
    [{ units: "9223372036854775807", nano: 999_999_999 }, "9223372036854775807.999999999"],
    [{ units: "114" }, "114"],
    [{}, "-"],
    [{ units: "1", nano: -1 }, "bad_price"],
    [{ units: "1", nano: 1_000_000_000 }, "bad_price"],
  ])("units and nano %p", (money, expected) => {
    const mapping = { bid: { price: { path: "one.bid_money", kind: "unitsNano" } }, ask: ASK };
    const got = decodeOne(mapping, { bid_money: money });
    expect(got).toBe(expected === "bad_price" ? expected : `A ${expected}/- -/-`);
  });

  test("scaled integers, by the profile's exponent or by the message's", () => {
    const fixed = { bid: { price: { path: "one.bid_scaled", kind: "scaled", exponent: -8 } }, ask: ASK };
    expect(decodeOne(fixed, { bid_scaled: "110000000" })).toBe("A 1.10000000/- -/-");
    expect(decodeOne(fixed, { bid_scaled: "-1" })).toBe("A -0.00000001/- -/-");
    expect(decodeOne(fixed, {})).toBe("A -/- -/-");
    const own = { bid: { price: { path: "one.bid_scaled", kind: "scaled", exponentPath: "one.exponent" } }, ask: ASK };
    expect(decodeOne(own, { bid_scaled: "15", exponent: -1 })).toBe("A 1.5/- -/-");
    expect(decodeOne(own, { bid_scaled: "15", exponent: 2 })).toBe("A 1500/- -/-");
    expect(decodeOne(own, { bid_scaled: "15", exponent: 31 })).toBe("bad_price");
  });

  test("a size of zero is zero where protobuf leaves it out, and none where it has presence", () => {
    const scaled = (path: string) => ({
      bid: { price: "one.bid" },
      ask: { price: "one.ask", size: { path, kind: "scaled" } },
    });
    expect(decodeOne(scaled("one.ask_size"), { ask: "2" })).toBe("A -/- 2/0");
    expect(decodeOne(scaled("one.optional_scaled"), { ask: "2" })).toBe("A -/- 2/-");
    expect(decodeOne(scaled("one.optional_scaled"), { ask: "2", optional_scaled: "0" })).toBe("A -/- 2/0");
    expect(decodeOne(scaled("one.ask_size"), { ask: "2", ask_size: "-1" })).toBe("bad_size");
  });

  test("a price of zero is one where the profile says so", () => {
    const mapping = { bid: { price: "one.bid" }, ask: ASK, zeroPriceIsEmpty: false };
    expect(decodeOne(mapping, { bid: "0.00" })).toBe("A 0.00/- -/-");
  });

  test("levels: the first one counts", () => {
    const side = (levels: string) => ({ levels, price: "price", size: { path: "amount", kind: "scaled" } });
    const mapping = { bid: side("one.bids"), ask: side("one.asks") };
    const bids = [
      { price: "5", amount: 1 },
      { price: "4", amount: 2 },
    ];
    expect(decodeOne(mapping, { bids, asks: [{ price: "6" }] })).toBe("A 5/1 6/0");
    expect(decodeOne(mapping, { bids })).toBe("A 5/1 -/-");
    expect(decodeOne(mapping, { bids: [{ price: "x" }] })).toBe("bad_price");
  });
});

describe("decode(): times and numbers", () => {
  const sides = { bid: { price: "one.bid" }, ask: ASK };

  test("stamps of every kind", () => {
    const time = (path: string, format: string) => ({ ...sides, time: { path, format } });
    const stamp = time("one.time", "timestamp");
    expect(decodeOne(stamp, { bid: "1", time: { seconds: TIME_S, nanos: 123_999_999 } })).toBe(
      "A 1/- -/- @1700000000123",
    );
    expect(decodeOne(stamp, { bid: "1" })).toBe("A 1/- -/-");
    expect(decodeOne(stamp, { bid: "1", time: { seconds: TIME_S, nanos: -1 } })).toBe("bad_time");
    expect(decodeOne(stamp, { bid: "1", time: { seconds: "9000000000000000000" } })).toBe("bad_time");
    expect(decodeOne(stamp, { bid: "1", time: { seconds: "-5" } })).toBe("A 1/- -/-");
    const ns = time("one.time_ns", "ns");
    expect(decodeOne(ns, { bid: "1", time_ns: "1700000000123456789" })).toBe("A 1/- -/- @1700000000123");
    expect(decodeOne(ns, { bid: "1", time_ns: "-1" })).toBe("A 1/- -/-");
    const text = time("one.time_text", "iso8601");
    expect(decodeOne(text, { bid: "1", time_text: "2023-11-14T22:13:20.5Z" })).toBe("A 1/- -/- @1700000000500");
    expect(decodeOne(text, { bid: "1", time_text: "noon" })).toBe("bad_time");
  });

  test("sequence numbers: integers and digits", () => {
    const linked = { ...sides, sequence: "one.sequence", previousSequence: "one.previous" };
    const one = { bid: "1", sequence: "18446744073709551615", previous: "18446744073709551614" };
    expect(decodeOne(linked, one)).toBe("A 1/- -/- #18446744073709551615<18446744073709551614");
    const text = { ...sides, sequence: "one.sequence_text" };
    expect(decodeOne(text, { bid: "1", sequence_text: "42" })).toBe("A 1/- -/- #42");
    expect(decodeOne(text, { bid: "1", sequence_text: "x" })).toBe("bad_sequence");
    expect(decodeOne(text, { bid: "1" })).toBe("missing_field");
  });
});

describe("decode(): lists, merging and rules", () => {
  const path = (name: string) => `quotes.*.${name}`;
  const merged = {
    messages: [
      {
        kind: "quote",
        when: {},
        quote: {
          symbol: path("symbol"),
          bid: { price: path("bid"), size: path("bid_size") },
          ask: { price: path("ask") },
          snapshot: { when: { [path("whole")]: true } },
          merge: true,
        },
      },
    ],
  };

  test("a side that is not there stays, a snapshot begins anew, what is empty is gone", () => {
    const decoded = new DecodedQuotes(bindEverything(schema, merged));
    const take = (...quotes: object[]) => decoded.decoder.decode(encode({ quotes }), 1);
    take({ symbol: "A", bid: "1", bid_size: "7", ask: "2", whole: true }, { symbol: "B", ask: "9" });
    take({ symbol: "A", ask: "3" });
    take({ symbol: "A", bid: "1.5" });
    take({ symbol: "A", ask: "0" });
    take({ symbol: "A", ask: "4", whole: true });
    expect(decoded.quotes).toEqual([
      "A 1/7 2/- *",
      "B -/- 9/-",
      "A 1/7 3/-",
      "A 1.5/7 3/-",
      "A 1.5/7 -/-",
      "A -/- 4/- *",
    ]);
  });

  test("what says nothing of price or size is data and no quote; a bad quote changes nothing", () => {
    const decoded = new DecodedQuotes(bindEverything(schema, merged));
    expect(decoded.decoder.decode(encode({ quotes: [{ symbol: "A" }] }), 1)).toBe(FrameKind.quote);
    expect(decoded.quotes).toEqual([]);
    decoded.decoder.decode(encode({ quotes: [{ symbol: "A", bid: "1", ask: "2" }] }), 1);
    expect(decoded.decoder.decode(encode({ quotes: [{ symbol: "A", bid: "5", ask: "x" }] }), 1)).toBe(
      FrameKind.rejected,
    );
    decoded.decoder.decode(encode({ quotes: [{ symbol: "A", ask: "3" }] }), 1);
    expect(decoded.quotes).toEqual(["A 1/- 2/-", "A 1/- 3/-"]);
  });

  test("a bad element of a list costs itself alone; unknown and muted symbols are ignored", () => {
    const decoded = new DecodedQuotes(bindEverything(schema));
    const quotes = [
      { symbol: "A", bid: "1" },
      { symbol: "B", bid: "x" },
      { symbol: "Z", bid: "1" },
      { symbol: "B", bid: "2" },
    ];
    expect(decoded.decoder.decode(encode({ quotes }), 1)).toBe(FrameKind.rejected);
    expect(decoded.quotes).toEqual(["A 1/- -/-", "B 2/- -/-"]);
    expect(decoded.decoder.decode(encode({ quotes: [{ symbol: "Z", bid: "1" }] }), 1)).toBe(FrameKind.ignored);
    decoded.decoder.mute(0);
    expect(decoded.decoder.decode(encode({ quotes: [{ symbol: "A", bid: "1" }] }), 1)).toBe(FrameKind.ignored);
    expect(decoded.decoder.decode(encode({}), 1)).toBe(FrameKind.ignored);
  });

  test("a change before the snapshot that is needed is rejected", () => {
    const rule = structuredClone(merged);
    Object.assign(rule.messages[0].quote.snapshot, { isNeeded: true });
    const decoded = new DecodedQuotes(bindEverything(schema, rule));
    decoded.decoder.decode(encode({ quotes: [{ symbol: "A", bid: "1" }] }), 1);
    expect(decoded.decoder.rejectReason).toBe("no_snapshot");
  });

  test("the first rule whose conditions hold counts", () => {
    const rules = [
      { kind: "heartbeat", when: { beat: true } },
      { kind: "ignore", when: { mode: "FULL" } },
      { kind: "ignore", when: { code: -1 } },
      { kind: "ignore", when: { grade: { oneOf: [-7, 8] } } },
      { kind: "fatal", when: { failure: { oneOf: ["bad", "worse"] } } },
      {
        kind: "quote",
        when: { one: { is: "present" }, code: 0 },
        quote: { symbol: "one.symbol", bid: { price: "one.bid" }, ask: ASK },
      },
    ];
    const decoded = new DecodedQuotes(bindEverything(schema, { messages: rules }));
    const kindOf = (event: object) => decoded.decoder.decode(encode(event), 1);
    expect(kindOf({ beat: true })).toBe(FrameKind.heartbeat);
    expect(kindOf({ mode: "FULL" })).toBe(FrameKind.ignored);
    expect(kindOf({ code: -1 })).toBe(FrameKind.ignored);
    expect(kindOf({ grade: -7 })).toBe(FrameKind.ignored);
    expect(kindOf({ failure: "worse" })).toBe(FrameKind.control);
    expect(kindOf({ one: { symbol: "A", bid: "1" } })).toBe(FrameKind.quote);
    expect(kindOf({ failure: "other" })).toBe(FrameKind.rejected);
    expect(decoded.decoder.rejectReason).toBe("unknown_message");
  });

  test("the raw payload is the message in base64", () => {
    const decoded = new DecodedQuotes(bindEverything(schema));
    for (let size = 0; size < 10; size++) {
      const message = encode({ quotes: [{ symbol: "A", bid: "1" }], failure: "x".repeat(size * 700) });
      decoded.decoder.decode(message, 1);
      expect(decoded.raws[size]).toBe(message.toString("base64"));
    }
  });
});

describe("decode(): bytes that are no message", () => {
  test.each([
    ["a tag cut off", [0x80], "invalid_wire"],
    ["a length past the end", [0x0a, 0x05, 0x01], "invalid_wire"],
    ["field 0", [0x02, 0x00], "invalid_wire"],
    ["the end of no group", [0x7c], "invalid_wire"],
    ["wire type 7", [0x7f], "invalid_wire"],
    ["a varint of eleven bytes", [0x78, ...Array(10).fill(0xff), 1], "invalid_wire"],
    ["a list where a message should be", [0x08, 0x01], "wrong_type"],
    ["groups within groups", Array(70).fill(0x7b), "too_deep"],
  ])("%s", (_, bytes, reason) => {
    const decoded = new DecodedQuotes(bindEverything(schema));
    expect(decoded.decoder.decode(Uint8Array.from(bytes as number[]), 1)).toBe(FrameKind.rejected);
    expect(decoded.decoder.rejectReason).toBe(reason as string);
  });

  test("a group is jumped over", () => {
    const decoded = new DecodedQuotes(bindEverything(schema));
    const group = Buffer.from([0x7b, 0x08, 0x01, 0x12, 0x01, 0x61, 0x7c]);
    decoded.decoder.decode(Buffer.concat([group, encode({ quotes: [{ symbol: "A", bid: "1" }] })]), 1);
    expect(decoded.quotes).toEqual(["A 1/- -/-"]);
  });

  test("no bytes make it throw, and every reason is a known one", () => {
    const decoders = [
      new DecodedQuotes(bindEverything(schema)),
      new DecodedQuotes(
        bindEverything(
          schema,
          quoteRule({
            bid: { price: { path: "one.bid_money", kind: "unitsNano" } },
            ask: ASK,
            time: { path: "one.time", format: "timestamp" },
          }),
        ),
      ),
    ];
    const whole = encode({
      quotes: [{ symbol: "A", bid: "1" }],
      one: { symbol: "A", bid_money: { units: 5 }, time: { seconds: 5 } },
    });
    const hurt = fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, byte]) => {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      return bytes as Uint8Array;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), hurt), (bytes) => {
        for (const { decoder } of decoders) {
          const kind = decoder.decode(bytes, 1);
          const isKnown = (REJECT_REASONS as readonly string[]).includes(decoder.rejectReason);
          expect(kind === FrameKind.rejected ? isKnown : decoder.rejectReason === "").toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
