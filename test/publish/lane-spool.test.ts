// Lanes that go through the disk: what goes there when, and that order, counts and promises hold on the way.
import { describe, expect, test } from "bun:test";
import { FakeLog, FakeSpool } from "../harness/fake-spool.ts";
import { type AwayBroker, DOWN, numbers, SAFE_AFTER_MS, setUpLanes } from "../harness/lane-spool-rig.ts";

describe("a lane with a spool", () => {
  test("touches no disk while acks come in time", async () => {
    const { run, start, write, spool, log } = setUpLanes();
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
    const { run, start, write, spool, broker, publisher, clock } = setUpLanes();
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
    const { run, start, write, spool, broker, publisher, log, totals } = setUpLanes();
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
    const { run, start, write, broker, log } = setUpLanes();
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
    const { run, start, write, broker, log, spool } = setUpLanes();
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
    const first = setUpLanes();
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
    const second = setUpLanes({ spool: new FakeSpool(["a"], first.spool.all) });
    await second.start();
    await second.run(1000);
    expect(second.log()).toEqual(numbers(100));
  });

  test("a disk without room: memory takes what it can, in order, and only then quotes are refused", async () => {
    const { run, start, write, broker, log, spool, totals } = setUpLanes({
      memoryMaxBytes: 400_000,
      batchMaxBytes: 20_000,
    });
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
    const { run, start, write, broker, log, spool } = setUpLanes();
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
    const { run, start, write, broker, log, spool } = setUpLanes();
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
    const first = setUpLanes();
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

    const second = setUpLanes({ spool: new FakeSpool(["a"], first.spool.all) });
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
    const { run, start, write, spool, broker, held } = setUpLanes({ mode: "write" });
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
    const { run, start, write, spool, broker, held, log } = setUpLanes({ mode: "write" });
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
    const { run, start, write, broker, publisher, totals } = setUpLanes({ partitions: 4 });
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
    const first = setUpLanes({ partitions: 2 });
    await first.start();
    first.broker.isDown = true;
    for (const value of numbers(300)) {
      first.write(value, KEYS[Number(value) % KEYS.length]);
      await first.run(20);
    }
    await first.publisher.stop(0);

    const second = setUpLanes({ partitions: 5, spool: new FakeSpool(["a"], first.spool.all) });
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
    const first = setUpLanes();
    await first.start();
    first.broker.isDown = true;
    first.write("0");
    await first.run(2000);
    stranger.append(first.spool.all[0].entries[0].batch, "on_disk");
    const second = setUpLanes({ spool: new FakeSpool(["a"], [stranger]) });
    await second.start();
    await second.run(1000);
    expect(second.publisher.strangeTopics()).toEqual(["other"]);
    expect(stranger.stored.records).toBe(1);
  });

  function expectInOrder(broker: AwayBroker, count: number): void {
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
    const { run, start, write, broker, log, totals } = setUpLanes({ backfill: "q.backfill" });
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
