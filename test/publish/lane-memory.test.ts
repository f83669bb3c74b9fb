// Memory and the disk when neither Kafka nor the disk takes anything: bounds hold, and the end waits for what could still be saved.
import { expect, test } from "bun:test";
import { DOWN, numbers, setUpLanes } from "../harness/lane-spool-rig.ts";

const LIMIT_BYTES = 400_000;

for (const mode of ["overflow", "write"] as const) {
  for (const backfill of [null, "q.backfill"]) {
    const what = `SPOOL_MODE=${mode}, ${backfill === null ? "in_order" : "live_first"}`;
    test(`${what}: slow quotes that nobody takes do not outgrow the memory budget`, async () => {
      const rig = setUpLanes({ mode, backfill, memoryMaxBytes: LIMIT_BYTES, batchMaxBytes: 20_000 });
      await rig.start();
      rig.broker.isDown = true;
      // The disk takes the first and then nothing: the lane's own log has all it should have.
      rig.spool.setRoom(backfill === null ? 0 : 20_000);
      for (const value of numbers(1500)) {
        rig.write(`${value} ${Array.from({ length: 40 }, () => crypto.randomUUID()).join("")}`);
        await rig.run(100);
      }
      expect(rig.publisher.budget.usedBytes).toBeLessThan(LIMIT_BYTES + 3 * 20_000);
      expect(rig.totals.dropped).toBeGreaterThan(100);
    });
  }
}

test("drain() goes on while the disk does not have all: it may take it yet", async () => {
  const rig = setUpLanes();
  await rig.start();
  rig.broker.isDown = true;
  rig.spool.setRoom(0);
  for (const value of numbers(20)) {
    rig.write(value);
    await rig.run(100);
  }
  let isDrained: boolean | null = null;
  void rig.publisher.drain(10_000).then((result) => {
    isDrained = result;
  });
  await rig.run(2000);
  expect(isDrained).toBeNull();
  rig.spool.setRoom(Number.POSITIVE_INFINITY);
  await rig.run(200);
  expect(isDrained).toBe(true as never);
  await rig.publisher.stop(0);
  expect(rig.totals.dropped).toBe(0);
});

test("drain() of a lane that is held goes on while the disk does not have all", async () => {
  const rig = setUpLanes();
  rig.broker.isKnown = false;
  void rig.start();
  rig.publisher.accept();
  rig.spool.setRoom(0);
  rig.write("0");
  await rig.run(1000);
  let isDrained = false;
  void rig.publisher.drain(10_000).then((result) => {
    isDrained = result;
  });
  await rig.run(2000);
  expect(isDrained).toBe(false);
  rig.spool.setRoom(Number.POSITIVE_INFINITY);
  await rig.run(200);
  expect(isDrained).toBe(true);
  await rig.publisher.stop(0);
  expect(rig.totals.dropped).toBe(0);
});

test("stop() between the halves of a split batch: the account balances", async () => {
  const rig = setUpLanes();
  await rig.start();
  rig.broker.isDown = true;
  for (const value of numbers(100)) rig.write(value);
  await rig.run(2000);
  rig.broker.isDown = false;
  rig.broker.script.push({ outcome: "too_large", code: "MESSAGE_TOO_LARGE", message: "" }, { outcome: "acked" });
  rig.broker.script.push(...Array.from({ length: 100 }, () => DOWN));
  await rig.run(2000);
  expect(rig.log()).toEqual(numbers(50));
  await rig.publisher.stop(0);
  expect(rig.totals).toMatchObject({ accepted: 100, acked: 50, dropped: 0 });
  expect(rig.balance()).toBe(0);
});

test("lanes that go to a slow disk all at once let the event loop turn in between", async () => {
  const PARTITIONS = 20;
  const APPEND_MS = 20;
  const rig = setUpLanes({ partitions: PARTITIONS });
  let turn = 0;
  let spentMs = 0;
  const { schedule, monotonicMs } = rig.clock;
  rig.clock.monotonicMs = () => monotonicMs.call(rig.clock) + spentMs;
  rig.clock.schedule = (delayMs, callback) =>
    schedule.call(rig.clock, delayMs, () => {
      turn++;
      callback();
    });
  const appendsOfTurn = new Map<number, number>();
  for (const partition of numbers(PARTITIONS).map(Number)) {
    const log = rig.spool.log({ topic: "q", partition, partitionCount: PARTITIONS });
    const append = log.append.bind(log);
    log.append = (...args) => {
      spentMs += APPEND_MS;
      appendsOfTurn.set(turn, (appendsOfTurn.get(turn) ?? 0) + 1);
      return append(...args);
    };
  }
  await rig.start();
  rig.broker.isDown = true;
  for (const value of numbers(100)) rig.write(value, `a:${value}`);
  await rig.run(1500);
  const appends = [...appendsOfTurn.values()];
  expect(appends.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(PARTITIONS);
  expect(Math.max(...appends)).toBeLessThanOrEqual(4);
});
