/** UTCTimestamp of a wall clock, `20240131-12:00:00.123`. @param wallUs µs since the epoch */
export function utcTimestampText(wallUs: number): string {
  // 2024-01-31T12:00:00.123Z
  const iso = new Date(Math.floor(wallUs / 1000)).toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 10)}-${iso.slice(11, 23)}`;
}
