import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  checkVenueSequence,
  resetVenueSequence,
  SequenceVerdict,
  venueSequenceText,
} from "../../src/pipeline/venue-sequence.ts";
import type { SequenceRule } from "../../src/venues/compiled-venue.ts";
import { instrumentOf, type QuoteText, quoteView } from "../harness/quotes.ts";

const NAMES = Object.fromEntries(Object.entries(SequenceVerdict).map(([name, value]) => [value, name]));

function rule(kind: SequenceRule["kind"], more: Partial<SequenceRule> = {}): SequenceRule {
  return { kind, isEqualDuplicate: true, resetValue: null, onGap: "continue", ...more };
}

/** Verdicts over a run of messages. */
function verdicts(by: SequenceRule, messages: readonly QuoteText[]): string[] {
  const instrument = instrumentOf();
  return messages.map((message) => NAMES[checkVenueSequence(by, instrument, quoteView(instrument, message))]);
}

const numbered = (...numbers: string[]): QuoteText[] => numbers.map((sequence) => ({ sequence }));

describe("checkVenueSequence()", () => {
  test("increasing: jumps are fine, equal is a duplicate, older is a regression", () => {
    expect(verdicts(rule("increasing"), numbered("5", "9", "9", "8", "10"))).toEqual([
      "accept",
      "accept",
      "duplicate",
      "regression",
      "accept",
    ]);
  });

  test("increasing with equal accepted (Coinbase: two tickers of one match)", () => {
    expect(verdicts(rule("increasing", { isEqualDuplicate: false }), numbered("5", "5", "4"))).toEqual([
      "accept",
      "accept",
      "regression",
    ]);
  });

  test("contiguous: one more or a gap", () => {
    expect(verdicts(rule("contiguous"), numbered("1", "2", "4", "5", "5"))).toEqual([
      "accept",
      "accept",
      "gap",
      "accept",
      "duplicate",
    ]);
  });

  test("linked: the message names its predecessor", () => {
    const link = (sequence: string, previousSequence: string): QuoteText => ({ sequence, previousSequence });
    expect(verdicts(rule("linked"), [link("10", "7"), link("15", "10"), link("20", "16"), link("21", "20")])).toEqual([
      "accept",
      "accept",
      "gap",
      "accept",
    ]);
  });

  test("a snapshot and the reset value start anew without a gap", () => {
    const messages: QuoteText[] = [
      { sequence: "100" },
      { sequence: "3", isSnapshot: true },
      { sequence: "4" },
      { sequence: "1" },
      { sequence: "2" },
    ];
    expect(verdicts(rule("contiguous", { resetValue: "1" }), messages)).toEqual(Array(5).fill("accept"));
  });

  test("numbers wider than a double stay exact over the border of nine digits", () => {
    const near = 999_999_999_999_999_999n;
    expect(
      verdicts(rule("contiguous"), numbered(String(near), String(near + 1n), String(near + 2n), String(near + 4n))),
    ).toEqual(["accept", "accept", "accept", "gap"]);
  });

  test("a venue that renumbered without a word is believed after sixteen regressions, as a gap", () => {
    const messages = numbered("1000", ...Array.from({ length: 17 }, (_, i) => String(i + 1)));
    const seen = verdicts(rule("increasing"), messages);
    expect(seen.slice(1, 16)).toEqual(Array(15).fill("regression"));
    expect(seen.slice(16)).toEqual(["gap", "accept"]);
  });

  test("quotes without a number pass; after a reset the next one is a fresh start", () => {
    const instrument = instrumentOf();
    const by = rule("contiguous");
    expect(checkVenueSequence(by, instrument, quoteView(instrument, { sequence: "5" }))).toBe(SequenceVerdict.accept);
    expect(checkVenueSequence(by, instrument, quoteView(instrument, {}))).toBe(SequenceVerdict.accept);
    resetVenueSequence(instrument);
    expect(checkVenueSequence(by, instrument, quoteView(instrument, { sequence: "50" }))).toBe(SequenceVerdict.accept);
  });

  test("agrees with BigInt on any pair of numbers", () => {
    const number = fc.bigInt({ min: 0n, max: 10n ** 24n - 1n });
    fc.assert(
      fc.property(number, fc.oneof(number, fc.bigInt({ min: -3n, max: 3n })), (first, other) => {
        const second = other <= 3n ? first + other : other;
        fc.pre(second >= 0n && second < 10n ** 24n);
        const expected =
          second === first ? "duplicate" : second < first ? "regression" : second === first + 1n ? "accept" : "gap";
        expect(verdicts(rule("contiguous"), numbered(String(first), String(second)))[1]).toBe(expected);
        const instrument = instrumentOf();
        checkVenueSequence(rule("increasing"), instrument, quoteView(instrument, { sequence: String(first) }));
        expect(venueSequenceText(instrument.venueSequenceHigh, instrument.venueSequenceLow)).toBe(String(first));
      }),
    );
  });
});
