import { decimalText, trimmedDecimalText } from "../decimal-text.ts";
import type { Market, MarketSpec } from "../market.ts";
import { expectedQuoteOf, readJsonObject, readStrings } from "../quote-fields.ts";
import type { Conversation, Line, VenueDialect } from "../venue-dialect.ts";

// Bybit v5 public spot (bybit-exchange/docs, v5/websocket):
//   -> {"req_id":"1","op":"subscribe","args":["orderbook.1.BTCUSDT"]}
//   <- {"success":true,"ret_msg":"subscribe","conn_id":"…","req_id":"1","op":"subscribe"}
//   <- {"success":false,"ret_msg":"Invalid topic: orderbook.1.FOOUSDT","conn_id":"…","req_id":"1","op":"subscribe"}
//   <- {"topic":"orderbook.1.BTCUSDT","ts":…,"type":"snapshot","data":{"s":"BTCUSDT","b":[["…","…"]],"a":[["…","…"]],"u":1,"seq":1},"cts":…}
//   -> {"op":"ping"}   <- {"success":true,"ret_msg":"pong","conn_id":"…","op":"ping"}
const PREFIX = "orderbook.1.";
const MAX_ARGS = 10;
const MAX_ARG_CHARS = 21_000;
const RESEND_AFTER_MS = 3000;
const RESEND_CHECK_MS = 250;
const IDLE_LIMIT_MS = 600_000;
const TOPIC_FORMS = [/^orderbook\.(1|50|200|1000)\.\w+$/, /^tickers\.\w+$/, /^publicTrade\.\w+$/];

interface Request {
  readonly op?: unknown;
  readonly req_id?: unknown;
  readonly args?: unknown;
}

function spec(symbol: string, startTicks: number, decimals: number): MarketSpec {
  return { symbol, priceDecimals: decimals, tickUnits: 1, startTicks, sizeDecimals: 6, maxSizeUnits: 9_000_000 };
}

/** Bybit v5 spot `orderbook.1.<symbol>`. */
export const bybitDialect: VenueDialect = {
  venue: "bybit",
  path: "/v5/public/spot",
  hosts: ["bybit.com", "bytick.com"],
  markets: [
    spec("BTCUSDT", 6_412_330, 2),
    spec("ETHUSDT", 341_255, 2),
    spec("SOLUSDT", 15_432, 2),
    spec("XRPUSDT", 5213, 4),
    spec("DOGEUSDT", 12_346, 5),
  ],
  quoteTopic: (symbol) => PREFIX + symbol,
  quoteSymbol: (topic) => (topic.startsWith(PREFIX) ? topic.slice(PREFIX.length) : null),
  topicSymbol: (topic) => (topic.includes(".") ? topic.slice(topic.lastIndexOf(".") + 1) : null),
  topicOfMessage(message) {
    const { topic, data } = (message ?? {}) as { topic?: unknown; data?: unknown };
    return typeof topic === "string" && typeof data === "object" ? topic : null;
  },
  expectedQuote: (market) =>
    expectedQuoteOf(market, { sequence: String(market.updates), hasTime: true, sizeText: trimmedDecimalText }),
  converse: (line) => new BybitConversation(line),
};

class BybitConversation implements Conversation {
  readonly #line: Line;
  /** When each topic was last sent again, monotonic ms. */
  readonly #resentAtMs = new Map<string, number>();
  #argChars = 0;

  constructor(line: Line) {
    this.#line = line;
  }

  onOpen(): void {
    this.#line.repeat(RESEND_CHECK_MS, () => this.#checkQuiet());
  }

  onFrame(): void {}

  onText(text: string): void {
    const request = readJsonObject(text) as Request | null;
    const id = typeof request?.req_id === "string" ? { req_id: request.req_id } : {};
    if (request === null) {
      this.#answer({ success: false, ret_msg: "Invalid request format", op: "" });
      return;
    }
    if (request.op === "ping") {
      this.#answer({ success: true, ret_msg: "pong", ...id, op: "ping" });
      return;
    }
    if (request.op !== "subscribe" && request.op !== "unsubscribe") {
      this.#answer({ success: false, ret_msg: `Invalid op: ${String(request.op)}`, ...id, op: "" });
      return;
    }
    const topics = readStrings(request.args) ?? [];
    const problem = this.#findProblem(topics, request.op);
    if (problem !== "") {
      this.#answer({ success: false, ret_msg: problem, ...id, op: request.op });
      return;
    }
    for (const topic of topics) {
      if (request.op === "subscribe") this.#line.subscribe(topic);
      else this.#line.unsubscribe(topic);
    }
    this.#answer({ success: true, ret_msg: "subscribe", ...id, op: request.op });
    if (request.op === "subscribe") for (const topic of topics) this.#resend(topic);
  }

  onPong(): void {}

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
    return `{"topic":"${market.topic}","ts":${timeMs},"type":"snapshot","data":{"s":"${symbol}","b":[["${bid}","${bidSize}"]],"a":[["${ask}","${askSize}"]],"u":${market.updates},"seq":${market.sequence}},"cts":${timeMs}}`;
  }

  #findProblem(topics: readonly string[], op: "subscribe" | "unsubscribe"): string {
    if (topics.length === 0) return "Args is empty";
    if (topics.length > MAX_ARGS) return `args size >${MAX_ARGS}`;
    if (op === "unsubscribe") return "";
    for (const topic of topics) {
      const symbol = bybitDialect.topicSymbol(topic) ?? "";
      if (!TOPIC_FORMS.some((form) => form.test(topic))) return `error:handler not found,topic:${topic}`;
      if (this.#line.verdict(symbol) !== "known") return `Invalid topic: ${topic}`;
      this.#argChars += topic.length;
    }
    return this.#argChars > MAX_ARG_CHARS ? "Too many args on this connection" : "";
  }

  /** An unchanged book is sent again, with the same `u`, after three seconds. */
  #checkQuiet(): void {
    const nowMs = this.#line.clock.monotonicMs();
    if (nowMs - this.#line.lastReceivedMs >= IDLE_LIMIT_MS) {
      this.#line.close(1000, "Idle for 10 minutes");
      return;
    }
    for (const topic of this.#line.topics) {
      const symbol = bybitDialect.quoteSymbol(topic);
      if (symbol === null) continue;
      const lastMs = Math.max(this.#line.market(symbol).changedAtMs, this.#resentAtMs.get(topic) ?? 0);
      if (nowMs - lastMs >= RESEND_AFTER_MS) this.#resend(topic);
    }
  }

  #resend(topic: string): void {
    this.#resentAtMs.set(topic, this.#line.clock.monotonicMs());
    this.#line.sendCurrentQuote(topic);
  }

  #answer(fields: { success: boolean; ret_msg: string; req_id?: string; op: string }): void {
    const { success, ret_msg, req_id, op } = fields;
    const id = req_id === undefined ? {} : { req_id };
    this.#line.send(JSON.stringify({ success, ret_msg, conn_id: this.#line.connectionId, ...id, op }));
  }
}
