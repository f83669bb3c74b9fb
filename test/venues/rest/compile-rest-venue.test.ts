import { describe, expect, test } from "bun:test";
import { Instrument } from "../../../src/domain/instrument.ts";
import { compileRestVenue } from "../../../src/venues/rest/compile-rest-venue.ts";
import { plainRestProfile } from "../../harness/rest-venue.ts";
import { builtInRestProfile } from "./rest-fixtures.ts";

const WALL_MS = 1_700_000_000_000;

function headersOf(headers: Readonly<Record<string, string>>): (name: string) => string | null {
  const map = new Headers(headers);
  return (name) => map.get(name);
}

describe("compileRestVenue", () => {
  test("a feed's URL keeps its own path in front of the profile's", () => {
    const venue = compileRestVenue(plainRestProfile(), { urlOverride: "http://127.0.0.1:8080/proxy/" });
    const question = { symbols: ["A"], since: null, etag: '"x"', account: null, token: null };
    expect(venue.request(question)).toEqual({
      url: "http://127.0.0.1:8080/proxy/quotes?symbols=A",
      headers: { "If-None-Match": '"x"' },
    });
    expect(venue.target).toBe("http://127.0.0.1:8080/proxy/quotes");
    expect(venue.host).toBe("127.0.0.1:8080");
  });

  test.each(["ws://x", "x", "https://u:p@x", "https://x?y=1", "https://x/#y"])("refuses the URL %s", (urlOverride) => {
    expect(() => compileRestVenue(plainRestProfile(), { urlOverride })).toThrow("Cannot use the URL of the feed");
  });

  test("the feed's own figures go before the profile's, and a long interval stretches what counts as silence", () => {
    const venue = compileRestVenue(plainRestProfile(), { pollIntervalMs: 60_000, timeoutMs: 3000, maxBodyBytes: 4096 });
    expect(venue.polling).toEqual({ intervalMs: 60_000, timeoutMs: 3000, maxBodyBytes: 4096, inFlightMax: 4 });
    expect(venue.limits.staleAfterMs).toBe(123_000);
    expect(venue.limits.deadAfterMs).toBe(252_000);
    expect(compileRestVenue(plainRestProfile()).limits).toMatchObject({ staleAfterMs: 15_000, deadAfterMs: 30_000 });
  });

  test("createDecoder() refuses symbols the venue cannot have", () => {
    const venue = compileRestVenue(builtInRestProfile("oanda"));
    const instruments = [new Instrument({ id: 0, feedIndex: 0, source: "x", symbol: "eurusd" })];
    const parts = { instruments, sink: { accept() {} }, epoch: 1, publishUnchanged: false, onReject() {} };
    expect(() => venue.createDecoder(parts)).toThrow('"eurusd" is not a symbol of oanda: want one like "EUR_USD"');
  });

  test("costOf() takes the first cost that fits", () => {
    const costs = [{ symbolsMax: 1, weight: 2 }, { symbolsMax: 20, weight: 40 }, { weight: 80 }];
    const venue = compileRestVenue(plainRestProfile({ budget: { windows: [{ weight: 9, windowMs: 1 }], costs } }));
    expect([1, 2, 20, 21].map((count) => venue.costOf(count))).toEqual([2, 40, 40, 80]);
  });

  test("readUsage() reads Binance's used weight", () => {
    const venue = compileRestVenue(builtInRestProfile("binance-rest"));
    const window = { weight: 6000, windowMs: 60_000 };
    expect(venue.readUsage(headersOf({ "x-mbx-used-weight-1m": "123" }), WALL_MS)).toEqual([
      { window, used: 123, limit: 6000, resetsInMs: null },
    ]);
    expect(venue.readUsage(headersOf({ "x-mbx-used-weight-1m": "many" }), WALL_MS)).toEqual([]);
    expect(venue.readUsage(headersOf({}), WALL_MS)).toEqual([]);
  });

  test("readUsage() reads what Bybit has left, its own limit, and when the window ends", () => {
    const venue = compileRestVenue(builtInRestProfile("bybit-rest"));
    const window = { weight: 120, windowMs: 1000 };
    const headers = { "X-Bapi-Limit": "100", "X-Bapi-Limit-Status": "99" };
    const at = (ms: number) => ({ ...headers, "X-Bapi-Limit-Reset-Timestamp": String(ms) });
    expect(venue.readUsage(headersOf(at(WALL_MS - 3)), WALL_MS)).toEqual([
      { window, used: 1, limit: 100, resetsInMs: null },
    ]);
    expect(venue.readUsage(headersOf({ ...at(WALL_MS + 700), "X-Bapi-Limit-Status": "0" }), WALL_MS)).toEqual([
      { window, used: 100, limit: 100, resetsInMs: 700 },
    ]);
    expect(venue.readUsage(headersOf({ ...headers, "X-Bapi-Limit": "0" }), WALL_MS)).toEqual([]);
  });
});
