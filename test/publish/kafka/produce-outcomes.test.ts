import { describe, expect, test } from "bun:test";
import type { SendResult } from "../../../src/publish/batch-transport.ts";
import { PRODUCE_OUTCOMES, produceOutcome } from "../../../src/publish/kafka/produce-outcomes.ts";

// Written down a second time, by code: a slip of the table must not pass.
const WANTED: Readonly<Record<number, readonly [SendResult["outcome"], "stale" | "fresh"]>> = {
  [-1]: ["retry", "fresh"],
  0: ["acked", "fresh"],
  2: ["retry", "fresh"],
  3: ["retry", "stale"],
  5: ["retry", "stale"],
  6: ["retry", "stale"],
  7: ["retry", "fresh"],
  8: ["retry", "stale"],
  9: ["retry", "stale"],
  10: ["too_large", "fresh"],
  13: ["retry", "stale"],
  14: ["retry", "fresh"],
  15: ["retry", "fresh"],
  16: ["retry", "stale"],
  17: ["retry", "fresh"],
  18: ["too_large", "fresh"],
  19: ["retry", "fresh"],
  20: ["retry", "fresh"],
  21: ["retry", "fresh"],
  29: ["retry", "fresh"],
  31: ["retry", "fresh"],
  32: ["retry", "fresh"],
  33: ["retry", "fresh"],
  34: ["retry", "fresh"],
  35: ["retry", "fresh"],
  41: ["retry", "stale"],
  42: ["rejected", "fresh"],
  43: ["retry", "fresh"],
  44: ["rejected", "fresh"],
  45: ["new_producer_id", "fresh"],
  46: ["acked", "fresh"],
  47: ["new_producer_id", "fresh"],
  48: ["new_producer_id", "fresh"],
  49: ["new_producer_id", "fresh"],
  53: ["retry", "fresh"],
  56: ["retry", "stale"],
  58: ["retry", "fresh"],
  59: ["new_producer_id", "fresh"],
  74: ["retry", "stale"],
  75: ["retry", "stale"],
  76: ["retry", "fresh"],
  77: ["retry", "stale"],
  78: ["retry", "stale"],
  80: ["retry", "stale"],
  83: ["retry", "stale"],
  87: ["rejected", "fresh"],
  89: ["retry", "fresh"],
  90: ["new_producer_id", "fresh"],
};

describe("produceOutcome()", () => {
  for (const [errorCode, [outcome, metadata]] of Object.entries(WANTED)) {
    test(`error code ${errorCode} is ${outcome}`, () => {
      const found = produceOutcome(Number(errorCode));
      expect(found.outcome).toBe(outcome);
      expect(found.isStaleMetadata).toBe(metadata === "stale");
      expect(found.reason).not.toBe("");
    });
  }

  test("the table holds these codes and no other", () => {
    expect([...PRODUCE_OUTCOMES.keys()].sort((a, b) => a - b)).toEqual(
      Object.keys(WANTED)
        .map(Number)
        .sort((a, b) => a - b),
    );
  });

  test("a code nobody knows is an unknown outcome: the same batch goes again", () => {
    for (const errorCode of [-2, 999, 32_767]) {
      expect(produceOutcome(errorCode)).toMatchObject({ outcome: "retry", code: `KAFKA_ERROR_${errorCode}` });
    }
  });
});
