// Hot path.
import type { FieldType } from "./proto-schema.ts";

/** How the 64 bits of a number are to be read. */
export const IntegerForm = {
  /** int64, sfixed64: two's complement. */
  signed64: 0,
  /** uint64, fixed64. */
  unsigned64: 1,
  /** sint64: zigzag. */
  zigzag64: 2,
  /** int32, sfixed32, enum: the low half, two's complement. */
  signed32: 3,
  /** uint32, fixed32, bool: the low half. */
  unsigned32: 4,
  /** sint32: zigzag in the low half. */
  zigzag32: 5,
} as const;

/** See {@link IntegerForm}. */
export type IntegerForm = (typeof IntegerForm)[keyof typeof IntegerForm];

/** Digits of the longest integer, 2^64 − 1. */
export const MAX_INTEGER_DIGITS = 20;

const ZERO = 0x30;
const MINUS = 0x2d;
const DOT = 0x2e;
/** Nine digits at a time: what is divided stays below 2^46, so that no digit is lost in a double. */
const GROUP = 1_000_000_000;
const GROUP_DIGITS = 9;
const LIMB = 65_536;

/** How a type's bits are read; null for types that are no whole numbers. */
export function integerFormOf(type: FieldType): IntegerForm | null {
  if (type === "int64" || type === "sfixed64") return IntegerForm.signed64;
  if (type === "uint64" || type === "fixed64") return IntegerForm.unsigned64;
  if (type === "sint64") return IntegerForm.zigzag64;
  if (type === "int32" || type === "sfixed32" || type === "enum") return IntegerForm.signed32;
  if (type === "uint32" || type === "fixed32" || type === "bool") return IntegerForm.unsigned32;
  return type === "sint32" ? IntegerForm.zigzag32 : null;
}

/** Writes 64-bit integers as exact decimal text: whole-number arithmetic on parts of 16 bits, nothing is ever rounded. */
export class IntegerText {
  /** The digits of the last number, highest first: `digits[start, MAX_INTEGER_DIGITS)`; zero has one. */
  readonly digits = new Uint8Array(MAX_INTEGER_DIGITS);
  start = MAX_INTEGER_DIGITS;
  isNegative = false;
  isZero = true;
  #low = 0;
  #high = 0;

  /** Takes a number from its two halves. */
  set(form: IntegerForm, low: number, high: number): void {
    const is64 = form <= IntegerForm.zigzag64;
    // Most numbers are small and not below zero: their digits need no arithmetic on two halves.
    if (low >= 0 && (high === 0 || !is64)) {
      const isZigzag = form === IntegerForm.zigzag64 || form === IntegerForm.zigzag32;
      this.isNegative = isZigzag && (low & 1) === 1;
      this.#setSmall(isZigzag ? (low >>> 1) + (low & 1) : low);
      return;
    }
    this.#setMagnitude(form, low, high);
    this.isZero = this.#low === 0 && this.#high === 0;
    this.#writeDigits();
  }

  /**
   * Writes the last number times 10^exponent; all decimals the exponent gives are written, `1.10000000` for 110000000 at −8.
   *
   * @returns the end of the text; room for digits, sign, point and |exponent| is the caller's
   */
  write(target: Uint8Array, from: number, exponent: number): number {
    const { digits } = this;
    let at = from;
    if (this.isNegative) target[at++] = MINUS;
    const decimals = exponent < 0 ? -exponent : 0;
    const point = MAX_INTEGER_DIGITS - decimals;
    if (this.start >= point) target[at++] = ZERO;
    else for (let i = this.start; i < point; i++) target[at++] = digits[i];
    if (decimals > 0) {
      target[at++] = DOT;
      for (let i = point; i < this.start; i++) target[at++] = ZERO;
      for (let i = Math.max(point, this.start); i < MAX_INTEGER_DIGITS; i++) target[at++] = digits[i];
    } else if (!this.isZero) for (let i = 0; i < exponent; i++) target[at++] = ZERO;
    return at;
  }

  /** Writes the digits of a number below 2^31. */
  #setSmall(value: number): void {
    const { digits } = this;
    let at = MAX_INTEGER_DIGITS;
    let rest = value;
    do {
      const tens = (rest / 10) | 0;
      digits[--at] = ZERO + rest - tens * 10;
      rest = tens;
    } while (rest !== 0);
    this.start = at;
    this.isZero = value === 0;
  }

  #setMagnitude(form: IntegerForm, low: number, high: number): void {
    if (form === IntegerForm.signed64) this.#setTwosComplement(low, high);
    else if (form === IntegerForm.unsigned64) this.#setHalves(low, high, false);
    else if (form === IntegerForm.signed32) this.#setTwosComplement(low, low >> 31);
    else if (form === IntegerForm.unsigned32) this.#setHalves(low, 0, false);
    else {
      const top = form === IntegerForm.zigzag64 ? high : 0;
      const sign = -(low & 1);
      this.#setTwosComplement((((low >>> 1) | (top << 31)) ^ sign) | 0, ((top >>> 1) ^ sign) | 0);
    }
  }

  #setTwosComplement(low: number, high: number): void {
    if (high >= 0) this.#setHalves(low, high, false);
    else {
      const negated = (~low + 1) | 0;
      this.#setHalves(negated, negated === 0 ? (~high + 1) | 0 : ~high, true);
    }
  }

  #setHalves(low: number, high: number, isNegative: boolean): void {
    this.#low = low >>> 0;
    this.#high = high >>> 0;
    this.isNegative = isNegative;
  }

  #writeDigits(): void {
    const { digits } = this;
    let at = MAX_INTEGER_DIGITS;
    while (this.#high !== 0 || this.#low >= GROUP) {
      let group = this.#divide();
      for (let i = 0; i < GROUP_DIGITS; i++) {
        const rest = (group / 10) | 0;
        digits[--at] = ZERO + group - rest * 10;
        group = rest;
      }
    }
    let group = this.#low;
    do {
      const rest = (group / 10) | 0;
      digits[--at] = ZERO + group - rest * 10;
      group = rest;
    } while (group !== 0);
    this.start = at;
  }

  /** Divides the number by 10^9 in place, sixteen bits at a time; returns the remainder. */
  #divide(): number {
    const high = this.#high;
    const low = this.#low;
    const first = Math.floor(high / GROUP);
    let rest = high - first * GROUP;
    let part = rest * LIMB + (low >>> 16);
    const upper = Math.floor(part / GROUP);
    rest = part - upper * GROUP;
    part = rest * LIMB + (low & 0xffff);
    const lower = Math.floor(part / GROUP);
    this.#high = first;
    this.#low = upper * LIMB + lower;
    return part - lower * GROUP;
  }
}
