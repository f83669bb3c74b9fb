import { expect, test } from "bun:test";
import { murmur2, partitionOf } from "../../src/publish/murmur2.ts";

// Values that Apache Kafka's own unit tests expect of its murmur2 (clients, UtilsTest).
const KNOWN: readonly (readonly [string, number])[] = [
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
];

test("murmur2() agrees with Kafka's", () => {
  for (const [text, hash] of KNOWN) expect(murmur2(Buffer.from(text))).toBe(hash);
});

test("partitionOf() clears the sign bit and stays in range", () => {
  expect(partitionOf(Buffer.from("21"), 12)).toBe((-973932308 & 0x7fffffff) % 12);
  for (let i = 0; i < 1000; i++) {
    const partition = partitionOf(Buffer.from(`binance:S${i}`), 7);
    expect(partition).toBeGreaterThanOrEqual(0);
    expect(partition).toBeLessThan(7);
  }
});
