// Hot path.

/** A text as bytes, a byte per character (ISO 8859-1). */
export function textBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** True when `bytes[start, end)` are exactly these; a start of −1 is nothing, and never the same. */
export function isSame(expected: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (start < 0 || end - start !== expected.length) return false;
  for (let at = 0; at < expected.length; at++) if (bytes[start + at] !== expected[at]) return false;
  return true;
}
