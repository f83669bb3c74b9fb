import { expect, test } from "bun:test";
import fc from "fast-check";
import type { FeedEvent, FeedState, FeedStatusEvent } from "../../../src/domain/feed-event.ts";
import { BYTES_KEPT_MAX, bytesText } from "../../../src/telemetry/dashboard/bytes-text.ts";
import { CHANGES_MAX, EventLog, NOTES_MAX } from "../../../src/telemetry/dashboard/event-log.ts";
import { createRedactor } from "../../../src/telemetry/redactor.ts";

const redact = createRedactor(["hunter2"]);
const TIME_US = 1_700_000_000_123_000;

function status(changes: Partial<FeedStatusEvent> = {}): FeedStatusEvent {
  return {
    type: "market-data.feed-status",
    source: "binance",
    timeUs: TIME_US,
    connection: 0,
    from: "live",
    to: "backing-off",
    code: "closed_unclean",
    message: "Cannot read: hunter2\u001b[2J",
    attempt: 1,
    retryInMs: 400,
    ...changes,
  };
}

function gap(symbol = "BTCUSDT"): FeedEvent {
  return { type: "market-data.sequence-gap", source: "okx", symbol, timeUs: TIME_US, from: "7", to: "12" };
}

function all(log: EventLog, limit = 1000) {
  return log.since(0, limit, redact).rows;
}

test("a change of state says from what to what, why and when it tries again, without secrets and control characters", () => {
  const log = new EventLog();
  log.noteEvent(status());
  expect(all(log)).toEqual([
    {
      id: 1,
      timeMs: 1_700_000_000_123,
      tone: "bad",
      kind: "state",
      source: "binance",
      text: "live → backing-off: closed_unclean – Cannot read: [redacted]\ufffd[2J; try 2 in 0.4 s",
      replaces: 0,
      bytes: "",
    },
  ]);
});

test.each([
  [gap(), "warn", "gap", "BTCUSDT: nothing between 7 and 12"],
  [
    { type: "market-data.feed-stale", source: "okx", timeUs: TIME_US, silentMs: 5100 },
    "bad",
    "stale",
    "no data for 5.1 s",
  ],
  [
    { type: "market-data.feed-stale", source: "okx", symbol: "X", timeUs: TIME_US, silentMs: 75_000 },
    "warn",
    "stale",
    "X: no data for 1m15s",
  ],
  [
    {
      type: "market-data.dropped",
      source: "okx",
      symbol: "X",
      timeUs: TIME_US,
      reason: "memory_full",
      count: 3,
      fromSequence: 5,
      toSequence: 7,
    },
    "bad",
    "drop",
    "X: 3 quotes lost (memory_full), numbers 5 to 7",
  ],
  [
    status({ from: "subscribing", to: "live", code: "ok", message: "", retryInMs: 0 }),
    "good",
    "state",
    "subscribing → live",
  ],
] as [FeedEvent, string, string, string][])("every event has its words: %#", (event, tone, kind, text) => {
  const log = new EventLog();
  log.noteEvent(event);
  expect(all(log)[0]).toMatchObject({ tone, kind, text } as never);
});

test("a reject shows its bytes in printable ASCII, cut, and redacted before it is cut", () => {
  const log = new EventLog();
  const bytes = Buffer.concat([Buffer.from('8=FIX\u0001\\"<b>é hunter2 '), Buffer.alloc(5000, "x")]);
  log.noteRejected({ source: "lp", timeUs: TIME_US, reason: "invalid_json", bytes });
  bytes.fill(0);
  const [row] = all(log);
  expect(row.text).toBe(`invalid_json, ${bytes.length} bytes`);
  expect(row.bytes).toStartWith('8=FIX\\x01\\\\"<b>\\xc3\\xa9 [redacted] xxx');
  expect(row.bytes).toEndWith("x …");
  expect(row.bytes.length).toBeLessThan(BYTES_KEPT_MAX);
});

test("property: bytesText() gives printable ASCII for any bytes, and different text for different bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (a, b) => {
      expect(bytesText(a)).toMatch(/^[ -~]*$/);
      expect(bytesText(a) === bytesText(b)).toBe(Buffer.compare(a, b) === 0);
    }),
  );
});

test("a failure told over and over takes one line, which says how often", () => {
  const log = new EventLog();
  log.noteEvent(status({ from: "backing-off", to: "failed" }));
  for (let i = 0; i < 5; i++) log.noteEvent(status({ from: "failed", to: "failed" }));
  log.noteEvent(status({ source: "okx", from: "failed", to: "failed" }));
  const rows = all(log);
  expect(rows.map(({ id, replaces }) => [id, replaces])).toEqual([
    [1, 0],
    [6, 5],
    [7, 0],
  ]);
  expect(rows[1].text).toEndWith(" (5 times)");
  log.noteEvent(status({ from: "failed", to: "live" as FeedState }));
  log.noteEvent(status({ from: "failed", to: "failed" }));
  expect(all(log)).toHaveLength(5);
});

test("a flood of gaps and rejects does not wash away the changes of state, and what it cost is counted", () => {
  const log = new EventLog();
  log.noteEvent(status());
  log.mark();
  for (let i = 0; i < NOTES_MAX + 50; i++) log.noteEvent(gap());
  const { rows, leftOut } = log.since(log.mark(), 40, redact);
  expect(rows).toHaveLength(40);
  expect(leftOut + log.takeCrowdedOut() + rows.length).toBe(NOTES_MAX + 50);
  expect(log.takeCrowdedOut()).toBe(0);
  expect(all(log)[0].kind).toBe("state");
  for (let i = 0; i < CHANGES_MAX * 2; i++) log.noteEvent(status({ attempt: i }));
  expect(all(log)).toHaveLength(CHANGES_MAX + NOTES_MAX);
});

test("since() gives only what is newer, in order, however the kinds are mixed", () => {
  const log = new EventLog();
  log.noteEvent(gap("A"));
  const mark = 1;
  log.noteEvent(status());
  log.noteEvent(gap("B"));
  log.note({ timeMs: 1, tone: "bad", kind: "sink", source: "kafka", text: "down: hunter2" });
  const { rows } = log.since(mark, 10, redact);
  expect(rows.map(({ id }) => id)).toEqual([2, 3, 4]);
  expect(rows[2].text).toBe("down: [redacted]");
  expect(log.since(4, 10, redact).rows).toEqual([]);
});
