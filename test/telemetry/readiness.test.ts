import { expect, test } from "bun:test";
import type { FeedStatus } from "../../src/domain/feed-status.ts";
import { readReadiness } from "../../src/telemetry/readiness.ts";
import { FakeSource, feedStatus } from "./fake-source.ts";

const NEVER_LIVE = { lastQuoteTimeMs: null, connected: false } as const;

function readFeed(changes: Partial<FeedStatus>) {
  const source = new FakeSource();
  source.feedList = [feedStatus(changes)];
  const readiness = readReadiness(source);
  const part = readiness.parts.find((one) => one.part === "feed binance");
  return { isReady: readiness.isReady, isDegraded: part?.isDegraded, why: part?.why };
}

test("readReadiness() is ready when running, the sink writable and every feed live", () => {
  expect(readReadiness(new FakeSource())).toEqual({
    isReady: true,
    parts: [
      { part: "app", isReady: true, isDegraded: false, why: "" },
      { part: "sink kafka", isReady: true, isDegraded: false, why: "" },
      { part: "feed binance", isReady: true, isDegraded: false, why: "" },
    ],
  });
});

test("readReadiness() is not ready while starting or draining, and says which", () => {
  const source = new FakeSource();
  for (const phase of ["starting", "draining"] as const) {
    source.currentPhase = phase;
    const readiness = readReadiness(source);
    expect(readiness.isReady).toBe(false);
    expect(readiness.parts[0]?.why).toBe(`is ${phase}`);
  }
});

test("readReadiness() tells the sink's trouble", () => {
  const source = new FakeSource();
  source.sinkStatus = { kind: "kafka", isStarted: true, trouble: "Cannot reach broker 1: refused" };
  const readiness = readReadiness(source);
  expect(readiness.isReady).toBe(false);
  expect(readiness.parts[1]).toMatchObject({ isReady: false, why: "Cannot reach broker 1: refused" });
  source.sinkStatus = { kind: "kafka", isStarted: false, trouble: "" };
  expect(readReadiness(source).parts[1]?.why).toBe("is not started yet");
});

test("readReadiness() says that feeds wait while the sink is not started", () => {
  const source = new FakeSource();
  source.sinkStatus = { kind: "kafka", isStarted: false, trouble: "Cannot reach broker 1: refused" };
  source.feedList = [feedStatus({ state: "stopped", ...NEVER_LIVE })];
  expect(readReadiness(source).parts[2]).toMatchObject({ isReady: false, why: "waits for the sink" });
  source.sinkStatus = { kind: "kafka", isStarted: true, trouble: "" };
  expect(readReadiness(source).parts[2]).toMatchObject({ isReady: false, why: "is stopped" });
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
