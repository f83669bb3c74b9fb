// Hot path.
import { DecimalKind, MAX_DECIMAL_BYTES } from "../venues/decimal-text.ts";
import { ZERO } from "./data-fields.ts";

const MINUS = 0x2d;
const DOT = 0x2e;

/**
 * Judges `bytes[start, end)` as a FIX float: digits with an optional `-` before and one optional point among them, at
 * most {@link MAX_DECIMAL_BYTES}. `.5`, `5.` and `00023.23` are legal and stay as they are written: a record holds prices
 * as quoted text, so they need not be JSON numbers. `+1`, `1e3`, blanks and the empty text are not (FIX 4.4 vol 1, data
 * type "float").
 */
export function fixDecimalKind(bytes: Uint8Array, start: number, end: number): DecimalKind {
  if (end - start > MAX_DECIMAL_BYTES) return DecimalKind.invalid;
  const isNegative = bytes[start] === MINUS;
  let digits = 0;
  let points = 0;
  let hasValue = false;
  for (let at = isNegative ? start + 1 : start; at < end; at++) {
    const byte = bytes[at];
    if (byte === DOT) {
      if (++points > 1) return DecimalKind.invalid;
    } else {
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9) return DecimalKind.invalid;
      if (digit !== 0) hasValue = true;
      digits++;
    }
  }
  if (digits === 0) return DecimalKind.invalid;
  if (!hasValue) return DecimalKind.zero;
  return isNegative ? DecimalKind.negative : DecimalKind.positive;
}
