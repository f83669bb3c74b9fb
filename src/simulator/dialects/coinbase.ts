import { decimalText } from "../decimal-text.ts";
import { isoMicroseconds } from "../iso-time.ts";
import type { Market, MarketSpec } from "../market.ts";
import { MessageWindow } from "../message-window.ts";
import { expectedQuoteOf, readJsonObject, readStrings } from "../quote-fields.ts";
import type { Conversation, Line, VenueDialect } from "../venue-dialect.ts";

// Coinbase Exchange (docs.cdp.coinbase.com/exchange/websocket-feed):
//   -> {"type":"subscribe","product_ids":["BTC-USD"],"channels":["ticker","heartbeat"]}
//   <- {"type":"subscriptions","channels":[{"name":"ticker","product_ids":["BTC-USD"]},…]}   (the whole set, each time)
//   <- {"type":"ticker","sequence":1,"product_id":"BTC-USD",…,"best_bid":"…","best_bid_size":"…",…,"time":"…"}
//   <- {"type":"error","message":"Failed to subscribe","reason":"FOO-USD is not a valid product"}
const SUBSCRIBE_WITHIN_MS = 5000;
const HEARTBEAT_EVERY_MS = 1000;
const MESSAGES_PER_SECOND = 100;
const CHANNELS = new Set(["ticker", "heartbeat", "matches", "level2_batch", "level2", "status"]);

interface Request {
  readonly type?: unknown;
  readonly product_ids?: unknown;
  readonly channels?: unknown;
}

function spec(symbol: string, startTicks: number, decimals: number): MarketSpec {
  return { symbol, priceDecimals: decimals, tickUnits: 1, startTicks, sizeDecimals: 8, maxSizeUnits: 900_000_000 };
}

/** Coinbase Exchange `ticker` and `heartbeat`; a topic is `<channel>:<product>`. */
export const coinbaseDialect: VenueDialect = {
  venue: "coinbase",
  path: "/",
  hosts: ["coinbase.com"],
  markets: [
    spec("BTC-USD", 6_412_410, 2),
    spec("ETH-USD", 341_278, 2),
    spec("SOL-USD", 15_431, 2),
    spec("XRP-USD", 5214, 4),
    spec("EUR-USD", 1083, 3),
  ],
  quoteTopic: (symbol) => `ticker:${symbol}`,
  quoteSymbol: (topic) => (topic.startsWith("ticker:") ? topic.slice("ticker:".length) : null),
  topicSymbol: (topic) => (topic.includes(":") ? topic.slice(topic.indexOf(":") + 1) : null),
  topicOfMessage(message) {
    const { type, product_id: product } = (message ?? {}) as { type?: unknown; product_id?: unknown };
    if (typeof type !== "string" || typeof product !== "string") return null;
    if (type === "match" || type === "last_match") return `matches:${product}`;
    if (type === "snapshot" || type === "l2update") return `level2:${product}`;
    return `${type}:${product}`;
  },
  expectedQuote: (market) => expectedQuoteOf(market, { sequence: String(market.sequence), hasTime: true }),
  converse: (line) => new CoinbaseConversation(line),
};

class CoinbaseConversation implements Conversation {
  readonly #line: Line;
  #hasSubscribed = false;
  readonly #window = new MessageWindow(1000);

  constructor(line: Line) {
    this.#line = line;
  }

  onOpen(): void {
    this.#line.after(SUBSCRIBE_WITHIN_MS, () => {
      if (!this.#hasSubscribed) this.#line.close(1000, "Subscribe within 5 seconds");
    });
    this.#line.repeat(HEARTBEAT_EVERY_MS, () => this.#sendHeartbeats());
  }

  onFrame(): void {
    const count = this.#window.add(this.#line.clock.monotonicMs());
    if (count > MESSAGES_PER_SECOND) this.#line.close(1008, "Rate limit exceeded");
  }

  onText(text: string): void {
    const request = readJsonObject(text) as Request | null;
    if (request === null) {
      this.#fail("Malformed JSON", "");
      return;
    }
    if (request.type !== "subscribe" && request.type !== "unsubscribe") {
      this.#fail("Failed to subscribe", `Type has to be either subscribe or unsubscribe`);
      return;
    }
    const topics = readTopics(request);
    if (topics === null) {
      this.#fail("Failed to subscribe", "No channels or products provided");
      return;
    }
    if (request.type === "unsubscribe") for (const topic of topics) this.#line.unsubscribe(topic);
    else if (!this.#subscribe(topics)) return;
    this.#sendSubscriptions();
    if (request.type === "subscribe") for (const topic of topics) this.#line.sendCurrentQuote(topic);
  }

  onPong(): void {}

  askReconnect(): void {
    this.#line.close(1001, "Going away");
  }

  quoteText(market: Market): string {
    const { priceDecimals, sizeDecimals, symbol } = market.spec;
    const bid = decimalText(market.bidPriceUnits, priceDecimals);
    const bidSize = decimalText(market.bidSizeUnits, sizeDecimals);
    const ask = decimalText(market.askPriceUnits, priceDecimals);
    const askSize = decimalText(market.askSizeUnits, sizeDecimals);
    const isBuy = (market.sequence & 1) === 0;
    return `{"type":"ticker","sequence":${market.sequence},"product_id":"${symbol}","price":"${isBuy ? ask : bid}","open_24h":"${bid}","volume_24h":"18412.30412417","low_24h":"${bid}","high_24h":"${ask}","volume_30d":"512345.12345678","best_bid":"${bid}","best_bid_size":"${bidSize}","best_ask":"${ask}","best_ask_size":"${askSize}","side":"${isBuy ? "buy" : "sell"}","time":"${isoMicroseconds(market.timeUs)}","trade_id":${market.updates},"last_size":"0.00100000"}`;
  }

  /** All or nothing, as the venue does it. */
  #subscribe(topics: readonly string[]): boolean {
    this.#hasSubscribed = true;
    for (const topic of topics) {
      const symbol = coinbaseDialect.topicSymbol(topic) ?? "";
      const channel = topic.slice(0, topic.indexOf(":"));
      if (!CHANNELS.has(channel)) {
        this.#fail("Failed to subscribe", `${channel} is not a valid channel`);
        return false;
      }
      if (this.#line.verdict(symbol) !== "known") {
        this.#fail("Failed to subscribe", `${symbol} is not a valid product`);
        return false;
      }
    }
    for (const topic of topics) this.#line.subscribe(topic);
    return true;
  }

  #sendSubscriptions(): void {
    const channels = new Map<string, string[]>();
    for (const topic of this.#line.topics) {
      const at = topic.indexOf(":");
      const products = channels.get(topic.slice(0, at)) ?? [];
      products.push(topic.slice(at + 1));
      channels.set(topic.slice(0, at), products);
    }
    const set = [...channels].map(([name, product_ids]) => ({ name, product_ids }));
    this.#line.send(JSON.stringify({ type: "subscriptions", channels: set }));
  }

  #sendHeartbeats(): void {
    const time = isoMicroseconds(this.#line.clock.wallUs());
    for (const topic of this.#line.topics) {
      if (!topic.startsWith("heartbeat:")) continue;
      const market = this.#line.market(topic.slice("heartbeat:".length));
      this.#line.send(
        `{"type":"heartbeat","last_trade_id":${market.updates},"product_id":"${market.symbol}","sequence":${market.sequence},"time":"${time}"}`,
      );
    }
  }

  #fail(message: string, reason: string): void {
    this.#line.send(JSON.stringify({ type: "error", message, ...(reason === "" ? {} : { reason }) }));
  }
}

/** `<channel>:<product>` for every pair the request names, in both of the venue's spellings; null when it names none. */
function readTopics(request: Request): string[] | null {
  if (!Array.isArray(request.channels)) return null;
  const shared = readStrings(request.product_ids ?? []);
  if (shared === null) return null;
  const topics: string[] = [];
  for (const channel of request.channels as readonly unknown[]) {
    const entry =
      typeof channel === "string" ? { name: channel } : (channel as { name?: unknown; product_ids?: unknown });
    const products = readStrings((entry as { product_ids?: unknown } | null)?.product_ids ?? shared);
    if (products === null || typeof entry?.name !== "string") return null;
    for (const product of products) topics.push(`${entry.name}:${product}`);
  }
  return topics.length === 0 ? null : topics;
}
