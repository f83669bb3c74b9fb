import { expect, test } from "bun:test";
import type { FeedStatus } from "../../src/domain/feed-status.ts";
import { EventLoopMonitor } from "../../src/telemetry/event-loop-monitor.ts";
import { createSnapshotReader } from "../../src/telemetry/metrics-snapshot.ts";
import { readReadiness } from "../../src/telemetry/readiness.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { FakeSource, feedStatus, laneStatus, spoolStatus } from "./fake-source.ts";

const BUILD = { version: "0.1.0", commit: "abc", bunVersion: "1.4.5", instanceId: "edge-1" };

const NEVER_LIVE = { lastQuoteTimeMs: null, connected: false } as const;

/** A source without a spool, unless the test gives it one. */
function plainSource(): FakeSource {
  const source = new FakeSource();
  source.spoolStatus = null;
  return source;
}

function readinessOf(source: FakeSource, clock = new FakeClock()) {
  return readReadiness(createSnapshotReader({ source, loop: new EventLoopMonitor(clock), clock, build: BUILD })());
}

function partOf(source: FakeSource, name: string) {
  const { isReady, parts } = readinessOf(source);
  return { isAllReady: isReady, ...parts.find((one) => one.part === name) };
}

function readFeed(changes: Partial<FeedStatus>) {
  const source = plainSource();
  source.feedList = [feedStatus(changes)];
  const readiness = readinessOf(source);
  const part = readiness.parts.find((one) => one.part === "feed binance");
  return { isReady: readiness.isReady, isDegraded: part?.isDegraded, why: part?.why };
}

test("readReadiness() is ready when running, the sink writable and every feed live", () => {
  expect(readinessOf(plainSource())).toEqual({
    isReady: true,
    parts: [
      { part: "app", isReady: true, isDegraded: false, why: "" },
      { part: "sink kafka", isReady: true, isDegraded: false, why: "" },
      { part: "feed binance", isReady: true, isDegraded: false, why: "" },
    ],
  });
});

test("readReadiness() is not ready while starting or draining, and says which", () => {
  const source = plainSource();
  for (const phase of ["starting", "draining"] as const) {
    source.currentPhase = phase;
    const readiness = readinessOf(source);
    expect(readiness.isReady).toBe(false);
    expect(readiness.parts[0]?.why).toBe(`is ${phase}`);
  }
});

test("readReadiness() tells the sink's trouble", () => {
  const source = plainSource();
  source.sinkStatus = { kind: "kafka", isStarted: true, trouble: "Cannot reach broker 1: refused" };
  const readiness = readinessOf(source);
  expect(readiness.isReady).toBe(false);
  expect(readiness.parts[1]).toMatchObject({ isReady: false, why: "Cannot reach broker 1: refused" });
  source.sinkStatus = { kind: "kafka", isStarted: false, trouble: "" };
  expect(readinessOf(source).parts[1]?.why).toBe("is not started yet");
});

test("readReadiness() says that feeds wait while the sink is not started", () => {
  const source = plainSource();
  source.sinkStatus = { kind: "kafka", isStarted: false, trouble: "Cannot reach broker 1: refused" };
  source.feedList = [feedStatus({ state: "stopped", ...NEVER_LIVE })];
  expect(readinessOf(source).parts[2]).toMatchObject({ isReady: false, why: "waits for the sink" });
  source.sinkStatus = { kind: "kafka", isStarted: true, trouble: "" };
  expect(readinessOf(source).parts[2]).toMatchObject({ isReady: false, why: "is stopped" });
});

test("readReadiness() wants every enabled feed to have been live once", () => {
  expect(readFeed({ state: "connecting", ...NEVER_LIVE })).toMatchObject({
    isReady: false,
    why: "is connecting; was never live",
  });
  expect(readFeed({ state: "backing-off" })).toMatchObject({ isReady: true, isDegraded: true, why: "is backing-off" });
  expect(readFeed({ state: "stale", ...NEVER_LIVE })).toMatchObject({ isReady: true, isDegraded: true });
  expect(readFeed({ state: "live", ...NEVER_LIVE })).toMatchObject({ isReady: true, isDegraded: false });
});

test("readReadiness() is not ready when a feed has failed, and gives the last error", () => {
  const lastError = { code: "connect_refused", message: "Cannot connect to x: refused", timeMs: 1 };
  const [connection] = feedStatus().connections;
  if (connection === undefined) throw new Error("no connection");
  expect(readFeed({ state: "failed", connections: [{ ...connection, lastError }] })).toMatchObject({
    isReady: false,
    why: "is failed: Cannot connect to x: refused",
  });
});

test("readReadiness() leaves disabled feeds out and calls refused symbols degraded", () => {
  expect(readFeed({ state: "disabled", ...NEVER_LIVE })).toMatchObject({ isReady: true, why: undefined });
  const refused = { symbol: "NOPE", state: "rejected", reason: "unknown", lastQuoteTimeMs: null, quotes: 0 } as const;
  expect(readFeed({ subscriptions: [...feedStatus().subscriptions, refused] })).toEqual({
    isReady: true,
    isDegraded: true,
    why: "1 of 2 subscriptions were refused",
  });
});

test("readReadiness() takes a feed outside its trading hours for ready", () => {
  const why = "is outside its trading hours";
  expect(readFeed({ state: "closed", ...NEVER_LIVE })).toEqual({ isReady: true, isDegraded: false, why });
});

test("readReadiness() takes a spool at rest for ready", () => {
  const rest = { isAllReady: true, part: "spool", isReady: true, isDegraded: false, why: "" };
  expect(partOf(new FakeSource(), "spool")).toEqual(rest);
});

test("readReadiness() calls a sink in trouble degraded while the spool takes what it does not, and unready when not", () => {
  const source = new FakeSource();
  source.sinkStatus = { kind: "kafka", isStarted: true, trouble: "Cannot reach broker 1: refused" };
  const told = { part: "sink kafka", why: "Cannot reach broker 1: refused" };
  expect(partOf(source, "sink kafka")).toMatchObject({ ...told, isAllReady: true, isReady: true, isDegraded: true });
  for (const state of ["full", "failing"] as const) {
    source.spoolStatus = spoolStatus({ state, trouble: "Cannot write: EIO" });
    expect(partOf(source, "sink kafka")).toMatchObject({ ...told, isAllReady: false, isReady: false });
  }
});

test("readReadiness() calls a Kafka that was never reached degraded while the spool takes the quotes", () => {
  const source = new FakeSource();
  source.sinkStatus = { kind: "kafka", isStarted: false, trouble: "" };
  source.laneList = [laneStatus({ partition: -1, state: "held" })];
  expect(partOf(source, "sink kafka")).toMatchObject({ isAllReady: true, isDegraded: true, why: "is not started yet" });
  expect(partOf(source, "spool")).toMatchObject({ isDegraded: true, why: "held: quotes" });
});

test("readReadiness() tells of records on the spool that nobody sends, as their topic is not configured", () => {
  const source = new FakeSource();
  source.otherTopics = ["old-quotes"];
  const why = "holds records of topics not configured: old-quotes";
  expect(partOf(source, "spool")).toMatchObject({ isReady: true, isDegraded: true, why });
});

test("readReadiness() calls a full or failing spool degraded while the sink is well, and says why", () => {
  const source = new FakeSource();
  source.spoolStatus = spoolStatus({ state: "full", trouble: "Cannot write: no space left" });
  const part = { isAllReady: true, isReady: true, isDegraded: true };
  expect(partOf(source, "spool")).toMatchObject({ ...part, why: "is full: Cannot write: no space left" });
  source.spoolStatus = spoolStatus({ state: "failing" });
  expect(partOf(source, "spool")).toMatchObject({ ...part, why: "is failing" });
});

test("readReadiness() says which lanes go through the disk, what waits there, for how long, and how long it will take", async () => {
  const clock = new FakeClock();
  const source = new FakeSource();
  source.laneList = [
    laneStatus({ partition: 0, state: "draining" }),
    laneStatus({ partition: 1 }),
    ...Array.from({ length: 7 }, (_, i) => laneStatus({ partition: 2 + i, state: "spooling" as const })),
  ];
  const oldestUnreadMs = clock.wallUs() / 1000;
  source.spoolStatus = spoolStatus({ unreadRecords: 40_000, unreadBytes: 3_000_000, oldestUnreadMs });
  const takeSnapshot = createSnapshotReader({ source, loop: new EventLoopMonitor(clock), clock, build: BUILD });
  takeSnapshot();
  await clock.advance(10_000);
  source.spoolStatus = spoolStatus({ unreadRecords: 20_000, unreadBytes: 1_500_000, oldestUnreadMs });
  expect(readReadiness(takeSnapshot()).parts[2]?.why).toBe(
    "spooling: quotes/2, quotes/3, quotes/4, quotes/5, quotes/6 and 2 more; draining: quotes/0; " +
      "20,000 records wait in 1.5 MB, the oldest 10s; 10s left at this pace",
  );
});
