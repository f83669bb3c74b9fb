// The examples of docs/consume.md against a real Kafka: topics with duplicates, holes that events explain and one that none
// does, a backfill topic, a second session, both formats of values, zstd as the ingester has it.
import { beforeAll, describe, expect, test } from "bun:test";
import { CompressionCodecs, CompressionTypes, Kafka, logLevel, type Message, Partitioners } from "kafkajs";
import type { DroppedEvent } from "../../../src/domain/feed-event.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import { EventEnvelope } from "../../../src/pipeline/event-envelope.ts";
import { GapNote } from "../../../src/pipeline/gap-note.ts";
import type { RecordIdentity } from "../../../src/pipeline/instrument-template.ts";
import { type Consumers, installConsumers } from "../../harness/consumers-install.ts";
import { KAFKA_START_TIMEOUT_MS, sharedKafka, uniqueTopic } from "../../harness/kafka.ts";
import { quoteView } from "../../harness/quotes.ts";
import { eventMessage, quoteMessage } from "../../harness/record-messages.ts";

const RUN_LIMIT_MS = 60_000;
const TIME_US = 1_700_000_000_123_456;
const BTC = { source: "binance", symbol: "BTCUSDT" };
const ETH = { source: "binance", symbol: "ETHUSDT" };
const EUR = { source: "lp-alpha", symbol: "EUR/USD" };
const FIRST: RecordIdentity = { session: "s-1", ingester: "edge-1", format: "json" };
const SECOND: RecordIdentity = { session: "s-2", ingester: "edge-1", format: "cloudevents" };

interface Name {
  readonly source: string;
  readonly symbol: string;
}

/** A quote with our number `seq`, whose prices tell it from all others. */
function quote(name: Name, seq: number, identity = FIRST, gap: Buffer | null = null): Message {
  const instrument = new Instrument({ id: 0, feedIndex: 0, ...name });
  instrument.sequence = seq;
  return quoteMessage(
    identity,
    quoteView(instrument, { bidPrice: `${seq}.10`, askPrice: seq % 2 === 0 ? null : `${seq}.20` }),
    gap,
  );
}

function dropped(event: Omit<DroppedEvent, "type" | "timeUs">, identity = FIRST): Message {
  return eventMessage(new EventEnvelope(identity).event({ type: "market-data.dropped", timeUs: TIME_US, ...event }));
}

function gapOfDrop(from: number, to: number): Buffer {
  const note = new GapNote(TIME_US);
  note.reasons.add("disconnect").add("dropped");
  note.fromInstrumentSequence = from;
  note.toInstrumentSequence = to;
  return note.toBytes();
}

const LIVE: readonly Message[] = [
  // What was in flight when an ack was lost comes twice.
  ...[1, 2, 3, 1, 2, 3, 4].map((seq) => quote(BTC, seq)),
  // Kept from 5 on: what was before is no hole anybody can tell of.
  ...[5, 6].map((seq) => quote(ETH, seq)),
  quote(BTC, 7, FIRST, gapOfDrop(5, 6)),
  quote(BTC, 10),
  ...[1, 4].map((seq) => quote(EUR, seq)),
  ...[1, 2, 2].map((seq) => quote(BTC, seq, SECOND)),
  quote(ETH, 3, SECOND),
];
const BACKFILL: readonly Message[] = [quote(BTC, 8), quote(BTC, 8)];
const EVENTS: readonly Message[] = [
  eventMessage(
    new EventEnvelope(FIRST).event({
      type: "market-data.feed-stale",
      source: "binance",
      timeUs: TIME_US,
      silentMs: 6000,
    }),
  ),
  dropped({ ...BTC, reason: "memory_full", count: 2, fromSequence: 5, toSequence: 6 }),
  dropped({ ...BTC, reason: "spool_expired", session: "s-1", count: 1, fromSequence: 9, toSequence: 9 }, SECOND),
  dropped({ source: "lp-alpha", reason: "spool_damaged", count: 2 }),
];

function found(kind: string, name: Name, session: string, more: object = {}): object {
  return { found: kind, ...name, session, ...more };
}

function quotes(name: Name, session: string, seqs: readonly number[]): object[] {
  return seqs.map((seq) =>
    found("quote", name, session, { seq, bid: `${seq}.10`, ask: seq % 2 === 0 ? null : `${seq}.20` }),
  );
}

const FINDINGS: readonly object[] = [
  ...[found("session", BTC, "s-1"), found("session", ETH, "s-1"), found("session", EUR, "s-1")],
  ...[found("session", BTC, "s-2"), found("session", ETH, "s-2")],
  ...quotes(BTC, "s-1", [1, 2, 3, 4, 7, 8, 10]),
  ...quotes(ETH, "s-1", [5, 6]),
  ...quotes(EUR, "s-1", [1, 4]),
  ...quotes(BTC, "s-2", [1, 2]),
  ...quotes(ETH, "s-2", [3]),
  ...[1, 2, 3, 8].map((seq) => found("duplicate", BTC, "s-1", { seq })),
  found("duplicate", BTC, "s-2", { seq: 2 }),
  found("gap", BTC, "s-1", { seq: 7, reasons: ["disconnect", "dropped"] }),
  found("hole", BTC, "s-1", { from: 5, to: 6, why: "memory_full" }),
  found("hole", BTC, "s-1", { from: 9, to: 9, why: "spool_expired" }),
  found("hole", EUR, "s-1", { from: 2, to: 3, why: "perhaps spool_damaged" }),
  found("hole", ETH, "s-2", { from: 1, to: 2, why: "unknown" }),
  { found: "end", quotes: 14, duplicates: 5 },
];

let consumers: Consumers;
let bootstrap: string;

beforeAll(async () => {
  consumers = await installConsumers();
  bootstrap = (await sharedKafka()).bootstrap.plain;
}, KAFKA_START_TIMEOUT_MS);

/** Fills topics of their own, each of one batch and partition; returns the arguments of the examples. */
async function fillTopics(backfill: readonly Message[]): Promise<string[]> {
  const quotesTopic = uniqueTopic("consume");
  const eventsTopic = uniqueTopic("consume-events");
  const kafka = await sharedKafka();
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async ({ buffer }: { buffer: Buffer }) => Bun.zstdCompressSync(buffer),
    decompress: async (bytes: Buffer) => Buffer.from(Bun.zstdDecompressSync(bytes)),
  });
  const client = new Kafka({ brokers: [bootstrap], clientId: "edge-ingester-test", logLevel: logLevel.NOTHING });
  const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const contents = new Map([
    [quotesTopic, LIVE],
    [eventsTopic, EVENTS],
    ...(backfill.length > 0 ? [[`${quotesTopic}.backfill`, backfill] as const] : []),
  ]);
  for (const [topic, messages] of contents) {
    await kafka.createTopic(topic, 1);
    const batch = messages.map((message) => ({ ...message, partition: 0 }));
    await producer.send({ topic, messages: batch, acks: -1, compression: CompressionTypes.ZSTD });
  }
  await producer.disconnect();
  return [bootstrap, quotesTopic, eventsTopic, "--once"];
}

/** Runs an example to its end; returns what it found, sorted, for the topics may be read in any order. */
async function findingsOf(command: readonly string[], args: readonly string[]): Promise<string[]> {
  const child = Bun.spawn([...command, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: RUN_LIMIT_MS,
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const code = await child.exited;
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}\n${stderr}`);
  const lines = stdout.trimEnd().split("\n");
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ found: "end" });
  return sorted(lines.map((line) => JSON.parse(line)));
}

/** Members by name: the order in which a language writes them means nothing. */
function sorted(findings: readonly object[]): string[] {
  return findings
    .map((finding) => JSON.stringify(Object.entries(finding).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    .toSorted();
}

describe("the examples of docs/consume.md", () => {
  test(
    "each finds every quote once, the duplicates, the holes and why, over two sessions and both formats",
    async () => {
      const args = await fillTopics(BACKFILL);
      const commands = Object.entries(consumers) as [string, readonly string[]][];
      const results = await Promise.all(commands.map(([, command]) => findingsOf(command, args)));
      for (const [i, [language]] of commands.entries())
        expect({ language, findings: results[i] }).toEqual({ language, findings: sorted(FINDINGS) });
    },
    RUN_LIMIT_MS,
  );

  test(
    "each finds a hole unexplained when there is no backfill topic to fill it, and ends at once when all is empty",
    async () => {
      const args = await fillTopics([]);
      const nothing = [bootstrap, uniqueTopic("nothing"), uniqueTopic("nothing"), "--once"];
      for (const command of Object.values(consumers) as (readonly string[])[]) {
        const [findings, empty] = await Promise.all([findingsOf(command, args), findingsOf(command, nothing)]);
        const holes = findings.filter((finding) => finding.includes('"hole"') && finding.includes('"unknown"'));
        const expected = [
          found("hole", BTC, "s-1", { from: 8, to: 8, why: "unknown" }),
          found("hole", ETH, "s-2", { from: 1, to: 2, why: "unknown" }),
        ];
        expect(holes).toEqual(sorted(expected));
        expect(empty).toEqual(sorted([{ found: "end", quotes: 0, duplicates: 0 }]));
      }
    },
    RUN_LIMIT_MS,
  );
});
