import { binanceDialect } from "./dialects/binance.ts";
import { bitstampDialect } from "./dialects/bitstamp.ts";
import { bybitDialect } from "./dialects/bybit.ts";
import { coinbaseDialect } from "./dialects/coinbase.ts";
import { krakenDialect } from "./dialects/kraken.ts";
import { okxDialect } from "./dialects/okx.ts";
import type { VenueDialect } from "./venue-dialect.ts";

/** Every venue that can be simulated, in the order the demo shows them. */
export const DIALECTS: readonly VenueDialect[] = [
  binanceDialect,
  coinbaseDialect,
  krakenDialect,
  okxDialect,
  bybitDialect,
  bitstampDialect,
];

/** The dialect of a venue; null when there is none. */
export function findDialect(venue: string): VenueDialect | null {
  return DIALECTS.find((dialect) => dialect.venue === venue) ?? null;
}

/** The dialect of the venue that owns a host name; null when none does. */
export function findDialectByHost(host: string): VenueDialect | null {
  const isOf = (owner: string) => host === owner || host.endsWith(`.${owner}`);
  return DIALECTS.find((dialect) => dialect.hosts.some(isOf)) ?? null;
}
