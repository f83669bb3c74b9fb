// Hot path.
import type { FixFrame } from "../../../fix/fix-frame.ts";
import type { MarketDataMessage } from "../../../fix/market-data-message.ts";
import type { MarketDataPlan } from "../../../venues/compiled-fix-venue.ts";

/** Reads a UTCTimestamp: whole ms since the epoch, −1 when it is none. */
export type TimestampReader = (bytes: Uint8Array, start: number, end: number) => number;

const NO_TIME = -1;
/** Length of `20241019`. */
const DATE_BYTES = 8;
/** Longest MDEntryTime (273): `05:41:52` and a fraction. */
const TIME_BYTES_MAX = 24;
const DASH = 0x2d;
const DAY_MS = 86_400_000;

/** The venue's stamp of a message, from where the profile says it is. */
export class MessageTime {
  readonly #from: MarketDataPlan["time"];
  readonly #timestampMs: TimestampReader;
  /** A date and a time, joined. */
  readonly #joined = new Uint8Array(DATE_BYTES + 1 + TIME_BYTES_MAX);

  constructor(from: MarketDataPlan["time"], timestampMs: TimestampReader) {
    this.#from = from;
    this.#timestampMs = timestampMs;
    this.#joined[DATE_BYTES] = DASH;
  }

  /** Whole ms since the epoch: SendingTime (52) when the place the profile names is empty; −1 when that is no time either. */
  read(message: MarketDataMessage, frame: FixFrame): number {
    if (this.#from === "transactTime" && message.timeStart >= 0) {
      const timeMs = this.#timestampMs(message.bytes, message.timeStart, message.timeEnd);
      if (timeMs !== NO_TIME) return timeMs;
    }
    if (this.#from === "entry") {
      const timeMs = this.#entryMs(message, frame);
      if (timeMs !== NO_TIME) return timeMs;
    }
    return this.readSendingTime(frame);
  }

  /** SendingTime (52), whole ms since the epoch; −1 when it is no time. */
  readSendingTime(frame: FixFrame): number {
    if (frame.sendingTimeStart < 0) return NO_TIME;
    return this.#timestampMs(frame.bytes, frame.sendingTimeStart, frame.sendingTimeEnd);
  }

  /** MDEntryDate (272) and MDEntryTime (273) of the first entry that has them; either may be a whole timestamp. */
  #entryMs(message: MarketDataMessage, frame: FixFrame): number {
    for (let i = 0; i < message.count; i++) {
      const dateFrom = message.dateFrom[i];
      const dateTo = message.dateTo[i];
      const timeFrom = message.timeFrom[i];
      const timeTo = message.timeTo[i];
      if (dateFrom < 0 && timeFrom < 0) continue;
      if (dateFrom >= 0 && dateTo - dateFrom > DATE_BYTES) return this.#timestampMs(message.bytes, dateFrom, dateTo);
      if (timeFrom < 0) return NO_TIME;
      if (message.bytes[timeFrom + DATE_BYTES] === DASH) return this.#timestampMs(message.bytes, timeFrom, timeTo);
      if (timeTo - timeFrom > TIME_BYTES_MAX) return NO_TIME;
      this.#join(message.bytes, timeFrom, timeTo, DATE_BYTES + 1);
      const end = DATE_BYTES + 1 + timeTo - timeFrom;
      if (dateFrom < 0) return this.#onDayOfSending(frame, end);
      if (dateTo - dateFrom !== DATE_BYTES) return NO_TIME;
      this.#join(message.bytes, dateFrom, dateTo, 0);
      return this.#timestampMs(this.#joined, 0, end);
    }
    return NO_TIME;
  }

  /** A time without a date is of the day on which the message was sent, or of the day before when it would be ahead. */
  #onDayOfSending(frame: FixFrame, end: number): number {
    const sentMs = this.readSendingTime(frame);
    if (sentMs === NO_TIME) return NO_TIME;
    this.#join(frame.bytes, frame.sendingTimeStart, frame.sendingTimeStart + DATE_BYTES, 0);
    const timeMs = this.#timestampMs(this.#joined, 0, end);
    if (timeMs === NO_TIME) return NO_TIME;
    return timeMs > sentMs + DAY_MS / 2 ? timeMs - DAY_MS : timeMs;
  }

  #join(from: Uint8Array, start: number, end: number, target: number): void {
    let at = target;
    for (let i = start; i < end; i++) this.#joined[at++] = from[i];
  }
}
