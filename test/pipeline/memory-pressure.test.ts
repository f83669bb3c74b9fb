import { expect, test } from "bun:test";
import { MemoryPressure } from "../../src/pipeline/memory-pressure.ts";
import { FakeClock } from "../harness/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  const pressure = new MemoryPressure({ clock, limitBytes: 1000, pauseMaxMs: 5000 });
  const changes: boolean[] = [];
  pressure.onChange((isPaused) => changes.push(isPaused));
  return { clock, pressure, changes };
}

test("MemoryPressure pauses at 80 % and resumes at 50 %", () => {
  const { clock, pressure, changes } = setUp();
  for (const used of [700, 799, 800, 900, 700, 501, 500, 100]) pressure.update(used);
  expect(changes).toEqual([true, false]);
  expect(pressure.pauses).toBe(1);
  expect(clock.armedTimers).toBe(0);
});

test("MemoryPressure reads for half a second after the longest pause, and pauses again while memory is full", async () => {
  const { clock, pressure, changes } = setUp();
  pressure.update(900);
  await clock.advance(5000);
  expect(changes).toEqual([true, false]);
  pressure.update(1000);
  await clock.advance(499);
  expect(pressure.isPaused).toBe(false);
  await clock.advance(1);
  expect(changes).toEqual([true, false, true]);
  pressure.update(400);
  expect(changes).toEqual([true, false, true, false]);
  expect(clock.armedTimers).toBe(0);
});

test("MemoryPressure.stop() leaves nothing paused and no timer", () => {
  const { clock, pressure } = setUp();
  pressure.update(900);
  pressure.stop();
  expect(pressure.isPaused).toBe(false);
  expect(clock.armedTimers).toBe(0);
});
