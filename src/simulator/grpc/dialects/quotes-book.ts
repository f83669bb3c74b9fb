import { decimalText } from "../../decimal-text.ts";
import type { Market, MarketSpec } from "../../market.ts";
import type { ExpectedQuote } from "../../venue-dialect.ts";
import type { GrpcDialect } from "../grpc-dialect.ts";
import { stringsOf } from "../wire-fields.ts";
import { WireWriter } from "../wire-writer.ts";

// config/protos/quotes-book.proto:
//   -> SubscribeRequest{ markets: ["BTC-USD", …], depth: 5 }
//   <- BookUpdate{ market, book: { bids: [{ price, size }], asks, sequence }, time_ns } | { is_heartbeat: true }
/** Prices and sizes are whole numbers of 10^-8. */
const DECIMALS = 8;
const LEVELS = 5;

function spec(symbol: string, startTicks: number, decimals: number): MarketSpec {
  return { symbol, priceDecimals: decimals, tickUnits: 1, startTicks, sizeDecimals: 4, maxSizeUnits: 90_000 };
}

function scaled(units: number, decimals: number): bigint {
  return BigInt(units) * 10n ** BigInt(DECIMALS - decimals);
}

/** Best first; each further level is a tick worse. */
function levels(priceUnits: number, sizeUnits: number, { spec, step }: { spec: MarketSpec; step: number }): Buffer[] {
  const sides: Buffer[] = [];
  for (let i = 0; i < LEVELS; i++) {
    const price = priceUnits + i * step * spec.tickUnits;
    if (price <= 0) break;
    const level = new WireWriter().zigzag(1, scaled(price, spec.priceDecimals));
    sides.push(level.varint(2, scaled(sizeUnits + i, spec.sizeDecimals)).finish());
  }
  return sides;
}

function quoteMessage(market: Market): Buffer {
  const { spec } = market;
  const book = new WireWriter();
  for (const level of levels(market.bidPriceUnits, market.bidSizeUnits, { spec, step: -1 })) book.bytes(1, level);
  for (const level of levels(market.askPriceUnits, market.askSizeUnits, { spec, step: 1 })) book.bytes(2, level);
  book.varint(3, market.updates);
  const update = new WireWriter().string(1, spec.symbol).bytes(2, book.finish());
  return update.fixed64(3, BigInt(market.timeUs) * 1000n).finish();
}

function text(units: number, decimals: number): string {
  return decimalText(units, decimals) + "0".repeat(DECIMALS - decimals);
}

function expectedQuote(market: Market): ExpectedQuote {
  const { priceDecimals, sizeDecimals, symbol } = market.spec;
  return {
    symbol,
    bidPrice: text(market.bidPriceUnits, priceDecimals),
    bidSize: text(market.bidSizeUnits, sizeDecimals),
    askPrice: text(market.askPriceUnits, priceDecimals),
    askSize: text(market.askSizeUnits, sizeDecimals),
    sequence: String(market.updates),
    venueTimeMs: Math.floor(market.timeUs / 1000),
  };
}

/** Server streaming, levels as scaled integers, a number per market. */
export const quotesBookDialect: GrpcDialect = {
  venue: "quotes-book",
  path: "/quotes.book.v1.BookStream/Subscribe",
  streaming: "server",
  needsToken: false,
  markets: [spec("BTC-USD", 6_412_340, 2), spec("ETH-USD", 341_262, 2), spec("SOL-USD", 15_431, 2)],
  readRequest: (message) => ({ subscribe: stringsOf(message, 1), unsubscribe: [] }),
  quote: quoteMessage,
  answer: () => null,
  error: () => null,
  heartbeat: () => new WireWriter().varint(4, 1).finish(),
  expectedQuote,
};
