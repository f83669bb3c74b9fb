import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SymbolTable, UNKNOWN_SYMBOL } from "../../src/venues/symbol-table.ts";

function find(table: SymbolTable, name: string): number {
  const bytes = Buffer.from(`x${name}x`, "utf8");
  return table.find(bytes, 1, bytes.length - 1);
}

describe("SymbolTable", () => {
  test("find() tells our names from others", () => {
    const table = new SymbolTable(["BTC-USD", "ETH-USD", "币安-USD"]);
    expect(find(table, "ETH-USD")).toBe(1);
    expect(find(table, "币安-USD")).toBe(2);
    for (const other of ["", "BTC-US", "BTC-USDT", "btc-usd", "ETC-USD"])
      expect(find(table, other)).toBe(UNKNOWN_SYMBOL);
  });

  test("find() knows nothing in an empty table", () => {
    expect(find(new SymbolTable([]), "BTC-USD")).toBe(UNKNOWN_SYMBOL);
  });

  test("refuses two symbols of one name", () => {
    expect(() => new SymbolTable(["btcusd", "ethusd", "btcusd"])).toThrow(
      'Cannot use the symbols as two of them are "btcusd" at the venue',
    );
  });

  test("property: agrees with a Map", () => {
    const names = fc.uniqueArray(fc.string({ maxLength: 6, unit: fc.constantFrom(..."AB-é") }), { maxLength: 200 });
    fc.assert(
      fc.property(names, fc.array(fc.string({ maxLength: 6, unit: fc.constantFrom(..."AB-é") })), (ours, others) => {
        const table = new SymbolTable(ours);
        const map = new Map(ours.map((name, index) => [name, index]));
        for (const name of [...ours, ...others]) expect(find(table, name)).toBe(map.get(name) ?? UNKNOWN_SYMBOL);
      }),
    );
  });
});
