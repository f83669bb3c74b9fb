import { expect, test } from "bun:test";
import { LatencyHistogram } from "../../../src/runtime/latency-histogram.ts";
import { HISTORY_FEEDS_MAX, HISTORY_SECONDS, HistoryRing } from "../../../src/telemetry/dashboard/history-ring.ts";
import { LatencyWindow } from "../../../src/telemetry/dashboard/latency-window.ts";
import type { HistoryPoint } from "../../../src/telemetry/dashboard/protocol.ts";
import { Sampler } from "../../../src/telemetry/dashboard/sampler.ts";
import { HealthMonitor } from "../../../src/telemetry/health.ts";
import { createSnapshotReader } from "../../../src/telemetry/metrics-snapshot.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { FakeSource, feedStatus } from "../fake-source.ts";

const POINT: HistoryPoint = { accepted: 1, acked: 2, venueP50Ms: 3, venueP99Ms: null, ackP50Ms: 5, ackP99Ms: 6 };

function setUp() {
  const clock = new FakeClock();
  const source = new FakeSource();
  const health = new HealthMonitor({ clock, source });
  const build = { version: "0", commit: "0", bunVersion: "0", instanceId: "edge-1" };
  let cpuSeconds = 0;
  const readProcess = () => ({ residentBytes: 1, heapBytes: 1, cpuSeconds, uptimeSeconds: 1 });
  const read = createSnapshotReader({ source, loop: health.loop, clock, build, readProcess });
  const sampler = new Sampler();
  sampler.add(read());
  const row = source.ledgerRows[0];
  let { accepted, acked } = row;
  /** A second goes by in which so many quotes come and are acked. */
  const second = async (quotes: number) => {
    accepted += quotes;
    acked += quotes;
    cpuSeconds += 0.25;
    source.ledgerRows = [{ ...row, accepted, acked }];
    await clock.advance(1000);
    sampler.add(read());
  };
  return { clock, source, sampler, second };
}

test("Sampler makes rates of counters, and has none before the first second", async () => {
  const { sampler, second } = setUp();
  expect(sampler.last).toBeNull();
  await second(120);
  expect(sampler.last?.total).toMatchObject({ accepted: 120, acked: 120 });
  expect(sampler.last?.byFeed.get("binance")).toMatchObject({ accepted: 120, venueP50Ms: null, ackP50Ms: null });
  expect(sampler.cpuShare).toBeCloseTo(0.25);
});

test("Sampler measures latencies over the last seconds, not since the start", async () => {
  const { source, sampler, second } = setUp();
  source.venueToEdge.record(50_000_000, 1000);
  await second(1);
  for (let i = 0; i < 5; i++) await second(1);
  source.venueToEdge.record(1500, 100);
  await second(1);
  expect(sampler.last?.total.venueP99Ms).toBeGreaterThan(1);
  expect(sampler.last?.total.venueP99Ms).toBeLessThanOrEqual(2);
  for (let i = 0; i < 5; i++) await second(1);
  expect(sampler.last?.total.venueP99Ms).toBeNull();
});

test("isSilent() tells of a feed that has quotes nearly every second and none for 4.5", async () => {
  const { sampler, second } = setUp();
  for (let i = 0; i < 20; i++) await second(10);
  expect(sampler.isSilent("binance", 4499)).toBe(false);
  expect(sampler.isSilent("binance", 4500)).toBe(true);
  for (let i = 0; i < 300; i++) await second(0);
  expect(sampler.isSilent("binance", 300_000)).toBe(true);
  expect(sampler.isSilent("binance", null)).toBe(false);
  expect(sampler.isSilent("another", 9999)).toBe(false);
});

test("isSilent() lets a quiet feed be quiet, and learns when a busy one becomes so", async () => {
  const { sampler, second } = setUp();
  for (let i = 0; i < 20; i++) {
    await second(3);
    await second(0);
    await second(0);
  }
  expect(sampler.isSilent("binance", 60_000)).toBe(false);
  for (let i = 0; i < 240; i++) await second(1);
  expect(sampler.isSilent("binance", 4500)).toBe(true);
  for (let i = 0; i < 30; i++) await second(0);
  await second(1);
  expect(sampler.isSilent("binance", 4500)).toBe(false);
});

test("isSilent() takes an outage for no habit of the feed", async () => {
  const { source, sampler, second } = setUp();
  for (let i = 0; i < 20; i++) await second(10);
  for (let i = 0; i < 4; i++) await second(0);
  source.feedList = [feedStatus({ state: "backing-off" })];
  for (let i = 0; i < 300; i++) await second(0);
  source.feedList = [feedStatus()];
  await second(10);
  expect(sampler.isSilent("binance", 4500)).toBe(true);
});

test("HistoryRing keeps 15 minutes, oldest first, and holes as null", () => {
  const ring = new HistoryRing();
  for (let i = 0; i < HISTORY_SECONDS + 10; i++) {
    ring.add({
      wallMs: i * 1000,
      total: { ...POINT, accepted: i },
      byFeed: new Map(i % 2 === 0 ? [["okx", POINT]] : []),
    });
  }
  const all = ring.read(null);
  expect(all.times).toHaveLength(HISTORY_SECONDS);
  expect(all.times[0]).toBe(10);
  expect(all.accepted.slice(0, 2)).toEqual([10, 11]);
  expect(all.accepted.at(-1)).toBe(909);
  expect(all.venueP99Ms[0]).toBeNull();
  expect(ring.read("okx").accepted.slice(0, 3)).toEqual([1, null, 1]);
  expect(ring.read("nobody").times).toEqual([]);
});

test("HistoryRing keeps a history of its own for a bounded number of feeds", () => {
  const ring = new HistoryRing();
  const names = Array.from({ length: HISTORY_FEEDS_MAX + 1 }, (_, i) => `feed-${i}`);
  ring.add({ wallMs: 0, total: POINT, byFeed: new Map(names.map((name) => [name, POINT])) });
  expect(ring.read(names[HISTORY_FEEDS_MAX - 1]).times).toHaveLength(1);
  expect(ring.read(names[HISTORY_FEEDS_MAX]).times).toEqual([]);
});

test("LatencyWindow puts a quantile on a straight line within its bucket, and what is above all at the top", () => {
  const histogram = new LatencyHistogram();
  const window = new LatencyWindow();
  window.add(histogram.counts);
  expect(window.quantileMs(0.5)).toBeNull();
  histogram.record(1500, 100);
  window.add(histogram.counts);
  expect(window.quantileMs(0.5)).toBeCloseTo(1.5);
  expect(window.quantileMs(1)).toBeCloseTo(2);
  histogram.record(1e9, 1000);
  window.add(histogram.counts);
  expect(window.quantileMs(0.99)).toBe(100_000);
});
