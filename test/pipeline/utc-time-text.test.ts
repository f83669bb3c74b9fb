import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { UtcTimeText } from "../../src/pipeline/utc-time-text.ts";

/** What the engine's own calendar says, with the microseconds it does not know. */
function expectedText(timeUs: number): string {
  const micros = String(timeUs % 1_000_000).padStart(6, "0");
  return new Date(Math.floor(timeUs / 1_000_000) * 1000).toISOString().replace(".000Z", `.${micros}Z`);
}

function textOf(writer: UtcTimeText, timeUs: number): string {
  const target = Buffer.alloc(64, "-");
  const end = writer.write(target, 3, timeUs);
  expect(target.toString("latin1", 0, 3) + target.toString("latin1", end)).toBe("-".repeat(64 - end + 3));
  return target.toString("latin1", 3, end);
}

describe("UtcTimeText.write()", () => {
  test.each([
    [0, "1970-01-01T00:00:00.000000Z"],
    [1, "1970-01-01T00:00:00.000001Z"],
    [951_782_399_999_999, "2000-02-28T23:59:59.999999Z"],
    [951_825_600_000_000, "2000-02-29T12:00:00.000000Z"],
    [1_700_000_000_123_456, "2023-11-14T22:13:20.123456Z"],
    [1_709_164_800_000_000, "2024-02-29T00:00:00.000000Z"],
    [1_735_689_599_999_999, "2024-12-31T23:59:59.999999Z"],
    [4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"],
  ])("writes %i as %s", (timeUs, text) => {
    expect(textOf(new UtcTimeText(), timeUs)).toBe(text);
  });

  test("every day from 1970 to 2200 has its date", () => {
    const writer = new UtcTimeText();
    const wrong: string[] = [];
    for (let day = 0; day < 84_000; day++) {
      const target = Buffer.alloc(27);
      writer.write(target, 0, day * 86_400_000_000 + 1);
      const text = target.toString("latin1");
      if (text !== expectedText(day * 86_400_000_000 + 1)) wrong.push(text);
    }
    expect(wrong).toEqual([]);
  });

  test("property: whatever was written before, it says what the calendar says", () => {
    const anyTime = fc.integer({ min: 0, max: 2 ** 53 - 1 });
    const near = fc.integer({ min: 1_700_000_000_000_000, max: 1_700_000_005_000_000 });
    fc.assert(
      fc.property(fc.array(fc.oneof(near, anyTime), { maxLength: 20 }), (times) => {
        const writer = new UtcTimeText();
        for (const timeUs of times) expect(textOf(writer, timeUs)).toBe(expectedText(timeUs));
      }),
    );
  });
});
