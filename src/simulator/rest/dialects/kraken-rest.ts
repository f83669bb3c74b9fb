import { decimalText } from "../../decimal-text.ts";
import type { Market, MarketSpec } from "../../market.ts";
import { expectedQuoteOf } from "../../quote-fields.ts";
import { jsonReply } from "../http-reply.ts";
import type { RestDialect } from "../rest-dialect.ts";

// Kraken (docs.kraken.com, Get Ticker Information): errors come with status 200, old pairs under other names.
//   -> GET /0/public/Ticker?pair=XBTUSD,SOLUSD
//   <- {"error":[],"result":{"XXBTZUSD":{"a":["30300.1","1","1.000"],"b":[…],"c":[…],…},"SOLUSD":{…}}}
//   <- {"error":["EQuery:Unknown asset pair"]}   {"error":["EGeneral:Too many requests"]}
const PATH = "/0/public/Ticker";

/** Pairs as Kraken answers them where that is not how they were asked for. */
const RENAMED: Readonly<Record<string, string>> = { XBTUSD: "XXBTZUSD", ETHUSD: "XETHZUSD", XRPUSD: "XXRPZUSD" };

function spec(symbol: string, startTicks: number, decimals: number): MarketSpec {
  return { symbol, priceDecimals: decimals, tickUnits: 1, startTicks, sizeDecimals: 3, maxSizeUnits: 90_000 };
}

/** Kraken `Ticker`. */
export const krakenRestDialect: RestDialect = {
  venue: "kraken-rest",
  markets: [
    spec("XBTUSD", 641_234, 1),
    spec("ETHUSD", 341_256, 2),
    spec("SOLUSD", 15_432, 2),
    spec("XRPUSD", 52_134, 5),
    spec("ADAUSD", 451_234, 6),
  ],
  meter: { weight: 2, windowMs: 1000 },
  clientSettings: {},
  costOf: () => 1,
  usageHeaders: () => ({}),
  refuse: () => jsonReply('{"error":["EGeneral:Too many requests"]}'),
  answer(request, desk) {
    if (request.path !== PATH) return jsonReply('{"error":["EGeneral:Unknown method"]}');
    const pairs = (request.query.get("pair") ?? "").split(",");
    const markets = pairs.map((pair) => desk.find(pair)).filter((market) => market !== null);
    if (markets.length < pairs.length) return jsonReply('{"error":["EQuery:Unknown asset pair"]}');
    for (const market of markets) desk.quoted(market);
    return jsonReply(`{"error":[],"result":{${markets.map(memberText).join()}}}`);
  },
  expectedQuote: (market) => expectedQuoteOf(market, { sequence: null, hasTime: false }),
};

function memberText({ symbol, spec, bidPriceUnits, bidSizeUnits, askPriceUnits, askSizeUnits }: Market): string {
  const side = (price: number, size: number) => {
    const lots = decimalText(size, spec.sizeDecimals);
    return `["${decimalText(price, spec.priceDecimals)}","${Math.floor(Number(lots))}","${lots}"]`;
  };
  const rest = '"v":["1.0","2.0"],"p":["1.0","2.0"],"t":[1,2],"o":"1.0"';
  return `"${RENAMED[symbol] ?? symbol}":{"a":${side(askPriceUnits, askSizeUnits)},"b":${side(bidPriceUnits, bidSizeUnits)},${rest}}`;
}
