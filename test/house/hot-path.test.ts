// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these strings are source texts
import { describe, expect, test } from "bun:test";
import { checkHotPath, isHotPath } from "./hot-path.ts";
import { breachesOf, example, typeScriptIn } from "./project-files.ts";

describe("hot path", () => {
  test("files keep to what is cheap per message", () => {
    expect(breachesOf(typeScriptIn("src"), checkHotPath)).toEqual([]);
  });

  test("has files at all", () => {
    expect(typeScriptIn("src").filter(isHotPath).length).toBeGreaterThan(5);
  });

  test.each([
    "await f();",
    "export async function f() {}",
    "return new Promise(f);",
    "const a = /b/.test(c);",
    "const a = `b${c}`;",
    "const a = new Date(b);",
    "const a = Date.now();",
    "const a = JSON.parse(b);",
    "const a = new RegExp(b);",
  ])("is broken by: %s", (text) => {
    expect(checkHotPath(example("src/venues/a.ts", `// Hot path.\n${text}`))).toHaveLength(1);
    expect(checkHotPath(example("src/venues/a.ts", `// Cold.\n${text}`))).toEqual([]);
  });

  test("is not broken by the text of an error that is thrown", () => {
    const text = "// Hot path.\nf();\nif (a) {\n  throw new IngestError(`b ${c}`, {\n    d,\n  });\n}\n";
    expect(checkHotPath(example("src/venues/a.ts", text))).toEqual([]);
    expect(checkHotPath(example("src/venues/a.ts", text.replace("throw new", "log")))).toHaveLength(1);
  });

  test("is not broken by words in comments, strings and names", () => {
    const text = '// Hot path.\n// await `x` /y/ JSON.parse\nconst awaited = "async";\nconst a = b / c / d;\n';
    expect(checkHotPath(example("src/venues/a.ts", text))).toEqual([]);
  });
});
