import type { Clock, Timer } from "../../runtime/clock.ts";
import type { TradingCalendar } from "../../runtime/trading-calendar.ts";

/** The calendar is asked again at least this often, ms: the wall clock may be set, and timers stand still in a suspended machine. */
const LOOK_EVERY_MS = 60_000;

/** Calls back once when trading closes; until then, or until it is cancelled, it holds one timer. */
export function atClosingTime(calendar: TradingCalendar, clock: Clock, callback: () => void): Timer {
  let timer: Timer;
  function look(): void {
    const leftMs = calendar.msUntilClose(Math.floor(clock.wallUs() / 1000));
    if (leftMs <= 0) callback();
    else timer = clock.schedule(Math.min(LOOK_EVERY_MS, leftMs), look);
  }
  timer = clock.schedule(0, look);
  return { cancel: () => timer.cancel() };
}
