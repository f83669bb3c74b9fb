/** Longest text one field keeps, UTF-16 units; the rest is cut and counted. */
export const TEXT_CHARS_MAX = 2048;

const REPLACEMENT = 0xfffd;

/**
 * Text from outside made fit for a log line or a page: control characters, line separators and direction marks become
 * U+FFFD (CWE-117: nothing a venue sends may forge a line or drive a terminal), and what is too long is cut.
 */
export function sanitizeText(text: string): string {
  const length = Math.min(text.length, TEXT_CHARS_MAX);
  let clean = "";
  let copiedTo = 0;
  for (let i = 0; i < length; i++) {
    if (!isHarmful(text.charCodeAt(i))) continue;
    clean += text.slice(copiedTo, i) + String.fromCharCode(REPLACEMENT);
    copiedTo = i + 1;
  }
  clean += text.slice(copiedTo, length);
  const leftOut = text.length - length;
  return leftOut === 0 ? clean : `${clean.toWellFormed()}… (${leftOut} more)`;
}

function isHarmful(code: number): boolean {
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true;
  // Line and paragraph separators, and the marks that turn the direction of what follows.
  if (code === 0x061c || code === 0x200e || code === 0x200f) return true;
  return code >= 0x2028 && (code <= 0x202e || (code >= 0x2066 && code <= 0x2069));
}
