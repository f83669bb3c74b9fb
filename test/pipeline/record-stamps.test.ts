import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { QuoteView } from "../../src/domain/quote.ts";
import { RecordStamps } from "../../src/pipeline/record-stamps.ts";

function quoteOf(venueTimeMs: number, receivedTimeUs: number): QuoteView {
  const quote = new QuoteView();
  quote.venueTimeMs = venueTimeMs;
  quote.receivedTimeUs = receivedTimeUs;
  return quote;
}

describe("RecordStamps.write()", () => {
  test("writes the venue's stamp and ours, or ours for both", () => {
    const target = Buffer.alloc(256, "-");
    const stamps = new RecordStamps();
    const end = stamps.write(target, 10, quoteOf(1_700_000_000_123, 1_700_000_000_456_789));
    expect(target.toString("latin1", 10, end)).toBe(
      ',"sourceTimestamp":1700000000123,"timestampSource":"venue","receivedTimestampUs":1700000000456789',
    );
    const receivedEnd = stamps.write(target, 10, quoteOf(-1, 1_700_000_000_456_789));
    expect(target.toString("latin1", 10, receivedEnd)).toBe(
      ',"sourceTimestamp":1700000000456,"timestampSource":"received","receivedTimestampUs":1700000000456789',
    );
    expect(target.toString("latin1", 0, 10)).toBe("-".repeat(10));
  });

  test("property: whatever was written before, it says what a first write says", () => {
    const venueTimeMs = fc.constantFrom(-1, 0, 999_999_999_999, 1_700_000_000_000, 1_700_000_000_001);
    const receivedTimeUs = fc.constantFrom(1000, 1_700_000_000_000_000, 1_700_000_000_000_001);
    const step = fc.tuple(venueTimeMs, receivedTimeUs, fc.constantFrom(0, 0, 0, 7), fc.constantFrom(0, 0, 0, 1));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const targets = [Buffer.alloc(256), Buffer.alloc(256)];
        const stamps = new RecordStamps();
        for (const [venueMs, receivedUs, start, which] of steps) {
          const quote = quoteOf(venueMs, receivedUs);
          const target = targets[which] as Buffer;
          const end = stamps.write(target, start, quote);
          const fresh = Buffer.alloc(256);
          const freshEnd = new RecordStamps().write(fresh, 0, quote);
          expect(target.toString("latin1", start, end)).toBe(fresh.toString("latin1", 0, freshEnd));
        }
      }),
    );
  });
});
