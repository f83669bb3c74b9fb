import { describe, expect, test } from "bun:test";
import { describeConfigJson, describeConfigTable } from "../../src/config/describe-config.ts";
import { loadedOf } from "./fixtures.ts";

const loaded = loadedOf(
  {
    KAFKA_BROKERS: "b:9092",
    KAFKA_SASL_MECHANISM: "plain",
    KAFKA_SASL_USERNAME: "u",
    KAFKA_SASL_PASSWORD_FILE: "/run/password",
    BINANCE_URL: "wss://u:canary@h.example/?token=canary",
    COINBASE_SYMBOLS: Array.from({ length: 100 }, (_, i) => `SYMBOL-${i}`).join(","),
  },
  { "/run/password": "canary" },
);

describe("describeConfigTable()", () => {
  const table = describeConfigTable(loaded);
  const line = (name: string) => table.split("\n").find((text) => text.trimStart().startsWith(`${name} `)) ?? "";

  test("describeConfigTable() shows value and origin of every variable", () => {
    expect(line("LOG_LEVEL")).toMatch(/info +default$/);
    expect(line("KAFKA_BROKERS")).toMatch(/b:9092 +environment$/);
    expect(line("KAFKA_SASL_PASSWORD")).toMatch(/\[redacted\] +file \/run\/password$/);
    expect(line("BINANCE_URL")).toMatch(/wss:\/\/\[redacted\]@h\.example\/\?\[redacted\] +environment$/);
    expect(line("COINBASE_URL")).toMatch(/\(the profile's\) +default$/);
    expect(line("KAFKA_TLS_KEY_FILE")).toMatch(/ - +default$/);
    for (const setting of loaded.settings) expect(line(setting.variable)).not.toBe("");
  });

  test("describeConfigTable() has a line for each group and for each warning", () => {
    expect(table).toStartWith("General\n  FEEDS ");
    expect(table).toContain("\n\nFeed lp-alpha\n");
    expect(table).toEndWith("\n\nWarning: KAFKA_TLS is false: the login to Kafka travels unencrypted\n");
  });

  test("describeConfigTable() bounds its lines", () => {
    expect(Math.max(...table.split("\n").map((text) => text.length))).toBeLessThanOrEqual(200);
  });

  test("describeConfigTable() lets no control character through", () => {
    const { settings } = loaded;
    const first = settings[0];
    if (first === undefined) throw new Error("Cannot test: no settings");
    const hostile = { ...loaded, settings: [{ ...first, value: "a\u001b[2J\u009bb" }] };
    expect(describeConfigTable(hostile)).toContain("a?[2J?b");
  });
});

describe("describeConfigJson()", () => {
  test("describeConfigJson() can be written as JSON and holds no secret", () => {
    const text = JSON.stringify(describeConfigJson(loaded));
    expect(text).not.toContain("canary");
    expect(JSON.parse(text).settings).toHaveLength(loaded.settings.length);
    expect(JSON.parse(text).warnings).toHaveLength(1);
  });
});
