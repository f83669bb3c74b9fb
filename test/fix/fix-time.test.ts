import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { entryTimeMs, NOT_A_TIME, utcTimestampMs } from "../../src/fix/fix-time.ts";
import { MarketDataMessage } from "../../src/fix/market-data-message.ts";
import { formatUtcTimestamp } from "../../src/fix/utc-timestamp.ts";

function read(text: string): number {
  const bytes = Buffer.from(`#${text}#`, "latin1");
  return utcTimestampMs(bytes, 1, bytes.length - 1);
}

/** The time of an entry whose 272 and 273 are these; empty = absent. */
function entry(date: string, time: string, sendingTimeMs = NOT_A_TIME): number {
  const message = new MarketDataMessage();
  message.clear(Buffer.from(`${date}|${time}|`, "latin1"), 0);
  const at = message.addEntry();
  if (date !== "") [message.dateFrom[at], message.dateTo[at]] = [0, date.length];
  if (time !== "") [message.timeFrom[at], message.timeTo[at]] = [date.length + 1, date.length + 1 + time.length];
  return entryTimeMs(message, at, sendingTimeMs);
}

describe("utcTimestampMs()", () => {
  test.each([
    ["20241019-05:41:52", "2024-10-19T05:41:52.000Z"],
    ["20241019-05:41:52.8", "2024-10-19T05:41:52.800Z"],
    ["20241019-05:41:52.867", "2024-10-19T05:41:52.867Z"],
    ["20241019-05:41:52.867999", "2024-10-19T05:41:52.867Z"],
    ["20241019-05:41:52.867999999", "2024-10-19T05:41:52.867Z"],
    ["20241019-05:41:52.867999999999", "2024-10-19T05:41:52.867Z"],
    ["19700101-00:00:00", "1970-01-01T00:00:00.000Z"],
    ["20240229-23:59:59.999", "2024-02-29T23:59:59.999Z"],
    ["20000229-00:00:00", "2000-02-29T00:00:00.000Z"],
    ["20161231-23:59:60", "2017-01-01T00:00:00.000Z"],
    ["20161231-23:59:60.500", "2017-01-01T00:00:00.500Z"],
    ["20241231-24:00:00", "2025-01-01T00:00:00.000Z"],
    ["20241231-24:00:00.000", "2025-01-01T00:00:00.000Z"],
    ["99991231-23:59:59.999", "9999-12-31T23:59:59.999Z"],
  ])("reads %p", (text, iso) => {
    expect(read(text)).toBe(Date.parse(iso));
  });

  test.each([
    "",
    "20241019",
    "20241019-",
    "20241019-05:41",
    "20241019-05:41:52.",
    "20241019-05:41:52.8670000000000",
    "20241019-05:41:52,867",
    "20241019-05:41:52Z",
    "20241019 05:41:52",
    "20241019T05:41:52",
    "2024-10-19-05:41:52",
    "20241319-05:41:52",
    "20240019-05:41:52",
    "20240100-05:41:52",
    "20240132-05:41:52",
    "20230229-05:41:52",
    "19000229-00:00:00",
    "19691231-23:59:59",
    "20241019-25:00:00",
    "20241019-24:00:00.001",
    "20241019-24:00:01",
    "20241019-05:60:00",
    "20241019-05:41:61",
    "2024101x-05:41:52",
    "20241019-0x:41:52",
    "20241019-05:41:52.8x",
    "00000000-00:00:00",
  ])("refuses %p", (text) => {
    expect(read(text)).toBe(NOT_A_TIME);
  });

  test("an absent slice is no time", () => {
    expect(utcTimestampMs(Buffer.from("20241019-05:41:52"), -1, -1)).toBe(NOT_A_TIME);
  });

  test("property: reads what formatUtcTimestamp() writes, cut to ms", () => {
    const wallUs = fc.integer({ min: 0, max: 2_534_023_007_999_999 });
    fc.assert(
      fc.property(wallUs, (us) => {
        const ms = Math.floor(us / 1000);
        expect(read(formatUtcTimestamp(us, 0))).toBe(ms - (ms % 1000));
        for (const digits of [3, 6, 9] as const) expect(read(formatUtcTimestamp(us, digits))).toBe(ms);
      }),
    );
  });

  test("property: any bytes are a time or none, never an error", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."0123456789-:.x"), maxLength: 30 }), (text) => {
        expect(read(text)).toBeGreaterThanOrEqual(NOT_A_TIME);
      }),
    );
  });
});

describe("entryTimeMs()", () => {
  const NOON_MS = Date.parse("2024-05-02T12:00:00Z");
  const MIDNIGHT_MS = Date.parse("2024-05-02T00:00:00.100Z");

  test.each([
    ["date and time", "20240502", "07:49:37.708", "2024-05-02T07:49:37.708Z"],
    ["a timestamp in the date", "20240502-07:49:37.708", "", "2024-05-02T07:49:37.708Z"],
    ["a timestamp in the date, beside a time", "20240502-07:49:37.708", "09:00:00", "2024-05-02T07:49:37.708Z"],
    ["a timestamp in the time", "", "20240502-07:49:37.708", "2024-05-02T07:49:37.708Z"],
    ["a time alone", "", "07:49:37.708", "2024-05-02T07:49:37.708Z"],
  ])("takes %s", (_what, date, time, iso) => {
    expect(entry(date, time, NOON_MS)).toBe(Date.parse(iso));
  });

  test("a time alone is of the day nearest to SendingTime", () => {
    expect(entry("", "23:59:59.900", MIDNIGHT_MS)).toBe(Date.parse("2024-05-01T23:59:59.900Z"));
    expect(entry("", "00:00:00.100", MIDNIGHT_MS)).toBe(MIDNIGHT_MS);
    expect(entry("", "00:00:01", Date.parse("2024-05-02T23:59:59Z"))).toBe(Date.parse("2024-05-03T00:00:01Z"));
  });

  test.each([
    ["nothing", "", ""],
    ["a date alone", "20240502", ""],
    ["a time that is none", "20240502", "7:49"],
    ["a date that is none", "2024052", "07:49:37"],
    ["a timestamp that is none", "20240502-07:49", ""],
  ])("refuses %s", (_what, date, time) => {
    expect(entry(date, time, NOON_MS)).toBe(NOT_A_TIME);
  });

  test("a time alone says nothing when SendingTime is unknown", () => {
    expect(entry("", "07:49:37")).toBe(NOT_A_TIME);
  });
});

describe("formatUtcTimestamp()", () => {
  test.each([
    [0, "20241019-05:41:52"],
    [3, "20241019-05:41:52.000"],
    [6, "20241019-05:41:52.000042"],
    [9, "20241019-05:41:52.000042000"],
  ] as const)("with %p digits", (digits, text) => {
    expect(formatUtcTimestamp(Date.parse("2024-10-19T05:41:52Z") * 1000 + 42, digits)).toBe(text);
  });
});
