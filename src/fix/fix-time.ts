// Hot path.
// UTCTimestamp `20240502-07:49:37.708123`, UTCDateOnly `20240502` and UTCTimeOnly `07:49:37.708` (FIX 4.4 vol 1, data types).
import { NINE, ZERO } from "./data-fields.ts";
import { type FixFrame, TIME_UNREAD } from "./fix-frame.ts";
import type { MarketDataMessage } from "./market-data-message.ts";

/** The text is no time. */
export const NOT_A_TIME = -1;

const MINUS = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;

/** Length of `20240502`. */
const DATE_LENGTH = 8;
/** Length of `07:49:37`. */
const CLOCK_LENGTH = 8;
/** Most digits of a fraction: picoseconds are FIX's finest. */
const FRACTION_DIGITS_MAX = 12;
const DAY_MS = 86_400_000;
/** In place of two digits: far enough below zero that what is computed from it stays negative. */
const NOT_DIGITS = -100_000_000;

const DAYS_IN_MONTH = Int32Array.from([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);

/**
 * Whole ms since the epoch that the UTCTimestamp `bytes[start, end)` says, digits below a ms cut off; {@link NOT_A_TIME}
 * when it is none, or before 1970. Second 60 (a leap second) is the first of the next minute, `24:00:00` the first of the
 * next day.
 */
export function utcTimestampMs(bytes: Uint8Array, start: number, end: number): number {
  const dayMs = utcDateMs(bytes, start, start + DATE_LENGTH);
  const clock = start + DATE_LENGTH + 1;
  if (start < 0 || end < clock || dayMs < 0 || bytes[clock - 1] !== MINUS) return NOT_A_TIME;
  const clockMs = utcTimeOfDayMs(bytes, clock, end);
  return clockMs < 0 ? NOT_A_TIME : dayMs + clockMs;
}

/** SendingTime (52) of a message, whole ms since the epoch; {@link NOT_A_TIME} when it is none. Read once per message. */
export function sendingTimeMs(frame: FixFrame): number {
  if (frame.sendingTimeMs === TIME_UNREAD) {
    frame.sendingTimeMs = utcTimestampMs(frame.bytes, frame.sendingTimeStart, frame.sendingTimeEnd);
  }
  return frame.sendingTimeMs;
}

/**
 * The time of one entry, whole ms since the epoch: MDEntryDate (272) and MDEntryTime (273), either of which may hold a
 * whole UTCTimestamp (Deribit). A time alone is of the day that brings it nearest to SendingTime.
 *
 * @param sentMs SendingTime (52) of the message; below 0 when unknown
 * @returns {@link NOT_A_TIME} when the entry has none, or a date alone
 */
export function entryTimeMs(message: MarketDataMessage, entry: number, sentMs: number): number {
  const { bytes } = message;
  const dateStart = message.dateFrom[entry];
  const dateEnd = message.dateTo[entry];
  const timeStart = message.timeFrom[entry];
  const timeEnd = message.timeTo[entry];
  if (dateStart >= 0 && dateEnd - dateStart > DATE_LENGTH) return utcTimestampMs(bytes, dateStart, dateEnd);
  if (timeStart < 0) return NOT_A_TIME;
  if (bytes[timeStart + DATE_LENGTH] === MINUS) return utcTimestampMs(bytes, timeStart, timeEnd);
  const clockMs = utcTimeOfDayMs(bytes, timeStart, timeEnd);
  if (clockMs < 0) return NOT_A_TIME;
  if (dateStart >= 0) {
    const dayMs = utcDateMs(bytes, dateStart, dateEnd);
    return dayMs < 0 ? NOT_A_TIME : dayMs + clockMs;
  }
  if (sentMs < 0) return NOT_A_TIME;
  const sameDayMs = sentMs - (sentMs % DAY_MS) + clockMs;
  if (sameDayMs - sentMs > DAY_MS / 2) return sameDayMs - DAY_MS;
  return sentMs - sameDayMs > DAY_MS / 2 ? sameDayMs + DAY_MS : sameDayMs;
}

/** Midnight of the UTCDateOnly `bytes[start, end)`, ms since the epoch; {@link NOT_A_TIME} when it is none, or before 1970. */
function utcDateMs(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== DATE_LENGTH) return NOT_A_TIME;
  const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 4);
  const day = twoDigits(bytes, start + 6);
  if (year < 1970 || month < 1 || month > 12 || day < 1) return NOT_A_TIME;
  const isLeapDay = month === 2 && day === 29 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > DAYS_IN_MONTH[month - 1] && !isLeapDay) return NOT_A_TIME;
  return daysSinceEpoch(year, month, day) * DAY_MS;
}

/** Ms since midnight that the UTCTimeOnly `bytes[start, end)` says; {@link NOT_A_TIME} when it is none. */
function utcTimeOfDayMs(bytes: Uint8Array, start: number, end: number): number {
  const seconds = start + CLOCK_LENGTH;
  if (end < seconds || bytes[start + 2] !== COLON || bytes[start + 5] !== COLON) return NOT_A_TIME;
  const hour = twoDigits(bytes, start);
  const minute = twoDigits(bytes, start + 3);
  const second = twoDigits(bytes, start + 6);
  if (hour < 0 || minute < 0 || second < 0 || minute > 59 || second > 60) return NOT_A_TIME;
  let fractionMs = 0;
  if (end > seconds) {
    const digits = end - seconds - 1;
    if (bytes[seconds] !== DOT || digits === 0 || digits > FRACTION_DIGITS_MAX) return NOT_A_TIME;
    for (let i = 1; i <= digits; i++) {
      const byte = bytes[seconds + i];
      if (byte < ZERO || byte > NINE) return NOT_A_TIME;
      if (i <= 3) fractionMs = fractionMs * 10 + byte - ZERO;
    }
    for (let i = digits; i < 3; i++) fractionMs *= 10;
  }
  const timeMs = (hour * 3600 + minute * 60 + second) * 1000 + fractionMs;
  // 24:00:00 is the end of the day; nothing is later than that or a leap second before it.
  return hour < 24 || timeMs === DAY_MS ? timeMs : NOT_A_TIME;
}

/** Two digits as a number; far below zero when they are none. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at];
  const ones = bytes[at + 1];
  if (tens >= ZERO && tens <= NINE && ones >= ZERO && ones <= NINE) return (tens - ZERO) * 10 + ones - ZERO;
  return NOT_DIGITS;
}

/** Days from 1970-01-01 to a date of the Gregorian calendar from 1970 on (Hinnant, `days_from_civil`). */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
