import { describe, expect, test } from "bun:test";
import { soloEnv } from "../../src/commands/load-solo.ts";

describe("soloEnv()", () => {
  test("keeps the feed's own variables and the program's, and none of another feed", () => {
    const env = {
      FEEDS: "lp,lp-two,kraken",
      LP_VENUE: "fix-generic",
      LP_TWO_VENUE: "ctrader",
      KRAKEN_SYMBOLS: "BTC/USD",
      BINANCE_URL: "wss://x",
      KAFKA_BROKERS: "broker:9092",
      PATH: "/bin",
    };
    expect(soloEnv(env, "lp", "EUR/USD")).toEqual({
      FEEDS: "lp",
      LP_ENABLED: "true",
      LP_VENUE: "fix-generic",
      LP_SYMBOLS: "EUR/USD",
      KAFKA_BROKERS: "broker:9092",
      PATH: "/bin",
    });
    expect(soloEnv(env, "lp-two", undefined)["LP_TWO_VENUE"]).toBe("ctrader");
    expect(soloEnv(env, "lp-two", undefined)["LP_VENUE"]).toBeUndefined();
  });

  test("a built-in venue that is not configured takes its own symbols, a configured feed keeps its", () => {
    expect(soloEnv({}, "gemini", undefined)["GEMINI_SYMBOLS"]).toContain("btcusd");
    expect(soloEnv({ MINE_VENUE: "kraken", FEEDS: "mine" }, "mine", undefined)["MINE_SYMBOLS"]).toBe("BTC/USD,ETH/USD");
    expect(soloEnv({ GEMINI_SYMBOLS: "X" }, "gemini", undefined)["GEMINI_SYMBOLS"]).toBe("X");
    expect(soloEnv({}, "binance", undefined)["BINANCE_SYMBOLS"]).toBeUndefined();
  });

  test("a feed that is switched off is on for this once", () => {
    expect(soloEnv({ BINANCE_ENABLED: "false" }, "binance", undefined)["BINANCE_ENABLED"]).toBe("true");
  });
});
