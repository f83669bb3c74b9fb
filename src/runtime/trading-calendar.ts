/** When a venue trades. All times are wall-clock ms since the epoch. */
export interface TradingCalendar {
  /** ms until trading opens; 0 while it is open. */
  msUntilOpen(wallMs: number): number;
  /** ms until trading closes; 0 while it is closed, Infinity when it never does. */
  msUntilClose(wallMs: number): number;
  /** When the trading day that `wallMs` lies in (or the last one before it) began. */
  tradingDayStartMs(wallMs: number): number;
  /** When the trading week that `wallMs` lies in (or the last one before it) began. */
  tradingWeekStartMs(wallMs: number): number;
}
