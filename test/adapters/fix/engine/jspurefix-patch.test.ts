// What patches/jspurefix@5.11.4.patch mends, shown to be gone: without a hunk the test of it fails.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { loadFixEngine } from "../../../../src/adapters/fix/engine/load-engine.ts";

await loadFixEngine();
const { ElasticBuffer } = await import("jspurefix/dist/buffer/elastic-buffer.js");

/** What jspurefix writes for a number that is no whole one. */
function written(value: number): string {
  const buffer = new ElasticBuffer(64) as unknown as { writeNumber(value: number): void; slice(): Buffer };
  buffer.writeNumber(value);
  return buffer.slice().toString("latin1");
}

describe("the engine in memory", () => {
  const run = Bun.spawnSync([process.execPath, join(import.meta.dir, "loaded-modules-program.ts")], {
    env: { PATH: process.env["PATH"] ?? "" },
  });
  const modules = run.stdout.toString().trim().split("\n");

  test("is these packages alone", () => {
    const packages = new Set(modules.map((path) => path.split("/")[0]));
    expect([...packages].sort()).toEqual(["jspurefix", "lodash", "reflect-metadata", "sax", "tslib", "tsyringe"]);
  });

  test.each([
    ["mathjs (elastic-buffer.js)", /^mathjs\//],
    ["moment (fix-session-state.js)", /^moment\//],
    ["winston and its tree (ascii-session.js)", /^(?:winston|logform|async|readable-stream)\//],
    [
      "jspurefix's TCP, HTTP and FIXML transports (ascii-session.js)",
      /^jspurefix\/dist\/transport\/(?:tcp|http|fixml)\//,
    ],
    ["the types of every message of FIXML (ascii-session.js)", /^jspurefix\/dist\/types\/FIXML50SP2\//],
    ["all of lodash (simple-field-definition.js)", /^lodash\/lodash\.js$/],
  ])("has nothing of %s", (_what, pattern) => {
    expect(modules.length).toBeGreaterThan(100);
    expect(modules.filter((path) => pattern.test(path))).toEqual([]);
  });
});

describe("numbers are written in plain decimals, as mathjs did (elastic-buffer.js)", () => {
  test.each<[number, string]>([
    [0.1, "0.1"],
    [-0.25, "-0.25"],
    [1e-7, "0.0000001"],
    [1.23e-5, "0.0000123"],
    [123456.789, "123456.789"],
    [99999999.99, "99999999.99"],
  ])("%p", (value, text) => {
    expect(written(value)).toBe(text);
  });

  test("and read back as they were", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e12, max: 1e12, noNaN: true }), (value) => {
        // jspurefix takes what has nothing in its first 13 decimals for a whole number.
        if (Math.abs(value - Math.floor(value)) < 1e-12 || Math.abs(Math.ceil(value) - value) < 1e-12) return;
        const text = written(value);
        expect(text).toMatch(/^-?\d+\.\d+$/);
        expect(Number(text)).toBe(value);
      }),
    );
  });
});
