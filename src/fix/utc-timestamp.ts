/** Digits behind the second that a UTCTimestamp may have here: whole seconds, ms, µs, ns. */
export type TimestampDigits = 0 | 3 | 6 | 9;

/** Length of `2024-05-02T07:49:37`. */
const SECONDS_LENGTH = 19;

/**
 * The UTCTimestamp of a stamp, such as `20240502-07:49:37.708`; digits that the stamp does not have are zeros.
 *
 * @param wallUs whole µs since the epoch
 */
export function formatUtcTimestamp(wallUs: number, digits: TimestampDigits): string {
  const second = new Date(Math.floor(wallUs / 1_000_000) * 1000).toISOString().slice(0, SECONDS_LENGTH);
  const text = second.replaceAll("-", "").replace("T", "-");
  if (digits === 0) return text;
  const micros = String(wallUs % 1_000_000).padStart(6, "0");
  return `${text}.${micros.padEnd(9, "0").slice(0, digits)}`;
}
