// Hot path.

/** Bytes there is room for at first; doubled when a longer message comes, which the message cap of the feed bounds. */
const ROOM_AT_FIRST = 4096;
const PAD = 0x3d;
const DIGITS = Uint8Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", (digit) =>
  digit.charCodeAt(0),
);

/** A message that is no text as base64 (RFC 4648, section 4), in a buffer that is used again. */
export class RawBase64 {
  /** `bytes[0, length)`. */
  bytes = new Uint8Array(ROOM_AT_FIRST);
  length = 0;

  encode(message: Uint8Array): void {
    const size = message.length;
    const length = Math.ceil(size / 3) * 4;
    if (length > this.bytes.length) this.#makeRoom(length);
    const target = this.bytes;
    const whole = size - (size % 3);
    let at = 0;
    for (let from = 0; from < whole; from += 3) {
      const bits = (message[from] << 16) | (message[from + 1] << 8) | message[from + 2];
      target[at] = DIGITS[bits >> 18];
      target[at + 1] = DIGITS[(bits >> 12) & 63];
      target[at + 2] = DIGITS[(bits >> 6) & 63];
      target[at + 3] = DIGITS[bits & 63];
      at += 4;
    }
    if (whole < size) {
      const hasTwo = size - whole === 2;
      const bits = (message[whole] << 16) | (hasTwo ? message[whole + 1] << 8 : 0);
      target[at] = DIGITS[bits >> 18];
      target[at + 1] = DIGITS[(bits >> 12) & 63];
      target[at + 2] = hasTwo ? DIGITS[(bits >> 6) & 63] : PAD;
      target[at + 3] = PAD;
    }
    this.length = length;
  }

  #makeRoom(bytes: number): void {
    let room = this.bytes.length;
    while (room < bytes) room *= 2;
    this.bytes = new Uint8Array(room);
  }
}
