import { decimalText } from "../decimal-text.ts";
import { isoMicroseconds } from "../iso-time.ts";
import type { Market, MarketSpec } from "../market.ts";
import { MessageWindow } from "../message-window.ts";
import { expectedQuoteOf, readJsonObject, readStrings } from "../quote-fields.ts";
import type { Conversation, Line, VenueDialect } from "../venue-dialect.ts";

// Kraken v2 (docs.kraken.com, spot WebSocket v2, ticker):
//   <- {"channel":"status","type":"update","data":[{"api_version":"v2","connection_id":1,"system":"online","version":"2.0.10"}]}
//   -> {"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD"],"event_trigger":"bbo","snapshot":true},"req_id":1}
//   <- {"method":"subscribe","req_id":1,"result":{…,"symbol":"BTC/USD"},"success":true,"time_in":"…","time_out":"…"}   (one per symbol)
//   <- {"error":"Currency pair not supported FOO/USD","method":"subscribe","req_id":1,"success":false,"symbol":"FOO/USD",…}
//   <- {"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":64123.10,"bid_qty":1.50000000,…}]}   (JSON numbers)
const HEARTBEAT_EVERY_MS = 1000;
const MESSAGES_PER_SECOND = 50;
const CHANNELS = new Set(["ticker", "book", "trade", "ohlc", "instrument"]);

interface Request {
  readonly method?: unknown;
  readonly req_id?: unknown;
  readonly params?: { readonly channel?: unknown; readonly symbol?: unknown; readonly snapshot?: unknown } | null;
}

function spec(symbol: string, startTicks: number, decimals: number): MarketSpec {
  return { symbol, priceDecimals: decimals, tickUnits: 1, startTicks, sizeDecimals: 8, maxSizeUnits: 700_000_000 };
}

/** Kraken v2 `ticker`; a topic is `<channel>:<symbol>`. */
export const krakenDialect: VenueDialect = {
  venue: "kraken",
  path: "/v2",
  hosts: ["kraken.com"],
  markets: [
    spec("BTC/USD", 641_230, 1),
    spec("ETH/USD", 341_260, 2),
    spec("SOL/USD", 15_433, 2),
    spec("XRP/USD", 52_130, 5),
    spec("EUR/USD", 108_312, 5),
  ],
  quoteTopic: (symbol) => `ticker:${symbol}`,
  quoteSymbol: (topic) => (topic.startsWith("ticker:") ? topic.slice("ticker:".length) : null),
  topicSymbol: (topic) => (topic.includes(":") ? topic.slice(topic.indexOf(":") + 1) : null),
  topicOfMessage(message) {
    const { channel, data } = (message ?? {}) as { channel?: unknown; data?: unknown };
    if (typeof channel !== "string" || !Array.isArray(data)) return null;
    const symbol = (data[0] as { symbol?: unknown } | null | undefined)?.symbol;
    return typeof symbol === "string" ? `${channel}:${symbol}` : null;
  },
  expectedQuote: (market) => expectedQuoteOf(market, { sequence: null, hasTime: true }),
  converse: (line) => new KrakenConversation(line),
};

class KrakenConversation implements Conversation {
  readonly #line: Line;
  readonly #window = new MessageWindow(1000);
  /** The next quote is the snapshot of a subscription just made. */
  #isSnapshot = false;

  constructor(line: Line) {
    this.#line = line;
  }

  onOpen(): void {
    this.#sendStatus("online");
    this.#line.repeat(HEARTBEAT_EVERY_MS, () => {
      const isIdle = this.#line.clock.monotonicMs() - this.#line.lastSentMs >= HEARTBEAT_EVERY_MS;
      if (isIdle && this.#line.topics.size > 0) this.#line.send('{"channel":"heartbeat"}');
    });
  }

  onFrame(): void {
    const count = this.#window.add(this.#line.clock.monotonicMs());
    if (count === MESSAGES_PER_SECOND + 1) this.#line.send('{"Error":"Exceeded msg rate"}');
  }

  onText(text: string): void {
    const timeIn = isoMicroseconds(this.#line.clock.wallUs());
    const request = readJsonObject(text) as Request | null;
    if (request === null) {
      this.#fail({ error: "Malformed request", method: "error", timeIn });
      return;
    }
    const id = Number.isInteger(request.req_id) ? { req_id: request.req_id } : {};
    if (request.method === "ping") {
      const timeOut = isoMicroseconds(this.#line.clock.wallUs());
      this.#line.send(JSON.stringify({ method: "pong", ...id, time_in: timeIn, time_out: timeOut }));
      return;
    }
    if (request.method !== "subscribe" && request.method !== "unsubscribe") {
      this.#fail({ error: "Method not supported", method: "error", timeIn, ...id });
      return;
    }
    const method = request.method;
    const { channel, symbol } = request.params ?? {};
    const symbols = readStrings(symbol);
    if (typeof channel !== "string" || !CHANNELS.has(channel)) {
      this.#fail({ error: "Channel is invalid", method, timeIn, ...id });
      return;
    }
    if (symbols === null) {
      this.#fail({ error: "Symbol(s) not found", method, timeIn, ...id });
      return;
    }
    for (const each of symbols) this.#answer({ method, channel, symbol: each, id, timeIn, params: request.params });
  }

  onPong(): void {}

  askReconnect(): void {
    this.#sendStatus("maintenance");
    this.#line.close(1012, "Service restart");
  }

  quoteText(market: Market): string {
    const { priceDecimals, sizeDecimals, symbol } = market.spec;
    const bid = decimalText(market.bidPriceUnits, priceDecimals);
    const bidSize = decimalText(market.bidSizeUnits, sizeDecimals);
    const ask = decimalText(market.askPriceUnits, priceDecimals);
    const askSize = decimalText(market.askSizeUnits, sizeDecimals);
    const type = this.#isSnapshot ? "snapshot" : "update";
    return `{"channel":"ticker","type":"${type}","data":[{"symbol":"${symbol}","bid":${bid},"bid_qty":${bidSize},"ask":${ask},"ask_qty":${askSize},"last":${bid},"volume":2471.05120000,"vwap":${bid},"low":${bid},"high":${ask},"change":12.50,"change_pct":0.10,"timestamp":"${isoMicroseconds(market.timeUs)}"}]}`;
  }

  #answer(ask: {
    method: "subscribe" | "unsubscribe";
    channel: string;
    symbol: string;
    id: { req_id?: unknown };
    timeIn: string;
    params: Request["params"];
  }): void {
    const { method, channel, symbol, id, timeIn } = ask;
    const topic = `${channel}:${symbol}`;
    if (method === "subscribe" && this.#line.verdict(symbol) !== "known") {
      this.#fail({ error: `Currency pair not supported ${symbol}`, method, symbol, timeIn, ...id });
      return;
    }
    if (method === "subscribe" && this.#line.topics.has(topic)) {
      this.#fail({ error: "Already subscribed", method, symbol, timeIn, ...id });
      return;
    }
    if (method === "unsubscribe" && !this.#line.topics.has(topic)) {
      this.#fail({ error: "Subscription Not Found", method, symbol, timeIn, ...id });
      return;
    }
    const wantsSnapshot = method === "subscribe" && ask.params?.snapshot !== false;
    const result = { channel, ...(method === "subscribe" ? { snapshot: wantsSnapshot } : {}), symbol };
    const timeOut = isoMicroseconds(this.#line.clock.wallUs());
    this.#line.send(JSON.stringify({ method, ...id, result, success: true, time_in: timeIn, time_out: timeOut }));
    if (method === "unsubscribe") {
      this.#line.unsubscribe(topic);
      return;
    }
    this.#line.subscribe(topic);
    if (!wantsSnapshot) return;
    this.#isSnapshot = true;
    this.#line.sendCurrentQuote(topic);
    this.#isSnapshot = false;
  }

  #sendStatus(system: string): void {
    this.#line.send(
      `{"channel":"status","type":"update","data":[{"api_version":"v2","connection_id":${Number.parseInt(this.#line.connectionId, 16)},"system":"${system}","version":"2.0.10"}]}`,
    );
  }

  #fail(answer: { error: string; method: string; symbol?: string; req_id?: unknown; timeIn: string }): void {
    const { timeIn, ...rest } = answer;
    const timeOut = isoMicroseconds(this.#line.clock.wallUs());
    this.#line.send(JSON.stringify({ ...rest, success: false, time_in: timeIn, time_out: timeOut }));
  }
}
