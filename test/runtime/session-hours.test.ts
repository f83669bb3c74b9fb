import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  createTradingCalendar,
  isSessionDays,
  isTimeOfDay,
  isTimeZone,
  type SessionHours,
} from "../../src/runtime/session-hours.ts";

const FX_WEEK: SessionHours = { start: "17:00", end: "17:00", timeZone: "America/New_York", days: "Sun-Fri" };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function ms(iso: string): number {
  return Date.parse(iso);
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

describe("createTradingCalendar() of the FX week", () => {
  const calendar = createTradingCalendar(FX_WEEK);

  test("is open from Sunday 17:00 New York, in winter time", () => {
    expect(calendar.msUntilOpen(ms("2026-11-22T21:59:59.999Z"))).toBe(1);
    expect(calendar.msUntilOpen(ms("2026-11-22T22:00:00Z"))).toBe(0);
    expect(calendar.msUntilClose(ms("2026-11-22T21:59:59.999Z"))).toBe(0);
  });

  test("closes on Friday 17:00 New York, to the ms", () => {
    expect(calendar.msUntilClose(ms("2026-11-27T21:59:59.999Z"))).toBe(1);
    expect(calendar.msUntilClose(ms("2026-11-27T22:00:00Z"))).toBe(0);
    expect(calendar.msUntilOpen(ms("2026-11-27T22:00:00Z"))).toBe(2 * DAY_MS);
  });

  test("follows daylight saving time: the week of 8 March 2026 is an hour longer to the Friday before", () => {
    // Closed Friday 2026-03-06 22:00 UTC (EST), open Sunday 2026-03-08 21:00 UTC (EDT).
    expect(calendar.msUntilOpen(ms("2026-03-06T22:00:00Z"))).toBe(47 * HOUR_MS);
    expect(calendar.msUntilOpen(ms("2026-10-30T21:00:00Z"))).toBe(49 * HOUR_MS);
  });

  test("its trading days begin at 17:00, its week on Sunday", () => {
    expect(iso(calendar.tradingDayStartMs(ms("2026-11-25T12:00:00Z")))).toBe("2026-11-24T22:00:00.000Z");
    expect(iso(calendar.tradingDayStartMs(ms("2026-11-25T22:00:00Z")))).toBe("2026-11-25T22:00:00.000Z");
    expect(iso(calendar.tradingWeekStartMs(ms("2026-11-25T12:00:00Z")))).toBe("2026-11-22T22:00:00.000Z");
  });

  test("on the weekend the last trading day and week still count", () => {
    expect(iso(calendar.tradingDayStartMs(ms("2026-11-28T12:00:00Z")))).toBe("2026-11-26T22:00:00.000Z");
    expect(iso(calendar.tradingWeekStartMs(ms("2026-11-28T12:00:00Z")))).toBe("2026-11-22T22:00:00.000Z");
  });
});

describe("createTradingCalendar() of daily sessions", () => {
  const days = { start: "17:00:04", end: "17:00", timeZone: "America/New_York", days: "Sun,Mon,Tue,Wed,Thu" };
  const calendar = createTradingCalendar(days);

  test("closes every day and opens four seconds later", () => {
    expect(calendar.msUntilClose(ms("2026-11-24T21:59:59Z"))).toBe(1000);
    expect(calendar.msUntilOpen(ms("2026-11-24T22:00:00Z"))).toBe(4000);
    expect(calendar.msUntilOpen(ms("2026-11-24T22:00:04Z"))).toBe(0);
  });

  test("a session within one day ends on that day", () => {
    const exchange = { start: "09:30", end: "16:00", timeZone: "America/New_York", days: "monday,Tue" };
    const daytime = createTradingCalendar(exchange);
    expect(daytime.msUntilClose(ms("2026-11-23T14:30:00Z"))).toBe(6.5 * HOUR_MS);
    expect(daytime.msUntilOpen(ms("2026-11-24T21:00:00Z"))).toBe(5 * DAY_MS + 17.5 * HOUR_MS);
  });

  test("its week begins with the first day named", () => {
    expect(iso(calendar.tradingWeekStartMs(ms("2026-11-25T12:00:00Z")))).toBe("2026-11-22T22:00:04.000Z");
    expect(iso(calendar.tradingDayStartMs(ms("2026-11-25T12:00:00Z")))).toBe("2026-11-24T22:00:04.000Z");
  });
});

describe("createTradingCalendar() that never closes", () => {
  const calendar = createTradingCalendar({ ...FX_WEEK, days: "all" });

  test("is always open and still has days and weeks", () => {
    const saturday = ms("2026-11-28T12:00:00Z");
    expect(calendar.msUntilOpen(saturday)).toBe(0);
    expect(calendar.msUntilClose(saturday)).toBe(Number.POSITIVE_INFINITY);
    expect(iso(calendar.tradingDayStartMs(saturday))).toBe("2026-11-27T22:00:00.000Z");
    expect(iso(calendar.tradingWeekStartMs(saturday))).toBe("2026-11-22T22:00:00.000Z");
  });
});

describe("createTradingCalendar() at any time", () => {
  const calendars = [FX_WEEK, { ...FX_WEEK, days: "Mon,Wed" }, { ...FX_WEEK, days: "Sat-Sat", timeZone: "UTC" }].map(
    createTradingCalendar,
  );

  test("is either open or closed, and what it foretells comes true", () => {
    const time = fc.integer({ min: ms("2025-01-01T00:00:00Z"), max: ms("2028-01-01T00:00:00Z") });
    fc.assert(
      fc.property(fc.constantFrom(...calendars), time, (calendar, wallMs) => {
        const openMs = calendar.msUntilOpen(wallMs);
        const closeMs = calendar.msUntilClose(wallMs);
        expect(openMs === 0).toBe(closeMs > 0);
        expect(calendar.msUntilOpen(wallMs + openMs)).toBe(0);
        if (openMs > 1) expect(calendar.msUntilOpen(wallMs + openMs - 1)).toBe(1);
        if (closeMs > 1) expect(calendar.msUntilClose(wallMs + closeMs - 1)).toBe(1);
        const dayMs = calendar.tradingDayStartMs(wallMs);
        expect(dayMs).toBeLessThanOrEqual(wallMs);
        expect(calendar.msUntilOpen(dayMs)).toBe(0);
        expect(calendar.tradingWeekStartMs(wallMs)).toBeLessThanOrEqual(dayMs);
      }),
      { numRuns: 300 },
    );
  });
});

describe("the forms of session hours", () => {
  test.each(["Sun-Fri", "sun - fri", "Sunday-Friday", "Mon", "Mon,Tue", "all", "Sat-Sat"])("%p are days", (text) => {
    expect(isSessionDays(text)).toBe(true);
  });

  test.each(["", "Su-Fr", "Mon-", "Mon,Mon", "Mon;Tue", "Monda", "every day"])("%p are none", (text) => {
    expect(isSessionDays(text)).toBe(false);
  });

  test("times of day and zones are told apart from what is none", () => {
    expect(["00:00", "23:59:59", "17:00"].every(isTimeOfDay)).toBe(true);
    expect(["24:00", "7:00", "17", "17:60", "17:00:60", "17:00 "].some(isTimeOfDay)).toBe(false);
    expect(isTimeZone("America/New_York")).toBe(true);
    expect(isTimeZone("New York")).toBe(false);
  });
});
