// Hot path.
import { DecimalKind, decimalKind, MAX_DECIMAL_BYTES, numberKind } from "../decimal-text.ts";
import { FieldState } from "../field-state.ts";
import { digitsEnd } from "../json-grammar.ts";

/** Places of a quote: price and size of bid and ask, the two sequence numbers. */
export const Place = {
  bidPrice: 0,
  bidSize: 1,
  askPrice: 2,
  askSize: 3,
  sequence: 4,
  previousSequence: 5,
} as const;

/** Places per quote. */
export const PLACES = 6;

/** In `lengths`: the place holds nothing. */
export const NOTHING = -1;

const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const LOWER_E = 0x65;
const UPPER_E = 0x45;
const ZERO = 0x30;

/** The texts of quotes: {@link PLACES} fixed places of `MAX_DECIMAL_BYTES` each. */
export class QuoteText {
  readonly bytes: Uint8Array;
  readonly lengths: Int8Array;

  constructor(quoteCount: number) {
    this.bytes = new Uint8Array(quoteCount * PLACES * MAX_DECIMAL_BYTES);
    this.lengths = new Int8Array(quoteCount * PLACES).fill(NOTHING);
  }

  /** Copies one place of another text here, empty or not. */
  copy(place: number, from: QuoteText, fromPlace: number): void {
    const length = from.lengths[fromPlace];
    this.lengths[place] = length;
    const shift = (place - fromPlace) * MAX_DECIMAL_BYTES;
    const start = fromPlace * MAX_DECIMAL_BYTES;
    for (let at = start; at < start + length; at++) this.bytes[at + shift] = from.bytes[at];
  }

  /**
   * Puts a decimal number that a venue wrote as text into a place, digit by digit: as JSON writes numbers, a `+` before it
   * left out, an exponent kept (google.type.Decimal allows both).
   */
  putDecimal(place: number, bytes: Uint8Array, from: number, end: number): FieldState {
    this.lengths[place] = NOTHING;
    if (from === end) return FieldState.empty;
    const start = bytes[from] === PLUS && from + 1 < end && bytes[from + 1] !== MINUS ? from + 1 : from;
    let kind = decimalKind(bytes, start, end);
    if (kind === DecimalKind.invalid && isExponential(bytes, start, end)) kind = numberKind(bytes, start, end);
    if (kind === DecimalKind.invalid) return FieldState.bad;
    this.#put(place, bytes, start, end);
    if (kind === DecimalKind.zero) return FieldState.zero;
    return kind === DecimalKind.negative ? FieldState.negative : FieldState.positive;
  }

  /** Puts digits that are known to be good into a place. */
  putDigits(place: number, bytes: Uint8Array, start: number, end: number): void {
    this.#put(place, bytes, start, end);
  }

  #put(place: number, bytes: Uint8Array, start: number, end: number): void {
    const shift = place * MAX_DECIMAL_BYTES - start;
    for (let at = start; at < end; at++) this.bytes[at + shift] = bytes[at];
    this.lengths[place] = end - start;
  }

  /** Where a place begins; −1 when it is empty. */
  start(place: number): number {
    return this.lengths[place] === NOTHING ? NOTHING : place * MAX_DECIMAL_BYTES;
  }

  end(place: number): number {
    return this.lengths[place] === NOTHING ? NOTHING : place * MAX_DECIMAL_BYTES + this.lengths[place];
  }
}

/** True for a decimal number as {@link decimalKind} takes it with an exponent behind it. */
function isExponential(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > MAX_DECIMAL_BYTES) return false;
  let at = start;
  while (at < end && bytes[at] !== LOWER_E && bytes[at] !== UPPER_E) at++;
  if (at === end || decimalKind(bytes, start, at) === DecimalKind.invalid) return false;
  at++;
  if (at < end && (bytes[at] === PLUS || bytes[at] === MINUS)) at++;
  return at < end && digitsEnd(bytes, at, end) === end;
}

/**
 * Writes units and billionths as one decimal number, without the zeros at its end: the nine digits are a container, not a
 * statement of precision.
 *
 * @param units digits, highest first, in `bytes[start, end)`
 * @param nano 0 to 999,999,999
 * @returns the end of the text
 */
export function writeUnitsNano(
  target: Uint8Array,
  from: number,
  units: { readonly digits: Uint8Array; readonly start: number },
  nano: number,
): number {
  let at = from;
  for (let i = units.start; i < units.digits.length; i++) target[at++] = units.digits[i];
  if (nano === 0) return at;
  target[at++] = DOT;
  let rest = nano;
  for (let scale = 100_000_000; rest > 0; scale /= 10) {
    const digit = Math.floor(rest / scale);
    target[at++] = ZERO + digit;
    rest -= digit * scale;
  }
  return at;
}
