import type { TradingCalendar } from "./trading-calendar.ts";

/** When sessions begin and end, as people write it. */
export interface SessionHours {
  /** `17:00` or `17:00:05`, on the clock of `timeZone`. */
  readonly start: string;
  readonly end: string;
  /** Name in the IANA data base, for instance `America/New_York`. */
  readonly timeZone: string;
  /**
   * `Sun-Fri`: one session a week, from the first day's start to the last day's end. `Mon,Tue,Wed`: one session for each
   * day named, from its start to the next end. `all`: never closed.
   */
  readonly days: string;
}

/** One session of the week. */
interface WeeklySession {
  /** ISO: Monday is 1. */
  readonly startDay: number;
  /** Days from the start's date to the end's. */
  readonly lengthDays: number;
  /** True for the one that begins the trading week. */
  readonly isFirst: boolean;
}

/** `[startMs, endMs)`. */
interface Span {
  readonly startMs: number;
  readonly endMs: number;
  readonly isFirst: boolean;
}

const DAY_NAMES: readonly string[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const SUNDAY = 7;
const WEEK_DAYS = 7;
/** Sessions are at most a week long, so that one that matters now began or begins within this many days. */
const LOOK_DAYS = 8;
const TIME_FORM = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/;

/** True for a name the machine has a time zone for. */
export function isTimeZone(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** True for `HH:MM` and `HH:MM:SS`. */
export function isTimeOfDay(text: string): boolean {
  return TIME_FORM.test(text);
}

/** True for what {@link SessionHours.days} may be. */
export function isSessionDays(text: string): boolean {
  return readDays(text) !== null;
}

/**
 * The calendar of these hours; follows daylight saving time: a start that a change of the clocks leaves out is taken as late
 * as the clocks jump, one that comes twice is the earlier.
 *
 * @param hours checked: a bad form throws a RangeError
 */
export function createTradingCalendar(hours: SessionHours): TradingCalendar {
  const days = readDays(hours.days);
  if (days === null) throw new RangeError(`'${hours.days}' are no session days`);
  return days === "all" ? new OpenCalendar(hours) : new WeeklyCalendar(hours, days);
}

function readDays(text: string): "all" | WeeklySession[] | null {
  const days = text.trim().toLowerCase();
  if (days === "all") return "all";
  const range = /^([a-z]+)\s*-\s*([a-z]+)$/.exec(days);
  if (range !== null) {
    const startDay = readDay(range[1]);
    const endDay = readDay(range[2]);
    if (startDay === 0 || endDay === 0) return null;
    return [{ startDay, lengthDays: (endDay - startDay + WEEK_DAYS) % WEEK_DAYS || WEEK_DAYS, isFirst: true }];
  }
  const listed = days.split(",").map((name) => readDay(name.trim()));
  if (listed.includes(0) || new Set(listed).size !== listed.length) return null;
  return listed.map((startDay, index) => ({ startDay, lengthDays: 0, isFirst: index === 0 }));
}

/** ISO number of `Mon` or `monday`; 0 when it is none. */
function readDay(name: string): number {
  if (name.length < 3) return 0;
  const full = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
  const index = name.length === 3 ? DAY_NAMES.indexOf(name) : full.indexOf(name);
  return index + 1;
}

/** Local date and time as ms since the epoch. */
function epochMs(date: Temporal.PlainDate, time: Temporal.PlainTime, timeZone: string): number {
  return date.toZonedDateTime({ timeZone, plainTime: time }).epochMilliseconds;
}

/** Never closed; a trading day begins at the start time, a trading week on Sunday. */
class OpenCalendar implements TradingCalendar {
  readonly #start: Temporal.PlainTime;
  readonly #timeZone: string;

  constructor(hours: SessionHours) {
    this.#start = Temporal.PlainTime.from(hours.start);
    this.#timeZone = hours.timeZone;
  }

  msUntilOpen(): number {
    return 0;
  }

  msUntilClose(): number {
    return Number.POSITIVE_INFINITY;
  }

  tradingDayStartMs(wallMs: number): number {
    return this.#lastStart(wallMs, () => true);
  }

  tradingWeekStartMs(wallMs: number): number {
    return this.#lastStart(wallMs, (date) => date.dayOfWeek === SUNDAY);
  }

  #lastStart(wallMs: number, isWanted: (date: Temporal.PlainDate) => boolean): number {
    const today = localDate(wallMs, this.#timeZone);
    for (let back = 0; back <= LOOK_DAYS; back++) {
      const date = today.subtract({ days: back });
      const startMs = epochMs(date, this.#start, this.#timeZone);
      if (isWanted(date) && startMs <= wallMs) return startMs;
    }
    return wallMs;
  }
}

/** Sessions that come again every week. */
class WeeklyCalendar implements TradingCalendar {
  readonly #sessions: readonly WeeklySession[];
  readonly #start: Temporal.PlainTime;
  readonly #end: Temporal.PlainTime;
  readonly #timeZone: string;

  constructor(hours: SessionHours, sessions: readonly WeeklySession[]) {
    this.#sessions = sessions;
    this.#start = Temporal.PlainTime.from(hours.start);
    this.#end = Temporal.PlainTime.from(hours.end);
    this.#timeZone = hours.timeZone;
  }

  msUntilOpen(wallMs: number): number {
    const spans = this.#spansAround(wallMs);
    if (spans.some((span) => isWithin(span, wallMs))) return 0;
    return Math.min(...spans.filter((span) => span.startMs > wallMs).map((span) => span.startMs)) - wallMs;
  }

  msUntilClose(wallMs: number): number {
    const open = this.#spansAround(wallMs).filter((span) => isWithin(span, wallMs));
    return open.length === 0 ? 0 : Math.max(...open.map((span) => span.endMs)) - wallMs;
  }

  tradingDayStartMs(wallMs: number): number {
    const spans = this.#spansAround(wallMs);
    const today = localDate(wallMs, this.#timeZone);
    for (let back = 0; back <= LOOK_DAYS; back++) {
      const startMs = epochMs(today.subtract({ days: back }), this.#start, this.#timeZone);
      if (startMs <= wallMs && spans.some((span) => isWithin(span, startMs))) return startMs;
    }
    return wallMs;
  }

  tradingWeekStartMs(wallMs: number): number {
    const starts = this.#spansAround(wallMs)
      .filter((span) => span.isFirst && span.startMs <= wallMs)
      .map((span) => span.startMs);
    return Math.max(...starts);
  }

  #spansAround(wallMs: number): Span[] {
    const today = localDate(wallMs, this.#timeZone);
    const spans: Span[] = [];
    for (let days = -2 * LOOK_DAYS; days <= LOOK_DAYS; days++) {
      const date = today.add({ days });
      for (const session of this.#sessions) {
        if (session.startDay === date.dayOfWeek) spans.push(this.#spanFrom(date, session));
      }
    }
    return spans;
  }

  #spanFrom(date: Temporal.PlainDate, { lengthDays, isFirst }: WeeklySession): Span {
    // A daily session whose end is not behind its start ends on the next day.
    const isOvernight = lengthDays === 0 && Temporal.PlainTime.compare(this.#end, this.#start) <= 0;
    const endDate = date.add({ days: isOvernight ? 1 : lengthDays });
    return {
      startMs: epochMs(date, this.#start, this.#timeZone),
      endMs: epochMs(endDate, this.#end, this.#timeZone),
      isFirst,
    };
  }
}

function isWithin(span: Span, wallMs: number): boolean {
  return span.startMs <= wallMs && wallMs < span.endMs;
}

function localDate(wallMs: number, timeZone: string): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(wallMs)).toZonedDateTimeISO(timeZone).toPlainDate();
}
