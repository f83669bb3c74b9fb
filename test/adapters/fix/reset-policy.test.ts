import { describe, expect, test } from "bun:test";
import { shouldReset } from "../../../src/adapters/fix/reset-policy.ts";
import type { TradingCalendar } from "../../../src/runtime/trading-calendar.ts";

const HOUR_MS = 3_600_000;
/** Wednesday, 6 November 2024, 12:00 UTC. */
const NOW_MS = Date.UTC(2024, 10, 6, 12);
/** Trading days begin at 17:00, weeks on Sunday at 17:00. */
const CALENDAR: TradingCalendar = {
  msUntilOpen: () => 0,
  msUntilClose: () => HOUR_MS,
  tradingDayStartMs: () => NOW_MS - 19 * HOUR_MS,
  tradingWeekStartMs: () => NOW_MS - 67 * HOUR_MS,
};

function ask(
  policy: "logon" | "daily" | "weekly" | "never",
  lastResetHoursAgo: number,
  calendar: TradingCalendar | null,
) {
  return shouldReset({ policy, calendar, lastResetMs: NOW_MS - lastResetHoursAgo * HOUR_MS, wallMs: NOW_MS });
}

describe("shouldReset()", () => {
  test("logon is always, never is never", () => {
    expect(ask("logon", 0, CALENDAR)).toBe(true);
    expect(ask("never", 10_000, CALENDAR)).toBe(false);
  });

  test("daily is once in a trading day", () => {
    expect(ask("daily", 18, CALENDAR)).toBe(false);
    expect(ask("daily", 20, CALENDAR)).toBe(true);
  });

  test("weekly is once in a trading week", () => {
    expect(ask("weekly", 66, CALENDAR)).toBe(false);
    expect(ask("weekly", 68, CALENDAR)).toBe(true);
  });

  test("without a calendar days begin at midnight and weeks on Sunday, UTC", () => {
    expect([ask("daily", 11, null), ask("daily", 13, null)]).toEqual([false, true]);
    expect([ask("weekly", 83, null), ask("weekly", 85, null)]).toEqual([false, true]);
  });

  test("a reset that lies in the future is not believed", () => {
    expect([ask("daily", -1, CALENDAR), ask("weekly", -1, CALENDAR)]).toEqual([true, true]);
  });
});
