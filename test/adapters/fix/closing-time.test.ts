import { describe, expect, test } from "bun:test";
import { atClosingTime } from "../../../src/adapters/fix/closing-time.ts";
import type { TradingCalendar } from "../../../src/runtime/trading-calendar.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

/** Closes at this time. */
function closingAt(closesMs: number): TradingCalendar {
  return {
    msUntilOpen: () => 0,
    msUntilClose: (wallMs) => Math.max(0, closesMs - wallMs),
    tradingDayStartMs: () => 0,
    tradingWeekStartMs: () => 0,
  };
}

describe("atClosingTime()", () => {
  test("calls back once, when trading closes", async () => {
    const clock = new FakeClock(0);
    let calls = 0;
    atClosingTime(closingAt(5 * 86_400_000), clock, () => calls++);
    await clock.advance(5 * 86_400_000 - 1);
    expect(calls).toBe(0);
    await clock.advance(1);
    expect([calls, clock.armedTimers]).toEqual([1, 0]);
  });

  test("follows a wall clock that is set", async () => {
    const clock = new FakeClock(0);
    let calls = 0;
    atClosingTime(closingAt(3_600_000), clock, () => calls++);
    await clock.advance(1000);
    clock.stepWall(3_600_000);
    await clock.advance(60_000);
    expect(calls).toBe(1);
  });

  test("a venue that never closes holds one timer until it is cancelled", async () => {
    const clock = new FakeClock(0);
    const timer = atClosingTime(closingAt(Number.POSITIVE_INFINITY), clock, () => {
      throw new Error("it never closes");
    });
    await clock.advance(10_000_000);
    expect(clock.armedTimers).toBe(1);
    timer.cancel();
    expect(clock.armedTimers).toBe(0);
  });
});
