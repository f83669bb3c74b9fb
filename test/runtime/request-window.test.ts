import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RequestWindow } from "../../src/runtime/request-window.ts";

/** Spends one unit whenever the window lets it, until `endMs`; returns when each was spent. */
function spendAll(window: RequestWindow, endMs: number, weight = 1): number[] {
  const timesMs: number[] = [];
  for (let nowMs = 0; nowMs <= endMs; ) {
    const waitMs = window.waitMs(weight, nowMs);
    if (waitMs > 0) {
      nowMs += waitMs;
      continue;
    }
    window.spend(weight, nowMs);
    timesMs.push(nowMs);
  }
  return timesMs;
}

/** The most that lies in any half-open stretch of so many ms. */
function mostWithin(timesMs: readonly number[], windowMs: number): number {
  let most = 0;
  for (const [i, startMs] of timesMs.entries()) {
    const end = timesMs.findIndex((timeMs, j) => j > i && timeMs >= startMs + windowMs - 1e-6);
    most = Math.max(most, (end < 0 ? timesMs.length : end) - i);
  }
  return most;
}

describe("RequestWindow", () => {
  test("lets a tenth go at once and the rest flow in, and uses the whole of what is allowed", () => {
    const window = new RequestWindow({ weight: 100, windowMs: 1000 }, 0);
    const timesMs = spendAll(window, 3000);
    expect(timesMs.filter((timeMs) => timeMs === 0).length).toBe(10);
    expect(mostWithin(timesMs, 1000)).toBe(100);
  });

  test("a window of one lets one go per window", () => {
    const timesMs = spendAll(new RequestWindow({ weight: 1, windowMs: 1000 }, 0), 3500);
    expect(timesMs.map(Math.round)).toEqual([0, 1000, 2000, 3000]);
  });

  test("never spends more than is allowed in any window, whatever the figures (property)", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 10, max: 5000 }), (weight, windowMs) => {
        const timesMs = spendAll(new RequestWindow({ weight, windowMs }, 0), windowMs * 3);
        expect(mostWithin(timesMs, windowMs)).toBeLessThanOrEqual(weight);
      }),
      { numRuns: 60 },
    );
  });

  test("what costs more than goes at once waits for a full bucket and is paid back before the next", () => {
    const window = new RequestWindow({ weight: 10, windowMs: 1000 }, 0);
    const timesMs = spendAll(window, 2000, 4);
    expect(timesMs.map(Math.round)).toEqual([0, 400, 800, 1200, 1600, 2000]);
  });

  test("slows down as the venue's own counter runs full, whoever fills it", () => {
    const window = new RequestWindow({ weight: 6000, windowMs: 60_000 }, 0);
    const free = window.status(0).weightPerSecond;
    window.report({ used: 3000, limit: 6000, resetsInMs: null }, 0);
    const half = window.status(0).weightPerSecond;
    window.report({ used: 5940, limit: 6000, resetsInMs: null }, 0);
    const low = window.status(0).weightPerSecond;
    expect(free).toBeCloseTo(90, 0);
    expect(half).toBeCloseTo(50, 0);
    expect(low).toBeCloseTo(1, 1);
    expect(window.status(0).usedShare).toBeCloseTo(0.99, 5);
  });

  test("spreads what is left over the time it must last, rather than spending it and standing still", () => {
    const window = new RequestWindow({ weight: 6000, windowMs: 60_000 }, 0);
    window.report({ used: 5940, limit: 6000, resetsInMs: 30_000 }, 0);
    const timesMs = spendAll(window, 30_000);
    expect(timesMs.length).toBeLessThanOrEqual(60);
    expect(timesMs.length).toBeGreaterThan(40);
    expect(timesMs.filter((timeMs) => timeMs < 1000).length).toBeLessThan(10);
  });

  test("keeps still when nothing is left, until the window ends, and is itself again afterwards", () => {
    const window = new RequestWindow({ weight: 100, windowMs: 1000 }, 0);
    window.report({ used: 100, limit: 100, resetsInMs: 700 }, 0);
    expect(window.waitMs(1, 0)).toBe(700);
    expect(window.waitMs(1, 650)).toBe(50);
    expect(window.waitMs(1, 700)).toBe(0);
    expect(window.status(700)).toEqual({ weight: 100, windowMs: 1000, usedShare: null, weightPerSecond: 91 });
  });

  test("a later word of the venue replaces the one before: with the next window the pace is back at once", () => {
    const window = new RequestWindow({ weight: 6000, windowMs: 60_000 }, 0);
    window.report({ used: 5999, limit: 6000, resetsInMs: null }, 0);
    expect(window.waitMs(4, 0)).toBeGreaterThan(0);
    window.report({ used: 4, limit: 6000, resetsInMs: null }, 10_000);
    expect(window.status(10_000).weightPerSecond).toBeCloseTo(90, 0);
  });

  test("what costs more than is left waits for the next window: the venue would refuse it", () => {
    const window = new RequestWindow({ weight: 6000, windowMs: 60_000 }, 0);
    window.report({ used: 5997, limit: 6000, resetsInMs: 20_000 }, 0);
    expect(window.waitMs(3, 0)).toBeLessThan(20_000);
    expect(window.waitMs(4, 0)).toBe(20_000);
  });

  test("what is spent after the venue's word counts against what it left", () => {
    const window = new RequestWindow({ weight: 100, windowMs: 1000 }, 0);
    window.report({ used: 98, limit: 100, resetsInMs: null }, 0);
    window.spend(2, 0);
    expect(window.waitMs(1, 0)).toBe(1000);
  });

  test("an end of the window that is past, or further off than a window lasts, does no harm", () => {
    const window = new RequestWindow({ weight: 10, windowMs: 1000 }, 0);
    window.report({ used: 10, limit: 10, resetsInMs: 0 }, 0);
    expect(window.waitMs(1, 0)).toBe(0);
    window.report({ used: 10, limit: 10, resetsInMs: 1e9 }, 0);
    expect(window.waitMs(1, 0)).toBe(1000);
  });
});
