import type { FixProfile } from "./fix-profile-schema.ts";

/** Name on the wire of a configured symbol. */
export function wireNameOf({ symbols }: FixProfile, symbol: string): string {
  return Object.hasOwn(symbols.map, symbol) ? (symbols.map[symbol] ?? symbol) : symbol;
}
