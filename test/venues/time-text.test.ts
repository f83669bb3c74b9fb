import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BAD_TIME, NO_TIME, TIME_FORMATS, type TimeFormat, TimeReader } from "../../src/venues/time-text.ts";

function read(format: TimeFormat, text: string): number {
  // Other bytes around the text: nothing outside of it may be read.
  const bytes = Buffer.from(`9${text}9`);
  return new TimeReader(format).readMs(bytes, 1, bytes.length - 1);
}

const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2200, 0, 1);
const anyMs = fc.integer({ min: EARLIEST_MS, max: LATEST_MS });
const anyFraction = fc.stringMatching(/^[0-9]{0,6}$/);

describe("TimeReader.readMs()", () => {
  test.each([
    ["ms", "1670324386802", 1_670_324_386_802],
    ["ms", "1670324386802.999", 1_670_324_386_802],
    ["s", "1670324386", 1_670_324_386_000],
    ["s", "1633998511.159679", 1_633_998_511_159],
    ["s", "1633998511.1", 1_633_998_511_100],
    ["us", "1641343691582304", 1_641_343_691_582],
    ["ns", "1783981139947514400", 1_783_981_139_947],
    ["ns", "1783981139999999999", 1_783_981_139_999],
    ["iso8601", "2022-12-01T00:00:00.122581Z", Date.UTC(2022, 11, 1, 0, 0, 0, 122)],
    ["iso8601", "2019-08-01T00:00:03.8Z", Date.UTC(2019, 7, 1, 0, 0, 3, 800)],
    ["iso8601", "2024-02-29T23:59:59Z", Date.UTC(2024, 1, 29, 23, 59, 59)],
    ["iso8601", "2024-03-01T01:30:00.5+01:30", Date.UTC(2024, 2, 1, 0, 0, 0, 500)],
    ["iso8601", "2024-02-29T23:00:00-02:00", Date.UTC(2024, 2, 1, 1)],
    ["iso8601", "2016-12-31T23:59:60Z", Date.UTC(2017, 0, 1)],
  ] as const)("reads %s %s", (format, text, expected) => {
    expect(read(format, text)).toBe(expected);
  });

  test.each([
    ["iso8601", "0001-01-01T00:00:00.000000Z"],
    ["iso8601", "1970-01-01T00:00:00Z"],
    ["iso8601", "1999-12-31T23:59:59.999Z"],
    ["ms", "0"],
    ["ns", "0"],
    ["us", "12"],
    ["s", "-62135596800"],
  ] as const)("takes %s %s for no stamp", (format, text) => {
    expect(read(format, text)).toBe(NO_TIME);
  });

  test.each([
    ["ms", ""],
    ["ms", "-"],
    ["ms", "1.67e12"],
    ["ms", "1670324386802."],
    ["ms", ".5"],
    ["ms", " 1670324386802"],
    ["ms", "0x1"],
    ["s", "1670324386802"],
    ["ms", "1783981139947514400"],
    ["ns", "999999999999999999999"],
    ["s", "1.1234567890123"],
    ["iso8601", "2022-12-01T00:00:00"],
    ["iso8601", "2022-12-01 00:00:00Z"],
    ["iso8601", "2022-13-01T00:00:00Z"],
    ["iso8601", "2022-00-01T00:00:00Z"],
    ["iso8601", "2022-12-32T00:00:00Z"],
    ["iso8601", "2022-04-31T00:00:00Z"],
    ["iso8601", "2022-12-01T24:00:00Z"],
    ["iso8601", "2022-12-01T00:60:00Z"],
    ["iso8601", "2022-12-01T00:00:61Z"],
    ["iso8601", "2022-12-01T00:00:00.Z"],
    ["iso8601", "2022-12-01T00:00:00.1"],
    ["iso8601", "2022-12-01T00:00:00+0100"],
    ["iso8601", "2022-12-01T00:00:00*01:00"],
    ["iso8601", "20x2-12-01T00:00:00Z"],
    ["iso8601", "2022-12-01T00:00:00Zx"],
    ["iso8601", "1670324386802"],
  ] as const)("refuses %s %p", (format, text) => {
    expect(read(format, text)).toBe(BAD_TIME);
  });

  test("property: agrees with exact whole-number arithmetic in every numeric unit", () => {
    fc.assert(
      fc.property(anyMs, anyFraction, (ms, digits) => {
        expect(read("ms", digits === "" ? `${ms}` : `${ms}.${digits}`)).toBe(ms);
        expect(read("us", `${ms}${digits.padEnd(3, "0").slice(0, 3)}`)).toBe(ms);
        expect(read("ns", `${ms}${digits.padEnd(6, "7")}`)).toBe(ms);
        expect(read("s", `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}${digits}`)).toBe(ms);
      }),
    );
  });

  test("property: agrees with Date on ISO 8601", () => {
    fc.assert(
      fc.property(anyMs, (ms) => {
        expect(read("iso8601", new Date(ms).toISOString())).toBe(ms);
      }),
    );
  });

  test("property: any text gives a time, none or bad", () => {
    const unit = fc.constantFrom(..."0123456789-:.TZ+e");
    fc.assert(
      fc.property(fc.constantFrom(...TIME_FORMATS), fc.string({ unit, maxLength: 40 }), (format, text) => {
        const ms = read(format, text);
        expect(ms === BAD_TIME || ms === NO_TIME || (ms >= EARLIEST_MS && ms <= LATEST_MS)).toBe(true);
        expect(Number.isInteger(ms)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
