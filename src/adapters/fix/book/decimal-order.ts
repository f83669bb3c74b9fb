// Hot path.
// The order of decimal numbers as they are written, exact: no double ever stands for a price.

const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
/** Whole digits that a double holds exactly. */
const WHOLE_DIGITS = 15;
/** Stands for every number with more whole digits; those are told apart by their text. */
const BEYOND = 1e15;
/** Digits of the fraction that fit a 32-bit number. */
const FRACTION_DIGITS = 9;
const POWERS_OF_TEN = Int32Array.from([1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1e9]);
const NO_BYTES = new Uint8Array(0);

/**
 * The number last read, as two whole numbers that order as it does: digits before the point, and the first nine behind
 * it, both with its sign. Numbers with more digits than that (`isLong`) are equal here when their first digits are, and
 * {@link compareDecimals} has the last word.
 */
export class DecimalKey {
  high = 0;
  low = 0;
  isLong = false;
  /** The text that was read; borrowed. */
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;

  /** Reads `bytes[start, end)`: `-?[0-9]*(\.[0-9]*)?`, what the scanner lets through. */
  read(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    const isNegative = start < end && bytes[start] === MINUS;
    let at = isNegative ? start + 1 : start;
    while (at < end && bytes[at] === ZERO) at++;
    const firstDigit = at;
    let high = 0;
    for (; at < end && bytes[at] !== DOT; at++) high = high * 10 + bytes[at] - ZERO;
    let low = 0;
    this.isLong = at - firstDigit > WHOLE_DIGITS;
    if (this.isLong) {
      high = BEYOND;
    } else {
      const first = at + 1;
      const last = end - first > FRACTION_DIGITS ? first + FRACTION_DIGITS : end;
      for (at = first; at < last; at++) low = low * 10 + bytes[at] - ZERO;
      if (first < last) low *= POWERS_OF_TEN[FRACTION_DIGITS - last + first];
      this.isLong = last < end;
    }
    this.high = isNegative ? -high : high;
    this.low = isNegative ? -low : low;
  }
}

/** True when `bytes[start, end)` is a decimal text of value zero; the empty text is. */
export function isZeroDecimal(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte !== ZERO && byte !== DOT && byte !== MINUS) return false;
  }
  return true;
}

/** Below, at or above 0 as the number in `key` is below, equal to or above `bytes[start, end)`. Of any length. */
export function compareDecimals(key: DecimalKey, bytes: Uint8Array, start: number, end: number): number {
  const isNegative = isBelowZero(key.bytes, key.start, key.end);
  if (isNegative !== isBelowZero(bytes, start, end)) return isNegative ? -1 : 1;
  const order = compareMagnitudes(key, bytes, start, end);
  return isNegative ? 0 - order : order;
}

function isBelowZero(bytes: Uint8Array, start: number, end: number): boolean {
  return start < end && bytes[start] === MINUS && !isZeroDecimal(bytes, start, end);
}

function compareMagnitudes(key: DecimalKey, other: Uint8Array, start: number, end: number): number {
  const own = key.bytes;
  let a = firstOfValue(own, key.start, key.end);
  let b = firstOfValue(other, start, end);
  const pointA = pointOf(own, a, key.end);
  const pointB = pointOf(other, b, end);
  if (pointA - a !== pointB - b) return pointA - a - (pointB - b);
  for (; a < pointA; a++, b++) if (own[a] !== other[b]) return own[a] - other[b];
  for (a++, b++; a < key.end || b < end; a++, b++) {
    const digitA = a < key.end ? own[a] : ZERO;
    const digitB = b < end ? other[b] : ZERO;
    if (digitA !== digitB) return digitA - digitB;
  }
  return 0;
}

/** Behind the sign and the zeros in front. */
function firstOfValue(bytes: Uint8Array, start: number, end: number): number {
  let at = start < end && bytes[start] === MINUS ? start + 1 : start;
  while (at < end && bytes[at] === ZERO) at++;
  return at;
}

function pointOf(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== DOT) at++;
  return at;
}
