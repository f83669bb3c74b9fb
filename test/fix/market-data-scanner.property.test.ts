import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readFields } from "../../src/fix/field-reader.ts";
import { fixDecimalKind } from "../../src/fix/fix-decimal.ts";
import { DecimalKind } from "../../src/venues/decimal-text.ts";
import { numbered, withFrame } from "./fix-text.ts";
import { type ReadEntry, scanMarketData } from "./market-data-text.ts";

const price = fc.oneof(
  fc.tuple(fc.nat(99_999), fc.nat(99_999)).map(([whole, fraction]) => `${whole}.${fraction}`),
  fc.constantFrom(".5", "-.25", "1", "0", "", "1e3", "+1", "1.2.3", " 1", "x"),
);
const TAGS = [
  55, 55, 60, 83, 262, 268, 269, 270, 271, 278, 279, 290, 295, 296, 299, 302, 132, 133, 354, 453, 58,
] as const;
const anyField = fc
  .tuple(fc.constantFrom(...TAGS), fc.oneof(price, fc.constantFrom("0", "1", "2", "3", "EUR/USD", "A")))
  .map(([tag, value]) => `${tag}=${value}|`);

/** One entry as venues write it: the tags of the first field fixed, the others in any order, some left out. */
const entry = fc
  .record(
    {
      269: fc.constantFrom("0", "1", "2"),
      270: fc.tuple(fc.nat(99), fc.nat(99)).map(([a, b]) => `${a}.${b}`),
      271: fc.nat(9_999_999).map(String),
      278: fc.nat(999).map(String),
      55: fc.constantFrom("EUR/USD", "GBP/USD"),
      15: fc.constant("EUR"),
      5000: fc.constant("own"),
    },
    { requiredKeys: [] },
  )
  .chain((fields) => fc.shuffledSubarray(Object.entries(fields), { minLength: Object.keys(fields).length }))
  .chain((fields) => fc.constantFrom("0", "1", "2").map((action) => [["279", action] as [string, string], ...fields]));

/** X read the plain way: fields first, then entries of them, then inheritance. */
function readPlainly(message: Uint8Array): ReadEntry[] {
  const names: Record<number, string> = {
    279: "action",
    269: "type",
    55: "symbol",
    278: "id",
    270: "price",
    271: "size",
  };
  const entries: Record<string, string>[] = [];
  let symbol: string | undefined;
  for (const [tag, value] of withFrame(message, readFields)) {
    if (tag === 279) entries.push({ action: value, type: "", ...(symbol === undefined ? {} : { symbol }) });
    const last = entries.at(-1);
    const name = names[tag];
    if (name === undefined) continue;
    if (last !== undefined) last[name] = value;
    if (tag === 55) symbol = value;
  }
  return entries;
}

describe("MarketDataScanner, property:", () => {
  test("X: the same as the plain way", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 70 }), (entries) => {
        const group = entries.map((fields) => fields.map(([tag, value]) => `${tag}=${value}|`).join("")).join("");
        const message = numbered(1, "X", `55=USD/JPY|262=R|268=${entries.length}|${group}`);
        expect(scanMarketData(message)?.entries).toEqual(readPlainly(message));
      }),
      { numRuns: 300 },
    );
  });

  test("any fields: read or declined, never an error; what is read is decimal text, all announced entries", () => {
    const body = fc.array(anyField, { maxLength: 25 }).map((fields) => fields.join(""));
    fc.assert(
      fc.property(fc.constantFrom("W", "X", "S", "i"), body, (type, fields) => {
        const read = scanMarketData(numbered(1, type, fields), { levelTag: 290, hasRptSeq: true });
        for (const { price: text, size } of read?.entries ?? []) {
          for (const decimal of [text, size]) {
            if (decimal === undefined) continue;
            const bytes = Buffer.from(String(decimal), "latin1");
            expect(fixDecimalKind(bytes, 0, bytes.length)).not.toBe(DecimalKind.invalid);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
