import { describe, expect, test } from "bun:test";
import { findBuiltInProfile, venueTransports } from "../../src/venues/built-in-venues.ts";
import { compileFixVenue } from "../../src/venues/compile-fix-venue.ts";
import { findFixSymbolProblems } from "../../src/venues/fix-profile-checks.ts";
import type { FixProfile } from "../../src/venues/fix-profile-schema.ts";
import { countingIds, fieldText } from "./test-fix-profile.ts";

const FIX_VENUES = [...venueTransports()].filter(([, transport]) => transport === "fix").map(([name]) => name);

/** What each venue is sent for its first two symbols: subscribing, and for the first request unsubscribing. */
const GOLDEN: Readonly<Record<string, { depth: number; subscribe: readonly string[]; unsubscribe: string | null }>> = {
  // The sample of the venue's fix-api.md, "BOOK TICKER Stream" and "Unsubscription".
  "binance-fix": {
    depth: 1,
    subscribe: [
      "35=V|262=1|263=1|264=1|266=Y|146=1|55=BTCUSDT|267=2|269=0|269=1",
      "35=V|262=2|263=1|264=1|266=Y|146=1|55=ETHUSDT|267=2|269=0|269=1",
    ],
    unsubscribe: "35=V|262=1|263=2|264=1",
  },
  // help.ctrader.com/fix/specification, Market Data Request.
  ctrader: {
    depth: 0,
    subscribe: [
      "35=V|262=1|263=1|264=0|265=1|146=1|55=1|267=2|269=0|269=1",
      "35=V|262=2|263=1|264=0|265=1|146=1|55=2|267=2|269=0|269=1",
    ],
    unsubscribe: "35=V|262=1|263=2|264=0|265=1|146=1|55=1|267=2|269=0|269=1",
  },
  // The order of FIX 4.4 vol 3.
  "fix-generic": {
    depth: 1,
    subscribe: [
      "35=V|262=1|263=1|264=1|265=1|267=2|269=0|269=1|146=1|55=EUR/USD",
      "35=V|262=2|263=1|264=1|265=1|267=2|269=0|269=1|146=1|55=GBP/USD",
    ],
    unsubscribe: "35=V|262=1|263=2|264=1|265=1|267=2|269=0|269=1|146=1|55=EUR/USD",
  },
  // Unverified, see the profile's notes.
  fxspotstream: {
    depth: 1,
    subscribe: ["35=R|131=1|146=1|55=EUR/USD|303=2|537=1|15=EUR", "35=R|131=2|146=1|55=GBP/USD|303=2|537=1|15=GBP"],
    unsubscribe: null,
  },
  // osl.com/reference/market-data-request-v.
  "osl-fix": {
    depth: 5,
    subscribe: [
      "35=V|262=1|263=1|264=5|265=1|267=2|269=0|269=1|146=1|55=BTC/USD",
      "35=V|262=2|263=1|264=5|265=1|267=2|269=0|269=1|146=1|55=ETH/USD",
    ],
    unsubscribe: "35=V|262=1|263=2|264=5|265=1|267=2|269=0|269=1|146=1|55=BTC/USD",
  },
  // developer.revolut.com, V: one request for all, no 265.
  "revolut-fix": {
    depth: 1,
    subscribe: ["35=V|262=1|263=1|264=1|267=2|269=0|269=1|146=2|55=BTC/USD|55=ETH/USD"],
    unsubscribe: "35=V|262=1|263=2|264=1|267=2|269=0|269=1|146=2|55=BTC/USD|55=ETH/USD",
  },
};

function builtIn(name: string): FixProfile {
  const profile = findBuiltInProfile(name, "fix");
  if (profile === null) throw new Error(`${name} is no built-in venue over FIX`);
  return profile;
}

describe("built-in FIX venues", () => {
  test("are those that are promised", () => {
    expect(FIX_VENUES.sort()).toEqual(Object.keys(GOLDEN).sort());
  });

  test.each(FIX_VENUES)("%s: its requests are those of the venue's document", (name) => {
    const golden = GOLDEN[name];
    if (golden === undefined) throw new Error(`There is no golden request of ${name}`);
    const profile = builtIn(name);
    const venue = compileFixVenue(profile, { heartbeatS: 30, depth: golden.depth });
    const symbols = profile.symbols.default.slice(0, 2);
    const requests = venue.subscribeRequests(symbols, { depth: golden.depth, nextId: countingIds() });
    expect(requests.map(({ msgType, fields }) => `35=${msgType}|${fieldText(fields)}`)).toEqual([...golden.subscribe]);
    expect(requests.flatMap((request) => request.symbols)).toEqual(symbols);
    expect(requests.map(({ id }) => id)).toEqual(requests.map((_, index) => String(index + 1)));
    const unsubscribe = requests[0] === undefined ? null : venue.unsubscribeRequest(requests[0]);
    expect(unsubscribe === null ? null : `35=${unsubscribe.msgType}|${fieldText(unsubscribe.fields)}`).toBe(
      golden.unsubscribe,
    );
  });

  test.each(FIX_VENUES)("%s: takes its own examples of symbols, and says what it does not know", (name) => {
    const profile = builtIn(name);
    expect(findFixSymbolProblems(profile, profile.symbols.default)).toEqual([]);
    expect(profile.notes.length).toBeGreaterThan(0);
    expect(profile.docs).toStartWith("https://");
  });

  test("binance-fix replaces the one quote of a side where the top is asked for, and keeps a book otherwise", () => {
    const bookOf = (depth: number) => compileFixVenue(builtIn("binance-fix"), { heartbeatS: 30, depth }).book;
    expect(bookOf(1)).toEqual({ key: "price", isOneQuotePerSide: true, entriesMax: 50_000, crossed: "distrust" });
    expect(bookOf(100)).toEqual({ key: "price", isOneQuotePerSide: false, entriesMax: 50_000, crossed: "distrust" });
  });

  test("binance-fix signs its logon as the venue's document says", () => {
    expect(compileFixVenue(builtIn("binance-fix"), { heartbeatS: 30, depth: 1 }).logon).toMatchObject({
      reset: "logon",
      fields: [[25035, "2"]],
      signature: { algorithm: "ed25519", tags: [35, 49, 56, 34, 52] },
    });
  });

  test("revolut-fix asks for all symbols in one request, however many", () => {
    const venue = compileFixVenue(builtIn("revolut-fix"), { heartbeatS: 30, depth: 1 });
    const symbols = Array.from({ length: 4096 }, (_, index) => `S${index}/USD`);
    expect(venue.hasOneRequest).toBe(true);
    expect(venue.subscribeRequests(symbols, { depth: 1, nextId: countingIds() })).toHaveLength(1);
  });

  test("fxspotstream reads quotes by the id of the request, a line for each LP", () => {
    const venue = compileFixVenue(builtIn("fxspotstream"), { heartbeatS: 30, depth: 1 });
    expect(venue.stream).toBe("quote");
    expect(venue.marketData).toEqual({
      symbolTag: 55,
      requestIdTag: 131,
      time: "transactTime",
      levelTag: 0,
      hasRptSeq: false,
      quoteKey: "entryId",
    });
  });
});
