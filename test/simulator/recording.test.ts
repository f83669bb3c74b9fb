import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { countQuoteFrames, loadRecording, parseRecording, quoteSymbols } from "../../src/simulator/recording.ts";
import { capturesDir, skipsCaptures } from "./captures.ts";
import { Bench, type VenueClient } from "./venue-client.ts";

const BINANCE = `wss://stream.binance.com:9443/stream?streams=aaausdt@bookTicker/aaausdt@depth <-> 1633998511.159
wss://stream.binance.com:9443/stream <- 1633998511.2: {"method":"SUBSCRIBE","params":["aaausdt@bookTicker"],"id":1}
1633998512.0: {"result":null,"id":1}
1633998513.0: {"stream":"aaausdt@bookTicker","data":{"u":1,"s":"AAAUSDT","b":"1.0","B":"1","a":"1.1","A":"2"}}
1633998513.25: {"stream":"aaausdt@depth","data":{"e":"depthUpdate"}}
1633998514.5: {"stream":"aaausdt@bookTicker","data":{"u":2,"s":"AAAUSDT","b":"1.0","B":"3","a":"1.1","A":"2"}}
`;

test("parseRecording() takes the venue's own messages with their spacing, and only those", () => {
  const recording = parseRecording(BINANCE, { name: "x" });
  expect(recording.dialect.venue).toBe("binance");
  expect(recording.frames.map((frame) => [Math.round(frame.offsetMs), frame.topic])).toEqual([
    [0, null],
    [0, "aaausdt@bookTicker"],
    [250, "aaausdt@depth"],
    [1500, "aaausdt@bookTicker"],
  ]);
  expect(recording.symbols).toEqual(["AAAUSDT"]);
  expect([countQuoteFrames(recording), recording.skippedLines]).toEqual([2, 1]);
});

test("parseRecording() guesses the venue of plain lines by their form", () => {
  const lines =
    '{"topic":"orderbook.1.BTCUSDT","type":"snapshot","ts":1,"data":{"s":"BTCUSDT","b":[],"a":[],"u":1,"seq":1}}';
  const recording = parseRecording(`${lines}\n${lines}\n`, { name: "x" });
  expect(recording.dialect.venue).toBe("bybit");
  expect(recording.frames.map((frame) => frame.offsetMs)).toEqual([0, 50]);
});

test("loadRecording() reads .gz by its content", () => {
  const folder = mkdtempSync(join(tmpdir(), "recording-"));
  try {
    const path = join(folder, "without-extension");
    writeFileSync(path, gzipSync(BINANCE));
    expect(loadRecording(path).frames).toHaveLength(4);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("loadRecording() says what is wrong with a recording it cannot play", () => {
  expect(() => loadRecording("/nonexistent/file")).toThrow("Cannot replay '/nonexistent/file'");
  const reject = (text: string, venue?: string) => () =>
    parseRecording(text, { name: "f", ...(venue === undefined ? {} : { venue }) });
  expect(reject("hello\n")).toThrow("Cannot replay 'f': it holds no messages from a venue");
  expect(reject('{"a":1}\n')).toThrow("its messages are of no venue we simulate: name one with --venue");
  expect(reject('wss://www.bitmex.com/ws <-> 1.5\n2.5: {"a":1}\n')).toThrow("recorded from www.bitmex.com");
  expect(reject(BINANCE, "okx")).toThrow("it holds no market data of venue 'okx'");
  expect(reject(BINANCE, "nasdaq")).toThrow("there is no simulated venue 'nasdaq'");
});

test("a recording plays to its subscribers at its own pace, once", async () => {
  const recording = parseRecording(BINANCE, { name: "x" });
  const bench = new Bench({ venue: "binance", replay: { recording, speed: 2 } });
  try {
    const client = await bench.connect();
    client.send({ method: "SUBSCRIBE", params: ["aaausdt@bookTicker"], id: 9 });
    await client.nextText();
    await bench.clock.advance(250);
    expect(await client.next()).toMatchObject({ data: { u: 1 } });
    await bench.clock.advance(749);
    expect(bench.simulator.stats().replay).toEqual({ frames: 4, sent: 1, isFinished: false });
    await bench.clock.advance(1);
    expect(await client.nextText()).toBe(recording.frames[3].text);
    await bench.simulator.replayFinished;
    expect(bench.simulator.stats()).toMatchObject({ quotesSent: 2, sentBySymbol: { AAAUSDT: 2 } });
    expect(bench.clock.armedDelaysMs.every((delay) => delay > 1000)).toBe(true);
  } finally {
    bench.stop();
  }
});

/** Quotes of each recording, counted with grep and zcat: of our channel, or of the one that is put in its form. */
const CAPTURES = [
  { file: "cryptofeed/BINANCE.ws.1.0", venue: "binance", symbols: 3, quotes: 84 },
  { file: "cryptofeed/BINANCE_FUTURES.ws.1.0.gz", venue: "binance-futures", symbols: 4, quotes: 613 },
  { file: "cryptofeed/COINBASE.ws.28.0.gz", venue: "coinbase", symbols: 10, quotes: 107 },
  { file: "cryptofeed/OKX.ws.1.0.gz", venue: "okx-tickers", symbols: 3, quotes: 28 },
  { file: "cryptofeed/BITSTAMP.ws.1.0", venue: "bitstamp", symbols: 9, quotes: 717 },
  { file: "tardis-node/binance.jsonl", venue: "binance", symbols: 1, quotes: 1 },
  { file: "tardis-node/bybit.jsonl", venue: "bybit", symbols: 1, quotes: 3 },
  { file: "tardis-node/coinbase.jsonl", venue: "coinbase", symbols: 1, quotes: 3 },
  { file: "tardis-node/deribit.jsonl", venue: "deribit", symbols: 1, quotes: 1 },
];

describe.skipIf(skipsCaptures())("real recordings", () => {
  for (const { file, venue, symbols, quotes } of CAPTURES) {
    test(`${file} plays every quote at full speed, in order`, async () => {
      const recording = loadRecording(join(capturesDir(), file));
      const topics = [...recording.topics.keys()].filter((topic) => recording.dialect.quoteSymbol(topic) !== null);
      expect([recording.dialect.venue, topics.length, quoteSymbols(recording).length]).toEqual([
        venue,
        symbols,
        symbols,
      ]);
      const bench = new Bench({ venue, replay: { recording, speed: "full" } });
      try {
        const client = await bench.connect();
        const before = await subscribeAll(client, venue, quoteSymbols(recording));
        await bench.requestsRead(venue === "bitstamp" ? symbols : 1);
        while (bench.simulator.stats().replay?.isFinished !== true) {
          await bench.clock.advance(300);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await client.until(() => client.messages.length >= before + quotes);
        const wanted = recording.frames.filter(({ topic }) => topic !== null && topics.includes(topic));
        expect(client.messages.slice(before)).toEqual(wanted.map(({ text }) => text));
        expect(bench.simulator.stats().quotesSent).toBe(quotes);
      } finally {
        bench.stop();
      }
    });
  }

  test("bitstamp changes amount to books that are sorted and never crossed", () => {
    const recording = loadRecording(join(capturesDir(), "cryptofeed/BITSTAMP.ws.1.0"));
    expect(recording.isTranslated).toBe(true);
    for (const { text, topic } of recording.frames) {
      if (topic?.startsWith("order_book_") !== true) continue;
      const { bids, asks } = (JSON.parse(text) as { data: { bids: [string, string][]; asks: [string, string][] } })
        .data;
      const prices = [...bids.map(([price]) => -Number(price)), ...asks.map(([price]) => Number(price))];
      expect(prices.slice(0, bids.length)).toEqual(prices.slice(0, bids.length).sort((a, b) => a - b));
      if (bids.length > 0 && asks.length > 0) expect(Number(bids[0][0])).toBeLessThan(Number(asks[0][0]));
    }
  });
});

/** Subscribes to the quotes of all symbols in the venue's own words; returns how many messages that brings. */
async function subscribeAll(client: VenueClient, venue: string, symbols: readonly string[]): Promise<number> {
  const streams = { method: "SUBSCRIBE", params: symbols.map((symbol) => `${symbol.toLowerCase()}@bookTicker`), id: 1 };
  const requests: Record<string, object[]> = {
    binance: [streams],
    "binance-futures": [streams],
    coinbase: [{ type: "subscribe", product_ids: symbols, channels: ["ticker"] }],
    "okx-tickers": [{ op: "subscribe", args: symbols.map((instId) => ({ channel: "tickers", instId })) }],
    deribit: [{ id: 1, method: "public/subscribe", params: { channels: symbols.map((symbol) => `quote.${symbol}`) } }],
    bybit: [{ op: "subscribe", args: symbols.map((symbol) => `orderbook.1.${symbol}`) }],
    bitstamp: symbols.map((symbol) => ({ event: "bts:subscribe", data: { channel: `order_book_${symbol}` } })),
  };
  for (const request of requests[venue]) client.send(request);
  const acks = venue === "okx-tickers" || venue === "bitstamp" ? symbols.length : 1;
  await client.until(() => client.messages.length === acks);
  return acks;
}
