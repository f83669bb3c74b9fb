import { describe, expect, test } from "bun:test";
import { renderProblem, renderProblems, stateProblem, valueProblem } from "../../src/config/problems.ts";

describe("renderProblem()", () => {
  test("renderProblem() has the house form", () => {
    const problem = valueProblem("BINANCE_STALE_AFTER_MS", { text: "0", display: "plain" }, "be >= 1");
    expect(renderProblem(problem)).toBe('Cannot use BINANCE_STALE_AFTER_MS as it must be >= 1: current value is "0"');
  });

  test("renderProblem() ends with the suggestion", () => {
    expect(renderProblem(stateProblem("X", "be set", "it is not set", "set it"))).toBe(
      "Cannot use X as it must be set: it is not set (set it)",
    );
  });

  test("renderProblem() never shows a secret", () => {
    const problem = valueProblem("X", { text: "canary", display: "secret" }, "be short");
    expect(renderProblem(problem)).toBe('Cannot use X as it must be short: current value is "[redacted]"');
    expect(JSON.stringify(problem)).not.toContain("canary");
  });

  test("renderProblems() writes one line each", () => {
    const problem = stateProblem("X", "be set", "it is not set");
    expect(renderProblems([problem, problem]).split("\n")).toHaveLength(3);
    expect(renderProblems([])).toBe("");
  });
});
