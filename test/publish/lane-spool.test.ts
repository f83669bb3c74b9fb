// Lanes that go through the disk: what goes there when, and that order, counts and promises hold on the way.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { appendRecord, recordBytesMax } from "../../src/publish/batch-split.ts";
import type { SendResult } from "../../src/publish/batch-transport.ts";
import { Publisher } from "../../src/publish/publisher.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { FakeLog, FakeSpool } from "../harness/fake-spool.ts";
import { FakeTransport } from "../harness/fake-transport.ts";

const DOWN: SendResult = { outcome: "retry", code: "NETWORK_EXCEPTION", message: "away" };
/** As long as a lane may keep a record in memory alone, with the publisher's look at it (promise P2). */
const SAFE_AFTER_MS = 700;

/** A broker that can be away, behind the usual rules of idempotence. */
class Broker extends FakeTransport {
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

interface Setup {
  readonly mode?: "overflow" | "write";
  readonly partitions?: number;
  readonly spool?: FakeSpool;
  readonly memoryMaxBytes?: number;
  readonly batchMaxBytes?: number;
  readonly backfill?: string | null;
}

function setUp(options: Setup = {}) {
  const clock = new FakeClock();
  const broker = new Broker(options.partitions ?? 1);
  const spool = options.spool ?? new FakeSpool(["a"]);
  const totals = { accepted: 0, acked: 0, dropped: 0, assigned: 0 };
  /** Quotes the broker would never have. */
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
  const write = (value: string, key = "a:X"): boolean => {
    const lane = publisher.quoteLane(Buffer.from(key));
    const header = (name: string, text: string) => ({ key: name, value: Buffer.from(text) });
    const record = {
      timestampMs: 1_700_000_000_000 + clock.monotonicMs(),
      key: Buffer.from(key),
      value: Buffer.from(value),
      headers: [header("source", "a"), header("symbol", key.slice(2)), header("seq", value)],
    };
    totals.accepted++;
    const batch = lane.reserve(recordBytesMax(record), record.timestampMs);
    if (batch === null) {
      totals.dropped++;
      return false;
    }
    appendRecord(batch, record);
    batch.countsByFeed[0]++;
    lane.kick();
    return true;
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

function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => String(from + i));
}

describe("a lane with a spool", () => {
  test("touches no disk while acks come in time", async () => {
    const { run, start, write, spool, log } = setUp();
    await start();
    for (const value of numbers(100)) {
      write(value);
      await run(20);
    }
    expect(log()).toEqual(numbers(100));
    expect(spool.all.flatMap((each) => each.entries)).toEqual([]);
    expect(spool.log({ topic: "q", partition: 0, partitionCount: 1 }).settled).toBe(0);
  });

  test("has all on the disk that is older than the promise says, and keeps little in memory", async () => {
    const { run, start, write, spool, broker, publisher, clock } = setUp();
    await start();
    broker.isDown = true;
    for (const value of numbers(200)) {
      write(value);
      await run(20, 20);
      const lane = publisher.lanes().find((each) => each.topic === "q");
      if (lane === undefined) throw new Error("no lane");
      const stored = spool.log({ topic: "q", partition: 0, partitionCount: 1 }).stored.records;
      const safe = Math.floor((clock.monotonicMs() - SAFE_AFTER_MS) / 20);
      expect(stored).toBeGreaterThanOrEqual(Math.min(safe, Number(value)));
      expect(lane.queue.memoryBatches).toBeLessThanOrEqual(3);
    }
    expect(publisher.lanes().find((each) => each.topic === "q")?.state).toBe("spooling");
  });

  test("delivers the backlog first and in order, then goes from memory again", async () => {
    const { run, start, write, spool, broker, publisher, log, totals } = setUp();
    await start();
    broker.isDown = true;
    for (const value of numbers(200)) {
      write(value);
      await run(20);
    }
    broker.isDown = false;
    for (const value of numbers(200, 200)) {
      write(value);
      await run(20);
    }
    await run(3000);
    expect(log()).toEqual(numbers(400));
    expect(totals.acked).toBe(400);
    expect(publisher.lanes().find((each) => each.topic === "q")?.state).toBe("direct");
    expect(spool.logs()).toEqual([]);
  });

  test("an unknown outcome on the way through the disk writes nothing twice", async () => {
    const { run, start, write, broker, log } = setUp();
    await start();
    for (const value of numbers(300)) {
      if (Math.random() < 0.3) broker.script.push("lost-ack");
      if (Math.random() < 0.05) broker.isDown = !broker.isDown;
      write(value);
      await run(20);
    }
    broker.isDown = false;
    broker.script.length = 0;
    await run(5000);
    expect(log()).toEqual(numbers(300));
  });

  test("splits a batch that came from the disk and settles it when both halves are delivered", async () => {
    const { run, start, write, broker, log, spool } = setUp();
    await start();
    broker.isDown = true;
    for (const value of numbers(100)) {
      write(value);
      if (Number(value) > 10) await run(20);
    }
    broker.isDown = false;
    broker.script.push({ outcome: "too_large", code: "MESSAGE_TOO_LARGE", message: "" });
    await run(3000);
    expect(log()).toEqual(numbers(100));
    expect(spool.logs()).toEqual([]);
  });

  test("half of a split batch is not the whole: a restart before the other half is delivered sends both", async () => {
    const first = setUp();
    await first.start();
    first.broker.isDown = true;
    for (const value of numbers(100)) first.write(value);
    await first.run(2000);
    first.broker.isDown = false;
    first.broker.script.push({ outcome: "too_large", code: "MESSAGE_TOO_LARGE", message: "" }, { outcome: "acked" });
    first.broker.script.push(...Array.from({ length: 100 }, () => DOWN));
    await first.run(2000);
    expect(first.log()).toEqual(numbers(50));
    await first.publisher.stop(0);
    const second = setUp({ spool: new FakeSpool(["a"], first.spool.all) });
    await second.start();
    await second.run(1000);
    expect(second.log()).toEqual(numbers(100));
  });

  test("a disk without room: memory takes what it can, in order, and only then quotes are refused", async () => {
    const { run, start, write, broker, log, spool, totals } = setUp({ memoryMaxBytes: 400_000, batchMaxBytes: 20_000 });
    await start();
    broker.isDown = true;
    spool.roomBytes = 50_000;
    const taken: string[] = [];
    for (const value of numbers(3000)) {
      const text = `${value} ${Array.from({ length: 10 }, () => crypto.randomUUID()).join("")}`;
      if (write(text)) taken.push(text);
      if (Number(value) % 10 === 0) await run(10, 10);
    }
    expect(totals.dropped).toBeGreaterThan(100);
    expect(taken.length).toBeGreaterThan(500);
    broker.isDown = false;
    await run(10_000);
    expect(log()).toEqual(taken);
  });

  test("a disk that has room again takes what waited in memory, before anything newer", async () => {
    const { run, start, write, broker, log, spool } = setUp();
    await start();
    broker.isDown = true;
    for (const value of numbers(50)) {
      write(value);
      await run(40);
    }
    const disk = spool.log({ topic: "q", partition: 0, partitionCount: 1 });
    disk.roomBytes = 0;
    for (const value of numbers(50, 50)) {
      write(value);
      await run(40);
    }
    disk.roomBytes = Number.POSITIVE_INFINITY;
    for (const value of numbers(50, 100)) {
      write(value);
      await run(40);
    }
    expect(disk.stored.records).toBeGreaterThan(125);
    broker.isDown = false;
    await run(5000);
    expect(log()).toEqual(numbers(150));
  });

  test("a disk that cannot be read is asked again", async () => {
    const { run, start, write, broker, log, spool } = setUp();
    await start();
    broker.isDown = true;
    for (const value of numbers(200)) {
      write(value);
      await run(20);
    }
    const disk = spool.log({ topic: "q", partition: 0, partitionCount: 1 });
    disk.isReadable = false;
    broker.isDown = false;
    await run(5000);
    expect(log().length).toBeLessThan(200);
    disk.isReadable = true;
    await run(5000);
    expect(log()).toEqual(numbers(200));
  });

  test("stop() leaves all on the disk, and a new life delivers it before its own", async () => {
    const first = setUp();
    await first.start();
    first.broker.isDown = true;
    for (const value of numbers(100)) {
      first.write(value);
      await first.run(20);
    }
    const drained = first.publisher.drain(10_000);
    await first.run(100);
    expect(await drained).toBe(true);
    await first.publisher.stop(0);
    expect(first.totals).toMatchObject({ accepted: 100, acked: 0, dropped: 0 });
    expect(first.balance()).toBe(0);

    const second = setUp({ spool: new FakeSpool(["a"], first.spool.all) });
    expect(second.spool.recoveredByFeed[0]).toBe(100);
    await second.start();
    for (const value of numbers(50, 100)) {
      second.write(value);
      await second.run(20);
    }
    await second.run(3000);
    expect(second.log()).toEqual(numbers(150));
    expect(second.spool.logs()).toEqual([]);
  });
});

describe("SPOOL_MODE=write", () => {
  test("counts a quote as accepted when the disk has its batch", async () => {
    const { run, start, write, spool, broker, held } = setUp({ mode: "write" });
    await start();
    broker.isHeld = true;
    const disk = spool.log({ topic: "q", partition: 0, partitionCount: 1 });
    for (const value of numbers(100)) {
      write(value);
      await run(7, 7);
      expect(Number(value) + 1 - held().notYetAccepted[0]).toBe(disk.stored.records);
    }
    await run(200);
    expect(held().notYetAccepted[0]).toBe(0);
    broker.release();
    await run(5000);
    expect(disk.stored.records).toBe(0);
    expect(broker.log.get("q/0")).toEqual(numbers(100));
  });

  test("does not count what the disk refuses, and delivers it all the same", async () => {
    const { run, start, write, spool, broker, held, log } = setUp({ mode: "write" });
    await start();
    broker.isHeld = true;
    spool.log({ topic: "q", partition: 0, partitionCount: 1 }).roomBytes = 0;
    for (const value of numbers(50)) {
      write(value);
      await run(20);
    }
    expect(held().notYetAccepted[0]).toBe(50);
    broker.release();
    await run(5000);
    expect(log()).toEqual(numbers(50));
    expect(held().notYetAccepted[0]).toBe(0);
  });
});

describe("partitions that are not known", () => {
  const KEYS = ["a:A", "a:B", "a:C", "a:D", "a:E", "a:F"];

  test("records wait on the disk and are dealt out in order once they are", async () => {
    const { run, start, write, broker, publisher, totals } = setUp({ partitions: 4 });
    broker.isKnown = false;
    const started = start();
    publisher.accept();
    for (const value of numbers(300)) {
      write(value, KEYS[Number(value) % KEYS.length]);
      await run(20);
    }
    expect(
      publisher
        .lanes()
        .filter((lane) => lane.topic === "q")
        .map((lane) => lane.state),
    ).toEqual(["held"]);
    broker.reveal();
    await started;
    for (const value of numbers(300, 300)) {
      write(value, KEYS[Number(value) % KEYS.length]);
      await run(20);
    }
    await run(3000);
    expectInOrder(broker, 600);
    expect(totals).toMatchObject({ acked: 600, dropped: 0 });
    expect(totals.assigned).toBe(3);
    expect(publisher.lanes().filter((lane) => lane.state === "held")).toEqual([]);
  });

  test("a backlog of fewer partitions is dealt out before anything newer", async () => {
    const first = setUp({ partitions: 2 });
    await first.start();
    first.broker.isDown = true;
    for (const value of numbers(300)) {
      first.write(value, KEYS[Number(value) % KEYS.length]);
      await first.run(20);
    }
    await first.publisher.stop(0);

    const second = setUp({ partitions: 5, spool: new FakeSpool(["a"], first.spool.all) });
    await second.start();
    for (const value of numbers(300, 300)) {
      second.write(value, KEYS[Number(value) % KEYS.length]);
      await second.run(20);
    }
    await second.run(3000);
    expectInOrder(second.broker, 600);
    expect(second.spool.logs()).toEqual([]);
    expect(second.publisher.strangeTopics()).toEqual([]);
  });

  test("a log of a topic that is none of ours is told, and left alone", async () => {
    const stranger = new FakeLog({ topic: "other", partition: 0, partitionCount: 1 });
    const first = setUp();
    await first.start();
    first.broker.isDown = true;
    first.write("0");
    await first.run(2000);
    stranger.append(first.spool.all[0].entries[0].batch, "on_disk");
    const second = setUp({ spool: new FakeSpool(["a"], [stranger]) });
    await second.start();
    await second.run(1000);
    expect(second.publisher.strangeTopics()).toEqual(["other"]);
    expect(stranger.stored.records).toBe(1);
  });

  function expectInOrder(broker: Broker, count: number): void {
    const all: number[] = [];
    for (const [name, values] of broker.log) {
      if (!name.startsWith("q/")) continue;
      const read = values.map(Number);
      all.push(...read);
      for (const key of KEYS.keys()) {
        const ofKey = read.filter((value) => value % KEYS.length === key);
        expect(ofKey).toEqual(ofKey.toSorted((one, other) => one - other));
      }
    }
    expect(all.toSorted((one, other) => one - other)).toEqual(numbers(count).map(Number));
  }
});

describe("BACKFILL=live_first", () => {
  test("what waited goes to the backfill topic, what is new to the quotes topic at once; each in order", async () => {
    const { run, start, write, broker, log, totals } = setUp({ backfill: "q.backfill" });
    await start();
    for (const value of numbers(20)) {
      write(value);
      await run(20);
    }
    broker.isDown = true;
    for (const value of numbers(200, 20)) {
      write(value);
      await run(20);
    }
    broker.isDown = false;
    await run(1100);
    const caughtUp = log().length;
    for (const value of numbers(100, 220)) {
      write(value);
      await run(20);
    }
    await run(3000);
    const live = log().map(Number);
    const late = log("q.backfill").map(Number);
    expect(live).toEqual(live.toSorted((one, other) => one - other));
    expect(late).toEqual(late.toSorted((one, other) => one - other));
    expect([...live, ...late].toSorted((one, other) => one - other)).toEqual(numbers(320).map(Number));
    expect(late.length).toBeGreaterThan(150);
    expect(live.length).toBeGreaterThan(caughtUp + 80);
    expect(totals).toMatchObject({ acked: 320, dropped: 0 });
  });
});

test("property: whatever broker and disk do, nothing is lost, doubled or out of order", async () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant("write" as const), count: fc.integer({ min: 1, max: 30 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("wait" as const), count: fc.integer({ min: 1, max: 60 }) }) },
    { weight: 1, arbitrary: fc.constant({ kind: "toggle_broker" as const, count: 0 }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("lose_acks" as const), count: fc.integer({ min: 1, max: 3 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("room" as const), count: fc.integer({ min: 0, max: 3000 }) }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "toggle_reads" as const, count: 0 }) },
    { weight: 1, arbitrary: fc.constant({ kind: "too_large" as const, count: 0 }) },
    { weight: 1, arbitrary: fc.constant({ kind: "restart" as const, count: 0 }) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.constantFrom("overflow" as const, "write" as const),
      async (steps, mode) => {
        const delivered: string[] = [];
        let rig = setUp({ mode });
        await rig.start();
        let next = 0;
        const givenUp: string[] = [];
        for (const { kind, count } of steps) {
          const disk = rig.spool.log({ topic: "q", partition: 0, partitionCount: 1 });
          if (kind === "write") for (let i = 0; i < count; i++) rig.write(String(next++));
          else if (kind === "wait") await rig.run(count * 50);
          else if (kind === "toggle_broker") rig.broker.isDown = !rig.broker.isDown;
          else if (kind === "lose_acks") for (let i = 0; i < count; i++) rig.broker.script.push("lost-ack");
          else if (kind === "room") disk.roomBytes = count > 2000 ? Number.POSITIVE_INFINITY : count;
          else if (kind === "toggle_reads") disk.isReadable = !disk.isReadable;
          else if (kind === "too_large")
            rig.broker.script.push({ outcome: "too_large", code: "MESSAGE_TOO_LARGE", message: "" });
          else {
            disk.roomBytes = Number.POSITIVE_INFINITY;
            disk.isReadable = true;
            await rig.publisher.stop(0);
            expect(rig.balance()).toBe(0);
            delivered.push(...rig.log());
            givenUp.push(...rig.given.up);
            rig = setUp({ mode, spool: new FakeSpool(["a"], rig.spool.all) });
            await rig.start();
          }
        }
        const disk = rig.spool.log({ topic: "q", partition: 0, partitionCount: 1 });
        disk.roomBytes = Number.POSITIVE_INFINITY;
        disk.isReadable = true;
        rig.broker.isDown = false;
        rig.broker.script.length = 0;
        await rig.run(20_000, 500);
        delivered.push(...rig.log());
        const distinct = [...new Set(delivered)];
        expect(distinct).toEqual(
          numbers(next).filter((value) => !givenUp.includes(value) || delivered.includes(value)),
        );
        expect(rig.held().inMemory[0] + rig.held().onSpool[0]).toBe(0);
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);
