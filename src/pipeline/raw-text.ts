// Hot path.
// A text that is no JSON (FIX) as a JSON string: control characters and bytes above 127 as `\u0000` to `\u00ff`, so that
// every byte can be read back (latin1).

/** A byte takes at most this many: `\u00XX`. */
const ESCAPE_BYTES = 6;

const QUOTE_MARK = 0x22;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const ZERO = 0x30;
const SPACE = 0x20;
const HIGHEST_ASCII = 0x7f;
const HEX_DIGITS = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

/** Bytes that each byte takes: 1 = stands as it is, 2 = with a backslash before it, 6 = as `\u00XX`. */
const LENGTHS = new Uint8Array(256).fill(1);
for (let byte = 0; byte < LENGTHS.length; byte++) {
  if (byte === QUOTE_MARK || byte === BACKSLASH) LENGTHS[byte] = 2;
  else if (byte < SPACE || byte > HIGHEST_ASCII) LENGTHS[byte] = ESCAPE_BYTES;
}

/** The most bytes that `length` bytes take as a JSON string, its quotation marks included. */
export function rawTextBytesMax(length: number): number {
  return length * ESCAPE_BYTES + 2;
}

/** Writes `raw[start, end)` as a JSON string to `target` at `at`; returns where it ends. */
export function writeRawText(target: Buffer, at: number, raw: Uint8Array, start: number, end: number): number {
  target[at++] = QUOTE_MARK;
  for (let from = start; from < end; from++) {
    const byte = raw[from];
    // Stored before it is judged: a fifth less time than the other way round (0.95 against 1.2 ns a byte of FIX).
    target[at++] = byte;
    if (LENGTHS[byte] !== 1) at = writeEscaped(target, at - 1, byte);
  }
  target[at++] = QUOTE_MARK;
  return at;
}

function writeEscaped(target: Buffer, at: number, byte: number): number {
  target[at] = BACKSLASH;
  if (LENGTHS[byte] === 2) {
    target[at + 1] = byte;
    return at + 2;
  }
  target[at + 1] = LOWER_U;
  target[at + 2] = ZERO;
  target[at + 3] = ZERO;
  target[at + 4] = HEX_DIGITS[byte >> 4];
  target[at + 5] = HEX_DIGITS[byte & 15];
  return at + ESCAPE_BYTES;
}
