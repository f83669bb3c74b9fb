import { describe, expect, test } from "bun:test";
import {
  findTemplateProblem,
  hasRequestId,
  type Json,
  namesOneSymbol,
  renderMessage,
  renderSymbol,
  renderText,
  usesTime,
} from "../../src/venues/templates.ts";

const VALUES = { symbols: ["BTC-USD", "eth-Usd"], id: 7, wallMs: 1_700_000_000_123.9 };

describe("renderMessage()", () => {
  test.each<[Json, string]>([
    [{ id: "{id}", text: "{id.text}", mixed: "n{id}" }, '{"id":7,"text":"7","mixed":"n7"}'],
    [
      { s: "{time.s}", ms: "{time.ms}", text: "at {time.s}" },
      '{"s":1700000000,"ms":1700000000123,"text":"at 1700000000"}',
    ],
    [{ all: "{symbols}" }, '{"all":["BTC-USD","eth-Usd"]}'],
    [{ args: { $each: "{symbol.lower}@t" } }, '{"args":["btc-usd@t","eth-usd@t"]}'],
    [
      { args: { $each: { c: "x", s: "{symbol.upper}" } } },
      '{"args":[{"c":"x","s":"BTC-USD"},{"c":"x","s":"ETH-USD"}]}',
    ],
    [["{symbol}", 1, true, null, { n: 1.5 }], '["BTC-USD",1,true,null,{"n":1.5}]'],
  ])("%j", (template, text) => {
    expect(renderMessage(template, VALUES)).toBe(text);
  });

  test("keeps a symbol with quotes within its string", () => {
    expect(renderMessage({ s: "{symbol}" }, { ...VALUES, symbols: ['A"},{"x":"'] })).toBe('{"s":"A\\"},{\\"x\\":\\""}');
  });

  test("does not fill a placeholder that a symbol brings along", () => {
    expect(renderMessage({ s: "{symbol}{id}" }, { ...VALUES, symbols: ["{id}"] })).toBe('{"s":"{id}7"}');
  });
});

describe("templates", () => {
  test("renderSymbol() writes a symbol as the venue does", () => {
    expect(renderSymbol("order_book_{symbol.lower}", "BTCUSD")).toBe("order_book_btcusd");
  });

  test("renderText() fills a frame that is no JSON", () => {
    expect(renderText("ping {time.ms}", VALUES)).toBe("ping 1700000000123");
  });

  test("findTemplateProblem() names an unknown placeholder, however deep", () => {
    expect(findTemplateProblem({ a: [{ b: "{symbol}" }, "{sybmol}"] })).toContain("{sybmol}");
    expect(findTemplateProblem({ a: "{symbols}", b: "{id}", c: "no { placeholder }" })).toBe("");
    expect(findTemplateProblem({ a: "{symbols} and more" })).toContain("{symbols}");
  });

  test("namesOneSymbol() looks outside of $each only", () => {
    expect(namesOneSymbol({ a: { $each: "{symbol}" }, b: "{symbols}" })).toBe(false);
    expect(namesOneSymbol({ a: [{ b: "x_{symbol.lower}" }] })).toBe(true);
  });

  test("hasRequestId() and usesTime() find their placeholders", () => {
    expect(hasRequestId({ a: ["{id.text}"] })).toBe(true);
    expect(hasRequestId({ a: "{symbols}", n: null })).toBe(false);
    expect(usesTime({ a: { b: "{time.s}" } })).toBe(true);
    expect(usesTime({ a: "{id}" })).toBe(false);
  });
});
