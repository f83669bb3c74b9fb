import type { TradingCalendar } from "../../runtime/trading-calendar.ts";
import type { ResetPolicy } from "../../venues/compiled-fix-venue.ts";

/** What is known when a Logon is about to be sent. */
export interface ResetQuestion {
  readonly policy: ResetPolicy;
  /** Null: the venue is always open, and its days and weeks are those of UTC. */
  readonly calendar: TradingCalendar | null;
  /** When the numbers last started anew, wall clock, ms since the epoch; 0 = never. */
  readonly lastResetMs: number;
  readonly wallMs: number;
}

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** The first Sunday of the epoch, 4 January 1970. */
const FIRST_SUNDAY_MS = 3 * DAY_MS;

/** True when the numbers start anew (141=Y) with the Logon that is about to be sent. */
export function shouldReset({ policy, calendar, lastResetMs, wallMs }: ResetQuestion): boolean {
  if (policy === "logon") return true;
  if (policy === "never") return false;
  // A reset in the future: the wall clock was set back, so nothing is known of when it was.
  if (lastResetMs > wallMs) return true;
  if (policy === "daily") {
    return lastResetMs < (calendar?.tradingDayStartMs(wallMs) ?? Math.floor(wallMs / DAY_MS) * DAY_MS);
  }
  const utcWeekMs = Math.floor((wallMs - FIRST_SUNDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_SUNDAY_MS;
  return lastResetMs < (calendar?.tradingWeekStartMs(wallMs) ?? utcWeekMs);
}
