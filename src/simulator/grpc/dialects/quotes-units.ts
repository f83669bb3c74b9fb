import { trimmedDecimalText } from "../../decimal-text.ts";
import type { Market, MarketSpec } from "../../market.ts";
import { expectedQuoteOf } from "../../quote-fields.ts";
import type { ExpectedQuote } from "../../venue-dialect.ts";
import type { GrpcAsk, GrpcDialect, GrpcVerdict } from "../grpc-dialect.ts";
import { readWireFields, stringsOf } from "../wire-fields.ts";
import { WireWriter } from "../wire-writer.ts";

// config/protos/quotes-units.proto:
//   -> ClientMessage{ subscribe | unsubscribe: { instruments: […] } } | { pong: { nonce } }
//   <- ServerMessage{ results: { results: [{ instrument, status, reason }] } } | { quote } | { ping: { nonce } } | { error }
const SUBSCRIBE = 1;
const UNSUBSCRIBE = 2;
const STATUS = { subscribed: 1, unsubscribed: 2, refused: 3 } as const;
const NANO_DIGITS = 9;

function spec(symbol: string, startTicks: number, decimals: number): MarketSpec {
  return { symbol, priceDecimals: decimals, tickUnits: 1, startTicks, sizeDecimals: 0, maxSizeUnits: 50_000 };
}

/** Units and billionths of a number of 10^-decimals; zeros are left out, as protobuf does. */
function unitsNano(amount: number, decimals: number): Buffer {
  const scale = 10n ** BigInt(decimals);
  const units = BigInt(amount) / scale;
  const nano = (BigInt(amount) % scale) * 10n ** BigInt(NANO_DIGITS - decimals);
  const writer = new WireWriter();
  if (units !== 0n) writer.varint(1, units);
  if (nano !== 0n) writer.zigzag(2, nano);
  return writer.finish();
}

function readRequest(message: Uint8Array): GrpcAsk | null {
  const fields = readWireFields(message);
  if (fields === null) return null;
  const named = (field: number) =>
    fields.flatMap((each) => (each.field === field && Buffer.isBuffer(each.value) ? stringsOf(each.value, 1) : []));
  const ask = { subscribe: named(SUBSCRIBE), unsubscribe: named(UNSUBSCRIBE) };
  return ask.subscribe.length + ask.unsubscribe.length === 0 ? null : ask;
}

function quoteMessage(market: Market): Buffer {
  const { priceDecimals, sizeDecimals, symbol } = market.spec;
  const seconds = Math.floor(market.timeUs / 1_000_000);
  const stamp = new WireWriter().varint(1, seconds).varint(2, (market.timeUs - seconds * 1_000_000) * 1000);
  const quote = new WireWriter()
    .string(1, symbol)
    .bytes(2, unitsNano(market.bidPriceUnits, priceDecimals))
    .bytes(3, unitsNano(market.bidSizeUnits, sizeDecimals))
    .bytes(4, unitsNano(market.askPriceUnits, priceDecimals))
    .bytes(5, unitsNano(market.askSizeUnits, sizeDecimals))
    .bytes(6, stamp.finish());
  return new WireWriter().bytes(2, quote.finish()).finish();
}

function answerMessage(verdicts: readonly GrpcVerdict[]): Buffer {
  const results = new WireWriter();
  for (const { symbol, verdict } of verdicts) {
    const result = new WireWriter().string(1, symbol).varint(2, STATUS[verdict]);
    if (verdict === "refused") result.string(3, "unknown instrument");
    results.bytes(1, result.finish());
  }
  return new WireWriter().bytes(1, results.finish()).finish();
}

function expectedQuote(market: Market): ExpectedQuote {
  const { priceDecimals } = market.spec;
  const quote = expectedQuoteOf(market, { sequence: null, hasTime: true, sizeText: trimmedDecimalText });
  return {
    ...quote,
    bidPrice: trimmedDecimalText(market.bidPriceUnits, priceDecimals),
    askPrice: trimmedDecimalText(market.askPriceUnits, priceDecimals),
  };
}

/** Bidirectional, units and nano, an answer per instrument, pings. */
export const quotesUnitsDialect: GrpcDialect = {
  venue: "quotes-units",
  path: "/quotes.units.v1.QuoteStream/Stream",
  streaming: "bidirectional",
  needsToken: false,
  markets: [spec("SBER", 30_105, 2), spec("GAZP", 16_431, 2), spec("LKOH", 712_005, 2), spec("VTBR", 8_765_432, 5)],
  readRequest,
  quote: quoteMessage,
  answer: answerMessage,
  error(text) {
    const error = new WireWriter().varint(1, 13).string(2, text);
    return new WireWriter().bytes(4, error.finish()).finish();
  },
  heartbeat(number) {
    return new WireWriter().bytes(3, new WireWriter().varint(1, number).finish()).finish();
  },
  expectedQuote,
};
