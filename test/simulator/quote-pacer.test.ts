import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Clock, Timer } from "../../src/runtime/clock.ts";
import { QuotePacer } from "../../src/simulator/quote-pacer.ts";
import { FakeClock } from "../harness/fake-clock.ts";

/** A fake clock whose time can run on without any timer firing, as in a stalled process. */
class StallingClock implements Clock {
  readonly inner = new FakeClock();
  stalledMs = 0;

  monotonicMs(): number {
    return this.inner.monotonicMs() + this.stalledMs;
  }

  wallUs(): number {
    return this.inner.wallUs();
  }

  schedule(delayMs: number, callback: () => void): Timer {
    return this.inner.schedule(delayMs, callback);
  }

  scheduleSoon(callback: () => void): Timer {
    return this.inner.scheduleSoon(callback);
  }
}

function startPacer(ratePerSecond: number): { clock: StallingClock; pacer: QuotePacer; count: () => number } {
  const clock = new StallingClock();
  let count = 0;
  const pacer = new QuotePacer(clock, ratePerSecond, { emit: (more) => (count += more) });
  pacer.start();
  return { clock, pacer, count: () => count };
}

test("QuotePacer holds any rate to within one quote over any time", async () => {
  const rates = fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.double({ min: 0.5, max: 50, noNaN: true }));
  await fc.assert(
    fc.asyncProperty(rates, fc.integer({ min: 1, max: 2000 }), async (rate, ms) => {
      const { clock, pacer, count } = startPacer(rate);
      await clock.inner.advance(ms);
      pacer.stop();
      const due = (rate * ms) / 1000;
      // What falls due within the last tick may still be outstanding.
      expect(count()).toBeLessThanOrEqual(due + 1e-3);
      expect(count()).toBeGreaterThanOrEqual(Math.floor(due - (rate * 5) / 1000) - 1);
    }),
    { numRuns: 50 },
  );
});

test("QuotePacer makes up for 250 ms of a stall and forgives the rest", async () => {
  const { clock, count } = startPacer(1000);
  await clock.inner.advance(1000);
  expect(count()).toBe(1000);
  clock.stalledMs = 10_000;
  await clock.inner.advance(5);
  expect(count()).toBe(1250);
  await clock.inner.advance(1000);
  expect(count()).toBe(2250);
});

test("QuotePacer stops and starts anew without a backlog", async () => {
  const { clock, pacer, count } = startPacer(100);
  await clock.inner.advance(100);
  pacer.stop();
  expect(clock.inner.armedTimers).toBe(0);
  await clock.inner.advance(10_000);
  pacer.start();
  await clock.inner.advance(100);
  expect(count()).toBe(20);
});
