// Hot path.

const ZERO = 0x30;
const DOT = 0x2e;
/** Length of `20240131-12:00:00`. */
const SECONDS_LENGTH = 17;
const DAY_MS = 86_400_000;

/** ms since the epoch of a UTCTimestamp, `20240131-12:00:00` with any fraction; NaN when it is none. */
export function readSendingTime(bytes: Uint8Array, start: number, end: number): number {
  if (start < 0 || end - start < SECONDS_LENGTH) return Number.NaN;
  const year = digits(bytes, start, start + 4);
  const month = digits(bytes, start + 4, start + 6);
  const day = digits(bytes, start + 6, start + 8);
  const hour = digits(bytes, start + 9, start + 11);
  const minute = digits(bytes, start + 12, start + 14);
  const second = digits(bytes, start + 15, start + 17);
  const seconds = (hour * 60 + minute) * 60 + second;
  return daysSinceEpoch(year, month, day) * DAY_MS + seconds * 1000 + fractionMs(bytes, start + SECONDS_LENGTH, end);
}

/** True when OrigSendingTime (122) is later than SendingTime (52), as far as both are written. */
export function isLater(bytes: Uint8Array, original: number, sending: number, length: number): boolean {
  for (let at = 0; at < length; at++) {
    const difference = bytes[original + at] - bytes[sending + at];
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** NaN when a byte is no digit, so that all that is made of it is NaN. */
function digits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] - ZERO) >>> 0;
    if (digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function fractionMs(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return 0;
  if (bytes[start] !== DOT) return Number.NaN;
  return (digits(bytes, start + 1, end) / 10 ** (end - start - 1)) * 1000;
}

/** Proleptic Gregorian; years begin in March so that the leap day is the last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const monthFromMarch = (month + 9) % 12;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + day - 1;
  return (
    shifted * 365 +
    Math.floor(shifted / 4) -
    Math.floor(shifted / 100) +
    Math.floor(shifted / 400) +
    dayOfYear -
    719_468
  );
}
