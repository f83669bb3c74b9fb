import { expect, test } from "bun:test";
import type { LogFields } from "../../src/domain/log.ts";
import { BacklogLog } from "../../src/telemetry/backlog-log.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { FakeSource, spoolStatus } from "./fake-source.ts";

function setUp() {
  const clock = new FakeClock();
  const source = new FakeSource();
  const lines: LogFields[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)), flush: () => {}, linesLost: 0 };
  const log = createLog({ level: "debug", redact: (text) => text, clock, destination });
  const backlog = new BacklogLog({ clock, source, log });
  backlog.start();
  return { clock, source, lines, backlog };
}

test("BacklogLog is silent while nothing waits, and without a spool", async () => {
  const { clock, source, lines } = setUp();
  await clock.advance(120_000);
  source.spoolStatus = null;
  await clock.advance(120_000);
  expect(lines).toEqual([]);
});

test("BacklogLog tells a backlog when it begins, every minute with its pace, and its end", async () => {
  const { clock, source, lines, backlog } = setUp();
  const oldestUnreadMs = clock.wallUs() / 1000;
  const waits = { unreadRecords: 90_000, unreadBytes: 9_000_000, oldestUnreadMs, readRecords: 0 };
  source.spoolStatus = spoolStatus(waits);
  await clock.advance(50_000);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ event: "spool_backlog", records: 90_000, bytes: 9_000_000, oldestSeconds: 1 });
  expect(lines[0]).toMatchObject({ recordsPerSecond: 0, secondsLeft: null });
  for (let left = 80_000; left >= 0; left -= 10_000) {
    const [unreadRecords, unreadBytes, readRecords] = [left, left * 100, 90_000 - left];
    source.spoolStatus = spoolStatus({ ...waits, unreadRecords, unreadBytes, readRecords });
    await clock.advance(5000);
  }
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatchObject({ event: "spool_backlog", recordsPerSecond: 2000, secondsLeft: 30 });
  expect(lines[2]).toMatchObject({ event: "spool_drained", seconds: 90 });
  backlog.stop();
  expect(clock.armedTimers).toBe(0);
});
