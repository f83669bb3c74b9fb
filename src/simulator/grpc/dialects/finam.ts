import { decimalText } from "../../decimal-text.ts";
import type { Market, MarketSpec } from "../../market.ts";
import { expectedQuoteOf } from "../../quote-fields.ts";
import type { GrpcDialect, ToldQuote } from "../grpc-dialect.ts";
import { stringsOf } from "../wire-fields.ts";
import { WireWriter } from "../wire-writer.ts";

// Finam trade API, grpc.tradeapi.v1.marketdata.MarketDataService (config/protos/finam-quotes.proto):
//   -> SubscribeQuoteRequest{ symbols: ["SBER@MISX", …] }
//   <- SubscribeQuoteResponse{ quote: [Quote{ symbol, timestamp, ask, ask_size, bid, bid_size, is_data_snapshot }] }
//   <- SubscribeQuoteResponse{ error: StreamError{ code, description } }
const SYMBOLS = 1;
const QUOTES = 1;
const ERROR = 2;
/** google.rpc.Code: INVALID_ARGUMENT. */
const INVALID_ARGUMENT = 3;

function spec(symbol: string, startTicks: number, decimals: number): MarketSpec {
  return { symbol, priceDecimals: decimals, tickUnits: 1, startTicks, sizeDecimals: 0, maxSizeUnits: 50_000 };
}

function decimal(text: string): Buffer {
  return new WireWriter().string(1, text).finish();
}

/** A price that did not change is left out, unless the quote is the first of its call. */
function quoteMessage(market: Market, told: ToldQuote): Buffer {
  const { priceDecimals, symbol } = market.spec;
  const bidPrice = decimalText(market.bidPriceUnits, priceDecimals);
  const askPrice = decimalText(market.askPriceUnits, priceDecimals);
  const seconds = Math.floor(market.timeUs / 1_000_000);
  const stamp = new WireWriter().varint(1, seconds).varint(2, (market.timeUs - seconds * 1_000_000) * 1000);
  const quote = new WireWriter().string(1, symbol).bytes(2, stamp.finish());
  if (!told.isWhole || told.askPrice !== askPrice) quote.bytes(3, decimal(askPrice));
  quote.bytes(4, decimal(String(market.askSizeUnits)));
  if (!told.isWhole || told.bidPrice !== bidPrice) quote.bytes(5, decimal(bidPrice));
  quote.bytes(6, decimal(String(market.bidSizeUnits)));
  if (!told.isWhole) quote.varint(17, 1);
  Object.assign(told, { bidPrice, askPrice, isWhole: true });
  return new WireWriter().bytes(QUOTES, quote.finish()).finish();
}

/** Finam trade API: server streaming, changes only. */
export const finamDialect: GrpcDialect = {
  venue: "finam",
  path: "/grpc.tradeapi.v1.marketdata.MarketDataService/SubscribeQuote",
  streaming: "server",
  needsToken: true,
  markets: [spec("SBER@MISX", 30_105, 2), spec("GAZP@MISX", 16_431, 2), spec("LKOH@MISX", 71_200, 1)],
  readRequest: (message) => ({ subscribe: stringsOf(message, SYMBOLS), unsubscribe: [] }),
  quote: quoteMessage,
  answer: () => null,
  error(text) {
    const error = new WireWriter().varint(1, INVALID_ARGUMENT).string(2, text);
    return new WireWriter().bytes(ERROR, error.finish()).finish();
  },
  heartbeat: () => null,
  expectedQuote: (market) => expectedQuoteOf(market, { sequence: null, hasTime: true }),
};
