import { binanceRestDialect } from "./dialects/binance-rest.ts";
import { bybitRestDialect } from "./dialects/bybit-rest.ts";
import { coinbaseRestDialect } from "./dialects/coinbase-rest.ts";
import { krakenRestDialect } from "./dialects/kraken-rest.ts";
import { oandaDialect } from "./dialects/oanda.ts";
import type { RestDialect } from "./rest-dialect.ts";

/** Every venue over REST that can be simulated. */
export const REST_DIALECTS: readonly RestDialect[] = [
  binanceRestDialect,
  coinbaseRestDialect,
  krakenRestDialect,
  bybitRestDialect,
  oandaDialect,
];

/** The dialect of a venue over REST; null when there is none. */
export function findRestDialect(venue: string): RestDialect | null {
  return REST_DIALECTS.find((dialect) => dialect.venue === venue) ?? null;
}
