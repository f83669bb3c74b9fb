/** SOH, the end of every FIX field. */
export const SOH = "\x01";
/** Length of `10=nnn` and its SOH. */
const TRAILER_BYTES = 7;
/** `8=FIX`, where every message begins. */
const BEGIN = Buffer.from("8=FIX");

/**
 * Cuts a stream into FIX messages by BodyLength (9), independently of the code under test. Bytes that begin no message
 * come out as pieces of their own.
 */
export class FrameCutter {
  #rest = Buffer.alloc(0);

  /** Takes bytes and returns every whole piece there is now. */
  cut(chunk: Uint8Array): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const pieces: Buffer[] = [];
    for (let length = pieceLength(this.#rest); length > 0; length = pieceLength(this.#rest)) {
      pieces.push(this.#rest.subarray(0, length));
      this.#rest = this.#rest.subarray(length);
    }
    return pieces;
  }
}

/** Length of the first piece; 0 when it is not whole yet. */
function pieceLength(bytes: Buffer): number {
  if (bytes.length < BEGIN.length) return 0;
  if (bytes.indexOf(BEGIN) !== 0) {
    const next = bytes.indexOf(BEGIN, 1);
    return next < 0 ? bytes.length : next;
  }
  const lengthStart = bytes.indexOf(`${SOH}9=`) + 3;
  const lengthEnd = lengthStart < 3 ? -1 : bytes.indexOf(SOH, lengthStart);
  if (lengthEnd < 0) return 0;
  const length = lengthEnd + 1 + Number(bytes.toString("latin1", lengthStart, lengthEnd)) + TRAILER_BYTES;
  return bytes.length < length ? 0 : length;
}

/** The first value of a tag in a message; null when it is not there. */
export function fieldOf(message: Uint8Array, tag: number): string | null {
  const text = Buffer.from(message).toString("latin1");
  const start = text.startsWith(`${tag}=`) ? 0 : text.indexOf(`${SOH}${tag}=`) + 1;
  if (start === 0 && !text.startsWith(`${tag}=`)) return null;
  const valueStart = start + `${tag}=`.length;
  const end = text.indexOf(SOH, valueStart);
  return text.slice(valueStart, end < 0 ? undefined : end);
}

/** A whole message of these fields, the ones between BodyLength (9) and CheckSum (10), both of which are reckoned. */
export function encodeMessage(beginString: string, fields: readonly string[]): Buffer {
  const body = Buffer.from(`${fields.join(SOH)}${SOH}`, "latin1");
  const head = Buffer.from(`8=${beginString}${SOH}9=${body.length}${SOH}`, "latin1");
  return withCheckSum(Buffer.concat([head, body]));
}

/** The bytes and CheckSum (10) of them, plus `error`: 0 gives a right one. */
export function withCheckSum(bytes: Uint8Array, error = 0): Buffer {
  let sum = error;
  for (const byte of bytes) sum += byte;
  return Buffer.concat([bytes, Buffer.from(`10=${String(sum % 256).padStart(3, "0")}${SOH}`)]);
}

/** A message as people write it: `|` for SOH. */
export function readable(message: Uint8Array): string {
  return Buffer.from(message).toString("latin1").replaceAll(SOH, "|");
}

/** UTCTimestamp with ms, this many seconds from now. */
export function sendingTime(nowMs: number, offsetS = 0): string {
  const iso = new Date(nowMs + offsetS * 1000).toISOString();
  return `${iso.slice(0, 10).replaceAll("-", "")}-${iso.slice(11, 23)}`;
}
