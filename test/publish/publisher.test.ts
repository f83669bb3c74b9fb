import { describe, expect, test } from "bun:test";
import { appendRecord, recordBytesMax } from "../../src/publish/batch-split.ts";
import type { LaneDropReason } from "../../src/publish/lane-options.ts";
import type { LostQuotes } from "../../src/publish/lost-quotes.ts";
import { Publisher } from "../../src/publish/publisher.ts";
import { readBatch } from "../../src/publish/record-batch-reader.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { FakeTransport } from "../harness/fake-transport.ts";

const TOPICS = { quotes: "q", backfill: null, events: "e", rejected: "r" };

async function setUp(
  options: { partitions?: number; memoryMaxBytes?: number; batchMaxBytes?: number; lingerMs?: number } = {},
) {
  const clock = new FakeClock();
  const transport = new FakeTransport(options.partitions ?? 1);
  const acked = [0];
  const drops: { counts: number[]; reason: LaneDropReason; lost: readonly LostQuotes[] }[] = [];
  const trouble: string[] = [];
  const rejected: string[] = [];
  const publisher = new Publisher({
    transport,
    clock,
    random: () => 1,
    topics: TOPICS,
    compression: "zstd",
    isStamped: true,
    batchMaxBytes: options.batchMaxBytes ?? 100_000,
    lingerMs: options.lingerMs ?? 0,
    memoryMaxBytes: options.memoryMaxBytes ?? 10_000_000,
    feedNames: ["a"],
    instrumentCount: 30,
    spool: null,
    spoolMode: "off",
    onRejected: (records) => rejected.push(...records.map((record) => Buffer.from(record.value ?? []).toString())),
    onAssigned: () => {},
    onAcked: (counts) => {
      acked[0] += counts[0];
    },
    onDropped: (counts, reason, lost) => drops.push({ counts: [...counts], reason, lost }),
    onTrouble: (_lane, code) => trouble.push(code),
  });
  await publisher.start(new AbortController().signal);
  return { clock, transport, acked, drops, trouble, rejected, publisher };
}

/** Writes one quote-like record straight into the lane of its key; false when there was no room. */
function write(publisher: Publisher, value: string, sequence = 1, key = "a:X"): boolean {
  const lane = publisher.quoteLane(Buffer.from(key));
  const header = (name: string, text: string) => ({ key: name, value: Buffer.from(text) });
  const record = {
    timestampMs: 1_700_000_000_000,
    key: Buffer.from(key),
    value: Buffer.from(value),
    headers: [header("source", "a"), header("symbol", key.slice(2)), header("seq", String(sequence))],
  };
  const batch = lane.reserve(recordBytesMax(record), record.timestampMs);
  if (batch === null) return false;
  appendRecord(batch, record);
  batch.countsByFeed[0]++;
  lane.kick();
  return true;
}

describe("Lane", () => {
  test("sends at once when idle and fills the next batch while one is in flight", async () => {
    const { clock, transport, publisher, acked } = await setUp();
    transport.isHeld = true;
    write(publisher, "1");
    await clock.advance(0);
    write(publisher, "2", 2);
    write(publisher, "3", 3);
    await clock.advance(10);
    expect(transport.attempts.map((a) => a.values)).toEqual([["1"]]);
    transport.release();
    await clock.advance(0);
    expect(transport.attempts.map((a) => a.values)).toEqual([["1"], ["2", "3"]]);
    expect(transport.attempts.map((a) => a.baseSequence)).toEqual([0, 1]);
    expect(acked[0]).toBe(3);
    expect(clock.armedTimers).toBe(0);
  });

  test("sends the same batch with the same sequence until it is acked: a lost ack costs nothing", async () => {
    const { clock, transport, publisher, acked, trouble } = await setUp();
    for (let i = 0; i < 12; i++) transport.script.push("lost-ack");
    write(publisher, "1");
    await clock.advance(0);
    write(publisher, "2", 2);
    await clock.advance(60_000);
    expect(new Set(transport.attempts.filter((a) => a.values[0] === "1").map((a) => a.baseSequence))).toEqual(
      new Set([0]),
    );
    expect(transport.log.get("q/0")).toEqual(["1", "2"]);
    expect(transport.producers).toBe(1);
    expect(trouble).toHaveLength(12);
    expect(acked[0]).toBe(2);
  });

  test("retries wait 50 ms, double, and never more than a second", async () => {
    const { clock, transport, publisher } = await setUp();
    for (let i = 0; i < 8; i++) transport.script.push({ outcome: "retry", code: "X", message: "" });
    write(publisher, "1");
    await clock.advance(0);
    const delays: number[] = [];
    for (let i = 0; i < 8; i++) {
      delays.push(clock.armedDelaysMs[0]);
      await clock.advance(clock.armedDelaysMs[0]);
    }
    expect(delays).toEqual([50, 100, 200, 400, 800, 1000, 1000, 1000]);
    expect(transport.log.get("q/0")).toEqual(["1"]);
  });

  test("takes a new producer id when the old one is refused, and counts the possible duplicate", async () => {
    const { clock, transport, publisher, acked } = await setUp();
    write(publisher, "1");
    await clock.advance(0);
    transport.script.push({ outcome: "new_producer_id", code: "UNKNOWN_PRODUCER_ID", message: "" });
    write(publisher, "2", 2);
    await clock.advance(5_000);
    expect(transport.attempts.at(-1)).toMatchObject({ producerId: 2n, baseSequence: 0, values: ["2"] });
    expect(publisher.lanes()[0].possibleDuplicates).toBe(1);
    expect(acked[0]).toBe(2);
  });

  test("keeps asking for a producer id while the broker is away", async () => {
    const { clock, transport, publisher, acked } = await setUp();
    transport.failingProducers = 5;
    write(publisher, "1");
    await clock.advance(10_000);
    expect(acked[0]).toBe(1);
    expect(publisher.lanes()[0].retries).toBe(5);
  });

  test("splits a batch that is too large, in order, under a new producer id", async () => {
    const { clock, transport, publisher, acked } = await setUp();
    transport.isHeld = true;
    write(publisher, "0");
    await clock.advance(0);
    for (let i = 1; i <= 5; i++) write(publisher, String(i), i);
    transport.script.push({ outcome: "too_large", code: "MESSAGE_TOO_LARGE", message: "" });
    transport.release();
    await clock.advance(5_000);
    expect(transport.log.get("q/0")).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect(transport.producers).toBe(2);
    expect(acked[0]).toBe(6);
    expect(publisher.held().inMemory[0]).toBe(0);
  });

  test("makes smaller batches from then on when the topic took none as large", async () => {
    const { clock, transport, publisher, acked } = await setUp({ batchMaxBytes: 100_000 });
    transport.isHeld = true;
    write(publisher, "0");
    await clock.advance(0);
    transport.script.push({ outcome: "too_large", code: "MESSAGE_TOO_LARGE", message: "" });
    for (let i = 0; i < 90; i++) write(publisher, String(i).padStart(1000, "x"), i);
    transport.release();
    for (let i = 0; i < 20; i++) await clock.advance(100);
    for (let i = 0; i < 200; i++) write(publisher, String(i).padStart(1000, "y"), i);
    for (let i = 0; i < 20; i++) await clock.advance(100);
    const sizes = transport.attempts.map(({ values }) => values.length);
    expect(sizes[1]).toBe(90);
    expect(Math.max(...sizes.slice(2))).toBeLessThan(50);
    expect(acked[0]).toBe(291);
  });

  test("begins a new batch when a stamp is too far from the first for its 32-bit difference", async () => {
    const { clock, transport, publisher } = await setUp();
    transport.isHeld = true;
    write(publisher, "0");
    await clock.advance(0);
    const lane = publisher.lanes()[0];
    const stamps = [1_700_000_000_000, 0, 1_700_000_000_001];
    for (const timestampMs of stamps) {
      const record = { timestampMs, key: Buffer.from("a:X"), value: Buffer.from(String(timestampMs)), headers: [] };
      const batch = lane.reserve(recordBytesMax(record), timestampMs);
      if (batch !== null) appendRecord(batch, record);
    }
    const read = [...lane.queue.takeBehindFirst(), lane.open.seal("none")].flatMap(
      (batch) => readBatch(batch.bytes).records,
    );
    expect(read.map((record) => record.timestampMs)).toEqual(stamps);
    transport.release();
  });

  test("drops a single record that is too large, says which, and goes on", async () => {
    const { clock, transport, publisher, acked, drops } = await setUp();
    transport.script.push({ outcome: "too_large", code: "MESSAGE_TOO_LARGE", message: "" });
    write(publisher, "big", 41);
    await clock.advance(0);
    write(publisher, "small", 42);
    await clock.advance(5_000);
    expect(transport.log.get("q/0")).toEqual(["small"]);
    expect(drops).toEqual([
      {
        counts: [1],
        reason: "record_too_large",
        lost: [
          {
            source: "a",
            symbol: "X",
            session: "",
            reason: "record_too_large",
            count: 1,
            fromSequence: 41,
            toSequence: 41,
          },
        ],
      },
    ]);
    expect(acked[0]).toBe(1);
  });

  test("lingers only when asked to", async () => {
    const { clock, transport, publisher } = await setUp({ lingerMs: 20 });
    write(publisher, "1");
    await clock.advance(19);
    expect(transport.attempts).toHaveLength(0);
    write(publisher, "2", 2);
    await clock.advance(1);
    expect(transport.attempts.map((a) => a.values)).toEqual([["1", "2"]]);
  });

  test("lingers no longer once a batch is full", async () => {
    const { clock, transport, publisher } = await setUp({ lingerMs: 10_000, batchMaxBytes: 16_384 });
    write(publisher, "x".repeat(10_000));
    write(publisher, "y".repeat(10_000), 2);
    await clock.advance(1);
    expect(transport.attempts.map((a) => a.values[0]?.[0])).toEqual(["x", "y"]);
    expect(clock.armedTimers).toBe(0);
  });

  test("lingers no longer once it is drained, and leaves no timer when stopped", async () => {
    const { clock, publisher, acked } = await setUp({ lingerMs: 10_000 });
    write(publisher, "1");
    await clock.advance(1);
    const drained = publisher.drain(1000);
    await clock.advance(1);
    expect(await drained).toBe(true);
    expect(acked[0]).toBe(1);
    write(publisher, "2", 2);
    await publisher.stop(0);
    expect(clock.armedTimers).toBe(0);
  });
});

describe("Publisher", () => {
  test("memory is bounded: full means no room, and room again once acked", async () => {
    const { clock, transport, publisher, acked } = await setUp({ memoryMaxBytes: 200_000, batchMaxBytes: 20_000 });
    transport.isHeld = true;
    let accepted = 0;
    while (accepted < 100_000 && write(publisher, crypto.randomUUID().repeat(20), accepted)) accepted++;
    expect(accepted).toBeGreaterThan(100);
    expect(publisher.budget.usedBytes).toBeGreaterThan(180_000);
    expect(publisher.budget.usedBytes).toBeLessThan(260_000);
    expect(publisher.held().inMemory[0]).toBe(accepted);
    transport.release();
    for (let i = 0; i < 100; i++) await clock.advance(10);
    expect(acked[0]).toBe(accepted);
    expect(publisher.held().inMemory[0]).toBe(0);
    expect(write(publisher, "more", 1)).toBe(true);
  });

  test("a slow partition does not stop the others", async () => {
    const { clock, transport, publisher } = await setUp({ partitions: 8 });
    transport.script.push({ outcome: "retry", code: "NOT_ENOUGH_REPLICAS", message: "" });
    write(publisher, "stuck", 1, "a:X");
    await clock.advance(0);
    const other = ["a:A", "a:B", "a:C", "a:D"].find(
      (key) => publisher.quoteLane(Buffer.from(key)) !== publisher.quoteLane(Buffer.from("a:X")),
    );
    expect(other).toBeDefined();
    write(publisher, "free", 1, other);
    await clock.advance(0);
    expect([...transport.log.values()].flat()).toEqual(["free"]);
  });

  test("drain() waits for the acks; stop() counts what is left as dropped", async () => {
    const { clock, transport, publisher, drops } = await setUp();
    write(publisher, "1");
    const drained = publisher.drain(10_000);
    await clock.advance(0);
    expect(await drained).toBe(true);
    transport.isHeld = true;
    write(publisher, "2", 2);
    await clock.advance(0);
    write(publisher, "3", 3);
    const late = publisher.drain(10_000);
    await clock.advance(10_000);
    expect(await late).toBe(false);
    await publisher.stop(100);
    expect(drops.map((d) => [d.reason, d.counts[0]])).toEqual([
      ["shutdown", 1],
      ["shutdown", 1],
    ]);
    expect(publisher.held().inMemory[0]).toBe(0);
  });

  test("batches shrink when many partitions share little memory", async () => {
    const { publisher } = await setUp({ partitions: 10, memoryMaxBytes: 1_000_000, batchMaxBytes: 1_000_000 });
    expect(publisher.batchMaxBytes).toBeLessThanOrEqual(1_000_000 / 2 / 12);
  });

  test("events go to their own topic and never count as quotes", async () => {
    const { clock, transport, publisher, acked } = await setUp();
    publisher.publishEvent({
      timestampMs: 1_700_000_000_000,
      key: Buffer.from("a"),
      value: Buffer.from("{}"),
      headers: [],
    });
    await clock.advance(0);
    expect(transport.log.get("e/0")).toEqual(["{}"]);
    expect(acked[0]).toBe(0);
    expect(publisher.coldAcked).toBe(1);
  });

  test("an event without room is counted as dropped, unless its caller keeps it", async () => {
    const { transport, publisher } = await setUp({ memoryMaxBytes: 200_000 });
    transport.isHeld = true;
    for (let i = 0; i < 100_000 && write(publisher, crypto.randomUUID().repeat(20), i); i++);
    const event = {
      timestampMs: 1_700_000_000_000,
      key: Buffer.from("a"),
      value: Buffer.alloc(publisher.batchMaxBytes / 2),
      headers: [],
    };
    let written = 0;
    while (written < 100 && publisher.publishEvent(event, "kept")) written++;
    expect(written).toBeLessThan(100);
    expect(publisher.coldDropped).toBe(0);
    expect(publisher.publishEvent(event)).toBe(false);
    expect(publisher.coldDropped).toBe(1);
  });
});
