import { trimmedDecimalText } from "../decimal-text.ts";
import type { Market, MarketSpec } from "../market.ts";
import { MessageWindow } from "../message-window.ts";
import { expectedQuoteOf, readJsonObject, readStrings } from "../quote-fields.ts";
import type { Conversation, Line, VenueDialect } from "../venue-dialect.ts";

// Deribit v2, JSON-RPC (docs.deribit.com):
//   -> {"jsonrpc":"2.0","id":1,"method":"public/set_heartbeat","params":{"interval":10}}   <- {"jsonrpc":"2.0","id":1,"result":"ok"}
//   -> {"jsonrpc":"2.0","id":2,"method":"public/subscribe","params":{"channels":["quote.BTC-PERPETUAL","quote.NO-SUCH"]}}
//   <- {"jsonrpc":"2.0","id":2,"result":["quote.BTC-PERPETUAL"]}   (what does not exist is left out)
//   <- {"jsonrpc":"2.0","method":"subscription","params":{"channel":"quote.BTC-PERPETUAL","data":{"timestamp":…,"instrument_name":"BTC-PERPETUAL","best_bid_price":9600.5,…}}}
//   <- {"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}
//   -> {"jsonrpc":"2.0","id":3,"method":"public/test","params":{}}   <- {"jsonrpc":"2.0","id":3,"result":{"version":"1.2.26"}}
const PREFIX = "quote.";
const CHANNEL_FORM = /^(quote|ticker|book|trades)\.[^.]+(\.[^.]+)*$/;
const MIN_HEARTBEAT_S = 10;
const RATE_WINDOW_MS = 1000;
/** The burst the venue allows. */
const REQUESTS_PER_WINDOW = 100;

interface Request {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: { readonly channels?: unknown; readonly interval?: unknown } | null;
}

function spec(symbol: string, startTicks: number, form: { decimals: number; tickUnits: number }): MarketSpec {
  const { decimals, tickUnits } = form;
  return { symbol, priceDecimals: decimals, tickUnits, startTicks, sizeDecimals: 0, maxSizeUnits: 500_000 };
}

/** Deribit `quote.<instrument>`; a topic is the channel. */
export const deribitDialect: VenueDialect = {
  venue: "deribit",
  path: "/ws/api/v2",
  hosts: ["deribit.com"],
  markets: [
    spec("BTC-PERPETUAL", 128_246, { decimals: 1, tickUnits: 5 }),
    spec("ETH-PERPETUAL", 68_251, { decimals: 2, tickUnits: 5 }),
    spec("SOL_USDC-PERPETUAL", 15_432, { decimals: 2, tickUnits: 1 }),
    spec("XRP_USDC-PERPETUAL", 5212, { decimals: 4, tickUnits: 1 }),
    spec("BTC-25DEC26-60000-C", 1425, { decimals: 4, tickUnits: 1 }),
  ],
  quoteTopic: (symbol) => PREFIX + symbol,
  quoteSymbol: (topic) => (topic.startsWith(PREFIX) ? topic.slice(PREFIX.length) : null),
  topicSymbol: (topic) => (CHANNEL_FORM.test(topic) ? topic.split(".")[1] : null),
  topicOfMessage(message) {
    const { method, params } = (message ?? {}) as { method?: unknown; params?: { channel?: unknown } | null };
    return method === "subscription" && typeof params?.channel === "string" ? params.channel : null;
  },
  expectedQuote(market) {
    const quote = expectedQuoteOf(market, { sequence: null, hasTime: true });
    return { ...quote, bidPrice: priceText(market, "bid"), askPrice: priceText(market, "ask") };
  },
  converse: (line) => new DeribitConversation(line),
};

/** JSON numbers have no zeros at their end. */
function priceText(market: Market, side: "bid" | "ask"): string {
  const units = side === "bid" ? market.bidPriceUnits : market.askPriceUnits;
  return trimmedDecimalText(units, market.spec.priceDecimals);
}

class DeribitConversation implements Conversation {
  readonly #line: Line;
  readonly #requests = new MessageWindow(RATE_WINDOW_MS);
  #hasHeartbeat = false;
  #isTestOpen = false;
  #beats = 0;

  constructor(line: Line) {
    this.#line = line;
  }

  onOpen(): void {}

  onFrame(): void {}

  onText(text: string): void {
    const request = (readJsonObject(text) ?? {}) as Request;
    const { id, method } = request;
    if (this.#requests.add(this.#line.clock.monotonicMs()) > REQUESTS_PER_WINDOW) {
      this.#answer(id, { error: { code: 10028, message: "too_many_requests" } });
      this.#line.close(1008, "too_many_requests");
    } else if (method === "public/test") {
      this.#isTestOpen = false;
      this.#answer(id, { result: { version: "1.2.26" } });
    } else if (method === "public/set_heartbeat") this.#setHeartbeat(id, request.params?.interval);
    else if (method === "public/subscribe" || method === "public/unsubscribe") {
      this.#changeChannels(id, method === "public/subscribe", readStrings(request.params?.channels));
    } else this.#answer(id, { error: { code: -32601, message: "Method not found" } });
  }

  onPong(): void {}

  /** The venue has no notice of its own. */
  askReconnect(): void {
    this.#line.close(1012, "Service restart");
  }

  quoteText(market: Market): string {
    const { symbol, bidSizeUnits, askSizeUnits } = market;
    const timeMs = Math.floor(market.timeUs / 1000);
    return `{"jsonrpc":"2.0","method":"subscription","params":{"channel":"${market.topic}","data":{"timestamp":${timeMs},"instrument_name":"${symbol}","best_bid_price":${priceText(market, "bid")},"best_bid_amount":${bidSizeUnits},"best_ask_price":${priceText(market, "ask")},"best_ask_amount":${askSizeUnits}}}}`;
  }

  #changeChannels(id: unknown, isSubscribe: boolean, channels: readonly string[] | null): void {
    if (channels === null || channels.length === 0) {
      const data = { reason: "must be a list of strings", param: "channels" };
      this.#answer(id, { error: { code: -32602, message: "Invalid params", data } });
      return;
    }
    const accepted = channels.filter((channel) => this.#isKnown(channel));
    for (const channel of accepted) {
      if (isSubscribe) this.#line.subscribe(channel);
      else this.#line.unsubscribe(channel);
    }
    this.#answer(id, { result: accepted });
    if (isSubscribe) for (const channel of accepted) this.#line.sendCurrentQuote(channel);
  }

  #isKnown(channel: string): boolean {
    const symbol = deribitDialect.topicSymbol(channel);
    return symbol !== null && this.#line.verdict(symbol) === "known";
  }

  #setHeartbeat(id: unknown, interval: unknown): void {
    if (typeof interval !== "number" || interval < MIN_HEARTBEAT_S) {
      const data = { reason: `must be at least ${MIN_HEARTBEAT_S}`, param: "interval" };
      this.#answer(id, { error: { code: -32602, message: "Invalid params", data } });
      return;
    }
    this.#answer(id, { result: "ok" });
    if (this.#hasHeartbeat) return;
    this.#hasHeartbeat = true;
    this.#line.repeat(interval * 1000, () => this.#beat());
  }

  /** Every second beat asks for an answer, and the beat after it closes the connection if none came. */
  #beat(): void {
    if (this.#isTestOpen) {
      this.#line.close(1000, "No answer to test_request");
      return;
    }
    this.#beats++;
    this.#isTestOpen = this.#beats % 2 === 0;
    const params = { type: this.#isTestOpen ? "test_request" : "heartbeat" };
    this.#line.send(JSON.stringify({ jsonrpc: "2.0", method: "heartbeat", params }));
  }

  #answer(id: unknown, outcome: object): void {
    this.#line.send(JSON.stringify({ jsonrpc: "2.0", ...(id === undefined ? {} : { id }), ...outcome }));
  }
}
