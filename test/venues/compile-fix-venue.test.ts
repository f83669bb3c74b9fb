import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { countingIds, fieldText, testFixVenue } from "./test-fix-profile.ts";

describe("compileFixVenue()", () => {
  test("compileFixVenue() fills in what a plain LP needs", () => {
    const { name, beginString, logon, stream, marketData, book, limits, sequence } = testFixVenue();
    expect({ name, beginString, stream }).toEqual({ name: "test-lp", beginString: "FIX.4.4", stream: "market-data" });
    expect(logon).toMatchObject({ reset: "logon", fields: [], signature: null });
    expect(marketData).toEqual({
      symbolTag: 55,
      requestIdTag: 262,
      time: "sendingTime",
      levelTag: 0,
      hasRptSeq: false,
      quoteKey: "symbol",
    });
    expect(book).toEqual({ key: "id", isOneQuotePerSide: false, entriesMax: 10_000, crossed: "distrust" });
    expect(limits).toEqual({
      symbolsPerConnection: 10_000,
      symbolsPerRequest: 1,
      messageSpacingMs: 0,
      connects: { count: 10, windowMs: 10_000 },
      maxMessageBytes: 65_536,
      maxSessionMs: 0,
      deadAfterMs: 90_000,
      staleAfterMs: 65_000,
    });
    // The session's own numbers are checked before the pipeline sees a quote.
    expect(sequence.kind).toBe("none");
  });

  test("compileFixVenue() takes the times of silence from the heartbeat, and more where the profile says more", () => {
    const limitsOf = (heartbeatS: number, limits = {}) => testFixVenue({ limits }, { heartbeatS, depth: 1 }).limits;
    expect(limitsOf(1)).toMatchObject({ deadAfterMs: 3000, staleAfterMs: 7000 });
    expect(limitsOf(60)).toMatchObject({ deadAfterMs: 180_000, staleAfterMs: 125_000 });
    expect(limitsOf(10, { deadAfterMs: 40_000, staleAfterMs: 1000 })).toMatchObject({
      deadAfterMs: 40_000,
      staleAfterMs: 25_000,
    });
  });

  test("compileFixVenue() knows the one quote of a side always, never, or at the top only", () => {
    const isOne = (oneQuotePerSide: "never" | "top" | "always", depth: number) =>
      testFixVenue({ book: { oneQuotePerSide } }, { heartbeatS: 30, depth }).book.isOneQuotePerSide;
    expect([isOne("never", 1), isOne("top", 1), isOne("top", 0), isOne("always", 0)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  test("wireSymbol() maps the symbols the profile maps", () => {
    const venue = testFixVenue({ symbols: { default: ["EUR/USD"], map: { "EUR/USD": "4001" }, pattern: "^[0-9]+$" } });
    expect(venue.wireSymbol("EUR/USD")).toBe("4001");
    expect(venue.wireSymbol("4002")).toBe("4002");
    expect(venue.wireSymbol("constructor")).toBe("constructor");
  });
});

describe("subscribeRequests()", () => {
  test("subscribeRequests() gives each request an id of its own", () => {
    const requests = testFixVenue().subscribeRequests(["EUR/USD", "GBP/USD"], { depth: 1, nextId: countingIds() });
    expect(requests).toMatchObject([
      { msgType: "V", id: "1", symbols: ["EUR/USD"] },
      { msgType: "V", id: "2", symbols: ["GBP/USD"] },
    ]);
    expect(requests.map(({ fields }) => fieldText(fields))).toEqual([
      "262=1|263=1|264=1|267=2|269=0|269=1|146=1|55=EUR/USD",
      "262=2|263=1|264=1|267=2|269=0|269=1|146=1|55=GBP/USD",
    ]);
  });

  test("subscribeRequests() repeats the part of each symbol, with its name on the wire and its currencies", () => {
    const venue = testFixVenue({
      symbols: { default: ["EUR/USD"], map: { "EUR/USD": "4001", USDJPY: "4004" }, pattern: "^[0-9]+$" },
      subscribe: [
        "262={id}",
        "263=1",
        "146={symbolCount}",
        { $each: ["48={symbol}", "22=8", "15={symbol.base}", "120={symbol.terms}"] },
      ],
      limits: { symbolsPerRequest: 10 },
    });
    const [request] = venue.subscribeRequests(["EUR/USD", "USDJPY"], { depth: 0, nextId: () => "R7" });
    expect(fieldText(request?.fields ?? [])).toBe(
      "262=R7|263=1|146=2|48=4001|22=8|15=EUR|120=USD|48=4004|22=8|15=USD|120=JPY",
    );
  });

  test("subscribeRequests() puts one symbol outside a group where a request names one", () => {
    const venue = testFixVenue({ subscribe: ["262={id}", "263=1", "55={symbol}"] });
    const [request] = venue.subscribeRequests(["EUR/USD"], { depth: 1, nextId: countingIds() });
    expect(fieldText(request?.fields ?? [])).toBe("262=1|263=1|55=EUR/USD");
  });

  test("property: every symbol is asked for once, in order, within the limit", () => {
    const symbols = fc.uniqueArray(fc.stringMatching(/^[A-Z]{3}\/[A-Z]{3}$/), { maxLength: 50 });
    fc.assert(
      fc.property(symbols, fc.integer({ min: 1, max: 20 }), (asked, symbolsPerRequest) => {
        const venue = testFixVenue({ limits: { symbolsPerRequest } });
        const requests = venue.subscribeRequests(asked, { depth: 0, nextId: countingIds() });
        expect(requests.flatMap((request) => request.symbols)).toEqual(asked);
        expect(new Set(requests.map(({ id }) => id)).size).toBe(requests.length);
        for (const { fields, symbols: named } of requests) {
          expect(named.length).toBeLessThanOrEqual(symbolsPerRequest);
          expect(fields.find(([tag]) => tag === 146)?.[1]).toBe(String(named.length));
          expect(fields.filter(([tag]) => tag === 55).map(([, value]) => value)).toEqual([...named]);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("unsubscribeRequest()", () => {
  const unsubscribed = (venue: ReturnType<typeof testFixVenue>) => {
    const [request] = venue.subscribeRequests(["EUR/USD"], { depth: 3, nextId: countingIds() });
    if (request === undefined) throw new Error("There is no request");
    return venue.unsubscribeRequest(request);
  };

  test("unsubscribeRequest() is the same request with 263=2 and the same id", () => {
    const request = unsubscribed(testFixVenue());
    expect(request).toMatchObject({ msgType: "V", id: "1", symbols: ["EUR/USD"] });
    expect(fieldText(request?.fields ?? [])).toBe("262=1|263=2|264=3|267=2|269=0|269=1|146=1|55=EUR/USD");
  });

  test("unsubscribeRequest() follows the profile's own fields, with the depth that was asked for", () => {
    const venue = testFixVenue({ unsubscribe: ["262={id}", "263=2", "264={depth}", "55={symbol}"] });
    expect(fieldText(unsubscribed(venue)?.fields ?? [])).toBe("262=1|263=2|264=3|55=EUR/USD");
  });

  test("unsubscribeRequest() is null where the venue has none", () => {
    expect(unsubscribed(testFixVenue({ unsubscribe: null }))).toBeNull();
  });
});
