import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compileRestVenue } from "../../../src/venues/rest/compile-rest-venue.ts";
import { plainRestProfile } from "../../harness/rest-venue.ts";
import { createRecordedAnswers } from "./answer-recorder.ts";
import { builtInRestProfile, REST_VENUES, restFixture } from "./rest-fixtures.ts";

const KEYED = plainRestProfile({
  answers: [
    {
      kind: "quote",
      quote: {
        symbol: { from: "key", renamed: true },
        bid: { price: "r.*.b" },
        ask: { price: "r.*.a" },
        time: { path: "t", format: "ns" },
      },
    },
  ],
});

function plain(symbols: readonly string[] = ["A", "B"], options: { publishUnchanged?: boolean } = {}) {
  return createRecordedAnswers(compileRestVenue(plainRestProfile()), symbols, options);
}

function keyed(symbols: readonly string[], venue = compileRestVenue(KEYED)) {
  return createRecordedAnswers(venue, symbols);
}

describe("RestAnswerDecoder: digits", () => {
  test("publishes the digits of strings and numbers alike, and never through a double", () => {
    const { decode } = plain();
    const { quotes } = decode('[{"s":"A","b":1.10,"B":0.00000001,"a":12345678901234567890.5,"A":"1.00"}]');
    expect(quotes[0]).toMatchObject({
      bidPrice: "1.10",
      bidSize: "0.00000001",
      askPrice: "12345678901234567890.5",
      askSize: "1.00",
    });
  });

  test("reads 19-digit nanoseconds that stand outside the list, exactly", () => {
    const { decode } = keyed(["A"]);
    const { quotes } = decode('{"r":{"A":{"b":"1","a":"2"}},"t":1700000000123456789}');
    expect(quotes[0].venueTimeMs).toBe(1_700_000_000_123);
  });

  test("a side without a price is null, and a size without its price goes with it", () => {
    const { decode } = plain();
    expect(decode('[{"s":"A","b":"","B":"5","a":null,"A":"1"}]').quotes[0]).toMatchObject({
      bidPrice: null,
      bidSize: null,
      askPrice: null,
      askSize: null,
    });
  });
});

describe("RestAnswerDecoder: the same again", () => {
  const BODY = '[{"s":"A","b":"1.0","B":"5","a":"2","A":"1","t":1700000000000}]';

  test("does not publish a quote whose texts are the same, whatever its time; it holds still", () => {
    const { decode, instruments } = plain();
    expect(decode(BODY, { atUs: 1000 }).quotes.length).toBe(1);
    expect(decode(BODY.replace("1700000000000", "1700000001000"), { atUs: 2000 }).quotes.length).toBe(0);
    expect(instruments[0].lastQuoteTimeUs).toBe(2000);
    expect(decode(BODY.replace('"1.0"', '"1.00"')).quotes.length).toBe(1);
  });

  test.each([
    ["bid price", '"1.0"', '"1.1"'],
    ["bid size", '"B":"5"', '"B":"50"'],
    ["ask price", '"a":"2"', '"a":"3"'],
    ["ask size", '"A":"1"', '"A":""'],
  ])("publishes it when the %s differs", (_, before, after) => {
    const { decode } = plain();
    decode(BODY);
    expect(decode(BODY.replace(before, after)).quotes.length).toBe(1);
    expect(decode(BODY).quotes.length).toBe(1);
  });

  test("publishUnchanged publishes it all the same", () => {
    const { decode } = plain(["A"], { publishUnchanged: true });
    decode(BODY);
    expect(decode(BODY).quotes.length).toBe(1);
  });

  test("forget() makes the next quote news, of that instrument alone", () => {
    const { decode, decoder } = plain();
    const both = '[{"s":"A","b":"1","a":"2"},{"s":"B","b":"1","a":"2"}]';
    decode(both);
    decoder.forget(0);
    expect(decode(both).quotes.map(({ symbol }) => symbol)).toEqual(["A"]);
  });

  test("confirm() counts for instruments that have been quoted in this session only", () => {
    const { decode, decoder, instruments } = plain();
    decode('[{"s":"A","b":"1","a":"2"}]', { atUs: 1000 });
    decoder.confirm([0, 1], 5000);
    expect(instruments.map(({ lastQuoteTimeUs }) => lastQuoteTimeUs)).toEqual([5000, 0]);
    instruments[0].ownerEpoch = 8;
    decoder.confirm([0], 9000);
    expect(instruments[0].lastQuoteTimeUs).toBe(5000);
  });

  test("a quote that is rejected changes nothing of what was published", () => {
    const { decode } = plain();
    decode(BODY);
    expect(decode(BODY.replace('"2"', '"x"'))).toMatchObject({ kind: "rejected", reason: "" });
    expect(decode(BODY).quotes.length).toBe(0);
  });
});

describe("RestAnswerDecoder: one bad among many", () => {
  test("a bad quote costs itself alone and is told with its own bytes", () => {
    const { decode } = plain();
    const answer = decode('[ {"s":"A","b":"x","a":"2"} , {"s":"B","b":"1","a":"2"}, {"s":5,"b":"1"}, {"b":"1"}, 7 ]');
    expect(answer.kind).toBe("quotes");
    expect(answer.quotes.map(({ symbol }) => symbol)).toEqual(["B"]);
    expect(answer.rejects).toEqual([
      'bad_price: {"s":"A","b":"x","a":"2"}',
      'bad_symbol: {"s":5,"b":"1"}',
      'missing_field: {"b":"1"}',
      "missing_field: 7",
    ]);
  });

  test("a symbol that is not ours is passed over; one that is not in the answer is named", () => {
    const { decode } = plain();
    expect(decode('[{"s":"C","b":"1","a":"2"},{"s":"B","b":"1","a":"2"}]')).toMatchObject({
      kind: "quotes",
      missing: [0],
      rejects: [],
    });
  });

  test.each([
    ["", "invalid_json"],
    ["[", "invalid_json"],
    ['[{"s":"A","b":"1","a":"2"}', "invalid_json"],
    ["<html>", "invalid_json"],
    ["{}", "missing_field"],
    ["null", "missing_field"],
    ['[{"s":"\ufffe","b":"1","a":"2"}] x', "invalid_json"],
  ])("rejects %p", (body, reason) => {
    const { decode } = keyed(["A"]);
    const answer = decode(body);
    expect(answer).toMatchObject({ kind: "rejected", quotes: [], rejects: [] });
    expect(answer).toMatchObject({ reason: body.startsWith("{") || body === "null" ? "missing_field" : reason });
  });

  test("an answer that is neither list nor object where quotes should be is rejected as a whole", () => {
    expect(keyed(["A"]).decode('{"r":5,"t":1}')).toMatchObject({ kind: "rejected", reason: "bad_list" });
  });
});

describe("RestAnswerDecoder: objects keyed by symbol", () => {
  const two = '{"r":{"XA":{"b":"1","a":"2"},"B":{"b":"3","a":"4"}},"t":1700000000123456789}';
  const alone = '{"r":{"XA":{"b":"1","a":"2"}},"t":1700000000123456789}';

  test("the one key of an answer to one symbol is that symbol's name from then on, in later sessions too", () => {
    const venue = compileRestVenue(KEYED);
    const first = keyed(["A", "B"], venue);
    expect(first.decode(two)).toMatchObject({ missing: [0] });
    expect(first.decode(alone, { asked: ["A"] })).toMatchObject({ missing: [], quotes: [{ symbol: "A" }] });
    expect(first.decode(two).quotes).toEqual([]);
    expect(first.decode(two)).toMatchObject({ missing: [] });
    expect(keyed(["A", "B"], venue).decode(two)).toMatchObject({
      missing: [],
      quotes: [{ symbol: "A" }, { symbol: "B" }],
    });
  });

  test("a name that changes again is learned again", () => {
    const { decode } = keyed(["A"]);
    decode(alone, { asked: ["A"] });
    const renamed = alone.replace("XA", "YA");
    expect(decode(renamed, { asked: ["A"] })).toMatchObject({ missing: [] });
    expect(decode(alone.replace('"1"', '"9"'), { asked: ["A"] })).toMatchObject({
      missing: [],
      quotes: [{ symbol: "A" }],
    });
  });

  test("nothing is learned from several members, from several symbols, or from a key that is another symbol's", () => {
    const { decode } = keyed(["A", "B"]);
    expect(decode(two, { asked: ["A"] })).toMatchObject({ missing: [0] });
    expect(decode(alone, { asked: ["A", "B"] })).toMatchObject({ missing: [0, 1] });
    expect(decode('{"r":{"B":{"b":"1","a":"2"}},"t":null}', { asked: ["A"] })).toMatchObject({ missing: [0] });
  });

  test("a key that is written with escapes is the same key", () => {
    const { decode } = keyed(["A/B"]);
    const answer = decode('{"r" : { "A\\/B" : {"b":"1","a":"2"} } ,"t":null}');
    expect(answer).toMatchObject({ missing: [], quotes: [{ symbol: "A/B" }] });
    expect(answer.raws).toEqual(['{"b":"1","a":"2"}']);
  });

  test("strings with escapes in later members spoil neither the texts nor what stands behind the list", () => {
    const { decode } = keyed(["A", "B"]);
    const pad = "x".repeat(5000);
    const body = `{"r":{"A":{"b":"1","a":"2"},"B":{"b":"3\\u002e5","a":"4"}},"pad":"${pad}","t":1700000000123456789}`;
    expect(decode(body).quotes).toMatchObject([
      { symbol: "A", bidPrice: "1", venueTimeMs: 1_700_000_000_123 },
      { symbol: "B", bidPrice: "3.5", venueTimeMs: 1_700_000_000_123 },
    ]);
  });
});

describe("RestAnswerDecoder: statuses without a rule", () => {
  test.each([
    [302, "unavailable"],
    [400, "refused"],
    [401, "fatal"],
    [403, "fatal"],
    [404, "refused"],
    [408, "unavailable"],
    [410, "fatal"],
    [418, "rate_limited"],
    [429, "rate_limited"],
    [451, "fatal"],
    [500, "unavailable"],
    [204, "rejected"],
  ] as const)("%p means %s", (status, kind) => {
    const venue = compileRestVenue(plainRestProfile({ answers: plainRestProfile().answers.slice(0, 1) as unknown[] }));
    expect(createRecordedAnswers(venue, ["A"]).decode("<html>", { status }).kind).toBe(kind);
  });
});

describe("RestAnswerDecoder: any bytes (property)", () => {
  const KINDS = ["quotes", "refused", "rate_limited", "unavailable", "fatal", "rejected"];

  test.each(REST_VENUES)("%s never throws, and says one of the known things", (name) => {
    const { symbols, wire } = restFixture(name);
    const { decode } = createRecordedAnswers(compileRestVenue(builtInRestProfile(name)), symbols);
    const bodies = wire.map(({ body }) => Buffer.from(body));
    const damaged = fc
      .tuple(fc.constantFrom(...bodies), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }), fc.nat())
      .map(([body, changes, cut]) => {
        const bytes = Buffer.from(body);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
      });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          damaged,
          fc.json().map((text) => Buffer.from(text)),
        ),
        fc.constantFrom(200, 400, 403, 429, 500, 999),
        (bytes, status) => {
          const answer = decode(bytes, { status });
          expect(KINDS).toContain(answer.kind);
          for (const raw of answer.raws) expect(() => JSON.parse(raw)).not.toThrow();
          for (const { bidPrice, askPrice } of answer.quotes) {
            for (const price of [bidPrice, askPrice]) if (price !== null) expect(price).toMatch(/^-?[0-9]/);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });
});
