import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SendResult } from "../../../src/publish/batch-transport.ts";
import { outcomesMarkdown } from "../../../src/publish/kafka/outcomes-markdown.ts";
import { PRODUCE_OUTCOMES, produceOutcome } from "../../../src/publish/kafka/produce-outcomes.ts";

const ROOT = join(import.meta.dir, "../../..");

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
  51: ["retry", "fresh"],
  53: ["retry", "fresh"],
  56: ["retry", "stale"],
  58: ["retry", "fresh"],
  59: ["new_producer_id", "fresh"],
  72: ["retry", "stale"],
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
  100: ["retry", "stale"],
  103: ["retry", "stale"],
  120: ["new_producer_id", "fresh"],
  129: ["retry", "stale"],
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

describe("Kafka's own list of errors", () => {
  const known = readKafkaErrors();

  test("every code of the table has Kafka's name", () => {
    for (const [number, { code }] of PRODUCE_OUTCOMES)
      expect([number, known.get(number)?.name]).toEqual([number, code]);
  });

  test("what Kafka calls retriable is tried again, and what it calls a matter of metadata is re-routed", () => {
    for (const [number, { name, isRetriable, isInvalidMetadata }] of known) {
      const found = produceOutcome(number);
      if (isRetriable) expect([name, found.outcome]).toEqual([name, "retry"]);
      if (isInvalidMetadata) expect([name, found.isStaleMetadata]).toEqual([name, true]);
    }
  });

  test("no code at all stops a lane or loses a batch but those that are about the batch itself", () => {
    const rejected = [...known].filter(([number]) => produceOutcome(number).outcome === "rejected");
    expect(rejected.map(([, { name }]) => name)).toEqual(["INVALID_REQUEST", "POLICY_VIOLATION", "INVALID_RECORD"]);
  });
});

describe("outcomesMarkdown()", () => {
  test("docs/kafka-outcomes.md is what the table says", () => {
    expect(readFileSync(join(ROOT, "docs/kafka-outcomes.md"), "utf8")).toBe(outcomesMarkdown());
  });

  test("every code has its row, once", () => {
    const rows = [...outcomesMarkdown().matchAll(/^\| (-?\d+) \| (\w+) \|/gm)].map((row) => [Number(row[1]), row[2]]);
    const wanted = [...PRODUCE_OUTCOMES].map(([number, { code }]): [number, string] => [number, code]);
    expect(rows.sort(([a], [b]) => Number(a) - Number(b))).toEqual(wanted.sort(([a], [b]) => a - b));
  });
});

interface KafkaError {
  readonly name: string;
  readonly isRetriable: boolean;
  readonly isInvalidMetadata: boolean;
}

/** `Errors` of Kafka's own client, printed by a Java program. */
function readKafkaErrors(): Map<number, KafkaError> {
  const lines = readFileSync(join(ROOT, "test/fixtures/kafka/errors-4.4.0.tsv"), "utf8").trim().split("\n").slice(1);
  return new Map(
    lines.map((line) => {
      const [code, name, retriable, metadata] = line.split("\t");
      return [Number(code), { name, isRetriable: retriable === "true", isInvalidMetadata: metadata === "true" }];
    }),
  );
}
