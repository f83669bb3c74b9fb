import { expect, test } from "bun:test";
import { Market } from "../../src/simulator/market.ts";
import { createSeededRandom } from "../../src/simulator/seeded-random.ts";

const SPEC = {
  symbol: "X",
  priceDecimals: 2,
  tickUnits: 5,
  startTicks: 1000,
  sizeDecimals: 3,
  maxSizeUnits: 5000,
};

test("Market stays in its band with bid below ask and positive sizes", () => {
  const market = new Market(SPEC, "t", 3);
  const prices = new Set<number>();
  for (let i = 0; i < 200_000; i++) {
    market.step(i, i);
    prices.add(market.bidTicks);
    if (market.askPriceUnits <= market.bidPriceUnits || market.bidSizeUnits < 1 || market.askSizeUnits < 1) {
      throw new Error(`Market is crossed or empty at step ${i}`);
    }
  }
  expect(Math.min(...prices)).toBeGreaterThanOrEqual(800);
  expect(Math.max(...prices)).toBeLessThanOrEqual(1204);
  expect(prices.size).toBeGreaterThan(100);
});

test("Market numbers and times rise with every step, even within one microsecond", () => {
  const market = new Market(SPEC, "t", 3);
  let { sequence, timeUs, updates } = market;
  for (let i = 0; i < 1000; i++) {
    market.step(1_000_000, 1);
    expect(market.sequence).toBeGreaterThan(sequence);
    expect(market.timeUs).toBeGreaterThan(timeUs);
    expect(market.updates).toBe(updates + 1);
    ({ sequence, timeUs, updates } = market);
  }
});

test("createSeededRandom() repeats for a seed and fills [0, 1) evenly", () => {
  const [one, two] = [createSeededRandom(42), createSeededRandom(42)];
  const buckets = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) {
    const value = one();
    expect(two()).toBe(value);
    buckets[Math.floor(value * 10)]++;
  }
  expect(Math.min(...buckets)).toBeGreaterThan(850);
  expect(Math.max(...buckets)).toBeLessThan(1150);
});
