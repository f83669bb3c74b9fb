// Hot path.

/** Bytes there is room for at first; doubled when a longer text comes, which the message cap of the feed bounds. */
const ROOM_AT_FIRST = 4096;
/** A byte as `\u00XX`. */
const ESCAPE_BYTES = 6;

const QUOTE_MARK = 0x22;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const ZERO = 0x30;
const SPACE = 0x20;
const HIGHEST_ASCII = 0x7f;
const HEX_DIGITS = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

/** Of each byte: 0 = stands as it is, 1 = with a backslash before it, 2 = as `\u00XX`. */
const KINDS = new Uint8Array(256);
for (let byte = 0; byte < KINDS.length; byte++) {
  if (byte === QUOTE_MARK || byte === BACKSLASH) KINDS[byte] = 1;
  else if (byte < SPACE || byte > HIGHEST_ASCII) KINDS[byte] = 2;
}

/**
 * A text that is no JSON (FIX) as a JSON string: control characters and bytes above 127 as `\u0000` to `\u00ff`, so that
 * every byte can be read back (latin1). Escaped once, where its length is needed first, and kept until it is written.
 */
export class RawText {
  /** The JSON string with its quotation marks: `bytes[0, length)`. */
  bytes: Buffer = Buffer.allocUnsafe(ROOM_AT_FIRST);
  length = 0;

  /** Takes in `raw[start, end)`; returns the length of the JSON string. */
  escape(raw: Uint8Array, start: number, end: number): number {
    const longest = (end - start) * ESCAPE_BYTES + 2;
    if (longest > this.bytes.length) this.#makeRoom(longest);
    const target = this.bytes;
    let at = 0;
    target[at++] = QUOTE_MARK;
    for (let from = start; from < end; from++) {
      const byte = raw[from];
      const kind = KINDS[byte];
      if (kind === 0) {
        target[at++] = byte;
        continue;
      }
      target[at++] = BACKSLASH;
      if (kind === 2) {
        target[at] = LOWER_U;
        target[at + 1] = ZERO;
        target[at + 2] = ZERO;
        target[at + 3] = HEX_DIGITS[byte >> 4];
        target[at + 4] = HEX_DIGITS[byte & 15];
        at += 5;
      } else {
        target[at++] = byte;
      }
    }
    target[at++] = QUOTE_MARK;
    this.length = at;
    return at;
  }

  #makeRoom(bytes: number): void {
    let room = this.bytes.length;
    while (room < bytes) room *= 2;
    this.bytes = Buffer.allocUnsafe(room);
  }
}
