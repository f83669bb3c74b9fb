import { expect, test } from "bun:test";
import {
  drainText,
  faultText,
  latencyText,
  shareText,
  spanText,
  stateWord,
  timeText,
  troubleText,
} from "../../../../src/telemetry/dashboard/page/figures.ts";
import type { SpoolRow } from "../../../../src/telemetry/dashboard/protocol.ts";
import { feedRow } from "../board-fixture.ts";

const CONNECTION = {
  index: 0,
  state: "backing-off",
  url: "wss://x",
  retryInMs: 1200,
  error: "",
  errorAgeMs: null,
} as const;

test.each([
  [null, "–"],
  [0, "0.00 ms"],
  [0.4249, "0.42 ms"],
  [9.994, "9.99 ms"],
  [9.996, "10.0 ms"],
  [99.94, "99.9 ms"],
  [99.96, "100 ms"],
  [999.4, "999 ms"],
  [999.6, "1.00 s"],
  [100_000, "100 s"],
])("latencyText(%p) is %s", (ms, text) => {
  expect(latencyText(ms)).toBe(text);
});

test.each([
  [null, "–"],
  [0, "0.0 s"],
  [9949, "9.9 s"],
  [9951, "10 s"],
  [59_999, "60 s"],
  [125_000, "2m05s"],
])("spanText(%p) is %s", (ms, text) => {
  expect(spanText(ms)).toBe(text);
});

test("shareText(), faultText() and timeText() say what a person expects", () => {
  expect(shareText(0.1234)).toBe("12.3 %");
  expect(faultText(0)).toBe("–");
  expect(faultText(12345)).toBe("12,345");
  expect(timeText(1_700_000_000_123.4)).toBe("22:13:20.123");
});

test("troubleText() says when it is tried again, and why", () => {
  expect(troubleText(feedRow())).toBe("");
  const connections = [{ ...CONNECTION, attempts: 2 }];
  expect(troubleText(feedRow({ connections, retryInMs: 1200, reason: "half_open: no pong" }))).toBe(
    "try 3 in 1.2 s · half_open: no pong",
  );
  expect(troubleText(feedRow({ reason: "1 of 3 symbols refused" }))).toBe("1 of 3 symbols refused");
});

test("stateWord() calls a live feed without its quotes silent", () => {
  expect(stateWord(feedRow())).toBe("live");
  expect(stateWord(feedRow({ isSilent: true }))).toBe("silent");
});

test("drainText() says how fast the disk empties and how long it takes, or that it does not", () => {
  const spool = { unreadRecords: 10, recordsPerSecond: 12_000, secondsLeft: 130 } as SpoolRow;
  expect(drainText(spool)).toBe("12,000 records/s, 2m10s left");
  expect(drainText({ ...spool, secondsLeft: null })).toBe("12,000 records/s, not getting less");
  expect(drainText({ ...spool, unreadRecords: 0 })).toBe("nothing waits");
});
