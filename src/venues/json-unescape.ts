/*
 * Cold path: strings that a venue wrote with escapes, such as `BTC\/USD`. Their bytes have been checked, so that
 * `JSON.parse` cannot fail on them, or they are not UTF-8, and then the whole message is refused later in the scan.
 * A lone surrogate becomes U+FFFD, for UTF-8 cannot hold it.
 */

/** The meaning of the string content `bytes[start, end)`, which stands between two quotes in a checked message. */
export function unescapeText(bytes: Uint8Array, start: number, end: number): string {
  return JSON.parse(`"${Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8")}"`);
}

/** Writes the meaning of `bytes[start, end)` into `bytes` at `to`, if there is room; returns the position after it. */
export function unescapeInto(bytes: Uint8Array, place: { start: number; end: number; to: number }): number {
  const meaning = Buffer.from(unescapeText(bytes, place.start, place.end), "utf8");
  bytes.set(meaning, place.to);
  return place.to + meaning.length;
}
