import { expect, test } from "bun:test";
import { LATENCY_BOUNDS_US, LatencyHistogram } from "../../src/runtime/latency-histogram.ts";

test("LatencyHistogram counts into the first bucket whose bound holds the value", () => {
  const histogram = new LatencyHistogram();
  histogram.record(10);
  histogram.record(11);
  histogram.record(-50);
  histogram.record(1e12, 2);
  expect([...histogram.counts].map((count, i) => [i, count]).filter(([, count]) => count > 0)).toEqual([
    [0, 2],
    [1, 1],
    [LATENCY_BOUNDS_US.length, 2],
  ]);
  expect(histogram.count).toBe(5);
  expect(histogram.sumUs).toBe(21 + 2e12);
});

test("LatencyHistogram.quantileUs() gives the bound below which the share lies", () => {
  const histogram = new LatencyHistogram();
  expect(histogram.quantileUs(0.5)).toBe(0);
  histogram.record(90, 99);
  histogram.record(4000);
  expect(histogram.quantileUs(0.5)).toBe(100);
  expect(histogram.quantileUs(0.999)).toBe(5000);
});
