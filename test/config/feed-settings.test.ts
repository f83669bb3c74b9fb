import { describe, expect, test } from "bun:test";
import { configOf, problemsOf, systemError, warningsOf } from "./fixtures.ts";

describe("readFeed() venue and profile", () => {
  test("readFeed() refuses an unknown venue and suggests the nearest", () => {
    expect(problemsOf({ BINANCE_VENUE: "krakn" })).toEqual([
      'Cannot use BINANCE_VENUE as it must be a built-in venue: current value is "krakn" (did you mean kraken?)',
    ]);
    expect(problemsOf({ BINANCE_VENUE: "nowhere" })[0]).toEndWith("(`edge-ingester venues` lists them)");
  });

  test("readFeed() refuses a profile beside a venue", () => {
    expect(problemsOf({ BINANCE_VENUE: "okx", BINANCE_PROFILE: "/p" }, { "/p": "{}" })).toEqual([
      "Cannot use BINANCE_PROFILE as it must not be set together with BINANCE_VENUE: both are set (unset one of them)",
    ]);
  });

  test("readFeed() takes a profile for a seed feed in place of its venue", () => {
    const [feed] = configOf({ BINANCE_PROFILE: "/p" }, { "/p": "{}" }).feeds;
    expect(feed).toMatchObject({ venue: "binance", profileFile: "/p" });
  });

  test("readFeed() refuses a profile that is missing, unreadable or empty", () => {
    const start = "Cannot use BINANCE_PROFILE as it must name a venue profile that can be read: ";
    const env = { BINANCE_PROFILE: "/p" };
    expect(problemsOf(env)).toEqual([`${start}there is no such file at "/p"`]);
    expect(problemsOf(env, { "/p": systemError("EACCES") })).toEqual([
      `${start}the file cannot be read (permission denied) at "/p"`,
    ]);
    expect(problemsOf(env, { "/p": " \n" })).toEqual([`${start}the file "/p" is empty`]);
  });
});

describe("readFeed() symbols", () => {
  const withSymbols = (symbols: string) => problemsOf({ BINANCE_SYMBOLS: symbols });

  test("readFeed() trims the items of the list", () => {
    expect(configOf({ BINANCE_SYMBOLS: " A , B/C ,D E" }).feeds[0]?.symbols).toEqual(["A", "B/C", "D E"]);
  });

  test("readFeed() needs symbols for a feed that is no seed", () => {
    expect(problemsOf({ FEEDS: "kraken" })).toEqual([
      "Cannot use KRAKEN_SYMBOLS as it must be set as feed kraken is enabled: it is not set",
    ]);
    expect(problemsOf({ FEEDS: "binance,kraken", KRAKEN_ENABLED: "false" })).toEqual([]);
  });

  test("readFeed() refuses an empty list once, not also as missing", () => {
    expect(problemsOf({ FEEDS: "kraken", KRAKEN_SYMBOLS: "" })).toEqual([
      "Cannot use KRAKEN_SYMBOLS as it must not be empty: it is set to nothing",
    ]);
  });

  test("readFeed() names the duplicate", () => {
    expect(withSymbols("A,B,A")).toEqual([
      'Cannot use BINANCE_SYMBOLS as it must not list symbol "A" twice: current value is "A,B,A"',
    ]);
  });

  test("readFeed() refuses empty items", () => {
    for (const text of ["A,", ",A", "A,,B", ","]) expect(withSymbols(text)[0]).toContain("none left empty");
  });

  test("readFeed() refuses characters that could break out of a template", () => {
    for (const text of ['A"B', "A'B", "A\\B", "A\nB", "A\u0000B", "Ä", "x".repeat(65)]) {
      expect(withSymbols(text)[0]).toContain("must list symbols of at most 64 printable ASCII characters");
    }
  });

  test("readFeed() takes 1024 symbols and no more", () => {
    const symbols = Array.from({ length: 1025 }, (_, i) => `S${i}`);
    expect(withSymbols(symbols.slice(1).join(","))).toEqual([]);
    expect(withSymbols(symbols.join(","))[0]).toContain("must list at most 1024 symbols");
  });
});

describe("readFeed() URL", () => {
  test("readFeed() keeps a URL as it was written", () => {
    for (const url of ["wss://h.example", "ws://127.0.0.1:1/ws/btcusdt@bookTicker?a=b", "WSS://[::1]:9/x"]) {
      expect(configOf({ BINANCE_URL: url }).feeds[0]).toMatchObject({ url });
    }
  });

  test("readFeed() refuses what is no WebSocket URL", () => {
    for (const url of ["https://h", "h:443", "wss//h", "wss:h", "wss://", "wss://h\tx", "wss://h:99999", "wss://ü"]) {
      expect(problemsOf({ BINANCE_URL: url })[0]).toContain("must be a ws:// or wss:// URL");
    }
    expect(problemsOf({ BINANCE_URL: "wss://h/#x" })[0]).toContain("must have no fragment");
    expect(problemsOf({ BINANCE_URL: `wss://h/${"x".repeat(2048)}` })[0]).toContain("must have at most 2048");
  });

  test("readFeed() hides user, password and query of a URL it refuses", () => {
    for (const url of [
      "https://canary:canary@h/p?token=canary",
      "wss://canary:can/canary@h",
      "wss://h:x?canary",
      "canary:canary@h:1",
      "wss://h/#canary",
      "wss:canary:canary@h",
    ]) {
      const problems = problemsOf({ BINANCE_URL: url });
      expect(problems).toHaveLength(1);
      expect(problems.join()).not.toContain("canary");
    }
  });

  test("readFeed() warns of an unencrypted line beyond this machine", () => {
    expect(warningsOf({ BINANCE_URL: "ws://h.example/" })).toEqual([
      "BINANCE_URL is ws://: the prices of feed binance travel unencrypted",
    ]);
    for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
      expect(warningsOf({ BINANCE_URL: `ws://${host}:1/` })).toEqual([]);
    }
  });
});

describe("readFeed() numbers", () => {
  test("readFeed() refuses what is no whole number within its limits", () => {
    const wanted = (text: string) => problemsOf({ BINANCE_STALE_AFTER_MS: text })[0];
    expect(wanted("0")).toBe('Cannot use BINANCE_STALE_AFTER_MS as it must be >= 1: current value is "0"');
    expect(wanted("86400001")).toContain("must be <= 86400000");
    for (const text of ["1.5", "1e3", "5s", "0x10", "1_000", "+1", "∞", "9".repeat(16)]) {
      expect(wanted(text)).toContain("must be a whole number");
    }
  });

  test("readFeed() refuses delays in the wrong order", () => {
    expect(problemsOf({ COINBASE_INITIAL_DELAY_MS: "60001" })).toEqual([
      'Cannot use COINBASE_MAX_DELAY_MS as it must be >= COINBASE_INITIAL_DELAY_MS, which is 60001: current value is "60000"',
    ]);
  });
});

describe("readFeed() FIX", () => {
  test("readFeed() needs host, port, sender and target once the feed is enabled", () => {
    expect(problemsOf({ LP_ALPHA_ENABLED: "true", LP_ALPHA_PORT: "9880" })).toEqual([
      "Cannot use LP_ALPHA_HOST as it must be set as feed lp-alpha is enabled: it is not set",
      "Cannot use LP_ALPHA_SENDER as it must be set as feed lp-alpha is enabled: it is not set",
      "Cannot use LP_ALPHA_TARGET as it must be set as feed lp-alpha is enabled: it is not set",
    ]);
  });

  test("readFeed() checks the form of a disabled feed's variables", () => {
    expect(problemsOf({ LP_ALPHA_PORT: "0", LP_ALPHA_SENDER: "A\u0001B", LP_ALPHA_HOST: "a b" })).toHaveLength(3);
  });
});
