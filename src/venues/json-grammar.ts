// Hot path.

/** What the scanner found at a wanted place; `absent` when the message does not have it. */
export const JsonType = {
  absent: 0,
  null: 1,
  true: 2,
  false: 3,
  number: 4,
  string: 5,
  object: 6,
  array: 7,
} as const;

/** See {@link JsonType}. */
export type JsonType = (typeof JsonType)[keyof typeof JsonType];

const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
/** Bit that makes an ASCII letter lower case: `E` and `e` become one. */
const CASE_BIT = 0x20;
const LOWER_E = 0x65;

/** Kinds of bytes inside a string. */
const PLAIN = 0;
const ENDS_RUN = 1;

/** 0 for bytes a string may simply hold: ASCII but controls, quote and backslash. */
const STRING_BYTES = new Uint8Array(256).fill(ENDS_RUN);
STRING_BYTES.fill(PLAIN, 0x20, 0x80);
STRING_BYTES[0x22] = ENDS_RUN;
STRING_BYTES[BACKSLASH] = ENDS_RUN;

/** 1 for the letters that may follow a backslash, `u` aside. */
const SHORT_ESCAPES = new Uint8Array(256);
for (const letter of '"\\/bfnrt') SHORT_ESCAPES[letter.charCodeAt(0)] = 1;

const TRUE_WORD = Uint8Array.from([0x74, 0x72, 0x75, 0x65]);
const FALSE_WORD = Uint8Array.from([0x66, 0x61, 0x6c, 0x73, 0x65]);
const NULL_WORD = Uint8Array.from([0x6e, 0x75, 0x6c, 0x6c]);

/** The first position at or after `at` that holds no JSON white space; `end` when there is none. */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end) {
    const byte = bytes[next];
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return next;
    next++;
  }
  return next;
}

/** The end of the run of plain string bytes that starts at `at`: the position of a quote, backslash, control or byte ≥ 0x80. */
export function plainRunEnd(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && STRING_BYTES[bytes[next]] === PLAIN) next++;
  return next;
}

/** The position after the escape whose backslash is at `at`; −1 when it is not one of JSON's. */
export function escapeEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return -1;
  if (SHORT_ESCAPES[bytes[at + 1]] === 1) return at + 2;
  if (bytes[at + 1] !== LOWER_U || at + 6 > end) return -1;
  for (let i = at + 2; i < at + 6; i++) {
    const byte = bytes[i];
    const letter = byte | CASE_BIT;
    const isHex = (byte >= ZERO && byte <= NINE) || (letter >= 0x61 && letter <= 0x66);
    if (!isHex) return -1;
  }
  return at + 6;
}

/** The position after the JSON number that starts at `at`; −1 when the grammar is broken (RFC 8259, section 6). */
export function numberEnd(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  if (next < end && bytes[next] === MINUS) next++;
  const whole = digitsEnd(bytes, next, end);
  if (whole === next || (bytes[next] === ZERO && whole > next + 1)) return -1;
  next = whole;
  if (next < end && bytes[next] === DOT) {
    const fraction = digitsEnd(bytes, next + 1, end);
    if (fraction === next + 1) return -1;
    next = fraction;
  }
  if (next < end && (bytes[next] | CASE_BIT) === LOWER_E) {
    next++;
    if (next < end && (bytes[next] === PLUS || bytes[next] === MINUS)) next++;
    const exponent = digitsEnd(bytes, next, end);
    if (exponent === next) return -1;
    next = exponent;
  }
  return next;
}

/** The end of the run of decimal digits that starts at `at`; `at` itself when there is none. */
export function digitsEnd(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && bytes[next] >= ZERO && bytes[next] <= NINE) next++;
  return next;
}

/** The type of the value that may start with `first`, strings aside; a wrong byte is taken for a number. */
export function valueType(first: number): JsonType {
  if (first === 0x7b) return JsonType.object;
  if (first === 0x5b) return JsonType.array;
  if (first === 0x74) return JsonType.true;
  if (first === 0x66) return JsonType.false;
  if (first === 0x6e) return JsonType.null;
  return JsonType.number;
}

/** The position after the number, `true`, `false` or `null` that starts at `at`; −1 when there is none. */
export function scalarEnd(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at];
  if (first === 0x6e) return wordEnd(bytes, at, NULL_WORD);
  if (first === 0x74) return wordEnd(bytes, at, TRUE_WORD);
  if (first === 0x66) return wordEnd(bytes, at, FALSE_WORD);
  return numberEnd(bytes, at, end);
}

function wordEnd(bytes: Uint8Array, at: number, word: Uint8Array): number {
  if (at + word.length > bytes.length) return -1;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return -1;
  return at + word.length;
}
