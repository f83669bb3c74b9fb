import { describe, expect, test } from "bun:test";
import { catalogDefaults } from "../../src/config/variable-catalog.ts";
import { choice, flag, hostName, list, wholeNumber } from "../../src/config/variable-types.ts";
import { load } from "./fixtures.ts";

function messages(schema: { safeParse(text: string): { error?: { issues: readonly { message: string }[] } } }) {
  return (text: string) => schema.safeParse(text).error?.issues.map((issue) => issue.message) ?? [];
}

describe("variable types", () => {
  test("wholeNumber() holds both limits and gives one message", () => {
    const { schema, form } = wholeNumber({ min: 5, max: 10 });
    expect([5, 10].map((value) => schema.parse(String(value)))).toEqual([5, 10]);
    expect(messages(schema)("4")).toEqual(["be >= 5"]);
    expect(messages(schema)("11")).toEqual(["be <= 10"]);
    expect(messages(schema)("x")).toEqual(["be a whole number"]);
    expect(form).toBe("whole number, 5 to 10");
  });

  test("wholeNumber() takes -1 only when told to", () => {
    expect(wholeNumber({ min: 5, max: 10, orMinusOne: true }).schema.parse("-1")).toBe(-1);
    expect(messages(wholeNumber({ min: 5, max: 10 }).schema)("-1")).toEqual(["be >= 5"]);
  });

  test("flag() suggests the word for what is a truth value elsewhere", () => {
    const suggestion = (text: string) => {
      const issue = flag().schema.safeParse(text).error?.issues[0];
      return issue?.code === "custom" ? issue.params?.["suggestion"] : undefined;
    };
    expect(["1", "YES", "on"].map(suggestion)).toEqual(["write true", "write true", "write true"]);
    expect(["0", "no", "Off"].map(suggestion)).toEqual(["write false", "write false", "write false"]);
    expect(suggestion("perhaps")).toBeNull();
  });

  test("choice() gives the word in lower case", () => {
    expect(choice(["zstd", "gzip"]).schema.parse("ZSTD")).toBe("zstd");
    expect(messages(choice(["zstd", "gzip"]).schema)("lz4")).toEqual(["be one of zstd, gzip"]);
  });

  test("list() reports the first item that is no good", () => {
    const { schema } = list({
      noun: "thing",
      itemsMax: 2,
      check: (item) => (item === "bad" ? { wanted: "be good" } : null),
      itemForm: "any",
    });
    expect(schema.parse(" a , b ")).toEqual(["a", "b"]);
    expect(messages(schema)("bad,bad")).toEqual(["be good"]);
    expect(messages(schema)("a,b,c")).toEqual(["list at most 2 things"]);
  });

  test("hostName() takes names and addresses, not mistyped addresses", () => {
    for (const text of ["a", "a-b.c", "a_b", "host.", "127.0.0.1", "::1", "fe80::1"]) {
      expect(messages(hostName().schema)(text)).toEqual([]);
    }
    for (const text of ["", "a b", "-a", "a..b", "1.2.3", "256.0.0.1", "[::1]", "a:1", "a/b", `${"a".repeat(254)}`]) {
      expect(messages(hostName().schema)(text)).toEqual(["be a host name or an IP address"]);
    }
  });
});

describe("the catalog", () => {
  test("every default and every example is accepted by its own variable", () => {
    for (const variable of catalogDefaults().values()) {
      for (const text of [variable.defaultText, variable.meta.example]) {
        if (text === null) continue;
        const loaded = load({ FEEDS: "binance,coinbase,lp-alpha,kraken", [variable.name]: text });
        const complaints =
          loaded.config === null ? loaded.problems.filter((problem) => problem.value === text.slice(0, 120)) : [];
        expect(complaints).toEqual([]);
      }
    }
  });

  test("every variable has a description and, without a default, a note, an example or a secret", () => {
    const variables = [...catalogDefaults().values()];
    expect(variables.length).toBeGreaterThan(60);
    for (const { name, meta } of variables) {
      expect(`${name}: ${meta.description}`).toMatch(/: [A-Z].*\.$/);
      expect(meta.defaultText !== null || meta.example !== null || meta.display === "secret").toBe(true);
    }
  });
});
