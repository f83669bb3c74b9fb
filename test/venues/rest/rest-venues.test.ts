import { describe, expect, test } from "bun:test";
import { compileRestVenue } from "../../../src/venues/rest/compile-rest-venue.ts";
import { createRecordedAnswers } from "./answer-recorder.ts";
import { builtInRestProfile, REST_VENUES, restFixture } from "./rest-fixtures.ts";

describe("built-in REST profiles", () => {
  test.each(REST_VENUES)("%s is a profile whose name is that of its file, with notes and its venue's page", (name) => {
    const profile = builtInRestProfile(name);
    expect(profile.name).toBe(name);
    expect(profile.transport).toBe("rest");
    expect(profile.notes.length).toBeGreaterThan(0);
    expect(profile.docs).toStartWith("https://");
    expect(profile.url).toStartWith("https://");
  });

  test.each(REST_VENUES)("%s: every documented answer gives what it must (test/fixtures/rest)", (name) => {
    const { symbols, wire, expected } = restFixture(name);
    const { decode } = createRecordedAnswers(compileRestVenue(builtInRestProfile(name)), symbols);
    const seen = wire.map(({ status, asked, body }) => {
      const { raws, ...answer } = decode(body, { status, asked: asked.filter((symbol) => symbols.includes(symbol)) });
      expect(raws.length).toBe(answer.quotes.length);
      // The raw payload of a quote must be JSON by itself, and say the same.
      for (const raw of raws) expect(body).toContain(JSON.stringify(JSON.parse(raw)));
      return answer;
    });
    expect(wire.length).toBeGreaterThan(5);
    expect(seen).toEqual(expected as typeof seen);
  });

  test.each([
    ["binance-rest", "https://api.binance.com/api/v3/ticker/bookTicker?symbols=%5B%22BTCUSDT%22%2C%22ETHUSDT%22%5D", 4],
    ["coinbase-rest", "https://api.exchange.coinbase.com/products/BTCUSDT/book?level=1", 1],
    ["kraken-rest", "https://api.kraken.com/0/public/Ticker?pair=BTCUSDT%2CETHUSDT", 1],
    ["bybit-rest", "https://api.bybit.com/v5/market/tickers?category=spot&symbol=BTCUSDT", 1],
    ["oanda", "https://api-fxtrade.oanda.com/v3/accounts/101-004/pricing?instruments=BTCUSDT%2CETHUSDT", 1],
  ])("%s asks the documented address at the documented cost", (name, url, cost) => {
    const venue = compileRestVenue(builtInRestProfile(name));
    const symbols = ["BTCUSDT", "ETHUSDT"].slice(0, venue.limits.symbolsPerRequest);
    const request = venue.request({ symbols, since: null, etag: null, account: "101-004", token: "secret" });
    expect(request.url).toBe(url);
    expect(venue.costOf(symbols.length)).toBe(cost);
    expect(venue.needsToken).toBe(name === "oanda");
    expect(venue.target).not.toContain("101-004");
  });

  test("oanda sends its token in a header, and asks for what is new", () => {
    const venue = compileRestVenue(builtInRestProfile("oanda"));
    const question = { symbols: ["EUR_USD"], etag: null, account: "a/b", token: "secret" };
    const request = venue.request({ ...question, since: "2024-03-01T15:58:18.000000123Z" });
    expect(request.headers).toEqual({ Authorization: "Bearer secret", "Accept-Datetime-Format": "RFC3339" });
    expect(request.url).toEndWith("/a%2Fb/pricing?instruments=EUR_USD&since=2024-03-01T15%3A58%3A18.000000123Z");
  });
});
