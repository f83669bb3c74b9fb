import { beforeEach, describe, expect, test } from "bun:test";
import { PausableClock } from "../../../src/adapters/fix/pausable-clock.ts";
import { StoppableClock } from "../../harness/stoppable-clock.ts";

let clock: StoppableClock;
let pausable: PausableClock;
let fired: number[];

beforeEach(() => {
  clock = new StoppableClock();
  pausable = new PausableClock(clock);
  fired = [];
});

function schedule(delayMs: number) {
  return pausable.schedule(delayMs, () => fired.push(clock.monotonicMs()));
}

describe("PausableClock", () => {
  test("is the clock beneath while it runs", async () => {
    schedule(100);
    await clock.advance(100);
    expect(fired).toEqual([100]);
    expect(pausable.monotonicMs()).toBe(100);
    expect(pausable.wallUs()).toBe(clock.wallUs());
  });

  test("stands still while it is paused, and so do its timers", async () => {
    schedule(100);
    await clock.advance(60);
    pausable.pause(true);
    await clock.advance(1000);
    expect([pausable.monotonicMs(), fired.length, clock.armedTimers]).toEqual([60, 0, 0]);
    pausable.pause(false);
    await clock.advance(39);
    expect(fired).toEqual([]);
    await clock.advance(1);
    expect(fired).toEqual([1100]);
    expect(pausable.monotonicMs()).toBe(100);
  });

  test("a timer set while it is paused begins when it runs again", async () => {
    pausable.pause(true);
    schedule(50);
    await clock.advance(500);
    pausable.pause(false);
    await clock.advance(50);
    expect(fired).toEqual([550]);
  });

  test("a cancelled timer does not come back", async () => {
    const timer = schedule(50);
    pausable.pause(true);
    timer.cancel();
    pausable.pause(false);
    await clock.advance(1000);
    expect([fired.length, clock.armedTimers]).toEqual([0, 0]);
  });

  test("stands still while the process does: what waits in the socket is read before a timer fires", async () => {
    schedule(100);
    schedule(5000);
    await clock.advance(60);
    clock.lose(600_000);
    await clock.advance(40);
    expect([pausable.monotonicMs(), fired.length]).toEqual([100, 0]);
    await clock.advance(1000);
    expect(fired).toEqual([601_100]);
    await clock.advance(3900);
    expect([fired.length, clock.armedTimers]).toEqual([2, 0]);
    expect(pausable.monotonicMs()).toBe(5000);
  });

  test("pausing twice is pausing once", async () => {
    pausable.pause(true);
    await clock.advance(10);
    pausable.pause(true);
    await clock.advance(10);
    pausable.pause(false);
    pausable.pause(false);
    expect(pausable.monotonicMs()).toBe(0);
  });
});
