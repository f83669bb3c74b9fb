import { decimalText, trimmedDecimalText } from "../../decimal-text.ts";
import { bybitDialect } from "../../dialects/bybit.ts";
import type { Market } from "../../market.ts";
import { expectedQuoteOf } from "../../quote-fields.ts";
import { type HttpReply, jsonReply } from "../http-reply.ts";
import type { RestDialect } from "../rest-dialect.ts";

// Bybit v5 (bybit-exchange/docs, v5/market/tickers, v5/rate-limit): errors come with status 200, but for the ban.
//   -> GET /v5/market/tickers?category=spot&symbol=BTCUSDT
//   <- {"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[{"symbol":"BTCUSDT","bid1Price":"…",…}]},"retExtInfo":{},"time":1}
//   <- {"retCode":10001,"retMsg":"Not supported symbols",…}   403 "403, access too frequent"
const PATH = "/v5/market/tickers";
const BAN_MS = 600_000;

/** Bybit v5 spot `market/tickers`. */
export const bybitRestDialect: RestDialect = {
  venue: "bybit-rest",
  markets: bybitDialect.markets,
  meter: { weight: 600, windowMs: 5000, ban: { afterRefusals: 0, forMs: BAN_MS } },
  clientSettings: {},
  costOf: () => 1,
  usageHeaders({ used, limit, resetsInMs }, wallMs) {
    const remaining = Math.max(0, limit - used);
    return {
      "X-Bapi-Limit": String(limit),
      "X-Bapi-Limit-Status": String(remaining),
      "X-Bapi-Limit-Reset-Timestamp": String(Math.floor(remaining > 0 ? wallMs : wallMs + resetsInMs)),
    };
  },
  refuse: () => ({ status: 403, headers: { "Content-Type": "text/plain" }, body: "403, access too frequent" }),
  answer({ path, query }, desk) {
    if (path !== PATH) return jsonReply("", 404);
    if (query.get("category") !== "spot") return errorReply(10001, "params error: category invalid", desk.wallUs);
    const market = desk.find(query.get("symbol") ?? "");
    if (market === null) return errorReply(10001, "Not supported symbols", desk.wallUs);
    desk.quoted(market);
    const list = `{"category":"spot","list":[${quoteText(market)}]}`;
    return jsonReply(envelope(0, "OK", list, Math.floor(market.timeUs / 1000)));
  },
  expectedQuote: (market) => expectedQuoteOf(market, { sequence: null, hasTime: true, sizeText: trimmedDecimalText }),
};

function errorReply(code: number, text: string, wallUs: number): HttpReply {
  return jsonReply(envelope(code, text, "{}", Math.floor(wallUs / 1000)));
}

function envelope(code: number, text: string, result: string, timeMs: number): string {
  return `{"retCode":${code},"retMsg":"${text}","result":${result},"retExtInfo":{},"time":${timeMs}}`;
}

function quoteText({ symbol, spec, bidPriceUnits, bidSizeUnits, askPriceUnits, askSizeUnits }: Market): string {
  const price = (units: number) => decimalText(units, spec.priceDecimals);
  const size = (units: number) => trimmedDecimalText(units, spec.sizeDecimals);
  return `{"symbol":"${symbol}","bid1Price":"${price(bidPriceUnits)}","bid1Size":"${size(bidSizeUnits)}","ask1Price":"${price(askPriceUnits)}","ask1Size":"${size(askSizeUnits)}","lastPrice":"${price(askPriceUnits)}"}`;
}
