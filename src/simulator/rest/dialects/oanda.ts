import { decimalText } from "../../decimal-text.ts";
import { isoMicroseconds } from "../../iso-time.ts";
import type { Market, MarketSpec } from "../../market.ts";
import { expectedQuoteOf } from "../../quote-fields.ts";
import { jsonReply } from "../http-reply.ts";
import type { RestDialect } from "../rest-dialect.ts";

// OANDA v20 (developer.oanda.com, pricing endpoints): needs an account and its token; `since` leaves out what has not changed.
//   -> GET /v3/accounts/101-004-1/pricing?instruments=EUR_USD,USD_JPY&since=2024-03-01T15:58:18.000000123Z
//   <- {"prices":[{"type":"PRICE","instrument":"EUR_USD","time":"…","tradeable":true,"bids":[{"price":"1.13028","liquidity":10000000}],…}],"time":"…"}
//   <- 400 {"errorMessage":"Invalid value specified for 'instruments'"}   401 {"errorMessage":"Insufficient authorization …"}
const ACCOUNT = "101-004-1234567-001";
const TOKEN = "demo-token";
const PATH = `/v3/accounts/${ACCOUNT}/pricing`;

function spec(symbol: string, startTicks: number, decimals: number): MarketSpec {
  return { symbol, priceDecimals: decimals, tickUnits: 1, startTicks, sizeDecimals: 0, maxSizeUnits: 10_000_000 };
}

/** OANDA v20 `pricing`. */
export const oandaDialect: RestDialect = {
  venue: "oanda",
  markets: [
    spec("EUR_USD", 108_452, 5),
    spec("USD_JPY", 154_327, 3),
    spec("GBP_USD", 126_871, 5),
    spec("USD_CHF", 88_194, 5),
    spec("XAU_USD", 2_081_234, 3),
  ],
  meter: { weight: 120, windowMs: 1000 },
  clientSettings: { ACCOUNT, TOKEN },
  costOf: () => 1,
  usageHeaders: () => ({ RequestID: "24000000000000000" }),
  refuse: () => jsonReply('{"errorMessage":"Rate limit violation"}', 429, { "Retry-After": "1" }),
  answer({ path, query, headers }, desk) {
    if (headers.get("authorization") !== `Bearer ${TOKEN}`) {
      return jsonReply('{"errorMessage":"Insufficient authorization to perform request."}', 401);
    }
    if (path !== PATH) return jsonReply('{"errorMessage":"The accountID is invalid"}', 404);
    const names = (query.get("instruments") ?? "").split(",");
    const markets = names.map((name) => desk.find(name)).filter((market) => market !== null);
    if (markets.length < names.length) {
      return jsonReply(`{"errorMessage":"Invalid value specified for 'instruments'"}`, 400);
    }
    const since = query.get("since") ?? "";
    const news = markets.filter((market) => nanoseconds(market.timeUs) > since);
    for (const market of news) desk.quoted(market);
    return jsonReply(`{"prices":[${news.map(priceText).join()}],"time":"${nanoseconds(desk.wallUs)}"}`);
  },
  expectedQuote: (market) => expectedQuoteOf(market, { sequence: null, hasTime: true }),
};

function nanoseconds(timeUs: number): string {
  return `${isoMicroseconds(timeUs).slice(0, -1)}000Z`;
}

function priceText(market: Market): string {
  const { symbol, spec, bidPriceUnits, bidSizeUnits, askPriceUnits, askSizeUnits, timeUs } = market;
  const bucket = (price: number, liquidity: number) =>
    `[{"price":"${decimalText(price, spec.priceDecimals)}","liquidity":${liquidity}}]`;
  const sides = `"bids":${bucket(bidPriceUnits, bidSizeUnits)},"asks":${bucket(askPriceUnits, askSizeUnits)}`;
  return `{"type":"PRICE","instrument":"${symbol}","time":"${nanoseconds(timeUs)}","status":"tradeable","tradeable":true,${sides}}`;
}
