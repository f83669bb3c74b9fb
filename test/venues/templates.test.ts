import { describe, expect, test } from "bun:test";
import {
  findAnswerProblem,
  findTemplateProblem,
  hasRequestId,
  type Json,
  namesOneSymbol,
  namesSymbols,
  renderAnswer,
  renderMessage,
  renderSymbol,
  renderText,
  repeatsValue,
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

  test("namesSymbols() finds one symbol, all of them, and each of them", () => {
    for (const template of [{ a: ["{symbol}"] }, { a: "{symbols}" }, { a: [{ $each: 1 }] }]) {
      expect(namesSymbols(template)).toBe(true);
    }
    expect(namesSymbols({ a: ["{id}", null, { b: "symbols" }] })).toBe(false);
  });

  test("findAnswerProblem() takes {value} alone, however deep", () => {
    expect(findAnswerProblem({ a: [{ b: "{value}" }, "<{value}>"], c: 1 })).toBe("");
    expect(findAnswerProblem({ a: ["{value}", { b: "{time.ms}" }] })).toContain("{time.ms}");
    expect([repeatsValue({ a: ["<{value}>"] }), repeatsValue({ a: "value" })]).toEqual([true, false]);
  });

  test.each<[Json, string]>([
    [1_492_420_473_027, '{"pong":1492420473027,"text":"n1492420473027","deep":["{id}",null]}'],
    ['a"{value}', '{"pong":"a\\"{value}","text":"na\\"{value}","deep":["{id}",null]}'],
    [{ n: [1] }, '{"pong":{"n":[1]},"text":"n{\\"n\\":[1]}","deep":["{id}",null]}'],
  ])("renderAnswer() repeats %j", (value, text) => {
    expect(renderAnswer({ pong: "{value}", text: "n{value}", deep: ["{id}", null] }, value)).toBe(text);
  });

  test("hasRequestId() and usesTime() find their placeholders", () => {
    expect(hasRequestId({ a: ["{id.text}"] })).toBe(true);
    expect(hasRequestId({ a: "{symbols}", n: null })).toBe(false);
    expect(usesTime({ a: { b: "{time.s}" } })).toBe(true);
    expect(usesTime({ a: "{id}" })).toBe(false);
  });
});
