import { decimalText } from "../decimal-text.ts";
import type { Market, MarketSpec } from "../market.ts";
import { expectedQuoteOf, readJsonObject } from "../quote-fields.ts";
import type { Conversation, Line, VenueDialect } from "../venue-dialect.ts";
import { createDiffTranslator } from "./bitstamp-book.ts";

// Bitstamp v2 (bitstamp.net/websocket/v2):
//   -> {"event":"bts:subscribe","data":{"channel":"order_book_btcusd"}}
//   <- {"event":"bts:subscription_succeeded","channel":"order_book_btcusd","data":{}}
//   <- {"event":"bts:error","channel":"","data":{"code":null,"message":"Bad subscription string."}}
//   <- {"data":{"timestamp":"…","microtimestamp":"…","bids":[["…","…"],…],"asks":[…]},"channel":"order_book_btcusd","event":"data"}
const PREFIX = "order_book_";
const CHANNEL_FORM = /^((?:diff_|detail_)?order_book|live_trades|live_orders)_(\w+)$/;
/** Levels on each side, as the real channel sends. */
const BOOK_DEPTH = 100;
/** Ladders kept per instrument and side: the walk comes back to the same prices. */
const MAX_CACHED_LADDERS = 64;

interface Request {
  readonly event?: unknown;
  readonly data?: { readonly channel?: unknown } | null;
}

function spec(symbol: string, startTicks: number, decimals: number): MarketSpec {
  return { symbol, priceDecimals: decimals, tickUnits: 1, startTicks, sizeDecimals: 8, maxSizeUnits: 600_000_000 };
}

/** Bitstamp `order_book_<pair>`; pairs are written `btcusd`. */
export const bitstampDialect: VenueDialect = {
  venue: "bitstamp",
  path: "/",
  hosts: ["bitstamp.net"],
  markets: [
    spec("btcusd", 64_123, 0),
    spec("ethusd", 34_126, 1),
    spec("solusd", 15_432, 2),
    spec("xrpusd", 52_131, 5),
    spec("eurusd", 108_312, 5),
  ],
  quoteTopic: (symbol) => PREFIX + symbol,
  quoteSymbol: (topic) => (topic.startsWith(PREFIX) ? topic.slice(PREFIX.length) : null),
  topicSymbol: (topic) => CHANNEL_FORM.exec(topic)?.[2] ?? null,
  topicOfMessage(message) {
    const { event, channel } = (message ?? {}) as { event?: unknown; channel?: unknown };
    return (event === "data" || event === "trade") && typeof channel === "string" ? channel : null;
  },
  createTranslator: createDiffTranslator,
  expectedQuote: (market) => expectedQuoteOf(market, { sequence: String(market.timeUs), hasTime: true }),
  converse: (line) => new BitstampConversation(line),
};

class BitstampConversation implements Conversation {
  readonly #line: Line;
  /** Text of the levels below the best, by symbol, side and best price in ticks. */
  readonly #ladders = new Map<string, Map<number, string>>();

  constructor(line: Line) {
    this.#line = line;
  }

  onOpen(): void {}

  onFrame(): void {}

  onText(text: string): void {
    const request = readJsonObject(text) as Request | null;
    if (request === null) {
      this.#fail("Incorrect JSON format.");
      return;
    }
    if (request.event === "bts:heartbeat") {
      this.#line.send('{"event":"bts:heartbeat","channel":"","data":{"status":"success"}}');
      return;
    }
    if (request.event !== "bts:subscribe" && request.event !== "bts:unsubscribe") {
      this.#fail("Bad subscription string.");
      return;
    }
    const channel = request.data?.channel;
    const symbol = typeof channel === "string" ? bitstampDialect.topicSymbol(channel) : null;
    if (typeof channel !== "string" || symbol === null || this.#line.verdict(symbol) !== "known") {
      this.#fail("Bad subscription string.");
      return;
    }
    if (request.event === "bts:unsubscribe") {
      this.#line.unsubscribe(channel);
      this.#line.send(JSON.stringify({ event: "bts:unsubscription_succeeded", channel, data: {} }));
      return;
    }
    this.#line.subscribe(channel);
    this.#line.send(JSON.stringify({ event: "bts:subscription_succeeded", channel, data: {} }));
    this.#line.sendCurrentQuote(channel);
  }

  onPong(): void {}

  askReconnect(): void {
    this.#line.send('{"event":"bts:request_reconnect","channel":"","data":""}');
  }

  quoteText(market: Market): string {
    const { priceDecimals, sizeDecimals } = market.spec;
    const bid = decimalText(market.bidPriceUnits, priceDecimals);
    const bidSize = decimalText(market.bidSizeUnits, sizeDecimals);
    const ask = decimalText(market.askPriceUnits, priceDecimals);
    const askSize = decimalText(market.askSizeUnits, sizeDecimals);
    const bids = `[["${bid}","${bidSize}"]${this.#ladder(market, -1)}]`;
    const asks = `[["${ask}","${askSize}"]${this.#ladder(market, 1)}]`;
    return `{"data":{"timestamp":"${Math.floor(market.timeUs / 1_000_000)}","microtimestamp":"${market.timeUs}","bids":${bids},"asks":${asks}},"channel":"${market.topic}","event":"data"}`;
  }

  #ladder(market: Market, direction: 1 | -1): string {
    const best = direction < 0 ? market.bidTicks : market.bidTicks + market.spreadTicks;
    const key = `${direction}${market.symbol}`;
    let side = this.#ladders.get(key);
    if (side === undefined) {
      side = new Map();
      this.#ladders.set(key, side);
    }
    let text = side.get(best);
    if (text !== undefined) return text;
    text = "";
    for (let i = 1; i < BOOK_DEPTH && best + direction * i > 0; i++) {
      const price = decimalText((best + direction * i) * market.spec.tickUnits, market.spec.priceDecimals);
      const size = decimalText(1 + ((best * 7919 + i * 104_729) % market.spec.maxSizeUnits), market.spec.sizeDecimals);
      text += `,["${price}","${size}"]`;
    }
    if (side.size >= MAX_CACHED_LADDERS) side.clear();
    side.set(best, text);
    return text;
  }

  #fail(message: string): void {
    this.#line.send(JSON.stringify({ event: "bts:error", channel: "", data: { code: null, message } }));
  }
}
