// The control of the bench: the same adapter, decoder and envelope, but one message object per quote and kafkajs's own
// producer, idempotent, acks=all, zstd. Prints a line of JSON a second: how many messages were acknowledged.
import kafkajs, { type CompressionTypes, type Message } from "kafkajs";
import { WebSocketAdapter } from "../../src/adapters/websocket/websocket-adapter.ts";
import { Instrument } from "../../src/domain/instrument.ts";
import type { QuoteSink, QuoteView } from "../../src/domain/quote.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";
import { TurnQueue } from "../../src/runtime/turn-queue.ts";
import { findBuiltInProfile } from "../../src/venues/built-in-venues.ts";
import { compileVenue } from "../../src/venues/compile-venue.ts";

/** Messages of one `send`, and the most that may wait: reading stops above it. */
const SEND_MESSAGES = 2000;
const WAITING_MAX = 20_000;
/** kafkajs's number for zstd, which it has no codec for: ours goes into its table. */
const ZSTD = 4 as CompressionTypes;

const [url, brokers, topic, symbols] = process.argv.slice(2);
const clock = new SystemClock();
const { CompressionCodecs, Kafka, logLevel } = kafkajs;
CompressionCodecs[4] = () => ({
  compress: async (encoder: { buffer: Buffer<ArrayBuffer> }) => Bun.zstdCompressSync(encoder.buffer, { level: 1 }),
  decompress: async (buffer: Buffer<ArrayBuffer>) => Bun.zstdDecompressSync(buffer),
});
const kafka = new Kafka({ clientId: "bench-control", brokers: brokers.split(","), logLevel: logLevel.ERROR });
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 5 });
await producer.connect();

let waiting: Message[] = [];
let acked = 0;
let isPaused = false;
const listeners = new Set<(isPaused: boolean) => void>();

function setPaused(next: boolean): void {
  if (isPaused === next) return;
  isPaused = next;
  for (const listener of listeners) listener(next);
}

const text = (quote: QuoteView, start: number, end: number): string | null =>
  start < 0
    ? null
    : Buffer.from(quote.fields.buffer, quote.fields.byteOffset, quote.fields.byteLength).toString("latin1", start, end);

let sequence = 0;
const quotes: QuoteSink = {
  accept(quote) {
    const { instrument } = quote;
    if (instrument === null) return;
    instrument.sequence++;
    const { source, symbol } = instrument;
    const value = {
      eventType: "market-data.raw-price",
      aggregateType: "market-data",
      aggregateId: `${source}:${symbol}`,
      payload: {
        source,
        sourceSymbol: symbol,
        bidPrice: text(quote, quote.bidPriceStart, quote.bidPriceEnd),
        bidSize: text(quote, quote.bidSizeStart, quote.bidSizeEnd),
        askPrice: text(quote, quote.askPriceStart, quote.askPriceEnd),
        askSize: text(quote, quote.askSizeStart, quote.askSizeEnd),
        sourceTimestamp: Math.floor(quote.receivedTimeUs / 1000),
        timestampSource: "received",
        receivedTimestampUs: quote.receivedTimeUs,
        sequenceNumber: ++sequence,
        instrumentSequence: instrument.sequence,
        venueSequence: text(quote, quote.sequenceStart, quote.sequenceEnd),
        rawPayload: JSON.parse(Buffer.from(quote.raw).toString("utf8")),
      },
      metadata: { source, symbol, session: "bench", ingester: "bench" },
    };
    waiting.push({
      key: `${source}:${symbol}`,
      value: JSON.stringify(value),
      headers: {
        eventType: "market-data.raw-price",
        source,
        symbol,
        session: "bench",
        seq: String(instrument.sequence),
      },
    });
    if (waiting.length >= WAITING_MAX) setPaused(true);
  },
};

const profile = findBuiltInProfile("binance", "websocket");
if (profile === null) throw new Error("Cannot measure: there is no binance profile");
const venue = compileVenue(profile, { urlOverride: url });
const instruments = symbols
  .split(",")
  .map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "binance", symbol }));
const adapter = new WebSocketAdapter({ venue, turns: new TurnQueue(clock) });
adapter.startSession({
  signal: new AbortController().signal,
  epoch: 1,
  instruments,
  quotes,
  monitor: {
    onOpen() {},
    onFrame() {},
    onData() {},
    onReject() {},
    onSubscription() {},
    onReconnectAsked() {},
    onGap() {},
    onPause() {},
  },
  backpressure: {
    get isPaused() {
      return isPaused;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  },
  clock,
});

setInterval(() => process.stdout.write(`${JSON.stringify({ acked })}\n`), 200);
for (;;) {
  if (waiting.length === 0) {
    await new Promise((resolve) => setImmediate(resolve));
    continue;
  }
  const messages = waiting.slice(0, SEND_MESSAGES);
  waiting = waiting.slice(SEND_MESSAGES);
  await producer.send({ topic, acks: -1, compression: ZSTD, messages });
  acked += messages.length;
  if (waiting.length < WAITING_MAX / 2) setPaused(false);
}
