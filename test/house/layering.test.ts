import { describe, expect, test } from "bun:test";
import { checkLayering, importsOf, roomOf } from "./layering.ts";
import { breachesOf, example, typeScriptIn } from "./project-files.ts";

function rulesBroken(path: string, text: string): string[] {
  return checkLayering(example(path, text)).map((breach) => breach.rule);
}

describe("layering", () => {
  test("every file of src imports only what its room may", () => {
    expect(breachesOf(typeScriptIn("src"), checkLayering)).toEqual([]);
  });

  test("importsOf() sees at least what Bun's own scanner sees", () => {
    const transpiler = new Bun.Transpiler({ loader: "ts" });
    for (const file of typeScriptIn("src")) {
      const ours = importsOf(file.text).map((each) => each.specifier);
      for (const { path } of transpiler.scanImports(file.text)) expect(ours).toContain(path);
    }
  });

  test.each([
    ["domain that imports runtime", "src/domain/a.ts", 'import { Clock } from "../runtime/clock.ts";'],
    ["a type import", "src/domain/a.ts", 'import type { Clock } from "../runtime/clock.ts";'],
    ["an inline import()", "src/domain/a.ts", 'const a = await import("../config/config.ts");'],
    ["a re-export", "src/domain/a.ts", 'export { a } from "../venues/a.ts";'],
    ["an import over several lines", "src/domain/a.ts", 'import {\n  a,\n  b,\n} from "../venues/a.ts";'],
    ["an import for its effect", "src/domain/a.ts", 'import "../venues/a.ts";'],
    ["an adapter that imports another", "src/adapters/fix/a.ts", 'import { b } from "../websocket/b.ts";'],
    ["an adapter that imports publish", "src/adapters/fix/a.ts", 'import { b } from "../../publish/lane.ts";'],
    ["the common part of adapters that imports one", "src/adapters/a.ts", 'import { b } from "./fix/b.ts";'],
    ["kafkajs outside publish", "src/telemetry/a.ts", 'import { Kafka } from "kafkajs";'],
    ["a part of kafkajs outside publish", "src/app.ts", 'import { b } from "kafkajs/src/network/connection.js";'],
    ["zod in publish", "src/publish/a.ts", 'import { z } from "zod";'],
    ["a package of nobody", "src/config/a.ts", 'import _ from "lodash";'],
    ["the machine in a pure room", "src/domain/a.ts", 'import { readFileSync } from "node:fs";'],
    ["the app imported from below", "src/assembly/a.ts", 'import { b } from "../app.ts";'],
    ["main imported by a command", "src/commands/a.ts", 'import { b } from "../main.ts";'],
    ["src that imports its tests", "src/publish/a.ts", 'import { b } from "../../test/harness/fake-clock.ts";'],
    ["a file in no room", "src/misc/a.ts", ""],
  ])("is broken by %s", (_what, path, text) => {
    expect(rulesBroken(path, text)).toHaveLength(1);
  });

  test("is kept by an adapter on its own ground", () => {
    const text = 'import { a } from "../adapter.ts";\nimport ws from "ws";\n// import { b } from "kafkajs";\n';
    expect(rulesBroken("src/adapters/websocket/a.ts", text)).toEqual([]);
    expect(rulesBroken("src/domain/a.ts", 'export const a = "b";')).toEqual([]);
  });

  test("roomOf() takes the longest room", () => {
    expect(roomOf("src/adapters/websocket/a.ts")).toBe("adapters/websocket");
    expect(roomOf("src/adapters/a.ts")).toBe("adapters");
    expect(roomOf("src/other.ts")).toBeNull();
  });
});
