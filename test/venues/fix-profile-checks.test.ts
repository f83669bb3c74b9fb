import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { IngestError } from "../../src/domain/ingest-error.ts";
import { findFixSymbolProblems } from "../../src/venues/fix-profile-checks.ts";
import { checkProfile, loadProfile } from "../../src/venues/load-profile.ts";
import { type FixProfileInput, readFixProfile, testFixProfile } from "./test-fix-profile.ts";
import { testProfile } from "./test-profile.ts";

/** The message of the error that a profile causes. */
function problemOf(content: unknown): string {
  try {
    checkProfile(content, "lp.json");
  } catch (error) {
    expect(error).toBeInstanceOf(IngestError);
    expect((error as IngestError).code).toBe("config_invalid");
    return (error as IngestError).message;
  }
  return "no problem";
}

describe("loadProfile() of a FIX venue", () => {
  test("loadProfile() fills in the defaults, the currency market's hours among them", () => {
    expect(readFixProfile()).toMatchObject({
      beginString: "FIX.4.4",
      tls: "optional",
      hours: { start: "17:00", end: "17:00", timeZone: "America/New_York", days: "Sun-Fri" },
      logon: { reset: "logon", needs: [], fields: [], signature: null },
      stream: "market-data",
      book: { key: "id", oneQuotePerSide: "never" },
      limits: { depth: { min: 0, max: 10_000 }, heartbeatS: { min: 1, max: 3600 } },
      subscribeTimeoutMs: 10_000,
      maxClockSkewMs: 120_000,
    });
  });

  test("loadProfile() fills in the rest of what is given in part", () => {
    expect(
      readFixProfile({ hours: { days: "all" }, logon: { reset: "weekly" }, limits: { depth: { min: 1 } } }),
    ).toMatchObject({
      hours: { start: "17:00", timeZone: "America/New_York", days: "all" },
      logon: { reset: "weekly", fields: [] },
      limits: { depth: { min: 1, max: 10_000 }, symbolsPerRequest: 1 },
    });
  });

  test("loadProfile() refuses a profile of another transport than the feed's", () => {
    expect(() => loadProfile(JSON.stringify(testFixProfile()), "lp.json", "websocket")).toThrow(
      "Cannot use the venue profile lp.json: transport: is fix, and the feed is one over websocket",
    );
    expect(() => loadProfile(JSON.stringify(testProfile()), "lp.json", "fix")).toThrow("is websocket, and the feed is");
  });

  test("loadProfile() says which transports there are", () => {
    expect(problemOf({ ...testFixProfile(), transport: "pigeon" })).toBe(
      "Cannot use the venue profile lp.json: transport: Must be websocket, fix, rest or grpc",
    );
  });

  test("loadProfile() reports all problems of the meaning at once", () => {
    const problem = problemOf(
      testFixProfile({ subscribe: ["35=V", "55=EUR"], unsubscribe: undefined, book: { key: "level" } } as never),
    );
    for (const part of [
      "tag 35 is written",
      "262 must hold {id}",
      "subscribe: must hold {symbol}",
      "book.key is level",
    ]) {
      expect(problem).toContain(part);
    }
  });

  const each = { $each: ["55={symbol}"] };

  test.each<[string, Partial<Record<keyof FixProfileInput, unknown>>, string]>([
    [
      "a name it does not know",
      { limits: { symbolPerRequest: 1 } },
      "limits.symbolPerRequest: is not a name a profile knows",
    ],
    ["a field without a value", { subscribe: ["262={id}", "263="] }, "subscribe.1: Must be a field"],
    ["a field with a SOH", { subscribe: ["262={id}\u000158=x", each] }, "subscribe.0: Must be a field"],
    ["a tag that is no number", { subscribe: ["MDReqID={id}"] }, "subscribe.0: Must be a field"],
    ["an unknown placeholder", { subscribe: ["262={ident}"] }, "Must use known placeholders only"],
    [
      "a header field",
      { subscribe: ["262={id}", "263=1", "49=ME", each] },
      "subscribe: tag 49 is written by the session",
    ],
    [
      "a header field in $each",
      { subscribe: ["262={id}", "263=1", { $each: ["55={symbol}", "34=1"] }] },
      "tag 34 is written",
    ],
    ["a request without an id", { subscribe: ["263=1", each] }, "subscribe: 262 must hold {id}"],
    ["a constant id", { subscribe: ["262=A", "263=1", each] }, "subscribe: 262 must hold {id}"],
    ["$each without the symbol", { subscribe: ["262={id}", "263=1", { $each: ["22=8"] }] }, "$each must hold {symbol}"],
    [
      "one symbol where several go",
      { subscribe: ["262={id}", "263=1", "55={symbol}"], limits: { symbolsPerRequest: 2 } },
      "subscribe: {symbol} outside $each needs limits.symbolsPerRequest 1",
    ],
    [
      "a group of another length than its count",
      { subscribe: ["262={id}", "263=1", "267=2", "269=0", each] },
      "subscribe: 267=2, and 1 fields 269 follow",
    ],
    [
      "a constant count of symbols",
      { subscribe: ["262={id}", "263=1", "146=1", each] },
      "subscribe: 146 must be {symbolCount}, as its entries stand in $each",
    ],
    ["a password", { logon: { fields: ["554=hunter2"] } }, "logon.fields.0: tag 554 is never in a profile"],
    ["a signature of its own", { logon: { fields: ["96=abc"] } }, "logon.fields.0: tag 96 is never in a profile"],
    ["a user name in a request", { subscribe: ["262={id}", "263=1", "553=me", each] }, "tag 553 is never in a profile"],
    [
      "what the session says at logon",
      { logon: { fields: ["108=30"] } },
      "logon.fields.0: tag 108 is written by the session",
    ],

    [
      "a signature without a key",
      { logon: { signature: { algorithm: "ed25519", tags: [35] } } },
      "logon.needs: must list password",
    ],
    ["another signature", { logon: { signature: { algorithm: "rsa", tags: [35] } } }, "logon.signature.algorithm:"],
    [
      "no way to unsubscribe",
      { subscribe: ["262={id}", each] },
      "unsubscribe: must be given, or null, as subscribe has no 263 to change",
    ],
    ["an unsubscription without the id", { unsubscribe: ["263=2"] }, "unsubscribe: 262 must hold {id}"],
    ["one request that cannot name all", { requests: "one" }, "limits.symbolsPerRequest: must be 4096 or more"],
    ["levels without a number", { book: { key: "level" } }, "marketData.levelTag: must be 1023 or 290"],
    ["a tag of another stream", { marketData: { requestIdTag: 131 } }, "marketData.requestIdTag: 131 is not of stream"],
    ["quotes asked for by V's id", { stream: "quote", unsubscribe: null }, "subscribe: 131 must hold {id}"],
    ["a time of day", { hours: { start: "5 pm" } }, "hours.start: Must be HH:MM"],
    ["a time zone", { hours: { timeZone: "Mars/Olympus" } }, "hours.timeZone: Must be a time zone"],
    ["days", { hours: { days: "weekdays" } }, "hours.days: Must be Sun-Fri"],
    ["limits in the wrong order", { limits: { depth: { min: 5, max: 1 } } }, "limits.depth: Must have min <= max"],
    ["another version of FIX", { beginString: "FIX.4.2" }, "beginString:"],
    ["a bad pattern", { symbols: { default: ["A"], pattern: "(" } }, "symbols.pattern:"],
    [
      "examples that do not match",
      { symbols: { default: ["EURUSD"], pattern: "^[0-9]+$" } },
      'symbols.default: "EURUSD" is not a symbol of test-lp',
    ],
  ])("refuses %s", (_, changes, expected) => {
    expect(problemOf({ ...testFixProfile(), ...changes })).toContain(expected);
  });

  test("property: any JSON is a profile or a problem that names its path", () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom(...Object.keys(testFixProfile()), "book", "logon", "hours"),
        (value, key) => {
          const problem = problemOf({ ...testFixProfile(), [key]: value });
          if (problem !== "no problem") expect(problem).toStartWith("Cannot use the venue profile lp.json: ");
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("findFixSymbolProblems()", () => {
  test("findFixSymbolProblems() checks the name on the wire", () => {
    const profile = readFixProfile({ symbols: { default: ["1"], map: { "EUR/USD": "1" }, pattern: "^[0-9]+$" } });
    expect(findFixSymbolProblems(profile, ["EUR/USD", "2"])).toEqual([]);
    expect(findFixSymbolProblems(profile, ["GBP/USD"])).toEqual([
      '"GBP/USD" is not a symbol of test-lp: want one like "1"',
    ]);
  });

  test("findFixSymbolProblems() finds two symbols that are one at the venue", () => {
    const profile = readFixProfile({ symbols: { default: ["1"], map: { "EUR/USD": "1" } } });
    expect(findFixSymbolProblems(profile, ["EUR/USD", "1"])).toEqual(['"EUR/USD" and "1" are both "1" at test-lp']);
  });

  test("findFixSymbolProblems() wants a pair where the request names a currency", () => {
    const subscribe = ["262={id}", "263=1", { $each: ["55={symbol}", "15={symbol.base}"] }];
    const profile = readFixProfile({ subscribe });
    expect(findFixSymbolProblems(profile, ["EUR/USD", "eurusd", "BTC-USDT"])).toEqual([]);
    expect(findFixSymbolProblems(profile, ["DAX40"])).toEqual(['"DAX40" is no pair of currencies such as EUR/USD']);
  });
});
