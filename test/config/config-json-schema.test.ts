import { describe, expect, test } from "bun:test";
import * as z from "zod";
import { renderConfigSchema } from "../../src/config/config-json-schema.ts";
import { catalogDefaults } from "../../src/config/variable-catalog.ts";

const SCHEMA = JSON.parse(renderConfigSchema());

describe("renderConfigSchema()", () => {
  test("knows every variable of the process and of the seed feeds", () => {
    const patterns = Object.keys(SCHEMA.patternProperties).map((pattern) => new RegExp(pattern));
    for (const name of catalogDefaults().keys()) {
      const isKnown = name in SCHEMA.properties || patterns.some((pattern) => pattern.test(name));
      expect([name, isKnown]).toEqual([name, true]);
    }
  });

  test("takes a configuration and refuses a slip in a name, and values that are no text", () => {
    const schema = z.fromJSONSchema(SCHEMA);
    const good = { FEEDS: "kraken", KRAKEN_SYMBOLS: "BTC/USD", KAFKA_SASL_PASSWORD_FILE: "/run/secrets/kafka" };
    expect(schema.safeParse(good).success).toBe(true);
    expect(schema.safeParse({ ...good, KAFKA_BROKER: "x:9092" }).success).toBe(false);
    expect(schema.safeParse({ ...good, ADMIN_PORT: 1 }).success).toBe(false);
  });

  test("marks secrets, and shows no default for them", () => {
    expect(SCHEMA.properties.ADMIN_TOKEN).toMatchObject({ writeOnly: true });
    expect(SCHEMA.properties.ADMIN_TOKEN.default).toBeUndefined();
  });
});
