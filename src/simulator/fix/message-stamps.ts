import { EQUALS, SOH, ZERO } from "../../fix/data-fields.ts";
import { Tag } from "../../fix/tags.ts";

/** `10=123` and its SOH. */
const TRAILER_BYTES = 7;
/** Length of `20260102`. */
const DATE_BYTES = 8;
const NINE_DIGITS = 1_000_000_000;
const LAST_BOOK_UPDATE_ID = 25044;
const FIRST_BOOK_UPDATE_ID = 25043;

/** What stands in a place of a message that is written anew at every sending. */
type StampKind = "sequence" | "rptSeq" | "updates" | "bookSequence" | "timestamp" | "date" | "timeOfDay";

/** A place of a message that is written anew at every sending. */
export interface MessageStamp {
  readonly kind: StampKind;
  readonly at: number;
  readonly length: number;
}

/** A timestamp and its parts as bytes, each with its sum for the checksum. */
export interface StampTimes {
  readonly timestamp: Buffer;
  readonly date: Buffer;
  readonly timeOfDay: Buffer;
  readonly timestampSum: number;
  readonly dateSum: number;
  readonly timeOfDaySum: number;
}

const KINDS: ReadonlyMap<number, StampKind> = new Map<number, StampKind>([
  [Tag.msgSeqNum, "sequence"],
  [Tag.rptSeq, "rptSeq"],
  [FIRST_BOOK_UPDATE_ID, "updates"],
  [LAST_BOOK_UPDATE_ID, "bookSequence"],
  [Tag.sendingTime, "timestamp"],
  [Tag.transactTime, "timestamp"],
  [Tag.mdEntryDate, "date"],
  [Tag.mdEntryTime, "timeOfDay"],
]);

/** The bytes of a timestamp, made once for many messages. */
export function stampTimes(text: string): StampTimes {
  const timestamp = Buffer.from(text, "latin1");
  const date = timestamp.subarray(0, DATE_BYTES);
  const timeOfDay = timestamp.subarray(DATE_BYTES + 1);
  return {
    timestamp,
    date,
    timeOfDay,
    timestampSum: sumOf(timestamp, 0, timestamp.length),
    dateSum: sumOf(date, 0, date.length),
    timeOfDaySum: sumOf(timeOfDay, 0, timeOfDay.length),
  };
}

/** The places of a message that change at every sending, and the sum of all other bytes before CheckSum (10). */
export function stampsOf(message: Buffer): { stamps: MessageStamp[]; fixedSum: number } {
  const stamps: MessageStamp[] = [];
  const end = message.length - TRAILER_BYTES;
  let fixedSum = sumOf(message, 0, end);
  for (let at = 0; at < end; ) {
    const equals = message.indexOf(EQUALS, at);
    const fieldEnd = message.indexOf(SOH, equals);
    const kind = KINDS.get(Number(message.toString("latin1", at, equals)));
    if (kind !== undefined) {
      stamps.push({ kind, at: equals + 1, length: fieldEnd - equals - 1 });
      fixedSum -= sumOf(message, equals + 1, fieldEnd);
    }
    at = fieldEnd + 1;
  }
  return { stamps, fixedSum };
}

/**
 * Writes a whole number over another of the same length.
 *
 * @returns the sum of its digits' bytes
 */
export function writeDigits(
  target: Uint8Array,
  start: number,
  { length, value }: { length: number; value: number },
): number {
  // Nine digits at a time fit an integer register.
  let high = Math.floor(value / NINE_DIGITS);
  let low = value - high * NINE_DIGITS;
  let sum = 0;
  let at = start + length - 1;
  const middle = Math.max(start, start + length - 9);
  for (; at >= middle; at--) {
    const rest = (low / 10) | 0;
    const digit = ZERO + low - rest * 10;
    target[at] = digit;
    sum += digit;
    low = rest;
  }
  for (; at >= start; at--) {
    const rest = (high / 10) | 0;
    const digit = ZERO + high - rest * 10;
    target[at] = digit;
    sum += digit;
    high = rest;
  }
  return sum;
}

/** Writes the digits of CheckSum (10) of the message that ends at `end`. */
export function writeChecksumDigits(target: Uint8Array, end: number, sum: number): void {
  writeDigits(target, end - 4, { length: 3, value: sum & 255 });
}

function sumOf(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at++) sum += bytes[at];
  return sum;
}
