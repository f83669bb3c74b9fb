/*
 * What decoding one message costs: `bun test/bench/decode.bench.ts`. Prints a table; no limit is tested, for times are
 * the machine's. Every case is run in rounds and the best round counts, which is the least disturbed one.
 */
import { Instrument } from "../../src/domain/instrument.ts";
import { findBuiltInProfile } from "../../src/venues/built-in-venues.ts";
import { compileVenue } from "../../src/venues/compile-venue.ts";
import { FrameKind } from "../../src/venues/compiled-venue.ts";

const ROUNDS = 12;
const MESSAGES_PER_ROUND = 50_000;
/** Different messages per case, so that no branch is learned by heart. */
const VARIANTS = 64;

interface Case {
  readonly title: string;
  readonly venue: string;
  readonly symbols: readonly string[];
  readonly message: (n: number) => string;
}

const CASES: readonly Case[] = [
  {
    title: "Binance bookTicker",
    venue: "binance",
    symbols: ["BTCUSDT", "ETHUSDT", "SOLUSDT"],
    message: (n) =>
      `{"stream":"btcusdt@bookTicker","data":{"u":${400_900_217 + n},"s":"BTCUSDT","b":"27${100 + n}.35","B":"1.${2000 + n}","a":"27${101 + n}.36","A":"4.${6100 + n}"}}`,
  },
  {
    title: "Coinbase ticker",
    venue: "coinbase",
    symbols: ["BTC-USD", "ETH-USD"],
    message: (n) =>
      `{"type":"ticker","sequence":${50_978_628_538 + n},"product_id":"BTC-USD","price":"17165.16","open_24h":"16437.94","volume_24h":"42492.05081975","low_24h":"16423.37","high_24h":"17259.37","volume_30d":"1093827.95195495","best_bid":"17${100 + n}.15","best_bid_size":"0.615${n}","best_ask":"17${101 + n}.76","best_ask_size":"0.185${n}","side":"sell","time":"2022-12-01T00:00:00.1225${10 + n}Z","trade_id":463751434,"last_size":"0.05"}`,
  },
  {
    title: "Coinbase heartbeat",
    venue: "coinbase",
    symbols: ["BTC-USD"],
    message: (n) =>
      `{"type":"heartbeat","sequence":${90 + n},"last_trade_id":20,"product_id":"BTC-USD","time":"2022-12-01T08:28:48.864140Z"}`,
  },
  {
    title: "Kraken v2 ticker",
    venue: "kraken",
    symbols: ["BTC/USD", "ETH/USD"],
    message: (n) =>
      `{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":27${100 + n}.1,"bid_qty":0.5${n},"ask":27${101 + n}.2,"ask_qty":1.25,"last":27100.1,"volume":1234.5,"vwap":27050.1,"low":26000.0,"high":28000.0,"change":-10.1,"change_pct":-0.04,"timestamp":"2024-05-01T07:49:37.7087${10 + n}Z"}]}`,
  },
  {
    title: "OKX bbo-tbt",
    venue: "okx",
    symbols: ["BTC-USDT"],
    message: (n) =>
      `{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["111${n}.06","55154","0","2"]],"bids":[["111${n}.05","57745","0","2"]],"ts":"16703243868${10 + n}","seqId":${363_996_337 + n}}]}`,
  },
  {
    title: "Bybit orderbook.1",
    venue: "bybit",
    symbols: ["BTCUSDT"],
    message: (n) =>
      `{"topic":"orderbook.1.BTCUSDT","type":"snapshot","ts":1672304484978,"data":{"s":"BTCUSDT","b":[["16493.${10 + n}","0.006"]],"a":[["16611.${10 + n}","0.029"]],"u":${18_521_288 + n},"seq":7961638724},"cts":1672304484976}`,
  },
  {
    title: "Bitstamp order_book, 100 levels",
    venue: "bitstamp",
    symbols: ["btcusd"],
    message: (n) => {
      const levels = (base: number) =>
        Array.from({ length: 100 }, (_, i) => `["${base + i}.${n}5","0.1234${i}"]`).join();
      return `{"data":{"timestamp":"1700000000","microtimestamp":"17000000001234${10 + n}","bids":[${levels(27_000)}],"asks":[${levels(28_000)}]},"channel":"order_book_btcusd","event":"data"}`;
    },
  },
];

/** Nanoseconds per call of `work` with the messages in turn: the best round. */
function measure(messages: readonly Uint8Array[], work: (message: Uint8Array) => void): number {
  let bestNs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const startNs = Bun.nanoseconds();
    for (let i = 0; i < MESSAGES_PER_ROUND; i++) work(messages[i % VARIANTS]);
    bestNs = Math.min(bestNs, (Bun.nanoseconds() - startNs) / MESSAGES_PER_ROUND);
  }
  return bestNs;
}

function run(bench: Case): Record<string, string | number> {
  let accepted = 0;
  const profile = findBuiltInProfile(bench.venue, "websocket");
  if (profile === null) throw new Error(`${bench.venue} is no built-in venue`);
  const venue = compileVenue(profile);
  const instruments = bench.symbols.map(
    (symbol, id) => new Instrument({ id, feedIndex: 0, source: bench.venue, symbol }),
  );
  const decoder = venue.createDecoder(instruments, { accept: () => void accepted++ }, 1);
  const messages = Array.from({ length: VARIANTS }, (_, n) => Buffer.from(bench.message(n)));
  for (const message of messages) {
    if (decoder.decode(message, 1) === FrameKind.rejected) throw new Error(`${bench.title}: ${decoder.rejectReason}`);
  }
  const decodeNs = measure(messages, (message) => decoder.decode(message, 1));
  const parseNs = measure(messages, (message) => JSON.parse((message as Buffer).toString("latin1")));
  const bytes = messages.reduce((sum, message) => sum + message.length, 0) / VARIANTS;
  return {
    message: bench.title,
    bytes: Math.round(bytes),
    "decode ns": Math.round(decodeNs),
    "ns per byte": (decodeNs / bytes).toFixed(2),
    "JSON.parse alone ns": Math.round(parseNs),
    quotes: accepted,
  };
}

console.table(CASES.map(run));
