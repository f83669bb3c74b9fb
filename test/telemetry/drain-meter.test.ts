import { expect, test } from "bun:test";
import { DrainMeter } from "../../src/telemetry/drain-meter.ts";
import { spoolStatus } from "./fake-source.ts";

/** Adds one state each `everyMs` and returns the last progress. */
function feed(
  meter: DrainMeter,
  states: readonly (readonly [unreadBytes: number, readBytes: number])[],
  everyMs: number,
) {
  return states
    .map(([unreadBytes, readBytes], i) =>
      meter.add(spoolStatus({ unreadBytes, readBytes, readRecords: readBytes / 100 }), i * everyMs),
    )
    .at(-1);
}

test("DrainMeter knows no pace at first, and no time left", () => {
  const meter = new DrainMeter();
  expect(feed(meter, [[5000, 0]], 1000)).toEqual({ recordsPerSecond: 0, bytesPerSecond: 0, secondsLeft: null });
});

test("DrainMeter has nothing left to wait for when nothing waits", () => {
  expect(feed(new DrainMeter(), [[0, 0]], 1000)?.secondsLeft).toBe(0);
  expect(
    feed(
      new DrainMeter(),
      [
        [500, 0],
        [0, 500],
      ],
      1000,
    )?.secondsLeft,
  ).toBe(0);
});

test("DrainMeter tells what is read, and the time left with what is added meanwhile", () => {
  // 3000 bytes are read and 1000 are added each second.
  const progress = feed(
    new DrainMeter(),
    [
      [20_000, 0],
      [18_000, 3000],
      [16_000, 6000],
    ],
    1000,
  );
  expect(progress).toEqual({ recordsPerSecond: 30, bytesPerSecond: 3000, secondsLeft: 8 });
});

test("DrainMeter has no time left to tell while the backlog grows", () => {
  const progress = feed(
    new DrainMeter(),
    [
      [1000, 0],
      [2000, 500],
    ],
    1000,
  );
  expect(progress).toEqual({ recordsPerSecond: 5, bytesPerSecond: 500, secondsLeft: null });
});

test("DrainMeter tells the pace of the last 10 s, however often it is read", () => {
  for (const everyMs of [50, 1000, 5000]) {
    const meter = new DrainMeter();
    let bytes = 0;
    let last = meter.add(spoolStatus({ readBytes: 0 }), 0);
    for (let atMs = everyMs; atMs <= 60_000; atMs += everyMs) {
      // The pace doubles after 40 s.
      bytes += (everyMs / 1000) * (atMs <= 40_000 ? 1000 : 2000);
      last = meter.add(spoolStatus({ readBytes: bytes }), atMs);
    }
    expect(last.bytesPerSecond).toBeCloseTo(2000, 6);
  }
});

test("DrainMeter spans two readings that are farther apart than its window", () => {
  const progress = feed(
    new DrainMeter(),
    [
      [90_000, 0],
      [60_000, 30_000],
    ],
    30_000,
  );
  expect(progress).toEqual({ recordsPerSecond: 10, bytesPerSecond: 1000, secondsLeft: 60 });
});
