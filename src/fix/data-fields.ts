// Hot path.
// Fields of type `data` are announced by a length field right before them and may hold any byte, SOH included: whoever
// walks over fields must jump them (FIX 4.4 vol 1, data type "data").

/** Field delimiter. */
export const SOH = 1;
/** `=`. */
export const EQUALS = 0x3d;
/** `0`. */
export const ZERO = 0x30;
/** `9`. */
export const NINE = 0x39;

/** {@link dataEnd}: the length field is a field like any other, no data behind it. */
export const NO_DATA = -1;
/** {@link dataEnd}: what is there does not tell yet, or the data goes beyond the limit. */
export const DATA_CUT = -2;

/** One more than the largest length tag known. */
const LENGTH_TAGS_END = 1404;
/** Longest length that is looked at, digits: more is longer than any message. */
const LENGTH_DIGITS_MAX = 9;

/** Length tag → its data tag; 0 = no length tag. All of FIX 4.4, and what logons and instruments of FIX 5.0 SP2 add. */
const DATA_TAGS = new Uint16Array(LENGTH_TAGS_END);
for (const lengthTag of [90, 95, 212, 348, 350, 352, 354, 356, 358, 360, 362, 364, 445, 618, 621, 1184, 1401, 1403]) {
  DATA_TAGS[lengthTag] = lengthTag + 1;
}
// The one pair that is written in falling order: SignatureLength (93), Signature (89).
DATA_TAGS[93] = 89;

/** The data tag that a length tag announces; 0 when the tag is no length tag. */
export function dataTagOf(tag: number): number {
  return tag < LENGTH_TAGS_END ? DATA_TAGS[tag] : 0;
}

/** The first SOH at or behind `at`; `limit` when there is none before it. */
export function sohAt(bytes: Uint8Array, at: number, limit: number): number {
  let next = at;
  while (next < limit && bytes[next] !== SOH) next++;
  return next;
}

/** The `=` of the tag that starts at `at`; −1 when digits and then `=` do not stand there before `limit`. */
export function tagEnd(bytes: Uint8Array, at: number, limit: number): number {
  let next = at;
  while (next < limit && bytes[next] >= ZERO && bytes[next] <= NINE) next++;
  return next > at && next < limit && bytes[next] === EQUALS ? next : -1;
}

/** The whole number whose digits are `bytes[start, end)`; −1 when there are none, other bytes, or more than nine. */
export function wholeNumber(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || end - start > LENGTH_DIGITS_MAX) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * Where the data behind a length field ends, its SOH. The data field must follow at once and end where announced; a
 * length without data (some venues send 95 alone) is a field like any other.
 *
 * @param lengthStart where the value of the length field starts
 * @param limit end of the bytes that may be looked at
 * @returns {@link NO_DATA} or {@link DATA_CUT} when there is no such end
 */
export function dataEnd(bytes: Uint8Array, lengthStart: number, limit: number, dataTag: number): number {
  const lengthEnd = sohAt(bytes, lengthStart, limit);
  if (lengthEnd === limit) return DATA_CUT;
  const length = wholeNumber(bytes, lengthStart, lengthEnd);
  if (length < 0) return NO_DATA;
  const tagStart = lengthEnd + 1;
  const equals = tagEnd(bytes, tagStart, limit);
  if (equals < 0) return limit - tagStart < LENGTH_DIGITS_MAX ? DATA_CUT : NO_DATA;
  if (wholeNumber(bytes, tagStart, equals) !== dataTag) return NO_DATA;
  const end = equals + 1 + length;
  if (end >= limit) return DATA_CUT;
  return bytes[end] === SOH ? end : NO_DATA;
}
