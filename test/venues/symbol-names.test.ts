import { describe, expect, test } from "bun:test";
import { SymbolNames } from "../../src/venues/symbol-names.ts";

function createNames(...symbols: string[]): SymbolNames {
  const names = new SymbolNames();
  names.learn(symbols);
  return names;
}

describe("SymbolNames", () => {
  test("find() gives the configured symbol for the venue's name", () => {
    const names = createNames("BtcUsd", "ETHUSD");
    expect(names.find("order_book_{symbol.lower}", "order_book_btcusd")).toBe("BtcUsd");
    expect(names.find("{symbol}", "ETHUSD")).toBe("ETHUSD");
    expect(names.find("{symbol}", "ethusd")).toBeNull();
  });

  test("learn() adds to what was known before", () => {
    const names = createNames("A");
    expect(names.find("{symbol}", "B")).toBeNull();
    names.learn(["B", "A"]);
    expect(names.find("{symbol}", "A")).toBe("A");
    expect(names.find("{symbol}", "B")).toBe("B");
  });

  test.each([
    ["BTC-USD is not a valid product", ["BTC-USD"]],
    ["Invalid topic: orderbook.1.BTCUSDT", ["BTCUSDT"]],
    ["BTC-USDT is not a valid product", []],
    ["xBTC-USD", []],
    ["pairs BTC-USD,BTCUSDT", ["BTC-USD", "BTCUSDT"]],
    ["BTC is unknown", ["BTC"]],
    ["", []],
  ])("findInText() finds whole names in %p", (text, expected) => {
    expect(createNames("BTC", "BTC-USD", "BTCUSDT").findInText("{symbol}", text).sort()).toEqual(expected);
  });
});
