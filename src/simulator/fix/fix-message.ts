import { SOH, ZERO } from "../../fix/data-fields.ts";
import { writeChecksumDigits } from "./message-stamps.ts";

/** `10=123` and its SOH. */
const TRAILER_BYTES = 7;

/** How a message is spoiled on purpose. */
export type Damage = "checksum" | "bodyLength";

/** A copy whose BodyLength (9) has `digits` digits, padded with zeros as some venues write it. */
export function withPaddedLength(message: Uint8Array, digits: number): Buffer {
  const start = message.indexOf(SOH) + "\u00019=".length;
  const missing = digits - (message.indexOf(SOH, start) - start);
  if (missing <= 0) return Buffer.from(message);
  const padded = Buffer.concat([message.subarray(0, start), Buffer.alloc(missing, ZERO), message.subarray(start)]);
  writeChecksum(padded);
  return padded;
}

/** A copy with a CheckSum (10) or a BodyLength (9) that is wrong. */
export function damaged(message: Buffer, damage: Damage): Buffer {
  const copy = Buffer.from(message);
  const lengthStart = copy.indexOf(SOH) + 1;
  // The last digit moves on by one: another number of the same length.
  const at = damage === "checksum" ? copy.length - 2 : copy.indexOf(SOH, lengthStart) - 1;
  copy[at] = copy[at] === ZERO + 9 ? ZERO : copy[at] + 1;
  if (damage === "bodyLength") writeChecksum(copy);
  return copy;
}

function writeChecksum(message: Uint8Array): void {
  let sum = 0;
  const end = message.length - TRAILER_BYTES;
  for (let at = 0; at < end; at++) sum += message[at];
  writeChecksumDigits(message, message.length, sum);
}
