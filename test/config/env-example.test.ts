import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { renderEnvExample } from "../../src/config/env-example.ts";
import { catalogDefaults } from "../../src/config/variable-catalog.ts";
import { configOf, load } from "./fixtures.ts";

const COMMITTED = readFileSync(join(import.meta.dir, "..", "..", "config", "env.example"), "utf8");

/** The assignments of the file with their "#" taken away. */
function assignments(): [string, string][] {
  return COMMITTED.split("\n")
    .filter((line) => /^#[A-Z]/.test(line))
    .map((line) => [line.slice(1, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
}

describe("config/env.example", () => {
  test("config/env.example is what the schema says (else: bun scripts/generate-docs.ts)", () => {
    expect(COMMITTED).toBe(renderEnvExample());
  });

  test("config/env.example sets nothing as it stands", () => {
    expect(COMMITTED.split("\n").filter((line) => line !== "" && !line.startsWith("#"))).toEqual([]);
  });

  test("config/env.example has every variable once, a secret as its file", () => {
    const names = [...catalogDefaults().values()].map((variable) =>
      variable.meta.display === "secret" ? `${variable.name}_FILE` : variable.name,
    );
    expect(assignments().map(([name]) => name)).toEqual(names);
  });

  test("config/env.example shows true defaults: setting them all changes nothing", () => {
    const known = catalogDefaults();
    const defaults = assignments().filter(([name]) => (known.get(name)?.defaultText ?? null) !== null);
    expect(defaults.length).toBeGreaterThan(40);
    expect(configOf(Object.fromEntries(defaults))).toEqual(configOf({}));
  });

  test("config/env.example has good examples: each line alone is well-formed", () => {
    const pem = "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n";
    for (const [name, text] of assignments()) {
      const loaded = load({ [name]: text }, { [text]: pem });
      const complaints = loaded.config === null ? loaded.problems.filter((problem) => problem.value !== null) : [];
      expect(complaints).toEqual([]);
    }
  });
});
