import { describe, expect, test } from "bun:test";
import { configOf, problemsOf, warningsOf } from "./fixtures.ts";

describe("planFeeds()", () => {
  test("planFeeds() keeps the order of FEEDS and adds the other seed feeds as disabled", () => {
    const { feeds } = configOf({ FEEDS: "kraken, binance", KRAKEN_SYMBOLS: "BTC/USD" });
    expect(feeds.map((feed) => [feed.name, feed.isEnabled])).toEqual([
      ["kraken", true],
      ["binance", true],
      ["coinbase", false],
      ["lp-alpha", false],
    ]);
  });

  test("planFeeds() takes any name that has a venue or a profile", () => {
    const { feeds } = configOf(
      {
        FEEDS: "spot-2,own",
        SPOT_2_VENUE: "binance",
        SPOT_2_SYMBOLS: "BTCUSDT",
        OWN_PROFILE: "/own.json",
        OWN_SYMBOLS: "X",
      },
      { "/own.json": "{}" },
    );
    expect(feeds.slice(0, 2)).toMatchObject([
      { name: "spot-2", venue: "binance", profileFile: null },
      { name: "own", venue: "own", profileFile: "/own.json" },
    ]);
  });

  test("planFeeds() refuses an unknown feed and suggests the nearest", () => {
    expect(problemsOf({ FEEDS: "binanse,coinbase" })).toEqual([
      'Cannot use FEEDS as it must list known feeds only, as "binanse" has neither a profile built in nor ' +
        'BINANSE_VENUE or BINANSE_PROFILE: current value is "binanse,coinbase" (did you mean "binance"?)',
    ]);
  });

  test("planFeeds() refuses a feed listed twice", () => {
    expect(problemsOf({ FEEDS: "binance,coinbase,binance" })).toEqual([
      'Cannot use FEEDS as it must not list feed "binance" twice: current value is "binance,coinbase,binance"',
    ]);
  });

  test("planFeeds() refuses two names that share their variables", () => {
    expect(problemsOf({ FEEDS: "a-b,a_b", A_B_VENUE: "okx", A_B_SYMBOLS: "X" })).toEqual([
      'Cannot use FEEDS as it must not list "a_b", whose variables would begin with A_B_ like those of "a-b": ' +
        'current value is "a-b,a_b" (use another name than "a_b")',
    ]);
    expect(problemsOf({ FEEDS: "lp_alpha" })[0]).toContain('like those of "lp-alpha"');
  });

  test("planFeeds() refuses a name whose variables are the program's own", () => {
    for (const name of ["kafka", "admin", "sink", "log"]) {
      const problems = problemsOf({ FEEDS: `binance,${name}` });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain(`not list "${name}", as variables that begin with ${name.toUpperCase()}_ belong`);
    }
  });

  test("planFeeds() refuses names of another form", () => {
    expect(problemsOf({ FEEDS: "Binance" })).toEqual([
      "Cannot use FEEDS as it must list feed names of at most 32 lower-case letters, digits and single - or _, a letter " +
        'first: current value is "Binance" (did you mean binance?)',
    ]);
    for (const name of ["a--b", "-a", "1a", "a b", "é", "x".repeat(33)]) {
      expect(problemsOf({ FEEDS: `binance,${name}` })[0]).toStartWith("Cannot use FEEDS as it must list feed names");
    }
  });

  test("planFeeds() refuses empty items and too many", () => {
    expect(problemsOf({ FEEDS: "binance,,coinbase" })[0]).toContain("list feeds with none left empty");
    const many = Array.from({ length: 65 }, (_, i) => `f${i}`).join(",");
    expect(problemsOf({ FEEDS: many }).at(-1)).toContain("list at most 64 feeds");
  });
});

describe("<FEED>_ENABLED", () => {
  const LP_ALPHA = {
    LP_ALPHA_HOST: "fix.example",
    LP_ALPHA_PORT: "9880",
    LP_ALPHA_SENDER: "US",
    LP_ALPHA_TARGET: "LP",
  };

  test("LP_ALPHA_ENABLED=true is enough to enable the FIX feed", () => {
    const feed = configOf({ LP_ALPHA_ENABLED: "true", ...LP_ALPHA }).feeds.find(({ name }) => name === "lp-alpha");
    expect(feed).toMatchObject({
      isEnabled: true,
      transport: "fix",
      fix: { host: "fix.example", port: 9880, sender: "US", target: "LP" },
    });
  });

  test("listing lp-alpha alone does not enable it, and that is said", () => {
    const env = { FEEDS: "binance,lp-alpha" };
    expect(configOf(env).feeds.find(({ name }) => name === "lp-alpha")?.isEnabled).toBe(false);
    expect(warningsOf(env)).toEqual(["Feed lp-alpha does not run until LP_ALPHA_ENABLED is true"]);
  });

  test("BINANCE_ENABLED=false stops a listed feed", () => {
    expect(configOf({ BINANCE_ENABLED: "false" }).feeds[0]).toMatchObject({ name: "binance", isEnabled: false });
  });

  test("settings of a feed that does not run are warned of", () => {
    expect(warningsOf({ FEEDS: "binance", COINBASE_SYMBOLS: "BTC-USD" })).toEqual([
      "Feed coinbase does not run, so its other settings have no effect",
    ]);
  });

  test("no feed at all is a problem", () => {
    expect(problemsOf({ BINANCE_ENABLED: "false", COINBASE_ENABLED: "false" })).toEqual([
      "Cannot use FEEDS as it must leave at least one feed enabled: every feed is disabled",
    ]);
  });
});
