/** The second written last: quotes come by the thousand within one. */
let cachedSecond = -1;
let cachedText = "";

/** RFC 3339 in UTC with six decimals, as Coinbase and Kraken write times: `2023-11-14T22:13:20.000123Z`. */
export function isoMicroseconds(timeUs: number): string {
  const second = Math.floor(timeUs / 1_000_000);
  if (second !== cachedSecond) {
    cachedSecond = second;
    cachedText = new Date(second * 1000).toISOString().slice(0, 19);
  }
  const micros = String(timeUs - second * 1_000_000);
  return `${cachedText}.${"0".repeat(6 - micros.length)}${micros}Z`;
}
