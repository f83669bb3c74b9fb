import { describe, expect, test } from "bun:test";
import {
  findRequestTemplateProblem,
  type RequestValues,
  renderHeaders,
  renderPath,
  renderQuery,
  symbolsNamedIn,
} from "../../../src/venues/rest/request-template.ts";

const VALUES: RequestValues = { symbols: ["Btc/Usd", "ETH&B"], since: null, account: "a 1", token: "s3cret" };

describe("request templates", () => {
  test.each([
    ["/x/{symbol}/y", "/x/Btc%2FUsd/y"],
    ["/{symbol.lower}/{symbol.upper}", "/btc%2Fusd/BTC%2FUSD"],
    ["/a/{account}/{symbols}", "/a/a%201/Btc%2FUsd%2CETH%26B"],
    ["/{unknown}", "/"],
  ])("renderPath() makes %s into %s", (path, rendered) => {
    expect(renderPath(path, { ...VALUES, token: null })).toBe(rendered);
  });

  test("renderQuery() encodes everything and leaves out what has no point to go on from yet", () => {
    const query = { list: "{symbols.json}", low: "{symbols.lower}", since: "{since}", "a b": "1&2" };
    expect(renderQuery(query, VALUES)).toBe(
      "?list=%5B%22Btc%2FUsd%22%2C%22ETH%26B%22%5D&low=btc%2Fusd%2Ceth%26b&a%20b=1%262",
    );
    expect(renderQuery({ since: "{since}" }, VALUES)).toBe("");
    expect(renderQuery({ since: "{since}" }, { ...VALUES, since: "1:2" })).toBe("?since=1%3A2");
  });

  test("renderHeaders() puts in the token as it is", () => {
    expect(renderHeaders({ Authorization: "Bearer {token}", "X-A": "{account}" }, VALUES)).toEqual({
      Authorization: "Bearer s3cret",
      "X-A": "a 1",
    });
  });

  test.each([
    ["/x/{symbol}", "path", ""],
    ["/x/{token}", "path", "Must use placeholders known here only: {token}"],
    ["{since}", "path", "Must use placeholders known here only: {since}"],
    ["/x?y=1", "path", "Must not hold ?"],
    ["{token}", "query", "Must use placeholders known here only: {token}"],
    ["{since}{account}", "query", ""],
    ["Bearer {token}", "header", ""],
    ["{since}", "header", "Must use placeholders known here only: {since}"],
    ["a\nb", "header", "Must be plain ASCII"],
    ["{symbol.title}", "query", "Must use placeholders known here only: {symbol.title}"],
  ] as const)("findRequestTemplateProblem() of %p in the %s", (text, place, problem) => {
    const found = findRequestTemplateProblem(text, place);
    if (problem === "") expect(found).toBe("");
    else expect(found).toStartWith(problem);
  });

  test("symbolsNamedIn() tells one, many and none", () => {
    expect(symbolsNamedIn(["/a", "{symbol.lower}"])).toBe("one");
    expect(symbolsNamedIn(["{symbol}", "{symbols.json}"])).toBe("many");
    expect(symbolsNamedIn(["{account}", "x"])).toBe("none");
  });
});
