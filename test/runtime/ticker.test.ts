import { describe, expect, test } from "bun:test";
import { Ticker } from "../../src/runtime/ticker.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { StoppableClock } from "../harness/stoppable-clock.ts";

describe("Ticker", () => {
  test("add() calls back at every interval, on one timer for all listeners", async () => {
    const clock = new FakeClock();
    const ticker = new Ticker(clock, 100);
    const ticks: string[] = [];
    ticker.add((nowMs) => ticks.push(`a${nowMs}`));
    ticker.add((nowMs) => ticks.push(`b${nowMs}`));
    expect(clock.armedTimers).toBe(1);
    await clock.advance(200);
    expect(ticks).toEqual(["a100", "b100", "a200", "b200"]);
  });

  test("add() holds no timer once the last listener has left", async () => {
    const clock = new FakeClock();
    const ticker = new Ticker(clock, 100);
    const leaveFirst = ticker.add(() => {});
    const leaveSecond = ticker.add(() => {});
    leaveFirst();
    expect(clock.armedTimers).toBe(1);
    leaveSecond();
    expect(clock.armedTimers).toBe(0);
  });

  test("add() starts anew after a time without listeners, and does not call that time lost", async () => {
    const clock = new FakeClock();
    const ticker = new Ticker(clock, 100);
    ticker.add(() => {})();
    await clock.advance(60_000);
    const lost: number[] = [];
    ticker.add((_nowMs, lostMs) => lost.push(lostMs));
    await clock.advance(100);
    expect(lost).toEqual([0]);
  });

  test("add() tells the time in which the process did not run", async () => {
    const clock = new StoppableClock();
    const ticker = new Ticker(clock, 100);
    const lost: number[] = [];
    ticker.add((_nowMs, lostMs) => lost.push(lostMs));
    await clock.advance(100);
    clock.lose(60_000);
    await clock.advance(200);
    expect(lost).toEqual([0, 60_000, 0]);
  });

  test("add() takes a loop that was busy for less than a second as late, not as lost", async () => {
    const clock = new StoppableClock();
    const ticker = new Ticker(clock, 100);
    const lost: number[] = [];
    ticker.add((_nowMs, lostMs) => lost.push(lostMs));
    clock.lose(900);
    await clock.advance(100);
    expect(lost).toEqual([0]);
  });
});
