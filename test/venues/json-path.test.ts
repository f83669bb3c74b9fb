import { expect, test } from "bun:test";
import { valuesAt } from "../../src/venues/json-path.ts";

const MESSAGE = {
  channels: [
    { name: "ticker", ids: ["A", "B"] },
    { name: "heartbeat", ids: ["A"] },
  ],
  result: { symbol: "A", none: null },
};

test.each([
  ["result.symbol", ["A"]],
  ["result.none", [null]],
  ["result.symbol.length", []],
  ["channels.0.name", ["ticker"]],
  ["channels.*.name", ["ticker", "heartbeat"]],
  ["channels.*.ids.*", ["A", "B", "A"]],
  ["channels.[name=ticker].ids.*", ["A", "B"]],
  ["channels.[name=none].ids.*", []],
  ["result.*", []],
  ["__proto__.x", []],
  ["", [MESSAGE]],
])("valuesAt() gives all values at %s", (path, expected) => {
  expect(valuesAt(MESSAGE, path)).toEqual(expected as unknown[]);
});

test.each([[null], [1], ["text"], [undefined]])("valuesAt() finds nothing in %p", (message) => {
  expect(valuesAt(message, "a.b")).toEqual([]);
});
