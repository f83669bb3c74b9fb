import { expect, test } from "bun:test";
import type { Clock, Timer } from "../../src/runtime/clock.ts";
import { BEAT_EVERY_MS, EventLoopMonitor, LAG_WINDOW_MS } from "../../src/telemetry/event-loop-monitor.ts";
import { HealthMonitor, STUCK_AFTER_MS } from "../../src/telemetry/health.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { FakeSource, laneStatus, spoolStatus } from "./fake-source.ts";

/** A clock whose time can pass without its timers firing, as when the event loop is busy. */
class BusyClock implements Clock {
  readonly inner = new FakeClock();
  busyMs = 0;

  monotonicMs(): number {
    return this.inner.monotonicMs() + this.busyMs;
  }
  wallUs(): number {
    return this.inner.wallUs() + this.busyMs * 1000;
  }
  schedule(delayMs: number, callback: () => void): Timer {
    return this.inner.schedule(delayMs, callback);
  }
  scheduleSoon(callback: () => void): Timer {
    return this.inner.scheduleSoon(callback);
  }
}

function setUp() {
  const clock = new BusyClock();
  const source = new FakeSource();
  const health = new HealthMonitor({ clock, source });
  health.start();
  return { clock, source, health };
}

test("stuckParts() is empty while timers fire and lanes rest", async () => {
  const { clock, health } = setUp();
  await clock.inner.advance(60_000);
  expect(health.stuckParts()).toEqual([]);
});

test("stuckParts() names the event loop before no timer has fired for 10 s", async () => {
  const { clock, health } = setUp();
  await clock.inner.advance(1000);
  clock.busyMs += STUCK_AFTER_MS - 1;
  expect(health.stuckParts()).toEqual([]);
  clock.busyMs += 1;
  expect(health.stuckParts()).toEqual([{ part: "event_loop", stuckForMs: STUCK_AFTER_MS, why: "timers do not fire" }]);
  await clock.inner.advance(BEAT_EVERY_MS);
  expect(health.stuckParts()).toEqual([]);
});

test("a lane that waits for an answer within its time limit is not stuck, and one beyond it is within 10 s", async () => {
  const { clock, source, health } = setUp();
  source.laneList = [laneStatus({ isInFlight: true, sealedBatches: 1, deadlineMs: 30_000 })];
  await clock.inner.advance(30_000 + STUCK_AFTER_MS - 1000);
  expect(health.stuckParts()).toEqual([]);
  await clock.inner.advance(40_000 - clock.monotonicMs());
  expect(health.stuckParts()).toMatchObject([
    { part: "lane quotes/0", why: "has work, and waits beyond its time limit" },
  ]);
  source.laneList = [laneStatus({ isInFlight: true, sealedBatches: 1, deadlineMs: 60_000 })];
  expect(health.stuckParts()).toEqual([]);
});

test("with the broker down a lane that tries again and again is healthy", async () => {
  const { clock, source, health } = setUp();
  for (let i = 0; i < 200; i++) {
    source.laneList = [laneStatus({ sealedBatches: 9, retries: i, deadlineMs: clock.monotonicMs() + 500 })];
    await clock.inner.advance(1000);
    expect(health.stuckParts()).toEqual([]);
  }
});

test("a lane that goes from one short wait to the next is healthy, though each look finds it at the end of one", async () => {
  const { clock, source, health } = setUp();
  for (let i = 0; i < 100; i++) {
    source.laneList = [laneStatus({ spooledBatches: 100, deadlineMs: clock.monotonicMs() })];
    await clock.inner.advance(500);
    expect(health.stuckParts()).toEqual([]);
  }
});

test("a lane with open records that nothing ever sends, or with a backlog that nothing reads, is stuck", async () => {
  const { clock, source, health } = setUp();
  source.laneList = [
    laneStatus({ openRecords: 1 }),
    laneStatus({ partition: 1 }),
    laneStatus({ partition: 2, spooledBatches: 1, state: "draining" }),
    laneStatus({ partition: -1, spooledBatches: 1, state: "held", deadlineMs: Number.POSITIVE_INFINITY }),
  ];
  await clock.inner.advance(10_000);
  expect(health.stuckParts().map((stuck) => stuck.part)).toEqual(["lane quotes/0", "lane quotes/2"]);
});

test("a sync of the spool that does not return is stuck within 10 s, and slow ones are not", async () => {
  const { clock, source, health } = setUp();
  for (let i = 0; i < 10; i++) {
    source.spoolStatus = spoolStatus({ syncingSinceMs: clock.monotonicMs() });
    await clock.inner.advance(STUCK_AFTER_MS);
    expect(health.stuckParts()).toEqual([]);
  }
  await clock.inner.advance(1000);
  expect(health.stuckParts()).toMatchObject([{ part: "spool", why: "a sync of the disk does not return" }]);
  source.spoolStatus = spoolStatus();
  expect(health.stuckParts()).toEqual([]);
});

test("after a pause of the whole process the lanes get their time to go on", async () => {
  const { clock, source, health } = setUp();
  source.laneList = [laneStatus({ isInFlight: true, sealedBatches: 1, deadlineMs: 30_000 })];
  await clock.inner.advance(5000);
  clock.busyMs += 600_000;
  await clock.inner.advance(1000);
  expect(health.stuckParts()).toEqual([]);
  await clock.inner.advance(STUCK_AFTER_MS);
  expect(health.stuckParts().map((stuck) => stuck.part)).toEqual(["lane quotes/0"]);
});

test("stop() leaves no timer", () => {
  const { clock, health } = setUp();
  expect(clock.inner.armedTimers).toBeGreaterThan(0);
  health.stop();
  expect(clock.inner.armedTimers).toBe(0);
});

test("EventLoopMonitor tells the largest lateness of the last windows and forgets older ones", async () => {
  const clock = new BusyClock();
  const monitor = new EventLoopMonitor(clock);
  monitor.start();
  await clock.inner.advance(1000);
  expect(monitor.summary()).toEqual({ maxMs: 0, p99Ms: 0 });
  clock.busyMs += 40;
  await clock.inner.advance(LAG_WINDOW_MS);
  expect(monitor.summary().maxMs).toBe(40);
  expect(monitor.summary().p99Ms).toBeLessThan(1);
  expect(monitor.lag.count).toBeGreaterThan(300);
  await clock.inner.advance(2 * LAG_WINDOW_MS);
  expect(monitor.summary().maxMs).toBe(0);
  expect(monitor.lag.sumUs).toBe(40_000);
});

test("a lane that is held is stuck when what is dealt out before it hangs, whether it has records or not", async () => {
  const { clock, source, health } = setUp();
  source.laneList = [laneStatus({ partition: -1, state: "held", deadlineMs: 0 })];
  await clock.inner.advance(10_000);
  expect(health.stuckParts().map((stuck) => stuck.part)).toEqual(["lane quotes/-1"]);
});
