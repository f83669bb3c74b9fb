// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these strings are source texts
import { describe, expect, test } from "bun:test";
import { readCode } from "./code-text.ts";

describe("readCode()", () => {
  test.each([
    ["a line comment", "x(); // await\ny();", "x();         \ny();"],
    ["a block comment", "a/* b\nc */d", "a    \n    d"],
    ["a string with an escaped quote", String.raw`f("a\"//b") + 1`, 'f("      ") + 1'],
    ["a template with code inside", "`a ${f({ b: 1 })} c` + d", "`  ${f({ b: 1 })}  ` + d"],
    ["a template in a template", "`a${`b${c}d`}e`", "` ${` ${c} `} `"],
    ["a regex with a slash in a class", "x.replace(/[/*]b/g, y)", "x.replace(/     /g, y)"],
    ["a division", "a / b / c; // d", "a / b / c;     "],
    ["a regex after return", "return /a`b/.test(c)", "return /   /.test(c)"],
  ])("blanks %s and keeps the offsets", (_what, source, expected) => {
    expect(readCode(source).code).toBe(expected);
  });

  test("finds templates and regexes", () => {
    const { templates, regexes } = readCode('a(`b`); c(/d/); e(1 / 2); "`"; // `/x/`');
    expect(templates).toEqual([2]);
    expect(regexes).toEqual([10]);
  });
});
