// Hot path.
import { digitsEnd } from "./json-grammar.ts";

/** How a venue writes its time. Numeric kinds may stand as a JSON number or as a string, and may have a fraction. */
export const TIME_FORMATS = ["s", "ms", "us", "ns", "iso8601"] as const;

/** See {@link TIME_FORMATS}. */
export type TimeFormat = (typeof TIME_FORMATS)[number];

/** The text is no time. */
export const BAD_TIME = -2;
/** The stamp says "none": venues send year 1 (Coinbase) or 1970 (Kraken) for it. */
export const NO_TIME = -1;

/** 2000-01-01T00:00:00Z: a stamp before it is no stamp. */
const EARLIEST_MS = 946_684_800_000;
/** 2200-01-01T00:00:00Z: a stamp after it has another unit than its profile says. */
const LATEST_MS = 7_258_118_400_000;

/** Most digits of a fraction that are looked at; more are refused. */
const MAX_FRACTION_DIGITS = 12;
/** Most digits before the point: 20 hold ns since the epoch for some thousand years. */
const MAX_WHOLE_DIGITS = 20;

const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const UPPER_T = 0x54;
const UPPER_Z = 0x5a;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Length of `2022-12-01T00:00:00`. */
const ISO_SECONDS_LENGTH = 19;
/** Length of `+01:00`. */
const OFFSET_LENGTH = 6;
const NOT_A_ZONE = Number.MAX_SAFE_INTEGER;
const NOT_DIGITS = -100_000;

/** Decimal places by which the digits of a unit are moved to give ms. */
const MS_SHIFT = { s: 3, ms: 0, us: -3, ns: -6, iso8601: 0 } as const;

const DAYS_IN_MONTH = Int32Array.from([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);

/** Whole ms since the epoch, or {@link NO_TIME} or {@link BAD_TIME} when no venue can have meant it. */
export function boundedTimeMs(timeMs: number): number {
  if (timeMs > LATEST_MS) return BAD_TIME;
  return timeMs < EARLIEST_MS ? NO_TIME : timeMs;
}

/** Reads the stamps of one format. Exact for nanoseconds too, which no double can hold: digits below a ms are cut off. */
export class TimeReader {
  readonly #isIso: boolean;
  readonly #shift: number;

  constructor(format: TimeFormat) {
    this.#isIso = format === "iso8601";
    this.#shift = MS_SHIFT[format];
  }

  /** Whole ms since the epoch that `bytes[start, end)` says, cut and never rounded; else {@link NO_TIME} or {@link BAD_TIME}. */
  readMs(bytes: Uint8Array, start: number, end: number): number {
    const timeMs = this.#isIso ? isoMs(bytes, start, end) : this.#numericMs(bytes, start, end);
    return timeMs === BAD_TIME ? BAD_TIME : boundedTimeMs(timeMs);
  }

  #numericMs(bytes: Uint8Array, start: number, end: number): number {
    const isNegative = start < end && bytes[start] === MINUS;
    const first = isNegative ? start + 1 : start;
    const point = digitsEnd(bytes, first, end);
    if (point === first || point - first > MAX_WHOLE_DIGITS) return BAD_TIME;
    if (point < end) {
      if (bytes[point] !== DOT || point + 1 === end || end - point - 1 > MAX_FRACTION_DIGITS) return BAD_TIME;
      if (digitsEnd(bytes, point + 1, end) !== end) return BAD_TIME;
    }
    if (isNegative) return NO_TIME;
    const shift = this.#shift;
    const wholeEnd = shift < 0 ? point + shift : point;
    let value = 0;
    for (let at = first; at < wholeEnd; at++) value = value * 10 + bytes[at] - ZERO;
    for (let i = 1; i <= shift; i++) value = value * 10 + (point + i < end ? bytes[point + i] - ZERO : 0);
    return value;
  }
}

/** RFC 3339: `2022-12-01T00:00:00.122581Z`, with any fraction, `Z` or an offset; −1 and below as in `readMs`. */
function isoMs(bytes: Uint8Array, start: number, end: number): number {
  const seconds = start + ISO_SECONDS_LENGTH;
  if (end <= seconds) return BAD_TIME;
  const isSeparated =
    bytes[start + 4] === MINUS &&
    bytes[start + 7] === MINUS &&
    bytes[start + 10] === UPPER_T &&
    bytes[start + 13] === COLON &&
    bytes[start + 16] === COLON;
  if (!isSeparated) return BAD_TIME;
  const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  const hour = twoDigits(bytes, start + 11);
  const minute = twoDigits(bytes, start + 14);
  const second = twoDigits(bytes, start + 17);
  const isNumeric = year >= 0 && hour >= 0 && minute >= 0 && second >= 0;
  if (!isNumeric || month < 1 || month > 12 || day < 1 || day > DAYS_IN_MONTH[month - 1]) return BAD_TIME;
  // Second 60 is a leap second.
  if (hour > 23 || minute > 59 || second > 60) return BAD_TIME;
  let zone = seconds;
  let fractionMs = 0;
  if (bytes[seconds] === DOT) {
    zone = digitsEnd(bytes, seconds + 1, end);
    if (zone === seconds + 1 || zone - seconds - 1 > MAX_FRACTION_DIGITS) return BAD_TIME;
    for (let i = 1; i <= 3; i++) fractionMs = fractionMs * 10 + (seconds + i < zone ? bytes[seconds + i] - ZERO : 0);
  }
  const offsetMs = zoneOffsetMs(bytes, zone, end);
  if (offsetMs === NOT_A_ZONE) return BAD_TIME;
  const clockMs = (hour * 3600 + minute * 60 + second) * 1000 + fractionMs;
  const timeMs = daysSinceEpoch(year, month, day) * DAY_MS + clockMs - offsetMs;
  return timeMs < 0 ? NO_TIME : timeMs;
}

/** The offset that `Z` or `+01:00` at `at` says, ms. */
function zoneOffsetMs(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 === end && bytes[at] === UPPER_Z) return 0;
  if (at + OFFSET_LENGTH !== end || bytes[at + 3] !== COLON) return NOT_A_ZONE;
  const hours = twoDigits(bytes, at + 1);
  const minutes = twoDigits(bytes, at + 4);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return NOT_A_ZONE;
  const offsetMs = (hours * 60 + minutes) * MINUTE_MS;
  if (bytes[at] === PLUS) return offsetMs;
  return bytes[at] === MINUS ? -offsetMs : NOT_A_ZONE;
}

/** Two digits as a number; far below zero when they are none, so that sums of it stay negative. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at];
  const ones = bytes[at + 1];
  if (tens < ZERO || tens > NINE || ones < ZERO || ones > NINE) return NOT_DIGITS;
  return (tens - ZERO) * 10 + ones - ZERO;
}

/** Days from 1970-01-01 to a date of the Gregorian calendar, years from 0 (Hinnant, `days_from_civil`). */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
