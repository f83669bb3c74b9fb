import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { describeConfigJson, describeConfigTable } from "../../src/config/describe-config.ts";
import { renderProblems } from "../../src/config/problems.ts";
import { catalogDefaults } from "../../src/config/variable-catalog.ts";
import { type Files, load, systemError } from "./fixtures.ts";

const CANARY = "canaryCANARYcanary";

const NAMES = [
  ...catalogDefaults().keys(),
  ...["LP_ALPHA_PASSWORD", "LP_ALPHA_PASSWORD_FILE", "OWN_HOST", "OWN_PASSWORD", "CTRADER_HOST", "STATE_DIRECTORY"],
  ...["KAFKA_SASL_PASSWORD_FILE", "KRAKEN_SYMBOLS", "KRAKEN_VENUE", "KRAKEN_PROFILE", "OWN_URL", "OWN_PROFILE", "FEED"],
];

/** Texts that are near the good ones more often than chance would be. */
const TEXTS = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ maxLength: 20 }),
  fc.constantFrom(
    ...["true", "false", "on", "0", "1", "-1", "1000000", "99999999999999999999", "kafka", "stdout", "plain", "zstd"],
    ...["binance", "binance,kraken", "own", "a-b,a_b", "kafka", "lp-alpha", "okx", "A,B", "A,A", ",", " ", "", "\0"],
    ...[
      "ctrader",
      "fix-generic",
      "22:00",
      "Sun-Fri",
      "Mon,Tue",
      "all",
      "UTC",
      "America/New_York",
      "daily",
      "every_update",
    ],
    ...[
      "/file",
      "/fix",
      "/error",
      "/none",
      "b:9092",
      "[::1]:9092",
      "wss://h/p",
      "ws://",
      "127.0.0.1",
      "::1",
      "__proto__",
    ],
  ),
);

const FILES: Files = {
  "/file": `-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n${CANARY}\n`,
  "/fix": '{"transport":"fix"}',
  "/error": systemError("EIO"),
};

/** Everything the outcome could print, in one text. */
function printed(outcome: ReturnType<typeof load>): string {
  if (outcome.config === null) return renderProblems(outcome.problems) + JSON.stringify(outcome.problems);
  const description = describeConfigTable(outcome) + JSON.stringify(describeConfigJson(outcome));
  return description + JSON.stringify({ ...outcome.config, feeds: [], kafka: { ...outcome.config.kafka, tls: null } });
}

describe("loadConfig() with any input", () => {
  test("loadConfig() gives a configuration or problems, and never throws", () => {
    const environment = fc.dictionary(fc.constantFrom(...NAMES), TEXTS, { maxKeys: 25, noNullPrototype: true });
    fc.assert(
      fc.property(environment, (env) => {
        const outcome = load(env, FILES);
        if (outcome.config === null) {
          expect(outcome.problems.length).toBeGreaterThan(0);
        } else {
          for (const feed of outcome.config.feeds) {
            if (!feed.isEnabled) continue;
            expect(feed.symbols.length).toBeGreaterThan(0);
            expect(feed.maxDelayMs).toBeGreaterThanOrEqual(feed.initialDelayMs);
            if (feed.transport === "fix") expect(feed.fix).not.toBeNull();
          }
        }
        expect(printed(outcome)).not.toContain(CANARY);
      }),
      { numRuns: 500 },
    );
  });

  test("loadConfig() never throws on names it has not heard of", () => {
    const name = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.constantFrom("KAFKA_", "BINANCE_", "SINK_").chain((prefix) => fc.string().map((rest) => prefix + rest)),
    );
    fc.assert(
      fc.property(fc.dictionary(name, fc.constant(CANARY), { maxKeys: 10 }), (env) => {
        expect(printed(load(env))).not.toContain(CANARY);
      }),
      { numRuns: 300 },
    );
  });

  test("loadConfig() prints no secret, whatever else is right or wrong", () => {
    const around = fc.string({ maxLength: 5 });
    const secret = fc.tuple(around, around).map(([before, after]) => `${before}${CANARY}${after}`);
    const url = fc.constantFrom(
      `wss://${CANARY}@h/`,
      `wss://u:${CANARY}@h/p`,
      `wss://h/p?token=${CANARY}`,
      `https://u:${CANARY}@h/`,
      `wss://u:${CANARY}/x@h`,
      `u:${CANARY}@h:1`,
      `wss://h/p#${CANARY}`,
      `wss://u:${CANARY}@h:99999/`,
    );
    const environment = fc.record(
      {
        KAFKA_SASL_PASSWORD: secret,
        KAFKA_SASL_PASSWORD_FILE: fc.oneof(fc.constant("/file"), secret),
        KAFKA_SASL_PASSWRD: secret,
        KAFKA_TLS_KEY_FILE: fc.constantFrom("/file", `-----BEGIN PRIVATE KEY-----\n${CANARY}`),
        KAFKA_TLS_CERT_FILE: fc.constantFrom("/file", "/error"),
        KAFKA_BROKERS: fc.constantFrom("b:9092", `u:${CANARY}@b:9092`),
        BINANCE_URL: url,
        LP_ALPHA_PASSWORD: secret,
        LP_ALPHA_PASSWORD_FILE: fc.oneof(fc.constant("/file"), secret),
        LP_ALPHA_PASSWRD: secret,
        LP_ALPHA_TLS_KEY_FILE: fc.constantFrom("/file", `-----BEGIN PRIVATE KEY-----\n${CANARY}`),
        KAFKA_TLS: TEXTS,
        KAFKA_SASL_MECHANISM: fc.constantFrom("plain", "none"),
        KAFKA_SASL_USERNAME: fc.constant("u"),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(environment, (env) => {
        expect(printed(load(env, FILES))).not.toContain(CANARY);
      }),
      { numRuns: 1000 },
    );
  });
});
