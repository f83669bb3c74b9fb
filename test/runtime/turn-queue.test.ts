import { describe, expect, test } from "bun:test";
import { TurnQueue } from "../../src/runtime/turn-queue.ts";
import { FakeClock } from "../harness/fake-clock.ts";

describe("TurnQueue", () => {
  test("wait() gives one turn at a time, in order", () => {
    const clock = new FakeClock();
    const turns: (() => void)[] = [];
    clock.scheduleSoon = (callback) => {
      turns.push(callback);
      return { cancel: () => {} };
    };
    const queue = new TurnQueue(clock);
    const order: string[] = [];
    queue.wait(() => order.push("a"));
    queue.wait(() => order.push("b"));
    expect(turns.length).toBe(1);
    turns.shift()?.();
    expect(order).toEqual(["a"]);
    expect(turns.length).toBe(1);
    turns.shift()?.();
    expect(order).toEqual(["a", "b"]);
    expect(turns.length).toBe(0);
  });

  test("wait() keeps the place of a callback that waits already", async () => {
    const clock = new FakeClock();
    const queue = new TurnQueue(clock);
    let calls = 0;
    const callback = () => {
      calls++;
    };
    queue.wait(callback);
    queue.wait(callback);
    await clock.advance(1);
    expect(calls).toBe(1);
  });

  test("wait() may be called from a turn", async () => {
    const clock = new FakeClock();
    const queue = new TurnQueue(clock);
    let calls = 0;
    const again = () => {
      calls++;
      if (calls < 3) queue.wait(again);
    };
    queue.wait(again);
    await clock.advance(1);
    expect(calls).toBe(3);
    expect(clock.armedTimers).toBe(0);
  });

  test("leave() leaves no timer behind when nobody waits any more", () => {
    const clock = new FakeClock();
    const queue = new TurnQueue(clock);
    const callback = () => {};
    queue.wait(callback);
    queue.leave(callback);
    expect(clock.armedTimers).toBe(0);
  });
});
