import { decimalText } from "../../decimal-text.ts";
import { binanceDialect } from "../../dialects/binance.ts";
import type { Market } from "../../market.ts";
import { expectedQuoteOf, readStrings } from "../../quote-fields.ts";
import { jsonReply } from "../http-reply.ts";
import type { HttpRequest } from "../http-request.ts";
import { retryAfterSeconds } from "../request-meter.ts";
import type { RestDialect } from "../rest-dialect.ts";

// Binance spot (binance-spot-api-docs, rest-api.md):
//   -> GET /api/v3/ticker/bookTicker?symbols=["BTCUSDT","ETHUSDT"]
//   <- [{"symbol":"BTCUSDT","bidPrice":"4.00000000","bidQty":"431.00000000","askPrice":"4.00000200","askQty":"9.00000000"},…]
//   <- 400 {"code":-1121,"msg":"Invalid symbol."}
//   <- 429, 418 with Retry-After (s) {"code":-1003,"msg":"…"}; X-MBX-USED-WEIGHT-1M with every answer
const PATH = "/api/v3/ticker/bookTicker";
const BAN_MS = 120_000;
const INVALID_SYMBOL = '{"code":-1121,"msg":"Invalid symbol."}';

/** Binance spot `ticker/bookTicker`. */
export const binanceRestDialect: RestDialect = {
  venue: "binance-rest",
  markets: binanceDialect.markets,
  meter: { weight: 6000, windowMs: 60_000, ban: { afterRefusals: 10, forMs: BAN_MS } },
  clientSettings: {},
  costOf: ({ query }) => (query.has("symbol") ? 2 : 4),
  usageHeaders: ({ used }) => ({ "X-MBX-USED-WEIGHT": String(used), "X-MBX-USED-WEIGHT-1M": String(used) }),
  refuse({ verdict, retryAfterMs, limit }) {
    const isBan = verdict === "banned";
    const told = isBan
      ? "Way too much request weight used; IP banned."
      : `Too much request weight used; current limit is ${limit} request weight per 1 MINUTE.`;
    const headers = { "Retry-After": retryAfterSeconds(retryAfterMs) };
    return jsonReply(`{"code":-1003,"msg":"${told}"}`, isBan ? 418 : 429, headers);
  },
  answer(request, desk) {
    if (request.path !== PATH) return jsonReply('{"code":-1100,"msg":"Unknown path."}', 404);
    const symbols = symbolsOf(request);
    if (symbols === null) return jsonReply('{"code":-1100,"msg":"Illegal characters found in parameter."}', 400);
    const markets = symbols.map((symbol) => desk.find(symbol)).filter((market) => market !== null);
    if (markets.length < symbols.length) return jsonReply(INVALID_SYMBOL, 400);
    for (const market of markets) desk.quoted(market);
    const quotes = markets.map(quoteText);
    return jsonReply(request.query.has("symbol") ? quotes[0] : `[${quotes.join()}]`);
  },
  expectedQuote: (market) => expectedQuoteOf(market, { sequence: null, hasTime: false }),
};

function symbolsOf({ query }: HttpRequest): readonly string[] | null {
  const one = query.get("symbol");
  if (one !== null) return [one];
  try {
    return readStrings(JSON.parse(query.get("symbols") ?? ""));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function quoteText({ symbol, spec, bidPriceUnits, bidSizeUnits, askPriceUnits, askSizeUnits }: Market): string {
  const price = (units: number) => decimalText(units, spec.priceDecimals);
  const size = (units: number) => decimalText(units, spec.sizeDecimals);
  return `{"symbol":"${symbol}","bidPrice":"${price(bidPriceUnits)}","bidQty":"${size(bidSizeUnits)}","askPrice":"${price(askPriceUnits)}","askQty":"${size(askSizeUnits)}"}`;
}
