// Hot path.
// Steps over the members of an object whose grammar the scanner has checked.
import { escapeEnd, plainRunEnd, skipSpace } from "../json-grammar.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The position of the quote that ends the key whose opening quote is at `at`; never beyond `end`. */
export function memberKeyEnd(bytes: Uint8Array, at: number, end: number): number {
  let next = plainRunEnd(bytes, at + 1, end);
  while (next < end && bytes[next] !== QUOTE) {
    const after = bytes[next] === BACKSLASH ? escapeEnd(bytes, next, end) : next + 1;
    if (after < 0) return end;
    next = plainRunEnd(bytes, after, end);
  }
  return next;
}

/** The position of the value behind the key whose closing quote is at `keyEnd`; never beyond `end`. */
export function memberValueStart(bytes: Uint8Array, keyEnd: number, end: number): number {
  const colon = skipSpace(bytes, keyEnd + 1, end);
  return skipSpace(bytes, colon + 1, end);
}
