import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../src/config/load-config.ts";
import { configOf, load, loadedOf, problemsOf, VENUES, warningsOf } from "./fixtures.ts";

describe("loadConfig() of several feeds, one of them wrong", () => {
  test("loadConfig() hands on the enabled feeds that have nothing to do with it", () => {
    const env = { FEEDS: "binance,kraken,oanda,coinbase", OANDA_SYMBOLS: "EUR_USD", OANDA_URL: "wss://h" };
    const loaded = load({ ...env, KRAKEN_SYMBOLS: "BTC/USD", COINBASE_ENABLED: "false", LOG_LEVEL: "loud" });
    if (loaded.config !== null) throw new Error("It was taken");
    expect(loaded.problems.map(({ variable }) => variable)).toEqual(["LOG_LEVEL", "OANDA_URL"]);
    expect(loaded.soundFeeds.map(({ name }) => name)).toEqual(["binance", "kraken"]);
  });
});

describe("loadConfig() with nothing set", () => {
  const config = configOf({});

  test("loadConfig() runs the seed feeds with the product's values", () => {
    expect(config.feeds).toEqual([
      {
        name: "binance",
        transport: "websocket",
        isEnabled: true,
        venue: "binance",
        profileFile: null,
        url: null,
        symbols: ["BTCUSDT", "ETHUSDT", "SOLUSDT"],
        maxRetries: 10,
        initialDelayMs: 1000,
        maxDelayMs: 60_000,
        staleAfterMs: null,
        pingIntervalMs: null,
        ca: null,
      },
      {
        name: "coinbase",
        transport: "websocket",
        isEnabled: true,
        venue: "coinbase",
        profileFile: null,
        url: null,
        symbols: ["BTC-USD", "ETH-USD"],
        maxRetries: 10,
        initialDelayMs: 1000,
        maxDelayMs: 60_000,
        staleAfterMs: null,
        pingIntervalMs: 30_000,
        ca: null,
      },
      {
        name: "lp-alpha",
        transport: "fix",
        isEnabled: false,
        venue: "fix-generic",
        profileFile: null,
        fix: null,
        symbols: ["EUR/USD", "GBP/USD", "USD/JPY"],
        maxRetries: 10,
        initialDelayMs: 5000,
        maxDelayMs: 300_000,
        staleAfterMs: null,
      },
    ]);
  });

  test("loadConfig() has the documented defaults", () => {
    const { feeds: _feeds, ...rest } = config;
    expect(rest).toEqual({
      instanceId: "ldn-edge-1",
      rawPayload: "on",
      valueFormat: "json",
      stateDir: "state",
      reconnect: { onExhausted: "probe", connectsPerSecond: 20 },
      topics: {
        quotes: "orion.market-data.raw",
        backfill: "orion.market-data.raw.backfill",
        events: "orion.market-data.feed-events",
        rejected: "orion.market-data.raw.rejected",
      },
      kafka: {
        brokers: [],
        clientId: "edge-ingester",
        compression: "zstd",
        tls: null,
        sasl: null,
        connectTimeoutMs: 10_000,
        requestTimeoutMs: 30_000,
        createTopics: false,
        newTopics: { partitions: 12, replication: -1, retentionMs: 604_800_000 },
      },
      sink: { kind: "sqlite", file: "edge-ingester.sqlite", maxBytes: 1_073_741_824, maxAgeMs: 86_400_000 },
      spool: {
        mode: "off",
        directory: "state/spool",
        maxBytes: 10_737_418_240,
        minFreeBytes: 1_073_741_824,
        whenFull: "drop_oldest",
        maxAgeMs: 0,
        fsyncMs: 100,
        backfill: "ordered",
      },
      limits: {
        batchMaxBytes: 1_000_000,
        lingerMs: 0,
        memoryMaxBytes: 50_331_648,
        memoryPauseMaxMs: 5000,
        drainMs: 10_000,
      },
      admin: { host: "127.0.0.1", port: 9464, tokens: [], tls: null },
      otlp: null,
      log: { level: "info", format: "auto" },
    });
  });

  test("loadConfig() has nothing to warn of", () => {
    expect(warningsOf({})).toEqual([]);
  });
});

describe("the sink", () => {
  test("loadConfig() takes Kafka when brokers are set", () => {
    expect(configOf({ KAFKA_BROKERS: "b:9092" }).sink).toEqual({ kind: "kafka" });
  });

  test("loadConfig() refuses SINK=kafka without brokers", () => {
    expect(problemsOf({ SINK: "kafka" })).toEqual([
      "Cannot use KAFKA_BROKERS as it must be set when SINK is kafka: it is not set",
    ]);
  });

  test("loadConfig() warns when brokers are set and another sink is chosen", () => {
    expect(warningsOf({ SINK: "stdout", KAFKA_BROKERS: "b:9092" })).toEqual([
      "SINK is stdout: nothing is written to KAFKA_BROKERS",
    ]);
  });
});

describe("values", () => {
  test("loadConfig() drops spaces around a value and takes words in any case", () => {
    const config = configOf({ LOG_LEVEL: " WARN ", KAFKA_CREATE_TOPICS: "True", ADMIN_PORT: " 0 " });
    expect(config.log.level).toBe("warn");
    expect(config.kafka.createTopics).toBe(true);
    expect(config.admin.port).toBe(0);
  });

  test("loadConfig() makes an instance id of any host name", () => {
    const options = { readFile: () => ({ text: "", mode: 0 }), venues: VENUES };
    expect(loadConfig({}, { ...options, hostName: "-büro pc.local" }).config?.instanceId).toBe("b-ro-pc.local");
    expect(loadConfig({}, { ...options, hostName: "" }).config?.instanceId).toBe("edge-ingester");
    expect(loadConfig({}, { ...options, hostName: "h".repeat(300) }).config?.instanceId).toBe("h".repeat(128));
  });

  test("loadConfig() refuses an empty value instead of taking the default", () => {
    expect(problemsOf({ LOG_LEVEL: "  " })).toEqual([
      "Cannot use LOG_LEVEL as it must not be empty: it is set to nothing (unset it for the default, info)",
    ]);
  });

  test("loadConfig() refuses memory for less than two batches", () => {
    expect(problemsOf({ MEMORY_MAX_BYTES: "1999999" })).toEqual([
      'Cannot use MEMORY_MAX_BYTES as it must be >= 2000000, twice BATCH_MAX_BYTES: current value is "1999999"',
    ]);
    expect(problemsOf({ MEMORY_MAX_BYTES: "2000000" })).toEqual([]);
  });

  test("loadConfig() warns when the admin server can be reached from outside", () => {
    const token = { ADMIN_TOKEN: "ops:0123456789abcdef" };
    expect(warningsOf({ ADMIN_HOST: "0.0.0.0", ...token })).toHaveLength(1);
    for (const host of ["localhost", "::1", "127.0.0.2"]) expect(warningsOf({ ADMIN_HOST: host })).toEqual([]);
  });
});

describe("all problems at once", () => {
  test("loadConfig() reports the problems of every section in one go", () => {
    const problems = problemsOf({
      FEEDS: "binance,kraken",
      BINANCE_STALE_AFTER_MS: "0",
      KAFKA_TLS: "maybe",
      KAFKA_TLS_CA_FILE: "/none.pem",
      KAFKA_SASL_MECHANISM: "plain",
      LP_ALPHA_ENABLED: "true",
      LP_ALPHA_HOST: "256.1.1.1",
      ADMIN_PORT: "65536",
      KAFKA_BROKER: "b:9092",
    });
    expect(problems.map((problem) => /^Cannot use (\S+) /.exec(problem)?.[1])).toEqual([
      "KAFKA_BROKER",
      "KAFKA_TLS",
      "KAFKA_TLS_CA_FILE",
      "KAFKA_SASL_USERNAME",
      "KAFKA_SASL_PASSWORD",
      "ADMIN_PORT",
      "BINANCE_STALE_AFTER_MS",
      "KRAKEN_SYMBOLS",
      "LP_ALPHA_HOST",
      "LP_ALPHA_PORT",
      "LP_ALPHA_SENDER",
      "LP_ALPHA_TARGET",
    ]);
  });

  test("loadConfig() gives every problem its variable, value, wanted form and suggestion", () => {
    const loaded = load({ BINANCE_STALE_AFTER_MS: "0", KAFKA_TLS: "yes" });
    expect(loaded.config === null && loaded.problems).toEqual([
      {
        variable: "KAFKA_TLS",
        value: "yes",
        wanted: "be true or false",
        state: 'current value is "yes"',
        suggestion: "write true",
      },
      {
        variable: "BINANCE_STALE_AFTER_MS",
        value: "0",
        wanted: "be >= 1",
        state: 'current value is "0"',
        suggestion: null,
      },
    ]);
  });
});

describe("the effective settings", () => {
  test("loadConfig() tells default, environment and file apart", () => {
    const { settings } = loadedOf(
      {
        LOG_LEVEL: "debug",
        KAFKA_BROKERS: "b:9092",
        KAFKA_SASL_MECHANISM: "plain",
        KAFKA_SASL_USERNAME: "u",
        KAFKA_SASL_PASSWORD_FILE: "/run/pw",
      },
      { "/run/pw": "canary" },
    );
    const setting = (variable: string) => settings.find((candidate) => candidate.variable === variable);
    expect(setting("LOG_LEVEL")).toMatchObject({ value: "debug", origin: "environment", file: null });
    expect(setting("SINK")).toMatchObject({ value: "kafka", origin: "default" });
    expect(setting("KAFKA_SASL_PASSWORD")).toMatchObject({ value: "[redacted]", origin: "file", file: "/run/pw" });
    expect(setting("BINANCE_URL")).toMatchObject({ value: null, note: "the profile's", origin: "default" });
    expect(setting("COINBASE_PING_INTERVAL_MS")).toMatchObject({ value: "30000", origin: "default" });
  });
});
