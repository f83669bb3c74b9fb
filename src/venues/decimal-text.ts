// Hot path.
import { digitsEnd } from "./json-grammar.ts";

/** Longest price or size taken, bytes: a Kafka record has no use for more, and merged quotes keep a fixed place for each. */
export const MAX_DECIMAL_BYTES = 64;

/** Longest venue sequence number, digits: what the pipeline compares as two whole numbers (15 + 9 digits). */
export const MAX_SEQUENCE_DIGITS = 24;

/** What the text of a price or size is. */
export const DecimalKind = {
  /** Not a decimal number, or too long. */
  invalid: 0,
  zero: 1,
  positive: 2,
  negative: 3,
} as const;

/** See {@link DecimalKind}. */
export type DecimalKind = (typeof DecimalKind)[keyof typeof DecimalKind];

const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const ONE = 0x31;
const NINE = 0x39;

/**
 * Judges `bytes[start, end)` as written between quotes: `-?(0|[1-9][0-9]*)(\.[0-9]+)?`, the grammar of a JSON number
 * without an exponent.
 */
export function decimalKind(bytes: Uint8Array, start: number, end: number): DecimalKind {
  const length = end - start;
  if (length === 0 || length > MAX_DECIMAL_BYTES) return DecimalKind.invalid;
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  let hasValue = false;
  let at = first;
  while (at < end && bytes[at] >= ZERO && bytes[at] <= NINE) if (bytes[at++] !== ZERO) hasValue = true;
  if (at === first || (bytes[first] === ZERO && at > first + 1)) return DecimalKind.invalid;
  if (at < end) {
    const fraction = at + 1;
    if (bytes[at] !== DOT || fraction === end) return DecimalKind.invalid;
    at = fraction;
    while (at < end && bytes[at] >= ZERO && bytes[at] <= NINE) if (bytes[at++] !== ZERO) hasValue = true;
    if (at < end) return DecimalKind.invalid;
  }
  if (!hasValue) return DecimalKind.zero;
  return isNegative ? DecimalKind.negative : DecimalKind.positive;
}

/**
 * Judges `bytes[start, end)`, a JSON number whose grammar the scanner has checked. Unlike a string it may have an
 * exponent (`1e-8`), which is then published as it stands: it is what the venue wrote.
 */
export function numberKind(bytes: Uint8Array, start: number, end: number): DecimalKind {
  if (end - start > MAX_DECIMAL_BYTES) return DecimalKind.invalid;
  const isNegative = bytes[start] === MINUS;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte >= ONE && byte <= NINE) return isNegative ? DecimalKind.negative : DecimalKind.positive;
    // Past `e` or `E` stand digits that say nothing about zero.
    if (byte > NINE) break;
  }
  return DecimalKind.zero;
}

/** True when `bytes[start, end)` is a whole number the pipeline can compare: 1 to {@link MAX_SEQUENCE_DIGITS} digits. */
export function isSequenceText(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  return length > 0 && length <= MAX_SEQUENCE_DIGITS && digitsEnd(bytes, start, end) === end;
}
