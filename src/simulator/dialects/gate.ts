import { decimalText, trimmedDecimalText } from "../decimal-text.ts";
import type { Market, MarketSpec } from "../market.ts";
import { expectedQuoteOf, readJsonObject, readStrings } from "../quote-fields.ts";
import type { Conversation, Line, VenueDialect } from "../venue-dialect.ts";

// Gate spot v4 (gate.com docs, apiv4/ws):
//   -> {"time":1611541000,"id":1,"channel":"spot.book_ticker","event":"subscribe","payload":["BTC_USDT"]}
//   <- {"time":…,"time_ms":…,"id":1,"conn_id":"…","channel":"spot.book_ticker","event":"subscribe","payload":["BTC_USDT"],"result":{"status":"success"}}
//   <- {"time":…,"time_ms":…,"id":1,"conn_id":"…","channel":"…","event":"subscribe","error":{"code":2,"message":"unknown currency pair FOO_USDT"},"result":null}
//   <- {"time":…,"time_ms":…,"channel":"spot.book_ticker","event":"update","result":{"t":…,"u":1,"s":"BTC_USDT","b":"…","B":"…","a":"…","A":"…"}}
//   -> {"time":…,"channel":"spot.ping"}   <- {"time":…,"time_ms":…,"channel":"spot.pong","event":"","result":null}
const CHANNEL = "spot.book_ticker";
const CHANNELS = new Set([CHANNEL, "spot.tickers", "spot.trades", "spot.order_book_update"]);
/** How far the time in a request may be from the venue's. */
const MAX_CLOCK_GAP_S = 60;
const INVALID_ARGUMENT = 2;

interface Request {
  readonly time?: unknown;
  readonly id?: unknown;
  readonly channel?: unknown;
  readonly event?: unknown;
  readonly payload?: unknown;
}

function spec(symbol: string, startTicks: number, decimals: number): MarketSpec {
  return { symbol, priceDecimals: decimals, tickUnits: 1, startTicks, sizeDecimals: 6, maxSizeUnits: 9_000_000 };
}

/** Gate spot `spot.book_ticker`; a topic is `<channel>:<symbol>`. */
export const gateDialect: VenueDialect = {
  venue: "gate",
  path: "/ws/v4/",
  hosts: ["gateio.ws", "gate.com"],
  markets: [
    spec("BTC_USDT", 641_233, 1),
    spec("ETH_USDT", 341_258, 2),
    spec("SOL_USDT", 15_433, 2),
    spec("XRP_USDT", 5214, 4),
    spec("DOGE_USDT", 12_344, 5),
  ],
  quoteTopic: topicOf,
  quoteSymbol: (topic) => (topic.startsWith(`${CHANNEL}:`) ? topic.slice(CHANNEL.length + 1) : null),
  topicSymbol: (topic) => (topic.includes(":") ? topic.slice(topic.indexOf(":") + 1) : null),
  topicOfMessage(message) {
    const { channel, event, result } = (message ?? {}) as { channel?: unknown; event?: unknown; result?: unknown };
    const symbol = (result as { s?: unknown } | null | undefined)?.s;
    return channel === CHANNEL && event === "update" && typeof symbol === "string" ? topicOf(symbol) : null;
  },
  expectedQuote: (market) =>
    expectedQuoteOf(market, { sequence: String(market.sequence), hasTime: true, sizeText: trimmedDecimalText }),
  converse: (line) => new GateConversation(line),
};

function topicOf(symbol: string): string {
  return `${CHANNEL}:${symbol}`;
}

class GateConversation implements Conversation {
  readonly #line: Line;

  constructor(line: Line) {
    this.#line = line;
  }

  onOpen(): void {}

  onFrame(): void {}

  onText(text: string): void {
    const request = (readJsonObject(text) ?? {}) as Request;
    if (request.channel === "spot.ping") {
      this.#answer({ channel: "spot.pong", event: "", result: null });
      return;
    }
    const { channel, event } = request;
    const id = Number.isInteger(request.id) ? { id: request.id } : {};
    const problem = this.#findProblem(request);
    if (problem !== "") {
      const error = { code: INVALID_ARGUMENT, message: problem };
      this.#answer({ ...id, conn_id: this.#line.connectionId, channel, event, error, result: null });
      return;
    }
    const topics = (request.payload as readonly string[]).map((symbol) => `${String(channel)}:${symbol}`);
    for (const topic of topics) {
      if (event === "subscribe") this.#line.subscribe(topic);
      else this.#line.unsubscribe(topic);
    }
    const { payload } = request;
    const result = { status: "success" };
    this.#answer({ ...id, conn_id: this.#line.connectionId, channel, event, payload, result });
    if (event === "subscribe") for (const topic of topics) this.#line.sendCurrentQuote(topic);
  }

  onPong(): void {}

  /** The venue has no notice of its own. */
  askReconnect(): void {
    this.#line.close(1012, "Service restart");
  }

  quoteText(market: Market): string {
    const { priceDecimals, sizeDecimals, symbol } = market.spec;
    const bid = decimalText(market.bidPriceUnits, priceDecimals);
    const bidSize = trimmedDecimalText(market.bidSizeUnits, sizeDecimals);
    const ask = decimalText(market.askPriceUnits, priceDecimals);
    const askSize = trimmedDecimalText(market.askSizeUnits, sizeDecimals);
    const timeMs = Math.floor(market.timeUs / 1000);
    const timeS = Math.floor(market.timeUs / 1_000_000);
    return `{"time":${timeS},"time_ms":${timeMs},"channel":"${CHANNEL}","event":"update","result":{"t":${timeMs},"u":${market.sequence},"s":"${symbol}","b":"${bid}","B":"${bidSize}","a":"${ask}","A":"${askSize}"}}`;
  }

  #findProblem({ time, channel, event, payload }: Request): string {
    if (typeof channel !== "string" || !CHANNELS.has(channel)) return `unknown channel ${String(channel)}`;
    if (event !== "subscribe" && event !== "unsubscribe") return `unknown event ${String(event)}`;
    const gapS = typeof time === "number" ? Math.abs(time - this.#line.clock.wallUs() / 1_000_000) : Number.NaN;
    if (!(gapS <= MAX_CLOCK_GAP_S)) return "invalid request time";
    const symbols = readStrings(payload) ?? [];
    if (symbols.length === 0) return "payload must name currency pairs";
    const unknown = symbols.find((symbol) => event === "subscribe" && this.#line.verdict(symbol) !== "known");
    return unknown === undefined ? "" : `unknown currency pair ${unknown}`;
  }

  #answer(fields: object): void {
    const timeMs = Math.floor(this.#line.clock.wallUs() / 1000);
    this.#line.send(JSON.stringify({ time: Math.floor(timeMs / 1000), time_ms: timeMs, ...fields }));
  }
}
