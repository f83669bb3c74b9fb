import { describe, expect, test } from "bun:test";
import { problemsOf } from "./fixtures.ts";

function suggestionFor(name: string, env: Readonly<Record<string, string>> = {}): string | undefined {
  const problems = problemsOf({ ...env, [name]: "canary" });
  expect(problems.join()).not.toContain("canary");
  return problems.length === 0 ? undefined : /\((.*)\)$/.exec(problems[0] ?? "")?.[1];
}

describe("findUnknownVariables()", () => {
  test("findUnknownVariables() says so in the house form, without the value", () => {
    expect(problemsOf({ KAFKA_SASL_PASWORD: "canary" })).toEqual([
      "Cannot use KAFKA_SASL_PASWORD as it must be a known variable: there is none of this name " +
        "(did you mean KAFKA_SASL_PASSWORD?)",
    ]);
  });

  test("findUnknownVariables() suggests the name that was meant", () => {
    for (const [name, meant] of [
      ["KAFKA_BROKER", "KAFKA_BROKERS"],
      ["KAFKA_TLS_CA", "KAFKA_TLS_CA_FILE"],
      ["KAFKA_SASL_PASSWORD_FIL", "KAFKA_SASL_PASSWORD_FILE"],
      ["ADMIN_PORTS", "ADMIN_PORT"],
      ["SQLITE_MAX_BYTE", "SQLITE_MAX_BYTES"],
      ["RECONNECT_EXHAUST", "RECONNECT_EXHAUSTED"],
      ["BINANCE_SYMBOL", "BINANCE_SYMBOLS"],
      ["LP_ALPHA_SENDR", "LP_ALPHA_SENDER"],
      ["FEED", "FEEDS"],
      ["LOGLEVEL", "LOG_LEVEL"],
      ["SINKS", "SINK"],
      ["KAKFA_BROKERS", "KAFKA_BROKERS"],
      ["BINACE_SYMBOLS", "BINANCE_SYMBOLS"],
      ["kafka_brokers", "KAFKA_BROKERS"],
      ["Feeds", "FEEDS"],
    ] as const) {
      expect(suggestionFor(name)).toBe(`did you mean ${meant}?`);
    }
  });

  test("findUnknownVariables() points to the list when nothing is near", () => {
    for (const name of ["KAFKA_SOMETHING_ELSE_ALTOGETHER", "SINK_X_Y_Z", "COINBASE_", "LP_ALPHA_PROFILE_PICTURE"]) {
      expect(suggestionFor(name)).toBe("`edge-ingester help config` lists them all");
    }
  });

  test("findUnknownVariables() knows the prefix of a feed of one's own", () => {
    const env = { FEEDS: "my-feed", MY_FEED_VENUE: "okx", MY_FEED_SYMBOLS: "BTC-USDT" };
    expect(suggestionFor("MY_FEED_SYMBOLZ", env)).toBe("did you mean MY_FEED_SYMBOLS?");
  });

  test("findUnknownVariables() finds the variables of a venue that no feed uses", () => {
    expect(suggestionFor("KRAKEN_SYMBOLS")).toBe("add the venue to FEEDS");
    expect(suggestionFor("KRAKEN_API_KEY")).toBeUndefined();
    expect(suggestionFor("BINANCE_REST_POLL_INTERVAL_MS")).toBe("add the venue to FEEDS");
    expect(suggestionFor("BINANCE_REST_SYMBOLZ")).not.toBe("add the venue to FEEDS");
  });

  test("findUnknownVariables() refuses a WebSocket setting on a FIX feed", () => {
    expect(problemsOf({ LP_ALPHA_URL: "wss://h" })).toHaveLength(1);
  });

  test("findUnknownVariables() leaves the variables of others alone", () => {
    const env = {
      PATH: "/bin",
      HOME: "/root",
      LOGNAME: "x",
      LINES: "24",
      LINK: "x",
      SEED: "1",
      NEEDS: "x",
      NODE_ENV: "test",
      KAFKA_HOME: "/opt/kafka",
      KAFKA_HEAP_OPTS: "-Xmx1g",
      KAFKA_BROKERS_TEST: "b:9092",
      INVOCATION_ID: "x",
      KAFKAESQUE: "x",
    };
    expect(problemsOf(env)).toEqual([]);
  });

  test("findUnknownVariables() ignores a name that is not set", () => {
    expect(problemsOf({ KAFKA_BROKER: undefined })).toEqual([]);
  });

  test("findUnknownVariables() escapes a name that could upset a terminal", () => {
    expect(problemsOf({ "KAFKA_\u001b[2J": "x" })[0]).toStartWith('Cannot use "KAFKA_\\u001b[2J" as');
  });
});
