/** Largest number of decimals any market here uses; bounds the padding table. */
const MAX_DECIMALS = 12;
const POWERS_OF_TEN: readonly number[] = Array.from({ length: MAX_DECIMALS + 1 }, (_, i) => 10 ** i);

/**
 * Writes a whole number of units of 10^-decimals as decimal text with all its trailing zeros: (110, 2) is `1.10`.
 * Integers only, so no digit is ever invented by a double.
 *
 * @param units 0 or more, below 2^53
 * @param decimals 0 to 12
 */
export function decimalText(units: number, decimals: number): string {
  if (decimals === 0) return String(units);
  const scale = POWERS_OF_TEN[decimals];
  const whole = Math.floor(units / scale);
  const fraction = String(units - whole * scale);
  return `${whole}.${"0".repeat(decimals - fraction.length)}${fraction}`;
}

/** The same number without trailing zeros, as OKX and Bybit write sizes: (1500, 3) is `1.5`, (2000, 3) is `2`. */
export function trimmedDecimalText(units: number, decimals: number): string {
  let keptUnits = units;
  let keptDecimals = decimals;
  while (keptDecimals > 0 && keptUnits % 10 === 0) {
    keptUnits /= 10;
    keptDecimals--;
  }
  return decimalText(keptUnits, keptDecimals);
}
