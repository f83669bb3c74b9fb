import { expect, test } from "bun:test";
import { configOf, problemsOf } from "./fixtures.ts";

test("findRefusedVariables() refuses what loads other code or turns certificate checks off, without the value", () => {
  for (const [name, value] of [
    ["BUN_OPTIONS", "--preload ./canary.ts"],
    ["BUN_INSPECT", "ws://127.0.0.1:6499/canary"],
    ["BUN_INSPECT_PRELOAD", "./canary.ts"],
    ["BUN_INSPECT_CONNECT_TO", "/run/canary"],
    ["BUN_INSPECT_NOTIFY", "unix:///run/canary"],
    ["BUN_ENABLE_CRASH_REPORTING", "1"],
    ["BUN_CRASH_REPORT_URL", "http://canary"],
    ["BUN_CONFIG_VERBOSE_FETCH", "canary"],
    ["NODE_TLS_REJECT_UNAUTHORIZED", "0"],
  ] as const) {
    const problems = problemsOf({ [name]: value });
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^Cannot use ${name} as it must be unset: `))]);
    expect(problems.join()).not.toContain("canary");
  }
});

test("findRefusedVariables() lets harmless values pass", () => {
  expect(
    configOf({ BUN_OPTIONS: " ", BUN_CONFIG_VERBOSE_FETCH: "0", NODE_TLS_REJECT_UNAUTHORIZED: "1" }).sink.kind,
  ).toBe("sqlite");
});
