import { decimalText, trimmedDecimalText } from "../decimal-text.ts";
import type { Market, MarketSpec } from "../market.ts";
import { MessageWindow } from "../message-window.ts";
import { expectedQuoteOf, readJsonObject } from "../quote-fields.ts";
import type { Conversation, Line, VenueDialect } from "../venue-dialect.ts";

// OKX v5 public (okx.com docs v5):
//   -> {"op":"subscribe","args":[{"channel":"bbo-tbt","instId":"BTC-USDT"}]}
//   <- {"event":"subscribe","arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"connId":"a4d3ae55"}   (one per arg)
//   <- {"event":"error","code":"60018","msg":"…","connId":"a4d3ae55"}
//   <- {"arg":{…},"data":[{"asks":[["111.06","55154","0","2"]],"bids":[["111.05","57745","0","2"]],"ts":"…","seqId":1}]}
//   -> ping   <- pong   (plain text)
const IDLE_LIMIT_MS = 30_000;
const IDLE_CHECK_MS = 1000;
const REQUESTS_PER_HOUR = 480;
const MAX_REQUEST_CHARS = 64 * 1024;
const CHANNELS = new Set(["bbo-tbt", "tickers", "books", "books5", "trades"]);

interface Request {
  readonly op?: unknown;
  readonly args?: unknown;
}

interface Arg {
  readonly channel: string;
  readonly instId: string;
}

function spec(symbol: string, startTicks: number, decimals: number): MarketSpec {
  return { symbol, priceDecimals: decimals, tickUnits: 1, startTicks, sizeDecimals: 8, maxSizeUnits: 800_000_000 };
}

const MARKETS: readonly MarketSpec[] = [
  spec("BTC-USDT", 641_234, 1),
  spec("ETH-USDT", 341_262, 2),
  spec("SOL-USDT", 15_431, 2),
  spec("XRP-USDT", 5213, 4),
  spec("DOGE-USDT", 12_345, 5),
];

/** The four texts of a quote, as the venue writes them. */
interface QuoteTexts {
  readonly bid: string;
  readonly bidSize: string;
  readonly ask: string;
  readonly askSize: string;
}

/** OKX v5 `bbo-tbt`; a topic is `<channel>:<instId>`. */
export const okxDialect = createOkxDialect("okx", { channel: "bbo-tbt", hasSequence: true, quoteText: bboText });

/** OKX v5 `tickers`, which has no sequence number. */
export const okxTickersDialect = createOkxDialect("okx-tickers", {
  channel: "tickers",
  hasSequence: false,
  quoteText: tickerText,
});

function createOkxDialect(
  venue: string,
  form: { channel: string; hasSequence: boolean; quoteText: (market: Market, texts: QuoteTexts) => string },
): VenueDialect {
  const prefix = `${form.channel}:`;
  return {
    venue,
    path: "/ws/v5/public",
    hosts: ["okx.com", "okex.com"],
    markets: MARKETS,
    quoteTopic: (symbol) => prefix + symbol,
    quoteSymbol: (topic) => (topic.startsWith(prefix) ? topic.slice(prefix.length) : null),
    topicSymbol: (topic) => (topic.includes(":") ? topic.slice(topic.indexOf(":") + 1) : null),
    topicOfMessage(message) {
      const { arg, data } = (message ?? {}) as { arg?: unknown; data?: unknown };
      const parsed = readArg(arg);
      return parsed === null || !Array.isArray(data) ? null : `${parsed.channel}:${parsed.instId}`;
    },
    expectedQuote(market) {
      const sequence = form.hasSequence ? String(market.sequence) : null;
      return expectedQuoteOf(market, { sequence, hasTime: true, sizeText: trimmedDecimalText });
    },
    converse: (line) => new OkxConversation(line, form.quoteText),
  };
}

function bboText(market: Market, { bid, bidSize, ask, askSize }: QuoteTexts): string {
  return `{"arg":{"channel":"bbo-tbt","instId":"${market.symbol}"},"data":[{"asks":[["${ask}","${askSize}","0","2"]],"bids":[["${bid}","${bidSize}","0","3"]],"ts":"${Math.floor(market.timeUs / 1000)}","seqId":${market.sequence}}]}`;
}

function tickerText(market: Market, { bid, bidSize, ask, askSize }: QuoteTexts): string {
  return `{"arg":{"channel":"tickers","instId":"${market.symbol}"},"data":[{"instType":"SPOT","instId":"${market.symbol}","last":"${bid}","lastSz":"0.0002","askPx":"${ask}","askSz":"${askSize}","bidPx":"${bid}","bidSz":"${bidSize}","open24h":"${bid}","high24h":"${ask}","low24h":"${bid}","sodUtc0":"${bid}","sodUtc8":"${bid}","volCcy24h":"525802090.62716611","vol24h":"17602.13085371","ts":"${Math.floor(market.timeUs / 1000)}"}]}`;
}

class OkxConversation implements Conversation {
  readonly #line: Line;
  readonly #requests = new MessageWindow(3600 * 1000);
  readonly #quoteText: (market: Market, texts: QuoteTexts) => string;

  constructor(line: Line, quoteText: (market: Market, texts: QuoteTexts) => string) {
    this.#line = line;
    this.#quoteText = quoteText;
  }

  onOpen(): void {
    this.#line.repeat(IDLE_CHECK_MS, () => {
      const lastMs = Math.max(this.#line.lastSentMs, this.#line.lastReceivedMs);
      if (this.#line.clock.monotonicMs() - lastMs >= IDLE_LIMIT_MS) this.#line.close(4004, "No data received in 30s");
    });
  }

  onFrame(): void {}

  onText(text: string): void {
    if (text === "ping") {
      this.#line.send("pong");
      return;
    }
    if (text.length > MAX_REQUEST_CHARS) {
      this.#fail("60012", "Invalid request: too long");
      return;
    }
    const request = readJsonObject(text) as Request | null;
    if (request === null || (request.op !== "subscribe" && request.op !== "unsubscribe")) {
      this.#fail("60012", `Invalid request: ${text.slice(0, 200)}`);
      return;
    }
    if (!Array.isArray(request.args)) {
      this.#fail("60012", `Invalid request: ${text.slice(0, 200)}`);
      return;
    }
    if (this.#requests.add(this.#line.clock.monotonicMs()) > REQUESTS_PER_HOUR) {
      this.#fail("60014", "Requests too frequent");
      return;
    }
    for (const item of request.args as readonly unknown[]) this.#answer(request.op, item);
  }

  onPong(): void {}

  askReconnect(): void {
    const msg = "The connection will soon be closed for a service upgrade. Please reconnect.";
    this.#line.send(JSON.stringify({ event: "notice", code: "64008", msg, connId: this.#line.connectionId }));
  }

  quoteText(market: Market): string {
    const { priceDecimals, sizeDecimals } = market.spec;
    return this.#quoteText(market, {
      bid: decimalText(market.bidPriceUnits, priceDecimals),
      bidSize: trimmedDecimalText(market.bidSizeUnits, sizeDecimals),
      ask: decimalText(market.askPriceUnits, priceDecimals),
      askSize: trimmedDecimalText(market.askSizeUnits, sizeDecimals),
    });
  }

  #answer(op: "subscribe" | "unsubscribe", item: unknown): void {
    const arg = readArg(item);
    if (arg === null) {
      this.#fail("60012", `Invalid request: ${JSON.stringify(item).slice(0, 200)}`);
      return;
    }
    const topic = `${arg.channel}:${arg.instId}`;
    if (!CHANNELS.has(arg.channel) || this.#line.verdict(arg.instId) !== "known") {
      this.#fail(
        "60018",
        `Wrong URL or channel:${arg.channel},instId:${arg.instId} doesn't exist. Please use the correct URL, channel and parameters referring to API document.`,
      );
      return;
    }
    if (op === "subscribe") this.#line.subscribe(topic);
    else this.#line.unsubscribe(topic);
    const { channel, instId } = arg;
    this.#line.send(JSON.stringify({ event: op, arg: { channel, instId }, connId: this.#line.connectionId }));
    if (op === "subscribe") this.#line.sendCurrentQuote(topic);
  }

  #fail(code: string, msg: string): void {
    this.#line.send(JSON.stringify({ event: "error", code, msg, connId: this.#line.connectionId }));
  }
}

function readArg(value: unknown): Arg | null {
  const { channel, instId } = (value ?? {}) as { channel?: unknown; instId?: unknown };
  return typeof channel === "string" && typeof instId === "string" ? { channel, instId } : null;
}
