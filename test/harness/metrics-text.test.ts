import { describe, expect, test } from "bun:test";
import { MetricsText } from "./metrics-text.ts";

describe("MetricsText", () => {
  const text = new MetricsText(`# HELP x y
ingester_ledger_imbalance_quotes{source="v"} 0
ingester_quotes_accepted_total{source="v"} 7
ingester_quotes_acked_total{source="v"} 4
ingester_quotes_in_memory{source="v"} 1
ingester_quotes_dropped_total{source="v",reason="memory_full"} 2
ingester_quotes_dropped_total{source="v",reason="shutdown"} 0
process_resident_memory_bytes 1.5e+8
`);

  test("reads the ledger and sums samples", () => {
    expect(text.ledger()).toEqual([
      {
        source: "v",
        accepted: 7,
        recovered: 0,
        acked: 4,
        inMemory: 1,
        onSpool: 0,
        dropped: { memory_full: 2, shutdown: 0 },
      },
    ]);
    expect(text.sum("ingester_quotes_dropped_total")).toBe(2);
    expect(text.sum("process_resident_memory_bytes")).toBe(150_000_000);
  });

  test("refuses a text without the ledger", () => {
    expect(() => new MetricsText("up 1\n").ledger()).toThrow("Cannot read the ledger");
  });
});
