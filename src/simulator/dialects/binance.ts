import { decimalText } from "../decimal-text.ts";
import type { Market, MarketSpec } from "../market.ts";
import { MessageWindow } from "../message-window.ts";
import { expectedQuoteOf, readJsonObject, readStrings } from "../quote-fields.ts";
import type { Conversation, Line, VenueDialect } from "../venue-dialect.ts";

// Binance spot, combined and raw streams (binance-spot-api-docs, web-socket-streams.md):
//   -> {"method":"SUBSCRIBE","params":["btcusdt@bookTicker"],"id":1}        <- {"result":null,"id":1}
//   <- {"stream":"btcusdt@bookTicker","data":{"u":1,"s":"BTCUSDT","b":"25.35","B":"31.21","a":"25.36","A":"40.66"}}
//   <- {"code":2,"msg":"Invalid request: …","id":1}
const SUFFIX = "@bookTicker";
const PING_EVERY_MS = 20_000;
const PONG_WITHIN_MS = 60_000;
const RATE_WINDOW_MS = 1000;
const MESSAGES_PER_WINDOW = 5;
const MAX_STREAMS = 1024;
const MAX_SESSION_MS = 24 * 3600 * 1000;

interface Request {
  readonly method?: unknown;
  readonly params?: unknown;
  readonly id?: unknown;
}

function spec(symbol: string, startTicks: number, tickUnits: number): MarketSpec {
  return { symbol, priceDecimals: 8, tickUnits, startTicks, sizeDecimals: 8, maxSizeUnits: 2_000_000_000 };
}

const CENT = 1_000_000;

const MARKETS: readonly MarketSpec[] = [
  spec("BTCUSDT", 6_412_345, CENT),
  spec("ETHUSDT", 341_256, CENT),
  spec("SOLUSDT", 15_432, CENT),
  spec("BNBUSDT", 58_071, CENT),
  spec("XRPUSDT", 5_213, CENT / 100),
];

/** Binance spot `<symbol>@bookTicker`, which carries no time. */
export const binanceDialect = createBinanceDialect("binance", {
  hosts: ["stream.binance.com", "binance.vision"],
  hasTime: false,
});

/** Binance USD-M futures `<symbol>@bookTicker`, with event type and times. */
export const binanceFuturesDialect = createBinanceDialect("binance-futures", {
  hosts: ["fstream.binance.com"],
  hasTime: true,
});

function createBinanceDialect(venue: string, form: { hosts: readonly string[]; hasTime: boolean }): VenueDialect {
  return {
    venue,
    path: "/stream",
    hosts: form.hosts,
    markets: MARKETS,
    quoteTopic: (symbol) => symbol.toLowerCase() + SUFFIX,
    quoteSymbol: (topic) => (topic.endsWith(SUFFIX) ? topic.slice(0, -SUFFIX.length).toUpperCase() : null),
    topicSymbol: symbolOfStream,
    topicOfMessage(message) {
      const stream = (message as { stream?: unknown } | null)?.stream;
      return typeof stream === "string" ? stream : null;
    },
    expectedQuote: (market) => expectedQuoteOf(market, { sequence: String(market.sequence), hasTime: form.hasTime }),
    converse: (line) => new BinanceConversation(line, form.hasTime),
  };
}

function symbolOfStream(stream: string): string | null {
  return stream.includes("@") ? stream.slice(0, stream.indexOf("@")).toUpperCase() : null;
}

class BinanceConversation implements Conversation {
  readonly #line: Line;
  readonly #hasTime: boolean;
  /** `/ws/…` sends bare data, `/stream` wraps it. */
  #isCombined = true;
  readonly #window = new MessageWindow(RATE_WINDOW_MS);
  #lastPongMs: number;

  /** @param hasTime futures: the quote names its type and its times */
  constructor(line: Line, hasTime: boolean) {
    this.#line = line;
    this.#hasTime = hasTime;
    this.#lastPongMs = line.clock.monotonicMs();
  }

  onOpen(path: string): void {
    const [route, query = ""] = path.split("?");
    this.#isCombined = route.startsWith("/stream");
    const listed = this.#isCombined ? (new URLSearchParams(query).get("streams") ?? "") : route.replace(/^\/ws\/?/, "");
    for (const stream of listed.split("/")) if (stream !== "") this.#line.subscribe(stream);
    this.#line.repeat(PING_EVERY_MS, () => this.#ping());
    this.#line.after(MAX_SESSION_MS, () => this.#line.close(1001, "Connection lived for 24 hours"));
  }

  onFrame(): void {
    const count = this.#window.add(this.#line.clock.monotonicMs());
    if (count > MESSAGES_PER_WINDOW) this.#line.close(1008, "Too many requests");
  }

  onText(text: string): void {
    const request = readJsonObject(text) as Request | null;
    if (request === null) {
      this.#line.send('{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}');
      return;
    }
    const id = request.id;
    if (!Number.isInteger(id) && typeof id !== "string") {
      this.#line.send('{"code":2,"msg":"Invalid request: request ID must be an unsigned integer"}');
      return;
    }
    if (request.method === "LIST_SUBSCRIPTIONS") {
      this.#line.send(JSON.stringify({ result: [...this.#line.topics], id }));
      return;
    }
    const problem = this.#handle(request);
    this.#line.send(JSON.stringify(problem === "" ? { result: null, id } : { code: 2, msg: problem, id }));
  }

  onPong(): void {
    this.#lastPongMs = this.#line.clock.monotonicMs();
  }

  askReconnect(): void {
    const notice = `{"e":"serverShutdown","E":${Math.floor(this.#line.clock.wallUs() / 1000)}}`;
    this.#line.send(this.#isCombined ? `{"stream":"!serverShutdown","data":${notice}}` : notice);
  }

  quoteText(market: Market): string {
    const { priceDecimals, sizeDecimals, symbol } = market.spec;
    const bid = decimalText(market.bidPriceUnits, priceDecimals);
    const bidSize = decimalText(market.bidSizeUnits, sizeDecimals);
    const ask = decimalText(market.askPriceUnits, priceDecimals);
    const askSize = decimalText(market.askSizeUnits, sizeDecimals);
    const values = `"u":${market.sequence},"s":"${symbol}","b":"${bid}","B":"${bidSize}","a":"${ask}","A":"${askSize}"`;
    const timeMs = this.#hasTime ? Math.floor(market.timeUs / 1000) : 0;
    const data = this.#hasTime ? `{"e":"bookTicker",${values},"T":${timeMs},"E":${timeMs}}` : `{${values}}`;
    return this.#isCombined ? `{"stream":"${market.topic}","data":${data}}` : data;
  }

  /** @returns what is wrong with the request; empty when it was carried out */
  #handle(request: Request): string {
    const streams = readStrings(request.params);
    if (streams === null) return "Invalid request: params must be an array of strings";
    if (request.method === "UNSUBSCRIBE") {
      for (const stream of streams) this.#line.unsubscribe(stream);
      return "";
    }
    if (request.method !== "SUBSCRIBE") return `Invalid request: unknown variant ${JSON.stringify(request.method)}`;
    if (this.#line.topics.size + streams.length > MAX_STREAMS) return "Invalid request: too many streams";
    for (const stream of streams) {
      const symbol = symbolOfStream(stream);
      // The real venue acks a stream of an unknown symbol and then never sends: only commands refuse here.
      if (symbol === null || this.#line.verdict(symbol) === "refused")
        return `Invalid request: invalid stream ${stream}`;
    }
    for (const stream of streams) this.#line.subscribe(stream);
    return "";
  }

  #ping(): void {
    const nowMs = this.#line.clock.monotonicMs();
    if (nowMs - this.#lastPongMs > PONG_WITHIN_MS + PING_EVERY_MS) this.#line.close(1008, "Pong timeout");
    else this.#line.ping(String(Math.floor(this.#line.clock.wallUs() / 1000)));
  }
}
