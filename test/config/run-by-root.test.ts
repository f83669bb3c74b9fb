import { expect, test } from "bun:test";
import { loadConfig } from "../../src/config/load-config.ts";
import { VENUES } from "./fixtures.ts";

function warnedVariables(userId: number | undefined): string[] {
  const readFile = () => ({ text: "", mode: 0o100600 });
  const loaded = loadConfig({}, { readFile, venues: VENUES, hostName: "here", userId });
  if (loaded.config === null) throw new Error("Cannot test: the defaults were refused");
  return loaded.warnings.map((warning) => warning.variable);
}

test("loadConfig() warns when root runs the program, and nobody else", () => {
  expect(warnedVariables(0)).toEqual(["User"]);
  expect(warnedVariables(1000)).toEqual([]);
  expect(warnedVariables(undefined)).toEqual([]);
});
