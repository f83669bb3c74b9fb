import { describe, expect, test } from "bun:test";
import { delay, settlesWithin } from "../../src/runtime/abortable.ts";
import { FakeClock } from "../harness/fake-clock.ts";

describe("delay()", () => {
  test("delay() resolves when the time has come and not before", async () => {
    const clock = new FakeClock();
    let isDone = false;
    void delay(1000, new AbortController().signal, clock).then(() => {
      isDone = true;
    });
    await clock.advance(999);
    expect(isDone).toBe(false);
    await clock.advance(1);
    expect(isDone).toBe(true);
  });

  test("delay() resolves at once on abort and leaves no timer", async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const waiting = delay(1000, controller.signal, clock);
    controller.abort();
    await waiting;
    expect(clock.armedTimers).toBe(0);
  });

  test("delay() arms nothing when the signal has aborted before", async () => {
    const clock = new FakeClock();
    await delay(1000, AbortSignal.abort(), clock);
    expect(clock.armedTimers).toBe(0);
  });
});

describe("settlesWithin()", () => {
  test("settlesWithin() is true for a promise that resolves or rejects in time, and leaves no timer", async () => {
    const clock = new FakeClock();
    expect(await settlesWithin(Promise.resolve(1), 1000, clock)).toBe(true);
    expect(await settlesWithin(Promise.reject(new Error("no")), 1000, clock)).toBe(true);
    expect(clock.armedTimers).toBe(0);
  });

  test("settlesWithin() is false once the time has run out", async () => {
    const clock = new FakeClock();
    const results: boolean[] = [];
    void settlesWithin(new Promise(() => {}), 1000, clock).then((isSettled) => results.push(isSettled));
    await clock.advance(999);
    expect(results).toEqual([]);
    await clock.advance(1);
    expect(results).toEqual([false]);
    expect(clock.armedTimers).toBe(0);
  });
});
