// Hot path.
import { writeDigits, writeSlice } from "../publish/byte-writer.ts";

const SECONDS_PER_DAY = 86_400;
/** Where the parts stand in `YYYY-MM-DDThh:mm:ss.ffffffZ`. */
const MONTH_AT = 5;
const DAY_AT = 8;
const HOUR_AT = 11;
const MINUTE_AT = 14;
const SECOND_AT = 17;
const MICROS_AT = 20;

/** Days from 0000-03-01, where a year of this calculation begins, to 1970-01-01. */
const DAYS_TO_EPOCH = 719_468;
const DAYS_PER_ERA = 146_097;

/** Writes times as RFC 3339 in UTC with microseconds: the digits of the day and of the second are kept while they hold. */
export class UtcTimeText {
  readonly #text = Buffer.from("1970-01-01T00:00:00.000000Z");
  #second = 0;
  #day = 0;

  /** @param timeUs whole µs since 1970, in [0, 2^53); returns where the text ends */
  write(target: Buffer, at: number, timeUs: number): number {
    const second = Math.floor(timeUs / 1_000_000);
    if (second !== this.#second) this.#setSecond(second);
    const end = writeSlice(target, at, this.#text, 0, this.#text.length);
    writeDigits(target, at + MICROS_AT, timeUs - second * 1_000_000, 6);
    return end;
  }

  #setSecond(second: number): void {
    const day = Math.floor(second / SECONDS_PER_DAY);
    if (day !== this.#day) this.#setDay(day);
    const ofDay = second - day * SECONDS_PER_DAY;
    writeDigits(this.#text, HOUR_AT, Math.floor(ofDay / 3600), 2);
    writeDigits(this.#text, MINUTE_AT, Math.floor(ofDay / 60) % 60, 2);
    writeDigits(this.#text, SECOND_AT, ofDay % 60, 2);
    this.#second = second;
  }

  /** The Gregorian date of a day since 1970: years begin in March, so that the day that comes and goes is their last. */
  #setDay(day: number): void {
    const days = day + DAYS_TO_EPOCH;
    const era = Math.floor(days / DAYS_PER_ERA);
    const ofEra = days - era * DAYS_PER_ERA;
    const yearOfEra = Math.floor(
      (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
    );
    const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
    // March is 0. Five months have 153 days, wherever one begins to count.
    const month = Math.floor((5 * ofYear + 2) / 153);
    const isNextYear = month >= 10;
    writeDigits(this.#text, 0, yearOfEra + era * 400 + (isNextYear ? 1 : 0), 4);
    writeDigits(this.#text, MONTH_AT, isNextYear ? month - 9 : month + 3, 2);
    writeDigits(this.#text, DAY_AT, ofYear - Math.floor((153 * month + 2) / 5) + 1, 2);
    this.#day = day;
  }
}
