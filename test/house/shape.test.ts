import { describe, expect, test } from "bun:test";
import { breachesOf, example, typeScriptIn } from "./project-files.ts";
import { checkCatches, checkDocstrings, checkFile, checkTodo, checkTopLevelFunctions } from "./shape.ts";

const HOUSE_TESTS = /^test\/house\//;

describe("shape of files", () => {
  const all = [...typeScriptIn("src"), ...typeScriptIn("test"), ...typeScriptIn("scripts")];

  test("every file has at most 400 lines and a name in kebab-case, none is index.ts", () => {
    expect(breachesOf(all, checkFile)).toEqual([]);
  });

  test("every export of src and of the test harness has a docstring", () => {
    const files = [...typeScriptIn("src"), ...typeScriptIn("test/harness"), ...typeScriptIn("scripts")];
    expect(breachesOf(files, checkDocstrings)).toEqual([]);
  });

  test("functions at the top level are `function`s", () => {
    const files = [...typeScriptIn("src"), ...typeScriptIn("test/harness"), ...typeScriptIn("scripts")];
    expect(breachesOf(files, checkTopLevelFunctions)).toEqual([]);
  });

  test("no error is caught silently", () => {
    expect(breachesOf(typeScriptIn("src"), checkCatches)).toEqual([]);
  });

  test("a TODO names its issue", () => {
    const others = all.filter((file) => !HOUSE_TESTS.test(file.path));
    expect(breachesOf(others, checkTodo)).toEqual([]);
  });
});

describe("the rules on shape can fail", () => {
  test("a file of 401 lines", () => {
    expect(checkFile(example("src/a.ts", "x\n".repeat(400)))).toEqual([]);
    expect(checkFile(example("src/a.ts", "x\n".repeat(401)))).toHaveLength(1);
  });

  test.each(["src/a/index.ts", "src/camelCase.ts", "src/Upper.ts", "src/under_score.ts"])("the name %s", (path) => {
    expect(checkFile(example(path, ""))).toHaveLength(1);
  });

  test.each([
    "export function f() {}",
    "export async function f() {}",
    "export const A = 1;",
    "export interface A {}",
    "export type A = 1;",
    "export class A {}",
    "// no docstring\nexport class A {}",
    "/** Of b. */\nconst b = 1;\nexport const A = 1;",
    "/* no docstring */\nexport const A = 1;",
    "/** Of b. */\nconst b = 1; /* c */\nexport const A = 1;",
  ])("an export without docstring: %s", (text) => {
    expect(checkDocstrings(example("src/a.ts", text))).toHaveLength(1);
  });

  test.each([
    "/** Of f. */\nexport function f() {}",
    "/**\n * Of f.\n */\nexport const f = 1;",
    "/** Of f. */\nexport function f(a: 1): 1;\nexport function f(a: 2): 2;\nexport function f(a: number) {}",
    'export { a } from "./a.ts";',
  ])("but not this: %s", (text) => {
    expect(checkDocstrings(example("src/a.ts", text))).toEqual([]);
  });

  test.each(["const f = () => 1;", "export const f = async (a: A): B => {\n};", "const f: F = a => a;"])(
    "an arrow at the top level: %s",
    (text) => {
      expect(checkTopLevelFunctions(example("src/a.ts", text))).toHaveLength(1);
      expect(checkTopLevelFunctions(example("src/a.ts", `  ${text}`))).toEqual([]);
    },
  );

  test.each(["try { f(); } catch {}", "try { f(); } catch (e) {\n  // why\n}", "f().catch(() => {});"])(
    "a silent catch: %s",
    (text) => {
      expect(checkCatches(example("src/a.ts", text))).toHaveLength(1);
    },
  );

  test("but not a catch that acts", () => {
    expect(checkCatches(example("src/a.ts", "try { f(); } catch { return null; }"))).toEqual([]);
  });

  test("a TODO of nobody", () => {
    expect(checkTodo(example("src/a.ts", "// TODO later"))).toHaveLength(1);
    expect(checkTodo(example("src/a.ts", "// TODO #12 later"))).toEqual([]);
  });
});
