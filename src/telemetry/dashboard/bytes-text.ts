/** Bytes of a rejected message that are kept. */
export const BYTES_KEPT_MAX = 1024;
/**
 * Characters of it that are shown: fewer than there are bytes kept, so that a secret is never cut in two by the end of
 * what is kept and shown by half.
 */
export const CHARS_SHOWN_MAX = 600;

/** Bytes for a person to read: printable ASCII as it is, a backslash doubled, all else as `\xNN`. */
export function bytesText(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    if (byte === 0x5c) text += "\\\\";
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}
