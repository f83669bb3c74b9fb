import type { MarketSpec } from "../market.ts";
import { mixSeed } from "../seeded-random.ts";
import type { LpMarketSpec } from "./lp-book.ts";

/** FX sizes: whole units of the base currency, in steps of half a million, to twenty million. */
const FX_SIZE = { sizeDecimals: 0, maxSizeUnits: 20_000_000, sizeStepUnits: 500_000 } as const;
/** Coins to four decimals. */
const COIN_SIZE = { sizeDecimals: 4, maxSizeUnits: 500_000, sizeStepUnits: 1 } as const;
/** Start price, in ticks, of a symbol nobody knows, lowest and range. */
const UNKNOWN_START_TICKS = 50_000;
const UNKNOWN_START_RANGE = 100_000;

/** Currency pairs as most LPs write them. */
export const FX_MARKETS: readonly LpMarketSpec[] = [
  fxPair("EUR/USD", 108_452, 5),
  fxPair("GBP/USD", 126_871, 5),
  fxPair("USD/JPY", 154_327, 3),
  fxPair("USD/CHF", 88_194, 5),
  fxPair("AUD/USD", 65_218, 5),
];

/** The same pairs under the numbers that cTrader gives them. */
export const NUMBERED_FX_MARKETS: readonly LpMarketSpec[] = FX_MARKETS.map((spec, index) => ({
  ...spec,
  symbol: String(index + 1),
}));

/** Crypto pairs, written as `name` joins base and quote currency. */
export function coinMarkets(name: (base: string, quote: string) => string, quote: string): LpMarketSpec[] {
  return [
    coinPair(name("BTC", quote), 6_412_345, 2),
    coinPair(name("ETH", quote), 341_256, 2),
    coinPair(name("SOL", quote), 15_432, 2),
    coinPair(name("XRP", quote), 52_134, 5),
    coinPair(name("LTC", quote), 8431, 2),
  ];
}

/** The figures of a symbol: its own, those of the same pair written with or without `/`, else invented ones. */
export function marketSpecOf(known: readonly LpMarketSpec[], symbol: string): LpMarketSpec {
  const bare = symbol.replaceAll("/", "");
  const own =
    known.find((spec) => spec.symbol === symbol) ?? known.find((spec) => spec.symbol.replaceAll("/", "") === bare);
  if (own !== undefined) return { ...own, symbol };
  return { ...known[0], symbol, startTicks: UNKNOWN_START_TICKS + (mixSeed(0, symbol) % UNKNOWN_START_RANGE) };
}

function fxPair(symbol: string, startTicks: number, priceDecimals: number): LpMarketSpec {
  return { ...spec(symbol, startTicks, priceDecimals), ...FX_SIZE };
}

function coinPair(symbol: string, startTicks: number, priceDecimals: number): LpMarketSpec {
  return { ...spec(symbol, startTicks, priceDecimals), ...COIN_SIZE };
}

function spec(symbol: string, startTicks: number, priceDecimals: number): Omit<MarketSpec, keyof typeof FX_SIZE> {
  return { symbol, startTicks, priceDecimals, tickUnits: 1 };
}
