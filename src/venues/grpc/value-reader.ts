// Hot path.

import { isSequenceText, MAX_DECIMAL_BYTES } from "../decimal-text.ts";
import { FieldState } from "../field-state.ts";
import { BAD_TIME, boundedTimeMs, NO_TIME } from "../time-text.ts";
import { IntegerForm, IntegerText, MAX_INTEGER_DIGITS } from "./integer-text.ts";
import { NOTHING, type QuoteText, writeUnitsNano } from "./quote-text.ts";
import type { DecimalPlan, SequencePlan, TestPlan, TimePlan, ValueRef } from "./value-plan.ts";
import type { WireScanner } from "./wire-scanner.ts";

/** An exponent that a message says may be so far from zero. */
const MAX_EXPONENT = 30;
const NANOS_PER_UNIT = 1_000_000_000;
const NANOS_PER_MS = 1_000_000;
const MINUS = 0x2d;
const ZERO = 0x30;
const TWO_32 = 4_294_967_296;

/** What a sequence number turned out to be. */
export const SequenceState = { absent: 0, number: 1, negative: 2, bad: 3 } as const;

/** See {@link SequenceState}. */
export type SequenceState = (typeof SequenceState)[keyof typeof SequenceState];

/** Turns what the scanners recorded into exact text and whole ms. One per session; keeps nothing of a message. */
export class ValueReader {
  readonly #root: WireScanner;
  readonly #item: WireScanner;
  readonly #integer = new IntegerText();
  readonly #stamp = new Uint8Array(MAX_INTEGER_DIGITS + 1);

  constructor(root: WireScanner, item: WireScanner) {
    this.#root = root;
    this.#item = item;
  }

  /** Writes a price or a size into its place; what is not there, or no number, leaves the place empty. */
  readDecimal(plan: DecimalPlan, text: QuoteText, place: number): FieldState {
    const scanner = this.#scannerOf(plan.value);
    const { slot, hasPresence } = plan.value;
    text.lengths[place] = NOTHING;
    const isThere = scanner.seen[slot] === 1;
    if (plan.kind === "text") {
      if (!isThere) return FieldState.absent;
      return text.putDecimal(place, scanner.bytes, scanner.starts[slot], scanner.ends[slot]);
    }
    if (!isThere && hasPresence) return FieldState.absent;
    if (plan.kind === "unitsNano") return this.#readUnitsNano(plan, scanner, text, place);
    const integer = this.#integer;
    integer.set(plan.form, isThere ? scanner.lows[slot] : 0, isThere ? scanner.highs[slot] : 0);
    const exponent = plan.exponentValue === null ? plan.exponent : this.#readExponent(plan.exponentValue);
    if (exponent > MAX_EXPONENT || exponent < -MAX_EXPONENT) return FieldState.bad;
    const start = place * MAX_DECIMAL_BYTES;
    text.lengths[place] = integer.write(text.bytes, start, exponent) - start;
    // Nothing on the wire is a zero that protobuf does not send: merged quotes take it for "not spoken of".
    if (!isThere) return FieldState.absent;
    return stateOf(integer);
  }

  /** Whole ms since the epoch, `NO_TIME` or `BAD_TIME`. */
  readTime(plan: TimePlan): number {
    const scanner = this.#scannerOf(plan.value);
    const { slot } = plan.value;
    if (scanner.seen[slot] === 0) return NO_TIME;
    if (plan.kind === "text") {
      const start = scanner.starts[slot];
      return start === scanner.ends[slot] ? NO_TIME : plan.reader.readMs(scanner.bytes, start, scanner.ends[slot]);
    }
    const stamp = this.#stamp;
    if (plan.kind === "integer") {
      this.#integer.set(plan.form, scanner.lows[slot], scanner.highs[slot]);
      return plan.reader.readMs(stamp, 0, this.#integer.write(stamp, 0, 0));
    }
    return this.#readTimestamp(scanner, plan.seconds, plan.nanos);
  }

  /** Writes a venue's number into its place. */
  readSequence(plan: SequencePlan, text: QuoteText, place: number): SequenceState {
    const scanner = this.#scannerOf(plan.value);
    const { slot, hasPresence } = plan.value;
    text.lengths[place] = NOTHING;
    const isThere = scanner.seen[slot] === 1;
    if (plan.form === null) {
      const start = scanner.starts[slot];
      const end = scanner.ends[slot];
      if (!isThere || start === end) return SequenceState.absent;
      if (!isSequenceText(scanner.bytes, start, end)) return SequenceState.bad;
      text.putDigits(place, scanner.bytes, start, end);
      return SequenceState.number;
    }
    if (!isThere && hasPresence) return SequenceState.absent;
    const integer = this.#integer;
    integer.set(plan.form, isThere ? scanner.lows[slot] : 0, isThere ? scanner.highs[slot] : 0);
    if (integer.isNegative) return SequenceState.negative;
    text.putDigits(place, integer.digits, integer.start, MAX_INTEGER_DIGITS);
    return SequenceState.number;
  }

  /** True when every condition holds. */
  holdsAll(tests: readonly TestPlan[]): boolean {
    for (let i = 0; i < tests.length; i++) if (!this.#holds(tests[i])) return false;
    return true;
  }

  #holds(test: TestPlan): boolean {
    const scanner = this.#scannerOf(test.value);
    const { slot } = test.value;
    const isThere = scanner.seen[slot] === 1;
    if (test.kind === "presence") return isThere === test.isPresent;
    if (!isThere && test.value.hasPresence) return false;
    if (test.kind === "number") {
      const low = isThere ? scanner.lows[slot] : 0;
      const high = isThere ? scanner.highs[slot] : 0;
      for (let i = 0; i < test.lows.length; i++) if (test.lows[i] === low && test.highs[i] === high) return true;
      return false;
    }
    const start = isThere ? scanner.starts[slot] : 0;
    const end = isThere ? scanner.ends[slot] : 0;
    for (let i = 0; i < test.texts.length; i++) if (isText(test.texts[i], scanner.bytes, start, end)) return true;
    return false;
  }

  #scannerOf(value: ValueRef): WireScanner {
    return value.isInItem ? this.#item : this.#root;
  }

  #readUnitsNano(
    plan: Extract<DecimalPlan, { kind: "unitsNano" }>,
    scanner: WireScanner,
    text: QuoteText,
    place: number,
  ): FieldState {
    const integer = this.#integer;
    const nano = this.#smallInteger(scanner, plan.nano, plan.nanoForm);
    const hasUnits = scanner.seen[plan.units] === 1;
    integer.set(plan.unitsForm, hasUnits ? scanner.lows[plan.units] : 0, hasUnits ? scanner.highs[plan.units] : 0);
    // Both have the sign of the number (google.type.Money says so of its own); anything else is no number.
    const isMixed = !integer.isZero && nano !== 0 && integer.isNegative !== nano < 0;
    const magnitude = nano < 0 ? -nano : nano;
    if (isMixed || magnitude >= NANOS_PER_UNIT) return FieldState.bad;
    const isNegative = integer.isNegative || nano < 0;
    const start = place * MAX_DECIMAL_BYTES;
    if (isNegative) text.bytes[start] = MINUS;
    text.lengths[place] = writeUnitsNano(text.bytes, isNegative ? start + 1 : start, integer, magnitude) - start;
    if (integer.isZero && nano === 0) return FieldState.zero;
    return isNegative ? FieldState.negative : FieldState.positive;
  }

  #readExponent(value: ValueRef & { readonly form: IntegerForm }): number {
    return this.#smallInteger(this.#scannerOf(value), value.slot, value.form);
  }

  /** A number that must be small to mean anything: what does not fit into 32 bits becomes one that is out of all bounds. */
  #smallInteger(scanner: WireScanner, slot: number, form: IntegerForm): number {
    if (scanner.seen[slot] === 0) return 0;
    const low = scanner.lows[slot];
    if (form === IntegerForm.signed32) return low;
    if (form === IntegerForm.zigzag32) return (low >>> 1) ^ -(low & 1);
    const integer = this.#integer;
    integer.set(form, scanner.lows[slot], scanner.highs[slot]);
    let value = 0;
    for (let i = integer.start; i < MAX_INTEGER_DIGITS; i++) value = value * 10 + integer.digits[i] - ZERO;
    return integer.isNegative ? -value : value;
  }

  /** Seconds beyond 2^53 would be rounded, and are out of all bounds either way. */
  #readTimestamp(scanner: WireScanner, seconds: number, nanos: number): number {
    const nano = scanner.seen[nanos] === 1 ? scanner.lows[nanos] : 0;
    if (nano < 0 || nano >= NANOS_PER_UNIT) return BAD_TIME;
    if (scanner.seen[seconds] === 0) return NO_TIME;
    const wholeS = scanner.highs[seconds] * TWO_32 + (scanner.lows[seconds] >>> 0);
    return boundedTimeMs(wholeS * 1000 + Math.floor(nano / NANOS_PER_MS));
  }
}

function stateOf(integer: IntegerText): FieldState {
  if (integer.isZero) return FieldState.zero;
  return integer.isNegative ? FieldState.negative : FieldState.positive;
}

function isText(wanted: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (wanted.length !== end - start) return false;
  for (let i = 0; i < wanted.length; i++) if (wanted[i] !== bytes[start + i]) return false;
  return true;
}
