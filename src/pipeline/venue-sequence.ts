// Hot path.
// The venue's own numbers, exact to 24 digits without BigInt: the lowest nine digits and all above them are kept apart.
import type { Instrument } from "../domain/instrument.ts";
import type { QuoteView } from "../domain/quote.ts";
import type { SequenceRule } from "../venues/compiled-venue.ts";

/** What the numbers say of one quote. */
export const SequenceVerdict = {
  accept: 0,
  /** Seen before: not published, the feed is alive. */
  duplicate: 1,
  /** Older than what was seen: not published, counted. */
  regression: 2,
  /** Published, and something before it is missing. */
  gap: 3,
} as const;

/** See {@link SequenceVerdict}. */
export type SequenceVerdict = (typeof SequenceVerdict)[keyof typeof SequenceVerdict];

/** After this many regressions in a row the venue has renumbered: its numbers are taken anew, as a gap. */
const REGRESSIONS_UNTIL_RESET = 16;
const LOW_DIGITS = 9;
const LOW_LIMIT = 1_000_000_000;
const MAX_DIGITS = 24;

/** Checks one quote against the rule and moves the instrument's state on; quotes without a number pass. */
export function checkVenueSequence(rule: SequenceRule, instrument: Instrument, quote: QuoteView): SequenceVerdict {
  const start = quote.sequenceStart;
  const end = quote.sequenceEnd;
  if (rule.kind === "none" || start < 0 || end - start > MAX_DIGITS) return SequenceVerdict.accept;
  const high = highPart(quote.fields, start, end);
  const low = lowPart(quote.fields, start, end);
  const lastHigh = instrument.venueSequenceHigh;
  const lastLow = instrument.venueSequenceLow;
  if (lastHigh < 0 || quote.isSnapshot || isResetValue(rule, quote))
    return moveOn(instrument, high, low, SequenceVerdict.accept);
  if (high === lastHigh && low === lastLow) {
    if (rule.kind !== "increasing" || rule.isEqualDuplicate) return SequenceVerdict.duplicate;
    return SequenceVerdict.accept;
  }
  if (high < lastHigh || (high === lastHigh && low < lastLow)) {
    instrument.regressionRun++;
    if (instrument.regressionRun < REGRESSIONS_UNTIL_RESET) return SequenceVerdict.regression;
    return moveOn(instrument, high, low, SequenceVerdict.gap);
  }
  const isNext = rule.kind === "increasing" || followsLast(rule, instrument, quote, high, low);
  return moveOn(instrument, high, low, isNext ? SequenceVerdict.accept : SequenceVerdict.gap);
}

/** A number kept in two parts as decimal text, for events; empty when there is none. */
export function venueSequenceText(high: number, low: number): string {
  if (high < 0) return "";
  if (high === 0) return String(low);
  return String(high) + String(low).padStart(LOW_DIGITS, "0");
}

/** Forgets the numbers of an instrument: its next quote starts anew. */
export function resetVenueSequence(instrument: Instrument): void {
  instrument.venueSequenceHigh = -1;
  instrument.venueSequenceLow = -1;
  instrument.regressionRun = 0;
}

function moveOn(instrument: Instrument, high: number, low: number, verdict: SequenceVerdict): SequenceVerdict {
  if (verdict === SequenceVerdict.gap) {
    instrument.gapFromHigh = instrument.venueSequenceHigh;
    instrument.gapFromLow = instrument.venueSequenceLow;
  }
  instrument.venueSequenceHigh = high;
  instrument.venueSequenceLow = low;
  instrument.regressionRun = 0;
  return verdict;
}

function followsLast(rule: SequenceRule, instrument: Instrument, quote: QuoteView, high: number, low: number): boolean {
  const lastHigh = instrument.venueSequenceHigh;
  const lastLow = instrument.venueSequenceLow;
  if (rule.kind === "contiguous") {
    if (lastLow === LOW_LIMIT - 1) return high === lastHigh + 1 && low === 0;
    return high === lastHigh && low === lastLow + 1;
  }
  const start = quote.previousSequenceStart;
  const end = quote.previousSequenceEnd;
  if (start < 0 || end - start > MAX_DIGITS) return false;
  return highPart(quote.fields, start, end) === lastHigh && lowPart(quote.fields, start, end) === lastLow;
}

function isResetValue(rule: SequenceRule, quote: QuoteView): boolean {
  const value = rule.resetValue;
  if (value === null) return false;
  const start = rule.kind === "linked" ? quote.previousSequenceStart : quote.sequenceStart;
  const end = rule.kind === "linked" ? quote.previousSequenceEnd : quote.sequenceEnd;
  if (start < 0 || end - start !== value.length) return false;
  for (let i = 0; i < value.length; i++) if (quote.fields[start + i] !== value.charCodeAt(i)) return false;
  return true;
}

function lowPart(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = end - start > LOW_DIGITS ? end - LOW_DIGITS : start; at < end; at++)
    value = value * 10 + bytes[at] - 48;
  return value;
}

function highPart(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end - LOW_DIGITS; at++) value = value * 10 + bytes[at] - 48;
  return value;
}
