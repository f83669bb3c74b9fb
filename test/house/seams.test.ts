import { describe, expect, test } from "bun:test";
import { breachesOf, example, typeScriptIn } from "./project-files.ts";
import { checkSeams } from "./seams.ts";

describe("time, chance, environment and exit", () => {
  test("enter src only through their own files", () => {
    expect(breachesOf(typeScriptIn("src"), checkSeams)).toEqual([]);
  });

  test.each([
    "const a = Date.now();",
    "const a = new Date();",
    "const a = performance.now();",
    "setTimeout(f, 10);",
    "setImmediate(f);",
    "await Bun.sleep(1);",
    "const a = Math.random();",
    "const a = crypto.randomUUID();",
    'const a = process.env["HOME"];',
    "const a = Bun.env;",
    "process.exit(1);",
    "process.exitCode = 1;",
  ])("are refused elsewhere: %s", (text) => {
    expect(checkSeams(example("src/publish/a.ts", `// why\n${text}`))).toHaveLength(1);
    expect(checkSeams(example("src/publish/a.ts", `// why\n${text}`))[0]?.line).toBe(2);
  });

  test("main may end the process and read the environment, not the clock", () => {
    const text = "process.exit(run(process.env));";
    expect(checkSeams(example("src/main.ts", text))).toEqual([]);
    expect(checkSeams(example("src/main.ts", "Date.now();"))).toHaveLength(1);
  });

  test("a comment or a string about them is free", () => {
    expect(checkSeams(example("src/publish/a.ts", '// setTimeout\nconst a = "process.env";'))).toEqual([]);
  });
});
