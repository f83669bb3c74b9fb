import { binanceDialect, binanceFuturesDialect } from "./dialects/binance.ts";
import { bitstampDialect } from "./dialects/bitstamp.ts";
import { bybitDialect } from "./dialects/bybit.ts";
import { coinbaseDialect } from "./dialects/coinbase.ts";
import { deribitDialect } from "./dialects/deribit.ts";
import { gateDialect } from "./dialects/gate.ts";
import { krakenDialect } from "./dialects/kraken.ts";
import { okxDialect, okxTickersDialect } from "./dialects/okx.ts";
import { FIX_DIALECTS } from "./fix/fix-dialect-registry.ts";
import { SIMULATED_GRPC_VENUES } from "./grpc/grpc-dialect-registry.ts";
import { REST_DIALECTS } from "./rest/rest-dialect-registry.ts";
import type { VenueDialect } from "./venue-dialect.ts";

/** The venues a demo shows, in its order. */
export const DEMO_VENUES: readonly string[] = [
  "binance",
  "coinbase",
  "kraken",
  "okx",
  "bybit",
  "bitstamp",
  "lp-alpha",
  "binance-rest",
  "finam",
];

/** Every venue over WebSocket that can be simulated. */
export const DIALECTS: readonly VenueDialect[] = [
  binanceDialect,
  coinbaseDialect,
  krakenDialect,
  okxDialect,
  bybitDialect,
  bitstampDialect,
  binanceFuturesDialect,
  okxTickersDialect,
  gateDialect,
  deribitDialect,
];

/** Names of every venue that can be simulated, whatever its transport. */
export const SIMULATED_VENUES: readonly string[] = [
  ...[...DIALECTS, ...FIX_DIALECTS, ...REST_DIALECTS].map((dialect) => dialect.venue),
  ...SIMULATED_GRPC_VENUES,
];

/** Names of the venues a demo can show: those whose profile takes TLS only are left out, as a demo has no certificate. */
export const DEMO_VENUES_KNOWN: readonly string[] = SIMULATED_VENUES.filter(
  (venue) => !FIX_DIALECTS.some((dialect) => dialect.venue === venue && dialect.needsTls),
);

/** The dialect of a venue over WebSocket; null when there is none. */
export function findDialect(venue: string): VenueDialect | null {
  return DIALECTS.find((dialect) => dialect.venue === venue) ?? null;
}

/** The dialects of the venues behind a host name; one host may serve several channels. */
export function findDialectsByHost(host: string): VenueDialect[] {
  const isOf = (owner: string) => host === owner || host.endsWith(`.${owner}`);
  return DIALECTS.filter((dialect) => dialect.hosts.some(isOf));
}
