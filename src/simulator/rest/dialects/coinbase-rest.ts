import { decimalText } from "../../decimal-text.ts";
import { coinbaseDialect } from "../../dialects/coinbase.ts";
import { isoMicroseconds } from "../../iso-time.ts";
import type { Market } from "../../market.ts";
import { expectedQuoteOf } from "../../quote-fields.ts";
import { jsonReply } from "../http-reply.ts";
import type { RestDialect } from "../rest-dialect.ts";

// Coinbase Exchange (docs.cdp.coinbase.com, Get product book):
//   -> GET /products/BTC-USD/book?level=1
//   <- {"bids":[["6247.58","6.3578146",2]],"asks":[["6251.52","2",1]],"sequence":1,"auction_mode":false,"auction":null,"time":"…"}
//   <- 404 {"message":"NotFound"}   429 {"message":"Public rate limit exceeded"}
const PATH = /^\/products\/([^/]+)\/book$/;

/** Coinbase Exchange `book`, level 1. */
export const coinbaseRestDialect: RestDialect = {
  venue: "coinbase-rest",
  markets: coinbaseDialect.markets,
  meter: { weight: 10, windowMs: 1000 },
  clientSettings: {},
  costOf: () => 1,
  usageHeaders: () => ({}),
  refuse: () => jsonReply('{"message":"Public rate limit exceeded"}', 429),
  answer(request, desk) {
    const [, product] = PATH.exec(request.path) ?? [];
    const market = product === undefined ? null : desk.find(decodeURIComponent(product));
    if (market === null) return jsonReply('{"message":"NotFound"}', 404);
    desk.quoted(market);
    return jsonReply(bookText(market));
  },
  expectedQuote: (market) => expectedQuoteOf(market, { sequence: String(market.sequence), hasTime: true }),
};

function bookText(market: Market): string {
  const { spec, bidPriceUnits, bidSizeUnits, askPriceUnits, askSizeUnits, sequence, timeUs } = market;
  const level = (price: number, size: number) =>
    `[["${decimalText(price, spec.priceDecimals)}","${decimalText(size, spec.sizeDecimals)}",1]]`;
  const bids = level(bidPriceUnits, bidSizeUnits);
  const asks = level(askPriceUnits, askSizeUnits);
  return `{"bids":${bids},"asks":${asks},"sequence":${sequence},"auction_mode":false,"auction":null,"time":"${isoMicroseconds(timeUs)}"}`;
}
