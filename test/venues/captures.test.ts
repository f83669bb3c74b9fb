import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { findBuiltInProfile } from "../../src/venues/built-in-venues.ts";
import { compileVenue } from "../../src/venues/compile-venue.ts";
import type { CompiledVenue } from "../../src/venues/compiled-venue.ts";
import { loadProfile } from "../../src/venues/load-profile.ts";
import { capturesDir, skipsCaptures } from "../simulator/captures.ts";
import { createRecordedDecoder, type PlainQuote } from "./quote-recorder.ts";

/*
 * Real recordings through the built-in profiles. What they must give is read here a second time and independently: with
 * JSON.parse for text and regular expressions on the source for the digits of numbers, by nothing of src/venues.
 *
 * No recording is at hand of Kraken v2 and of Bitstamp's order_book: for those see test/fixtures/venues.
 */

/** The messages of the venue in a recording: cryptofeed (`time: message`) or tardis (`message`), one a line. */
function messagesOf(file: string): string[] {
  const bytes = readFileSync(join(capturesDir(), file));
  const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  const lines = text.split("\n").filter((line) => line !== "");
  if (file.endsWith(".jsonl")) return lines;
  return lines.flatMap((line) => {
    const [, message] = /^[0-9.]+: (.*)$/.exec(line) ?? [];
    return message === undefined ? [] : [message];
  });
}

function venueOf(name: string): CompiledVenue {
  const profile = findBuiltInProfile(name, "websocket");
  if (profile === null) throw new Error(`${name} is no built-in venue`);
  return compileVenue(profile);
}

/** What a venue makes of a recording. */
function play(venue: CompiledVenue, symbols: readonly string[], messages: readonly string[]) {
  venue.subscribeRequests(symbols, () => 1, 0);
  const { decode } = createRecordedDecoder(venue, symbols);
  const quotes: PlainQuote[] = [];
  const kinds: Record<string, number> = {};
  const acked = new Set<string>();
  for (const message of messages) {
    const frame = decode(message);
    const name = frame.kind === "rejected" ? frame.reason : frame.kind;
    kinds[name] = (kinds[name] ?? 0) + 1;
    quotes.push(...frame.quotes);
    if (frame.kind !== "control") continue;
    const control = venue.readControl(Buffer.from(message));
    if (control.kind === "ack") for (const symbol of control.symbols) acked.add(symbol);
  }
  return { quotes, kinds, acked: [...acked].sort() };
}

/** The digits after `"key":` in the source. */
function digitsAt(message: string, key: string): string {
  const [, digits] = new RegExp(`"${key}":"?([0-9]+)`).exec(message) ?? [];
  if (digits === undefined) throw new Error(`No "${key}" in ${message}`);
  return digits;
}

function quoteOf(
  symbol: string,
  sides: readonly [string, string | null, string, string | null],
  rest: Partial<PlainQuote>,
): PlainQuote {
  const [bidPrice, bidSize, askPrice, askSize] = sides;
  return { symbol, bidPrice, bidSize, askPrice, askSize, sequence: null, venueTimeMs: -1, ...rest };
}

function bookTickerOf(message: string): PlainQuote {
  const { data } = JSON.parse(message);
  return quoteOf(data.s, [data.b, data.B, data.a, data.A], {
    sequence: digitsAt(message, "u"),
    ...(data.E === undefined ? {} : { venueTimeMs: Number(digitsAt(message, "E")) }),
  });
}

function coinbaseTickerOf(message: string): PlainQuote {
  const ticker = JSON.parse(message);
  const sides = [ticker.best_bid, ticker.best_bid_size ?? null, ticker.best_ask, ticker.best_ask_size ?? null] as const;
  return quoteOf(ticker.product_id, sides, {
    sequence: digitsAt(message, "sequence"),
    venueTimeMs: Math.floor(Date.parse(ticker.time)),
  });
}

function okxTickerOf(message: string): PlainQuote {
  const [ticker] = JSON.parse(message).data;
  const sides = [ticker.bidPx, ticker.bidSz, ticker.askPx, ticker.askSz] as const;
  return quoteOf(ticker.instId, sides, { venueTimeMs: Number(ticker.ts) });
}

/** A JSON number of the source, digit by digit. */
function numberAt(message: string, key: string): string {
  const [, number] = new RegExp(`"${key}":(-?[0-9.eE+-]+)`).exec(message) ?? [];
  if (number === undefined) throw new Error(`No "${key}" in ${message}`);
  return number;
}

/** The top of the book in Deribit's `quote` and `ticker`: a price of zero means that nobody quotes. */
function deribitTopOf(message: string): PlainQuote {
  const sides = ["bid", "ask"].map((side) => {
    const price = numberAt(message, `best_${side}_price`);
    return Number(price) === 0 ? [null, null] : [price, numberAt(message, `best_${side}_amount`)];
  });
  const [[bidPrice, bidSize], [askPrice, askSize]] = sides;
  const { instrument_name: symbol, timestamp: venueTimeMs } = JSON.parse(message).params.data;
  return { symbol, bidPrice, bidSize, askPrice, askSize, sequence: null, venueTimeMs };
}

function symbolsOf(quotes: readonly PlainQuote[]): string[] {
  return [...new Set(quotes.map(({ symbol }) => symbol))].sort();
}

describe.skipIf(skipsCaptures())("real recordings (CAPTURES_DIR)", () => {
  test("Binance spot, cryptofeed, October 2021: every bookTicker and nothing else", () => {
    const messages = messagesOf("cryptofeed/BINANCE.ws.1.0");
    const expected = messages.filter((message) => message.includes('@bookTicker"')).map(bookTickerOf);
    expect(expected.length).toBe(84);
    const { quotes, kinds } = play(venueOf("binance"), symbolsOf(expected), messages);
    expect(quotes).toEqual(expected);
    expect(kinds).toEqual({ quote: 84, ignored: messages.length - 84 });
  });

  test("Binance spot: quotes of symbols that are not ours are passed over", () => {
    const messages = messagesOf("cryptofeed/BINANCE.ws.1.0");
    const expected = messages.filter((message) => message.includes("lrcbtc@bookTicker")).map(bookTickerOf);
    expect(expected.length).toBe(9);
    expect(play(venueOf("binance"), ["LRCBTC"], messages).quotes).toEqual(expected);
  });

  test("Binance USD-M futures, cryptofeed, July 2021: every bookTicker with its time", () => {
    const messages = messagesOf("cryptofeed/BINANCE_FUTURES.ws.1.0.gz");
    const expected = messages.filter((message) => message.includes('@bookTicker"')).map(bookTickerOf);
    expect(expected.length).toBe(613);
    const { quotes, kinds } = play(venueOf("binance-futures"), symbolsOf(expected), messages);
    expect(quotes).toEqual(expected);
    expect(kinds).toEqual({ quote: 613, ignored: messages.length - 613 });
  });

  test("Coinbase, cryptofeed, April 2021: every ticker; sizes were not sent then", () => {
    const messages = messagesOf("cryptofeed/COINBASE.ws.28.0.gz");
    const expected = messages.filter((message) => message.includes('"type":"ticker"')).map(coinbaseTickerOf);
    expect(expected.length).toBe(107);
    expect(expected.every(({ bidSize, askSize }) => bidSize === null && askSize === null)).toBe(true);
    const { quotes, kinds, acked } = play(venueOf("coinbase"), symbolsOf(expected), messages);
    expect(quotes).toEqual(expected);
    expect(kinds).toEqual({ quote: 107, control: 3, ignored: messages.length - 110 });
    expect(acked).toEqual(symbolsOf(expected));
  });

  test("OKX tickers, cryptofeed, May 2022: every ticker, and an ack for every symbol", () => {
    const messages = messagesOf("cryptofeed/OKX.ws.1.0.gz");
    const isTicker = (message: string) => message.includes('"channel":"tickers"') && message.includes('"data":');
    const expected = messages.filter(isTicker).map(okxTickerOf);
    expect(expected.length).toBe(28);
    const { quotes, kinds, acked } = play(venueOf("okx-tickers"), symbolsOf(expected), messages);
    expect(quotes).toEqual(expected);
    expect(acked).toEqual(symbolsOf(expected));
    expect(Object.keys(kinds).sort()).toEqual(["control", "ignored", "quote"]);
  });

  test("Bitstamp, cryptofeed, January 2022: the recording has other channels only, all of them known", () => {
    const messages = messagesOf("cryptofeed/BITSTAMP.ws.1.0");
    const { quotes, kinds } = play(venueOf("bitstamp"), ["btcusd"], messages);
    expect(quotes).toEqual([]);
    expect(kinds).toEqual({ ignored: 727, control: 20 });
  });

  test("Bitstamp's diff_order_book, which has the shape of order_book, through a profile changed in a file", async () => {
    const file = join(import.meta.dir, "../../config/venues/bitstamp.json");
    const text = (await Bun.file(file).text()).replaceAll("order_book_", "diff_order_book_");
    const messages = messagesOf("cryptofeed/BITSTAMP.ws.1.0");
    const expected = messages
      .filter((message) => message.includes('"microtimestamp":"') && message.includes("diff_"))
      .map((message) => {
        const { data, channel } = JSON.parse(message);
        const [bidPrice = null, bidSize = null] = data.bids[0] ?? [];
        const [askPrice = null, askSize = null] = data.asks[0] ?? [];
        const time = { sequence: data.microtimestamp, venueTimeMs: Math.floor(Number(data.microtimestamp) / 1000) };
        return { symbol: channel.replace("diff_order_book_", ""), bidPrice, bidSize, askPrice, askSize, ...time };
      });
    expect(expected.length).toBe(717);
    const { quotes, kinds, acked } = play(
      compileVenue(loadProfile(text, "diff.json", "websocket")),
      symbolsOf(expected),
      messages,
    );
    expect(quotes).toEqual(expected);
    expect(kinds).toEqual({ quote: 717, ignored: 10, control: 20 });
    expect(acked).toEqual(expect.arrayContaining(symbolsOf(expected)));
  });

  test("Deribit, cryptofeed, July 2021: the recording has other channels only, all of them known", () => {
    const messages = messagesOf("cryptofeed/DERIBIT.ws.1.0");
    const { quotes, kinds } = play(venueOf("deribit"), ["BTC-PERPETUAL"], messages);
    expect(quotes).toEqual([]);
    expect(kinds).toEqual({ control: 1, ignored: messages.length - 1 });
  });

  test("Deribit's ticker, which names the same fields as quote, through a profile changed in a file", async () => {
    const file = join(import.meta.dir, "../../config/venues/deribit.json");
    const text = (await Bun.file(file).text())
      .replaceAll('"quote.{symbol}"', '"ticker.{symbol}.raw"')
      .replaceAll('"quote."', '"ticker."');
    const venue = compileVenue(loadProfile(text, "ticker.json", "websocket"));
    const messages = messagesOf("cryptofeed/DERIBIT.ws.1.0");
    const expected = messages.filter((message) => message.includes('"channel":"ticker.')).map(deribitTopOf);
    expect(expected.length).toBe(89);
    const symbols = symbolsOf(expected);
    const { quotes, kinds } = play(venue, symbols, messages);
    expect(quotes).toEqual(expected);
    expect(kinds).toEqual({ quote: 89, control: 1, ignored: messages.length - 90 });
    const ack = messages.find((message) => message.includes('"result"')) ?? "";
    const control = venue.readControl(Buffer.from(ack.replace('"id":0', '"id":7')));
    if (control.kind !== "accepted") throw new Error(`Wanted a list of what was accepted: got ${control.kind}`);
    expect([control.id, ...[...control.symbols].sort()]).toEqual([7, ...symbols]);
  });

  test("tardis, Deribit: the one quote; other channels are known", () => {
    const messages = messagesOf("tardis-node/deribit.jsonl");
    const { quotes, kinds } = play(venueOf("deribit"), ["BTC-PERPETUAL"], messages);
    expect(quotes).toEqual(messages.filter((message) => message.includes('"quote.')).map(deribitTopOf));
    expect(kinds).toEqual({ quote: 1, ignored: messages.length - 1 });
  });

  test("tardis, Binance: the one bookTicker among ten messages", () => {
    const { quotes, kinds } = play(venueOf("binance"), ["BTCUSDT"], messagesOf("tardis-node/binance.jsonl"));
    expect(quotes).toEqual([
      quoteOf("BTCUSDT", ["8010.00000000", "0.14245900", "8012.15000000", "0.03120100"], { sequence: "1127645101" }),
    ]);
    expect(kinds).toEqual({ quote: 1, ignored: 9 });
  });

  test("tardis, Coinbase: tickers of 2019 to 2022, the last with sizes", () => {
    const messages = messagesOf("tardis-node/coinbase.jsonl");
    const { quotes, kinds } = play(venueOf("coinbase"), ["BTC-USD"], messages);
    expect(quotes).toEqual(messages.filter((message) => message.includes('"ticker"')).map(coinbaseTickerOf));
    expect(quotes.map(({ bidSize }) => bidSize)).toEqual([null, null, "0.61540890"]);
    expect(kinds).toEqual({ quote: 3, ignored: 6 });
  });

  test("tardis, OKX: the bbo-tbt message, which had no seqId in 2022; messages of the API before v5 are unknown", () => {
    const messages = messagesOf("tardis-node/okex-swap.jsonl");
    const { quotes, kinds } = play(venueOf("okx"), ["BTC-USDT-SWAP"], messages);
    expect(quotes).toEqual([
      quoteOf("BTC-USDT-SWAP", ["38632.3", "990", "38632.4", "727"], { venueTimeMs: 1_651_761_120_004 }),
    ]);
    const old = messages.filter((message) => message.startsWith('{"table":')).length;
    expect(kinds).toEqual({ quote: 1, ignored: messages.length - old - 1, unknown_message: old });
  });

  test("tardis, Gemini: bookTicker with nanoseconds and with both sides missing; the API of old is unknown", () => {
    const { quotes, kinds } = play(venueOf("gemini"), ["xrpgusd", "btcusd"], messagesOf("tardis-node/gemini.jsonl"));
    expect(quotes).toEqual([
      quoteOf("xrpgusd", ["1.0614900", "958.69148000", "1.0615000", "38.39060000"], {
        sequence: "1764549594389752",
        venueTimeMs: 1_783_981_140_076,
      }),
      {
        ...quoteOf("btcusd", ["", null, "", null], { sequence: "1764549594389752", venueTimeMs: 1_784_870_400_000 }),
        bidPrice: null,
        askPrice: null,
      },
    ]);
    expect(kinds).toEqual({ quote: 2, ignored: 8, control: 1, unknown_message: 4 });
  });

  test("tardis, Bybit: orderbook.1 of 2023 with deltas; other topics and the API before v5 give no quote", () => {
    const messages = messagesOf("tardis-node/bybit.jsonl");
    const { quotes, kinds } = play(venueOf("bybit"), ["BTCUSDT"], messages);
    expect(quotes).toEqual([
      quoteOf("BTCUSDT", ["28552.00", "0.047", "28552.10", "25.433"], {
        sequence: "7003305",
        venueTimeMs: 1_680_673_820_717,
      }),
      quoteOf("BTCUSDT", ["28552.00", "0.012", "28552.10", "25.433"], {
        sequence: "7003306",
        venueTimeMs: 1_680_673_821_137,
      }),
      quoteOf("BTCUSDT", ["27991.70", "0.777", "27994.40", "0.058"], {
        sequence: "1188472",
        venueTimeMs: 1_682_092_584_425,
      }),
    ]);
    expect(kinds).toEqual({ quote: 3, ignored: messages.length - 4, unknown_message: 1 });
  });
});
