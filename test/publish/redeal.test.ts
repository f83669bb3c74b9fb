// A backlog that is dealt out anew: it ends under a steady stream, its account balances, and nothing is given up that is not elsewhere.
import { expect, test } from "bun:test";
import { Ledger } from "../../src/pipeline/ledger.ts";
import { readBatch } from "../../src/publish/record-batch-reader.ts";
import { delay } from "../../src/runtime/abortable.ts";
import { FakeSpool } from "../harness/fake-spool.ts";
import { numbers, setUpLanes } from "../harness/lane-spool-rig.ts";

const KEYS = ["a:A", "a:B", "a:C", "a:D", "a:E", "a:F"];
const NEVER = new AbortController().signal;

/** The disk of a life in which Kafka of two partitions was away: `count` quotes wait on it. */
async function backlog(count: number): Promise<FakeSpool> {
  const { run, start, write, broker, publisher, spool } = setUpLanes({ partitions: 2 });
  await start();
  broker.isDown = true;
  for (const value of numbers(count)) {
    write(value, KEYS[Number(value) % KEYS.length]);
    await run(50);
  }
  await publisher.stop(0);
  return new FakeSpool(["a"], spool.all);
}

test("dealing out ends although quotes come all the time and the disk is slow", async () => {
  const second = setUpLanes({ partitions: 5, spool: await backlog(60) });
  second.spool.slowness = () => delay(5, NEVER, second.clock);
  await second.start();
  for (const value of numbers(2000, 60)) {
    second.write(value, KEYS[Number(value) % KEYS.length]);
    await second.run(1, 1);
  }
  expect(second.publisher.lanes().filter((lane) => lane.isHeld)).toEqual([]);
  await second.run(3000);
  expectInOrder(second, 2060);
  expect(second.spool.logs()).toEqual([]);
});

test("dealing out a lane that is being filled catches up although each read takes longer than the next quote", async () => {
  const rig = setUpLanes({ partitions: 5 });
  // As timers of an event loop are.
  const schedule = rig.clock.schedule.bind(rig.clock);
  rig.clock.schedule = (delayMs, callback) => schedule(Math.max(1, delayMs), callback);
  rig.broker.isKnown = false;
  const started = rig.start();
  rig.publisher.accept();
  for (const value of numbers(300)) {
    rig.write(value, KEYS[Number(value) % KEYS.length]);
    await rig.run(50);
  }
  for (const log of rig.spool.all) log.slowness = () => delay(2, NEVER, rig.clock);
  rig.broker.reveal();
  await started;
  for (const value of numbers(1000, 300)) {
    rig.write(value, KEYS[Number(value) % KEYS.length]);
    await rig.run(1, 1);
  }
  expect(rig.publisher.lanes().filter((lane) => lane.isHeld)).toEqual([]);
  await rig.run(3000);
  expectInOrder(rig, 1300);
});

for (const cutAfterMs of numbers(20, 1).map(Number)) {
  test(`the account balances while a backlog is dealt out, and when that is cut short after ${cutAfterMs} ms`, async () => {
    const second = setUpLanes({ partitions: 5, spool: await backlog(60) });
    for (const log of second.spool.all) log.slowness = () => delay(1, NEVER, second.clock);
    await second.start();
    await second.run(cutAfterMs, 1);
    const stopped = second.publisher.stop(0);
    expect(second.balance()).toBe(0);
    await stopped;
    await second.clock.advance(5000);
    expect(second.balance()).toBe(0);
    expect(second.publisher.budget.usedBytes).toBe(0);
    expect(second.clock.armedTimers).toBe(0);
    const third = setUpLanes({ partitions: 5, spool: new FakeSpool(["a"], second.spool.all) });
    expect(third.spool.recoveredByFeed[0] + second.totals.acked).toBe(60);
  });
}

test("a disk that takes nothing keeps the backlog it has until that is delivered", async () => {
  const second = setUpLanes({ partitions: 5, spool: await backlog(60) });
  second.spool.setRoom(0);
  second.broker.isDown = true;
  await second.start();
  await second.run(3000);
  // The process dies here: what it had in memory is gone.
  const third = setUpLanes({ partitions: 5, spool: new FakeSpool(["a"], second.spool.all) });
  third.spool.setRoom(0);
  await third.start();
  await third.run(5000);
  expectInOrder(third, 60);
  expect(third.publisher.lanes().filter((lane) => lane.isHeld)).toEqual([]);
  expect(third.spool.logs()).toEqual([]);
});

test("stop() on a disk that takes nothing gives up no backlog that lies on it", async () => {
  const second = setUpLanes({ partitions: 5, spool: await backlog(60) });
  second.spool.setRoom(0);
  second.broker.isDown = true;
  await second.start();
  await second.run(1000);
  await second.publisher.stop(0);
  expect(second.balance()).toBe(0);
  const third = setUpLanes({ partitions: 5, spool: new FakeSpool(["a"], second.spool.all) });
  third.spool.setRoom(Number.POSITIVE_INFINITY);
  await third.start();
  await third.run(3000);
  expectInOrder(third, 60);
});

test("SPOOL_MODE=write: what once counted as accepted stays accepted when it is dealt out on a disk that fails", async () => {
  const second = setUpLanes({ partitions: 5, spool: await backlog(60), mode: "write" });
  second.spool.setRoom(0);
  second.broker.isDown = true;
  const ledger = new Ledger(["a"]);
  ledger.recovered.set(second.spool.recoveredByFeed);
  await second.start();
  let last = 0;
  for (const value of numbers(100, 60)) {
    second.write(value, KEYS[Number(value) % KEYS.length]);
    ledger.accepted[0] = second.totals.accepted;
    await second.run(50);
    if (Number(value) === 110) second.spool.setRoom(2000);
    const [row] = ledger.rows(second.held());
    expect(row.accepted).toBeGreaterThanOrEqual(last);
    expect(row.balanceError).toBe(0);
    last = row.accepted;
  }
});

test("records of two summers get their own stamps", async () => {
  const first = setUpLanes();
  await first.start();
  first.broker.isDown = true;
  const stamps = [1_700_000_000_000, 1_700_000_000_000 + 90 * 86_400_000];
  for (const [index, stamp] of stamps.entries()) {
    first.write(String(index), "a:A", stamp);
    await first.run(2000);
  }
  await first.publisher.stop(0);
  const second = setUpLanes({ partitions: 5, spool: new FakeSpool(["a"], first.spool.all) });
  const seen: number[] = [];
  const send = second.broker.send.bind(second.broker);
  second.broker.send = (topic, partition, batch) => {
    seen.push(...readBatch(batch.bytes).records.map((record) => record.timestampMs));
    return send(topic, partition, batch);
  };
  await second.start();
  await second.run(3000);
  expect(seen).toEqual(stamps);
});

test("what is being dealt out counts as used memory", async () => {
  const second = setUpLanes({ partitions: 5, spool: await backlog(60) });
  for (const log of second.spool.all) log.slowness = () => delay(100, NEVER, second.clock);
  await second.start();
  await second.run(250);
  const lanes = second.publisher.lanes();
  const ofLanes = lanes.reduce((sum, lane) => sum + lane.open.bytes.length + lane.queue.memoryBytes, 0);
  expect(second.publisher.budget.usedBytes).toBeGreaterThan(ofLanes);
});

test("a lane is held only while something is dealt out before it, and a dealing that hangs is seen", async () => {
  const second = setUpLanes({ partitions: 5, spool: await backlog(60) });
  const held = () => second.publisher.lanes().find((lane) => lane.isHeld);
  for (const log of second.spool.all) log.slowness = () => delay(60_000, NEVER, second.clock);
  second.broker.isKnown = false;
  const started = second.start();
  second.publisher.accept();
  await second.run(1000);
  expect(held()?.wait.deadlineMs).toBe(Number.POSITIVE_INFINITY);
  second.broker.reveal();
  await started;
  await second.run(20_000);
  expect(held()?.wait.deadlineMs).toBe(1000);
});

test("partitions that become known after stop() open no lane", async () => {
  const rig = setUpLanes({ partitions: 2, spool: await backlog(20) });
  rig.broker.isKnown = false;
  const abort = new AbortController();
  const started = rig.publisher.start(abort.signal).catch(() => {});
  rig.publisher.accept();
  rig.write("20", KEYS[2]);
  await rig.run(100);
  abort.abort();
  await rig.publisher.stop(0);
  rig.broker.reveal();
  await started;
  await rig.clock.advance(5000);
  expect(rig.broker.attempts).toEqual([]);
  expect(rig.clock.armedTimers).toBe(0);
  expect(rig.balance()).toBe(0);
});

test("BACKFILL=live_first: what is handed over waits behind an older backlog of that topic", async () => {
  const first = setUpLanes({ partitions: 2, backfill: "q.backfill" });
  await first.start();
  first.broker.isDown = true;
  for (const value of numbers(60)) {
    first.write(value, KEYS[Number(value) % KEYS.length]);
    await first.run(50);
  }
  await first.publisher.stop(0);
  const disk = new FakeSpool(["a"], first.spool.all);
  const second = setUpLanes({ partitions: 3, backfill: "q.backfill", spool: disk });
  for (const log of disk.all) if (log.name.topic === "q.backfill") log.slowness = () => delay(500, NEVER, second.clock);
  second.broker.isDown = true;
  await second.start();
  for (const value of numbers(60, 60)) {
    second.write(value, KEYS[Number(value) % KEYS.length]);
    await second.run(50);
    if (value === "90") second.broker.isDown = false;
  }
  await second.run(60_000, 500);
  for (const key of KEYS.keys()) {
    const late = second.broker.arrivals.filter(({ topic }) => topic === "q.backfill").map(({ value }) => Number(value));
    const ofKey = late.filter((value) => value % KEYS.length === key);
    expect(ofKey.length).toBeGreaterThan(1);
    expect(ofKey).toEqual(ofKey.toSorted((one, other) => one - other));
  }
  expect(second.totals.acked).toBe(120);
});

function expectInOrder({ broker }: ReturnType<typeof setUpLanes>, count: number): void {
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
