import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Log } from "../../../src/domain/log.ts";
import { EventLoopMonitor } from "../../../src/telemetry/event-loop-monitor.ts";
import { METRIC_GROUPS } from "../../../src/telemetry/metrics.ts";
import { createMetricsRegistry } from "../../../src/telemetry/metrics-registry.ts";
import { createSnapshotReader } from "../../../src/telemetry/metrics-snapshot.ts";
import { MetricsExport } from "../../../src/telemetry/otlp/metrics-export.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { MetricsText } from "../../harness/metrics-text.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import { FakeSource, feedStatus } from "../fake-source.ts";

/** How long a test waits for what must come. */
const LIMIT_MS = 10_000;

interface Point {
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asDouble?: number;
  readonly count?: number;
  readonly sum?: number;
  readonly bucketCounts?: readonly number[];
  readonly explicitBounds?: readonly number[];
}
interface Points {
  readonly dataPoints: readonly Point[];
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
}
interface Sent {
  readonly name: string;
  readonly unit: string;
  readonly sum?: Points;
  readonly gauge?: Points;
  readonly histogram?: Points;
}

/** What the collector was sent on the path of the test that runs; a late export of the one before has another path. */
const received: { path: string; headers: Headers; body: { resourceMetrics: Resource[] } }[] = [];
interface Resource {
  readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: unknown }[] };
  readonly scopeMetrics: readonly { readonly metrics: readonly Sent[] }[];
}
let status = 200;
let testCount = 0;
let currentPath = "";
let collector: ReturnType<typeof Bun.serve>;
beforeAll(() => {
  collector = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const body = (await request.json()) as { resourceMetrics: Resource[] };
      const path = new URL(request.url).pathname;
      if (path === currentPath) received.push({ path, headers: request.headers, body });
      return new Response("{}", { status, headers: { "Content-Type": "application/json" } });
    },
  });
});
afterAll(() => collector.stop(true));

function setUp() {
  received.length = 0;
  currentPath = `/${++testCount}/v1/metrics`;
  const url = new URL(currentPath, collector.url).href;
  const clock = new FakeClock();
  const source = new FakeSource();
  const build = { version: "0.1.0", commit: "abc", bunVersion: "1.4.5", instanceId: "edge-1" };
  const readProcess = () => ({ residentBytes: 1, heapBytes: 2, cpuSeconds: 3.5, uptimeSeconds: 100 });
  const loop = new EventLoopMonitor(clock);
  const takeSnapshot = createSnapshotReader({ source, loop, clock, build, readProcess });
  const events: [string, unknown][] = [];
  const note = (fields: unknown, event: string) => void events.push([event, fields]);
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
  const headers = new Map([["authorization", { reveal: () => "Bearer canary" }]]);
  const metricsExport = new MetricsExport({ url, intervalMs: 5000, headers, takeSnapshot, clock, log });
  return { clock, source, loop, takeSnapshot, events, metricsExport };
}

async function untilReceived(count: number): Promise<void> {
  await waitUntil(() => received.length >= count, { limitMs: LIMIT_MS, what: `${count} exports` });
}

function sentMetrics(index: number): Map<string, Sent> {
  const scopes = received[index]?.body.resourceMetrics.flatMap((one) => one.scopeMetrics) ?? [];
  return new Map(scopes.flatMap((scope) => scope.metrics).map((metric) => [metric.name, metric]));
}

function labelsOf(point: Point): Record<string, string> {
  return Object.fromEntries(point.attributes.map(({ key, value }) => [key, value.stringValue]));
}

describe("MetricsExport", () => {
  test("sends at once and every interval, with the headers, to the path", async () => {
    const { clock, metricsExport } = setUp();
    metricsExport.start();
    await untilReceived(1);
    expect(received[0]?.path).toBe(currentPath);
    expect(received[0]?.headers.get("authorization")).toBe("Bearer canary");
    const resource = received[0]?.body.resourceMetrics[0]?.resource.attributes ?? [];
    expect(resource).toContainEqual({ key: "service.instance.id", value: { stringValue: "edge-1" } });
    await waitUntil(
      async () => {
        await clock.advance(5000);
        return received.length >= 2;
      },
      { limitMs: LIMIT_MS, what: "the second export" },
    );
    metricsExport.stop();
    const count = received.length;
    await clock.advance(60_000);
    expect(received.length).toBe(count);
  });

  test("sends what /metrics shows: the same names, labels and values", async () => {
    const { source, takeSnapshot, metricsExport } = setUp();
    source.feedList = [feedStatus(), feedStatus({ name: "kraken", disconnections: 3 })];
    metricsExport.start();
    await untilReceived(1);
    metricsExport.stop();
    const text = new MetricsText(await createMetricsRegistry(takeSnapshot).render());
    const sent = sentMetrics(0);
    let points = 0;
    for (const { name, type, labels } of METRIC_GROUPS.flatMap((group) => group.metrics)) {
      if (type === "histogram") continue;
      const { dataPoints } = sent.get(name)?.[type === "counter" ? "sum" : "gauge"] ?? { dataPoints: [] };
      for (const point of dataPoints) {
        expect(Object.keys(labelsOf(point))).toEqual([...labels]);
        expect([name, point.asDouble]).toEqual([name, text.sum(name, labelsOf(point))]);
        points++;
      }
    }
    expect(points).toBeGreaterThan(50);
    expect(sent.get("market_data_raw_disconnections_total")).toMatchObject({
      unit: "1",
      sum: { aggregationTemporality: 2, isMonotonic: true },
    });
    const kraken = sent
      .get("market_data_raw_disconnections_total")
      ?.sum?.dataPoints.find((point) => labelsOf(point)["source"] === "kraken");
    expect(kraken?.asDouble).toBe(3);
    expect(Number(kraken?.timeUnixNano) - Number(kraken?.startTimeUnixNano)).toBeCloseTo(100e9, -9);
  });

  test("sends histograms with their buckets, in seconds", async () => {
    const { loop, metricsExport } = setUp();
    for (const latencyUs of [15, 15, 999_999, 200_000_000]) loop.lag.record(latencyUs);
    metricsExport.start();
    await untilReceived(1);
    metricsExport.stop();
    const point = sentMetrics(0).get("ingester_event_loop_lag_seconds")?.histogram?.dataPoints[0];
    const counts = point?.bucketCounts ?? [];
    expect(point?.count).toBe(4);
    expect(point?.explicitBounds?.slice(0, 2)).toEqual([1e-5, 2e-5]);
    expect(counts).toHaveLength((point?.explicitBounds?.length ?? 0) + 1);
    expect([counts[1], counts.at(-1)]).toEqual([2, 1]);
    expect(point?.sum).toBeCloseTo(201.000_029, 5);
  });

  test("tells a failure once, without the headers, and the recovery", async () => {
    const { clock, events, metricsExport } = setUp();
    status = 400;
    metricsExport.start();
    const names = () => events.map(([event]) => event);
    await waitUntil(() => names().length === 1, { limitMs: LIMIT_MS, what: "the failure in the log" });
    await clock.advance(5000);
    await untilReceived(2);
    status = 200;
    await waitUntil(
      async () => {
        await clock.advance(5000);
        return names().length >= 2;
      },
      { limitMs: LIMIT_MS, what: "the recovery in the log" },
    );
    metricsExport.stop();
    expect(names()).toEqual(["metrics_export_failed", "metrics_export_recovered"]);
    expect(JSON.stringify(events)).not.toContain("canary");
  });
});
