import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { backoffDelayMs, probeDelayMs } from "../../src/runtime/backoff.ts";

const POLICY = { initialDelayMs: 1000, maxDelayMs: 60_000 };

describe("backoffDelayMs()", () => {
  test("backoffDelayMs() doubles from the initial delay to the cap when chance is fixed at the top", () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffDelayMs(POLICY, attempt, () => 1));
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  test("backoffDelayMs() is full jitter: any part of the bound, down to nothing", () => {
    expect(backoffDelayMs(POLICY, 3, () => 0)).toBe(0);
    expect(backoffDelayMs(POLICY, 3, () => 0.5)).toBe(4000);
  });

  test("backoffDelayMs() stays within [0, maxDelayMs] for any attempt and chance", () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(), chance, fc.integer({ min: 1, max: 1e6 }), (attempt, random, initialDelayMs) => {
        const delayMs = backoffDelayMs({ initialDelayMs, maxDelayMs: 60_000 }, attempt, () => random);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(60_000);
      }),
    );
  });
});

describe("probeDelayMs()", () => {
  test("probeDelayMs() is the cap, less up to a tenth", () => {
    expect(probeDelayMs(POLICY, () => 0)).toBe(54_000);
    expect(probeDelayMs(POLICY, () => 1)).toBe(60_000);
  });
});
