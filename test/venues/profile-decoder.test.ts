import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FrameKind } from "../../src/venues/compiled-venue.ts";
import { REJECT_REASONS, type RejectReason } from "../../src/venues/reject-reason.ts";
import { createRecordedDecoder, decodeFrame, type PlainQuote } from "./quote-recorder.ts";
import { FLAT_QUOTE, type ProfileInput, testVenue } from "./test-profile.ts";

const QUOTE: PlainQuote = {
  symbol: "AAA",
  bidPrice: "1.10",
  bidSize: "5",
  askPrice: "1.20",
  askSize: "6",
  sequence: null,
  venueTimeMs: -1,
};

/** A decoder for AAA and BBB of a venue with one mapping. */
function decoderFor(quote: Record<string, unknown>, changes: Partial<ProfileInput> = {}) {
  const messages = [{ kind: "quote", when: {}, quote: { ...FLAT_QUOTE, ...quote } }] as ProfileInput["messages"];
  return createRecordedDecoder(testVenue({ messages, ...changes }), ["AAA", "BBB"]);
}

describe("decode(): one message, one quote", () => {
  const { decode, recorder } = decoderFor({});

  test("gives the venue's own digits, from strings and from numbers", () => {
    expect(decode('{"s":"AAA","b":"1.10","B":"5","a":"1.20","A":"6"}')).toEqual({
      kind: "quote",
      reason: "",
      quotes: [QUOTE],
    });
    expect(decode('{"A":6,"a":1.20,"B":5,"b":1.10,"s":"AAA"}').quotes).toEqual([QUOTE]);
    expect(decode('{"s":"AAA","b":1e-8,"B":0.00000001,"a":12345678901234567890.5,"A":-0}').quotes).toEqual([
      { ...QUOTE, bidPrice: "1e-8", bidSize: "0.00000001", askPrice: "12345678901234567890.5", askSize: "-0" },
    ]);
  });

  test("passes the message on whole, with the time of receipt and the session's epoch", () => {
    const text = ' {"s":"AAA", "b":"1", "B":"5", "a":"2", "A":"6", "other":["é"]}\n';
    expect(decode(text).kind).toBe("quote");
    expect(recorder.lastRaw).toBe(text);
    expect(recorder.lastEpoch).toBe(7);
    expect(recorder.lastReceivedTimeUs).toBe(1_700_000_000_000_000);
  });

  test("reads values written with escapes", () => {
    expect(decode('{"s":"A\\u0041A","\\u0062":"1\\u002e10","B":"5","a":"1.20","A":"6"}').quotes).toEqual([QUOTE]);
  });

  test("reads what stands behind a list whose elements hold escapes, however long", () => {
    const list = decoderFor({
      symbol: "s",
      bid: { price: "d.*.b" },
      ask: { price: "d.*.a" },
      time: { path: "t", format: "ms" },
    });
    const items = '"d":[{"b":"1.10","a":"1.20"},{"b":"1\\u002e30","a":"1\\u002e40"}]';
    for (const padding of [0, 1000]) {
      const { quotes } = list.decode(`{${items},"s":"AAA","t":1700000000000,"rest":"${"x".repeat(padding)}"}`);
      expect(
        quotes.map(({ symbol, bidPrice, askPrice, venueTimeMs }) => [symbol, bidPrice, askPrice, venueTimeMs]),
      ).toEqual([
        ["AAA", "1.10", "1.20", 1_700_000_000_000],
        ["AAA", "1.30", "1.40", 1_700_000_000_000],
      ]);
    }
  });

  test("a side without a price is null on both counts", () => {
    const noBid = { ...QUOTE, bidPrice: null, bidSize: null };
    for (const bid of ['"b":null', '"b":""', '"b":"0.00"', '"b":0', '"b":0e3']) {
      expect(decode(`{"s":"AAA",${bid},"B":"0","a":"1.20","A":"6"}`).quotes).toEqual([noBid]);
    }
  });

  test("a size that is null or empty is null, a size of zero is what the venue said", () => {
    for (const [size, expected] of [
      ["null", null],
      ['""', null],
      ['"0"', "0"],
    ] as const) {
      expect(decode(`{"s":"AAA","b":"1.10","B":${size},"a":"1.20","A":"6"}`).quotes).toEqual([
        { ...QUOTE, bidSize: expected },
      ]);
    }
  });

  test("a negative price is a price (spreads, oil in 2020)", () => {
    expect(decode('{"s":"AAA","b":"-37.63","B":"5","a":"1.20","A":"6"}').quotes).toEqual([
      { ...QUOTE, bidPrice: "-37.63" },
    ]);
  });

  test("another symbol is ignored, whatever its prices are", () => {
    expect(decode('{"s":"CCC","b":"x","B":"5","a":"1.20","A":"6"}')).toEqual({
      kind: "ignored",
      reason: "",
      quotes: [],
    });
  });

  test.each<[string, RejectReason]>([
    ["", "invalid_json"],
    ["pong", "invalid_json"],
    ['{"s":"AAA"', "invalid_json"],
    ['{"b":"1","B":"5","a":"2","A":"6"}', "missing_field"],
    ['{"s":5,"b":"1","B":"5","a":"2","A":"6"}', "bad_symbol"],
    ['{"s":"AAA","B":"5","a":"2","A":"6"}', "missing_field"],
    ['{"s":"AAA","b":"1","a":"2","A":"6"}', "missing_field"],
    ['{"s":"AAA","b":"1,5","B":"5","a":"2","A":"6"}', "bad_price"],
    ['{"s":"AAA","b":true,"B":"5","a":"2","A":"6"}', "bad_price"],
    ['{"s":"AAA","b":["1"],"B":"5","a":"2","A":"6"}', "bad_price"],
    ['{"s":"AAA","b":"1e-8","B":"5","a":"2","A":"6"}', "bad_price"],
    ['{"s":"AAA","b":"1","B":"0.-10000","a":"2","A":"6"}', "bad_size"],
    ['{"s":"AAA","b":"1","B":"-5","a":"2","A":"6"}', "bad_size"],
    ['{"s":"AAA","b":"1","B":"5","a":"2","A":{}}', "bad_size"],
    [`{"s":"AAA","b":"1","B":"5","a":"${"9".repeat(65)}","A":"6"}`, "bad_price"],
    ['{"s":"AAA","s":"BBB","b":"1","B":"5","a":"2","A":"6"}', "duplicate_key"],
    [`{"s":"AAA","x":${"[".repeat(64)}${"]".repeat(64)}}`, "too_deep"],
  ])("refuses %p: %s", (text, reason) => {
    expect(decode(text)).toEqual({ kind: "rejected", reason, quotes: [] });
  });

  test("forgets the reason of a reject with the next message", () => {
    const { decoder } = decoderFor({});
    expect(decoder.decode(Buffer.from("x"), 1)).toBe(FrameKind.rejected);
    expect(decoder.rejectReason).toBe("invalid_json");
    expect(decoder.decode(Buffer.from('{"s":"CCC"}'), 1)).toBe(FrameKind.ignored);
    expect(decoder.rejectReason).toBe("");
  });

  test("optional fields may be missing", () => {
    const optional = (path: string) => ({ path, optional: true });
    const { decode } = decoderFor({
      bid: { price: optional("b"), size: optional("B") },
      sequence: optional("u"),
      time: { path: "t", format: "ms", optional: true },
    });
    expect(decode('{"s":"AAA","a":"1.20","A":"6"}').quotes).toEqual([{ ...QUOTE, bidPrice: null, bidSize: null }]);
    expect(decode('{"s":"AAA","b":"1.10","a":"1.20","A":"6"}').quotes).toEqual([{ ...QUOTE, bidSize: null }]);
  });

  test("keeps a price of zero where the profile says that it is one", () => {
    const { decode } = decoderFor({ zeroPriceIsEmpty: false });
    expect(decode('{"s":"AAA","b":"0.0","B":"5","a":"1.20","A":"6"}').quotes).toEqual([{ ...QUOTE, bidPrice: "0.0" }]);
  });
});

describe("decode(): time and sequence", () => {
  const { decode, recorder } = decoderFor({ time: { path: "t", format: "ms" }, sequence: "u", previousSequence: "p" });
  const body = '"s":"AAA","b":"1.10","B":"5","a":"1.20","A":"6"';

  test("reads them from numbers and from strings", () => {
    expect(decode(`{${body},"t":1700000000123,"u":9007199254740993,"p":"12"}`).quotes).toEqual([
      { ...QUOTE, venueTimeMs: 1_700_000_000_123, sequence: "9007199254740993" },
    ]);
    expect(recorder.previousSequences.at(-1)).toBe("12");
    expect(decode(`{${body},"t":"1700000000123","u":"7","p":12}`).quotes[0]?.sequence).toBe("7");
  });

  test.each(['"t":null', '"t":""', '"t":0', '"t":"12345"'])("%s is no stamp", (time) => {
    expect(decode(`{${body},${time},"u":1,"p":0}`).quotes).toEqual([{ ...QUOTE, sequence: "1" }]);
  });

  test("a sequence of null and a negative predecessor are none", () => {
    expect(decode(`{${body},"t":null,"u":null,"p":-1}`).quotes).toEqual([QUOTE]);
    expect(recorder.previousSequences.at(-1)).toBeNull();
  });

  test.each<[string, RejectReason]>([
    ['"u":1,"p":0', "missing_field"],
    ['"t":1,"p":0', "missing_field"],
    ['"t":1,"u":1', "missing_field"],
    ['"t":"soon","u":1,"p":0', "bad_time"],
    ['"t":true,"u":1,"p":0', "bad_time"],
    ['"t":1700000000123000,"u":1,"p":0', "bad_time"],
    ['"t":1,"u":-1,"p":0', "bad_sequence"],
    ['"t":1,"u":1.5,"p":0', "bad_sequence"],
    ['"t":1,"u":"","p":0', "bad_sequence"],
    ['"t":1,"u":[],"p":0', "bad_sequence"],
    [`"t":1,"u":"${"9".repeat(25)}","p":0`, "bad_sequence"],
    ['"t":1,"u":1,"p":"x"', "bad_sequence"],
  ])("refuses %p: %s", (fields, reason) => {
    expect(decode(`{${body},${fields}}`)).toEqual({ kind: "rejected", reason, quotes: [] });
  });
});

describe("decode(): levels", () => {
  const { decode } = decoderFor({
    bid: { levels: "bids" },
    ask: { levels: "asks", levelPrice: "p", levelSize: "q.v" },
  });

  test("takes the first level, in whatever shape it is", () => {
    expect(
      decode('{"s":"AAA","bids":[["1.10","5","0"],["1.00","x"]],"asks":[{"q":{"v":6},"p":1.20},{}]}').quotes,
    ).toEqual([QUOTE]);
  });

  test("an empty list, or null, is an empty side", () => {
    const empty = { ...QUOTE, bidPrice: null, bidSize: null, askPrice: null, askSize: null };
    expect(decode('{"s":"AAA","bids":[],"asks":null}').quotes).toEqual([empty]);
  });

  test.each<[string, RejectReason]>([
    ['"asks":[]', "missing_field"],
    ['"bids":{},"asks":[]', "bad_list"],
    ['"bids":{"0":["1","2"]},"asks":[]', "bad_list"],
    ['"bids":[[]],"asks":[]', "missing_field"],
    ['"bids":[["1"]],"asks":[]', "missing_field"],
    ['"bids":[5],"asks":[]', "missing_field"],
    ['"bids":[["1","x"]],"asks":[]', "bad_size"],
  ])("refuses %p: %s", (sides, reason) => {
    expect(decode(`{"s":"AAA",${sides}}`)).toEqual({ kind: "rejected", reason, quotes: [] });
  });
});

describe("decode(): several quotes in one message", () => {
  const each = { symbol: "data.*.s", bid: { price: "data.*.b" }, ask: { price: "data.*.a" }, sequence: "u" };
  const { decode } = decoderFor(each);
  const priced = (symbol: string, bidPrice: string, askPrice: string) => ({
    ...QUOTE,
    symbol,
    bidPrice,
    askPrice,
    bidSize: null,
    askSize: null,
    sequence: "3",
  });

  test("gives one quote per element, in order, with the fields of the message", () => {
    const one = '{"u":3,"data":[{"s":"BBB","b":"1","a":"2"}]}';
    expect(decode(one)).toEqual({ kind: "quote", reason: "", quotes: [priced("BBB", "1", "2")] });
    const three =
      '{"data":[ {"s":"BBB","b":"1","a":"2"} , {"a":"4","b":"3","s":"AAA"},{"s":"B\\u0042B","b":"5","a":"6"}],"u":3}';
    expect(decode(three).quotes).toEqual([priced("BBB", "1", "2"), priced("AAA", "3", "4"), priced("BBB", "5", "6")]);
  });

  test("ignores elements of other symbols, and a list of none but them", () => {
    expect(decode('{"u":3,"data":[{"s":"X"},{"s":"AAA","b":"3","a":"4"}]}')).toEqual({
      kind: "quote",
      reason: "",
      quotes: [priced("AAA", "3", "4")],
    });
    expect(decode('{"u":3,"data":[{"s":"X"},{"s":"Y"}]}').kind).toBe("ignored");
    expect(decode('{"u":3,"data":[]}').kind).toBe("ignored");
  });

  test("a bad element costs itself alone", () => {
    expect(
      decode('{"u":3,"data":[{"s":"AAA","b":"1","a":"2"},{"s":"BBB","b":"x","a":"2"},{"s":"BBB","b":"3","a":"4"}]}'),
    ).toEqual({
      kind: "rejected",
      reason: "bad_price",
      quotes: [priced("AAA", "1", "2"), priced("BBB", "3", "4")],
    });
  });

  test("a key that stands twice in an element ends the message there", () => {
    expect(decode('{"u":3,"data":[{"s":"AAA","b":"1","a":"2"},{"s":"BBB","s":"AAA","b":"1","a":"2"}]}')).toEqual({
      kind: "rejected",
      reason: "duplicate_key",
      quotes: [priced("AAA", "1", "2")],
    });
  });

  test.each<[string, RejectReason]>([
    ['{"u":3}', "missing_field"],
    ['{"u":3,"data":{"0":{"s":"AAA","b":"1","a":"2"}}}', "bad_list"],
    ['{"u":3,"data":[7]}', "missing_field"],
    ['{"u":3,"data":[7,8]}', "missing_field"],
  ])("refuses %p: %s", (text, reason) => {
    expect(decode(text)).toEqual({ kind: "rejected", reason, quotes: [] });
  });

  test("a message may be the list itself", () => {
    const { decode } = decoderFor({ symbol: "*.s", bid: { price: "*.b" }, ask: { price: "*.a" } });
    expect(
      decode('[{"s":"AAA","b":"1","a":"2"},{"s":"BBB","b":"3","a":"4"}]').quotes.map(({ symbol }) => symbol),
    ).toEqual(["AAA", "BBB"]);
  });
});

describe("decode(): rules", () => {
  const messages: ProfileInput["messages"] = [
    { kind: "heartbeat", frameText: "pong" },
    { kind: "heartbeat", when: { type: "hb" } },
    { kind: "quote", when: { type: { oneOf: ["quote", "q"] }, ok: true }, quote: FLAT_QUOTE },
    { kind: "ignore", when: { type: { startsWith: "tr", endsWith: "de" } } },
    { kind: "fatal", when: { n: 64008 } },
    { kind: "fatal", when: { text: { contains: "limit" } } },
    { kind: "ignore", when: { list: { is: "array" }, none: null, gone: { is: "absent" } } },
    { kind: "ignore", when: { flag: { is: "boolean" }, any: { is: "present" } } },
  ];
  const { decode } = createRecordedDecoder(testVenue({ messages }), ["AAA"]);

  test.each([
    ["pong", "heartbeat"],
    ['{"type":"hb"}', "heartbeat"],
    ['{"type":"\\u0068b"}', "heartbeat"],
    ['{"type":"q","ok":true,"s":"AAA","b":"1","B":"1","a":"2","A":"1"}', "quote"],
    ['{"type":"trade"}', "ignored"],
    ['{"n":64008}', "control"],
    ['{"text":"over the limit."}', "control"],
    ['{"text":"limit"}', "control"],
    ['{"list":[],"none":null}', "ignored"],
    ['{"flag":false,"any":null}', "ignored"],
  ] as const)("%p is %s", (text, kind) => {
    expect(decode(text)).toMatchObject({ kind, reason: "" });
  });

  test.each([
    '{"type":"h"}',
    '{"type":"hbb"}',
    '{"type":["hb"]}',
    '{"type":"q","ok":"true"}',
    '{"type":"q"}',
    '{"type":"trades"}',
    '{"type":"tr"}',
    '{"n":"64008"}',
    '{"n":640080}',
    '{"text":"limi"}',
    '{"text":["limit"]}',
    '{"list":{},"none":null}',
    '{"list":[],"none":null,"gone":null}',
    '{"list":[]}',
    '{"flag":"false","any":1}',
    "1",
    '"pong"',
    "[]",
  ])("no rule is for %p", (text) => {
    expect(decode(text)).toEqual({ kind: "rejected", reason: "unknown_message", quotes: [] });
  });

  test.each(["pon", "pongs", "Pong", " pong"])("%p is no frame text of the profile", (text) => {
    expect(decode(text)).toEqual({ kind: "rejected", reason: "invalid_json", quotes: [] });
  });
});

describe("decode(): anything at all", () => {
  const levels = { bid: { levels: "b" }, ask: { levels: "a" } };
  const decoders = [
    decoderFor({ time: { path: "t", format: "iso8601" }, sequence: "u" }),
    decoderFor({ ...levels, merge: true, snapshot: { when: { type: "s" } } }),
    decoderFor({ symbol: "d.*.s", bid: { levels: "d.*.b" }, ask: { price: "d.*.a" }, merge: true }),
  ];
  const known = (reason: string) => reason === "" || (REJECT_REASONS as readonly string[]).includes(reason);

  /** Decodes with every mapping: a kind comes back, and a reason with a reject only. */
  function expectVerdict(bytes: Uint8Array): void {
    for (const { decoder, recorder } of decoders) {
      const { kind, reason } = decodeFrame(decoder, recorder, bytes);
      expect(known(reason)).toBe(true);
      expect(reason !== "").toBe(kind === "rejected");
    }
  }

  test("property: any bytes give a verdict, never a throw", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), expectVerdict), { numRuns: 1000 });
  });

  test("property: any JSON gives a verdict, never a throw", () => {
    const key = fc.constantFrom("s", "b", "B", "a", "A", "t", "u", "d", "type", "0", "1");
    const leaf = fc.oneof(fc.constantFrom("AAA", "BBB", "1", "0", "", "s", "2022-12-01T00:00:00Z"), fc.jsonValue());
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie("any"), { maxLength: 3 }),
        fc.dictionary(key, tie("any"), { maxKeys: 8 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (message) => expectVerdict(Buffer.from(JSON.stringify(message)))),
      { numRuns: 2000 },
    );
  });
});
