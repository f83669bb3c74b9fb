import { expect, test } from "bun:test";
import { recordMeasured } from "./fault-record.ts";
import type { FaultOutcome } from "./fault-run.ts";

const HEAD = { date: "2026-11-23T10:00:00Z", machine: "2 × CPU", commit: "abc", command: "./build.sh faults" };

function outcome(fault: string, name: string, changes: Partial<FaultOutcome> = {}): FaultOutcome {
  const figures = [{ name: "first ack", value: 300, unit: "ms", most: 5000 }];
  return { fault, name, title: "", form: "long", seed: 1, tookMs: 61_000, figures, error: null, ...changes };
}

const EMPTY = "before\n<!-- measured -->\n<!-- /measured -->\nafter\n";

test("recordMeasured() writes a row for each case that passed, by number, and leaves the rest of the text alone", () => {
  const text = recordMeasured(EMPTY, HEAD, [
    outcome("F10", "ten"),
    outcome("F2", "two"),
    outcome("F3", "bad", { error: new Error("x") }),
  ]);
  expect(text).toStartWith("before\n<!-- measured -->\nMachine: 2 × CPU.");
  expect(text).toEndWith("\n<!-- /measured -->\nafter\n");
  expect(text.split("\n").filter((line) => line.startsWith("| F"))).toEqual([
    "| Fault | Case | Measured | Figures |",
    "| F2 | `two` | 2026-11-23, abc, long, 61 s | first ack 300 ms (≤ 5000) |",
    "| F10 | `ten` | 2026-11-23, abc, long, 61 s | first ack 300 ms (≤ 5000) |",
  ]);
});

test("recordMeasured() replaces the row of a case and keeps those of others", () => {
  const first = recordMeasured(EMPTY, HEAD, [outcome("F1", "one"), outcome("F2", "two")]);
  const second = recordMeasured(first, { ...HEAD, commit: "def" }, [outcome("F2", "two")]);
  expect(second).toBe(first.replace("| F2 | `two` | 2026-11-23, abc", "| F2 | `two` | 2026-11-23, def"));
});

test("recordMeasured() refuses a text without a place for the figures", () => {
  expect(() => recordMeasured("nothing", HEAD, [])).toThrow("Cannot record figures");
});
