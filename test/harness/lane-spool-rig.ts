import { expect } from "bun:test";
import { appendRecord, recordBytesMax } from "../../src/publish/batch-split.ts";
import type { SendResult } from "../../src/publish/batch-transport.ts";
import { Publisher } from "../../src/publish/publisher.ts";
import { readBatch } from "../../src/publish/record-batch-reader.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeSpool } from "./fake-spool.ts";
import { FakeTransport } from "./fake-transport.ts";

/** The answer of a broker that is away. */
export const DOWN: SendResult = { outcome: "retry", code: "NETWORK_EXCEPTION", message: "away" };
/** As long as a lane may keep a record in memory alone, with the publisher's look at it (promise P2). */
export const SAFE_AFTER_MS = 700;

/** A broker that can be away, behind the usual rules of idempotence. */
export class AwayBroker extends FakeTransport {
  isDown = false;
  /** Attempts answered while it is away. */
  refused = 0;
  isKnown = true;
  #known: (() => void)[] = [];

  override async start(): Promise<void> {
    if (!this.isKnown) await new Promise<void>((resolve) => this.#known.push(resolve));
  }

  reveal(): void {
    this.isKnown = true;
    for (const resolve of this.#known.splice(0)) resolve();
  }

  override async send(...args: Parameters<FakeTransport["send"]>): Promise<SendResult> {
    if (!this.isDown) return await super.send(...args);
    this.refused++;
    return DOWN;
  }
}

/** What differs from the usual. */
export interface LaneRigOptions {
  readonly mode?: "overflow" | "write";
  readonly partitions?: number;
  readonly spool?: FakeSpool;
  readonly memoryMaxBytes?: number;
  readonly batchMaxBytes?: number;
  readonly backfill?: string | null;
}

/** A publisher on fakes: a broker that can be away, a disk that can be full, a ledger that must balance. */
export function setUpLanes(options: LaneRigOptions = {}) {
  const clock = new FakeClock();
  const broker = new AwayBroker(options.partitions ?? 1);
  const spool = options.spool ?? new FakeSpool(["a"]);
  const totals = { accepted: 0, acked: 0, dropped: 0, assigned: 0 };
  /** Quotes that are lost, and told so. */
  const given = { up: [] as string[] };
  const publisher = new Publisher({
    transport: broker,
    clock,
    random: () => 1,
    topics: { quotes: "q", backfill: options.backfill ?? null, events: "e", rejected: "r" },
    compression: "zstd",
    isStamped: true,
    batchMaxBytes: options.batchMaxBytes ?? 100_000,
    lingerMs: 0,
    memoryMaxBytes: options.memoryMaxBytes ?? 10_000_000,
    feedNames: ["a"],
    instrumentCount: 30,
    spool,
    spoolMode: options.mode ?? "overflow",
    onAcked: (counts) => {
      totals.acked += counts[0];
    },
    onDropped: (counts, _reason, lost) => {
      totals.dropped += counts[0];
      for (const { fromSequence, toSequence } of lost)
        given.up.push(...numbers(toSequence - fromSequence + 1, fromSequence));
    },
    onRejected: () => {},
    onAssigned: () => {
      totals.assigned++;
    },
    onTrouble: () => {},
  });
  /** Writes one quote; false when there was no room, which the ledger counts as accepted and dropped. */
  const write = (value: string, key = "a:X", timestampMs = 1_700_000_000_000 + clock.monotonicMs()): boolean => {
    const lane = publisher.quoteLane(Buffer.from(key));
    const header = (name: string, text: string) => ({ key: name, value: Buffer.from(text) });
    const record = {
      timestampMs,
      key: Buffer.from(key),
      value: Buffer.from(value),
      headers: [header("source", "a"), header("symbol", key.slice(2)), header("seq", value)],
    };
    totals.accepted++;
    const batch = lane.reserve(recordBytesMax(record), record.timestampMs);
    if (batch === null) {
      totals.dropped++;
      given.up.push(value);
      return false;
    }
    appendRecord(batch, record);
    batch.countsByFeed[0]++;
    lane.kick();
    return true;
  };
  spool.onLost = (batch) => {
    totals.dropped += batch.countsByFeed[0];
    given.up.push(...readBatch(batch.bytes).records.map(({ value }) => Buffer.from(value ?? []).toString()));
  };
  const held = () => publisher.held();
  /** 0, or the ledger lies. */
  const balance = () => {
    const { inMemory, onSpool } = held();
    return totals.accepted + spool.recoveredByFeed[0] - totals.acked - totals.dropped - inMemory[0] - onSpool[0];
  };
  const run = async (ms: number, step = 50) => {
    for (let left = ms; left > 0; left -= step) {
      await clock.advance(Math.min(step, left));
      expect(balance()).toBe(0);
    }
  };
  const log = (topic = "q", partition = 0) => broker.log.get(`${topic}/${partition}`) ?? [];
  return { clock, given, broker, spool, totals, publisher, write, held, balance, run, log, start: startOf(publisher) };
}

function startOf(publisher: Publisher): () => Promise<void> {
  return () => publisher.start(new AbortController().signal);
}

/** `from`, `from + 1`, … as text. */
export function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => String(from + i));
}
