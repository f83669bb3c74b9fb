// Reads what the ingester publishes: each quote once, and every hole with its reason. One JSON line per finding.
//   bun consume.ts localhost:9092 orion.market-data.raw orion.market-data.feed-events [--once]
// --once: ends when all has been read that was there at the start.
import { CompressionCodecs, CompressionTypes, Kafka, type KafkaMessage, logLevel } from "kafkajs";
import { QuoteStreams } from "./quote-streams.ts";

// kafkajs has no zstd, which KAFKA_COMPRESSION is by default.
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }: { buffer: Buffer }) => Bun.zstdCompressSync(buffer),
  decompress: async (bytes: Buffer) => Buffer.from(Bun.zstdDecompressSync(bytes)),
});

const TELL_HOLES_EVERY_MS = 60_000;
const [brokers = "", quotesTopic = "", eventsTopic = "", once] = process.argv.slice(2);
const kafka = new Kafka({ brokers: brokers.split(","), clientId: "consume-example", logLevel: logLevel.WARN });
const counts = { quotes: 0, duplicates: 0 };
const streams = new QuoteStreams(tell);

const admin = kafka.admin();
await admin.connect();
const existing = await admin.listTopics();
// BACKFILL=live_first: what waited out an outage is in a topic of its own.
const topics = [quotesTopic, `${quotesTopic}.backfill`, eventsTopic].filter((topic) => existing.includes(topic));
const unread = new Map<string, number>();
for (const topic of topics) {
  for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
    if (Number(high) > Number(low)) unread.set(`${topic}/${partition}`, Number(high));
}
await admin.disconnect();

// A group of its own that keeps no offsets: the state of QuoteStreams begins empty, so the topic is read from its beginning.
const consumer = kafka.consumer({ groupId: `consume-example-${crypto.randomUUID()}`, maxWaitTimeInMs: 200 });
await consumer.connect();
await consumer.subscribe({ topics, fromBeginning: true });
const timer = setInterval(() => streams.tellHoles(), TELL_HOLES_EVERY_MS);
if (once !== undefined && unread.size === 0) await end();
else {
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      if (topic === eventsTopic) onEvent(message);
      else onQuote(message);
      const place = `${topic}/${partition}`;
      if (Number(message.offset) + 1 >= (unread.get(place) ?? Number.POSITIVE_INFINITY)) unread.delete(place);
      // Not awaited: the consumer waits for this very call.
      if (once !== undefined && unread.size === 0) setImmediate(end);
    },
  });
}

function onQuote(message: KafkaMessage): void {
  const [source, symbol, session] = [header(message, "source"), header(message, "symbol"), header(message, "session")];
  const seq = Number(header(message, "seq"));
  if (!streams.take(source, symbol, session, seq)) {
    counts.duplicates++;
    return;
  }
  counts.quotes++;
  const { payload, metadata } = read(message);
  // Prices are text: keep them so, or use a decimal type; a double changes them.
  tell({ found: "quote", source, symbol, session, seq, bid: payload.bidPrice, ask: payload.askPrice });
  if (metadata.gap !== undefined) tell({ found: "gap", source, symbol, session, seq, reasons: metadata.gap.reasons });
}

function onEvent(message: KafkaMessage): void {
  if (header(message, "eventType") !== "market-data.dropped") return;
  const { payload, metadata } = read(message);
  streams.dropped(payload, payload.session ?? metadata.session);
}

/** Payload and metadata, of KAFKA_VALUE_FORMAT=json as well as of cloudevents. */
function read(message: KafkaMessage) {
  const value = JSON.parse(message.value?.toString() ?? "null");
  return value.data ?? value;
}

function header(message: KafkaMessage, name: string): string {
  return String(message.headers?.[name] ?? "");
}

function tell(finding: object): void {
  process.stdout.write(`${JSON.stringify(finding)}\n`);
}

async function end(): Promise<void> {
  clearInterval(timer);
  await consumer.disconnect();
  streams.tellHoles();
  tell({ found: "end", ...counts });
  process.exit(0);
}
