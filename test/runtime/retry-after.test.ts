import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseRetryAfterMs } from "../../src/runtime/retry-after.ts";

const NOW_MS = Date.parse("2024-10-19T05:41:52Z");

describe("parseRetryAfterMs()", () => {
  test("parseRetryAfterMs() reads seconds", () => {
    expect(parseRetryAfterMs("120", NOW_MS)).toBe(120_000);
    expect(parseRetryAfterMs(" 7 ", NOW_MS)).toBe(7000);
  });

  test("parseRetryAfterMs() reads an HTTP date", () => {
    expect(parseRetryAfterMs("Sat, 19 Oct 2024 05:42:22 GMT", NOW_MS)).toBe(30_000);
  });

  test("parseRetryAfterMs() returns 0 for a date in the past, an absent header and garbage", () => {
    expect(parseRetryAfterMs("Sat, 19 Oct 2024 05:00:00 GMT", NOW_MS)).toBe(0);
    expect(parseRetryAfterMs(undefined, NOW_MS)).toBe(0);
    expect(parseRetryAfterMs("soon", NOW_MS)).toBe(0);
  });

  test("parseRetryAfterMs() never asks for more than three days, nor for less than nothing, whatever the venue wrote", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.nat().map(String), fc.date({ noInvalidDate: true }).map(String)),
        (header) => {
          const delayMs = parseRetryAfterMs(header, NOW_MS);
          expect(delayMs).toBeGreaterThanOrEqual(0);
          expect(delayMs).toBeLessThanOrEqual(3 * 24 * 3_600_000);
        },
      ),
    );
  });
});
