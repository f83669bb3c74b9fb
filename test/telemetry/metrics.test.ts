import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EventLoopMonitor } from "../../src/telemetry/event-loop-monitor.ts";
import { METRIC_GROUPS } from "../../src/telemetry/metrics.ts";
import { metricsMarkdown } from "../../src/telemetry/metrics-markdown.ts";
import { createMetricsRegistry } from "../../src/telemetry/metrics-registry.ts";
import { createSnapshotReader, LANES_MAX } from "../../src/telemetry/metrics-snapshot.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { FakeSource, feedStatus, laneStatus, spoolStatus } from "./fake-source.ts";

const DOCS = join(import.meta.dir, "../../docs");
const DECLARED = METRIC_GROUPS.flatMap((group) => group.metrics);

function setUp() {
  const clock = new FakeClock();
  const source = new FakeSource();
  const loop = new EventLoopMonitor(clock);
  const build = { version: "0.1.0", commit: "abc", bunVersion: "1.4.5", instanceId: "edge-1" };
  const readProcess = () => ({ residentBytes: 1, heapBytes: 2, cpuSeconds: 3.5, uptimeSeconds: 100 });
  const registry = createMetricsRegistry(createSnapshotReader({ source, loop, clock, build, readProcess }));
  return { clock, source, loop, registry };
}

/** Samples by `name{labels}`; throws on any line that is not Prometheus text. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("# HELP ") || line.startsWith("# TYPE ")) continue;
    const match = /^([a-z0-9_]+(?:\{(?:[a-z_]+="[^"\\\n]*",?)*\})?) (-?[0-9.e+-]+|\+Inf)$/.exec(line);
    if (match === null) throw new Error(`not a sample: ${line}`);
    if (samples.has(match[1] as string)) throw new Error(`twice: ${line}`);
    samples.set(match[1] as string, match[2] === "+Inf" ? Number.POSITIVE_INFINITY : Number(match[2]));
  }
  return samples;
}

test("a scrape lists every declared metric with its help and type, and none that is not declared", async () => {
  const { registry, source } = setUp();
  source.laneList = [laneStatus({ lastAckMs: 0 })];
  const text = await registry.render();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((match) => `${match[1]} ${match[2]}`);
  expect(types.sort()).toEqual(DECLARED.map((metric) => `${metric.name} ${metric.type}`).sort());
  const named = new Set(
    [...parse(text).keys()].map((key) => key.replace(/\{.*/, "").replace(/_(bucket|sum|count)$/, "")),
  );
  for (const { name, help } of DECLARED) {
    expect(named.has(name)).toBe(true);
    expect(text).toContain(`# HELP ${name} ${help}\n`);
  }
});

test("a polled venue's budget is shown as far as the venue tells it", async () => {
  const { registry } = setUp();
  const samples = parse(await registry.render());
  expect(samples.get('ingester_request_blocked_seconds{host="api.example"}')).toBe(1.5);
  expect(samples.get('ingester_request_budget_used_ratio{host="api.example",window="60"}')).toBe(0.25);
  expect([...samples.keys()].filter((key) => key.startsWith("ingester_request_budget_used_ratio"))).toHaveLength(1);
});

test("the five specified counters and the ledger carry the source and their values", async () => {
  const { registry } = setUp();
  const samples = parse(await registry.render());
  const expected = {
    'market_data_raw_ticks_total{source="binance"}': 10,
    'market_data_raw_disconnections_total{source="binance"}': 6,
    'market_data_raw_parse_errors_total{source="binance"}': 4,
    'market_data_raw_published_total{source="binance"}': 6,
    'market_data_raw_publish_errors_total{source="binance"}': 9,
    'ingester_quotes_accepted_total{source="binance"}': 10,
    'ingester_quotes_acked_total{source="binance"}': 6,
    'ingester_quotes_recovered_total{source="binance"}': 20,
    'ingester_quotes_in_memory{source="binance"}': 1,
    'ingester_quotes_on_spool{source="binance"}': 16,
    'ingester_quotes_dropped_total{source="binance",reason="memory_full"}': 2,
    'ingester_quotes_dropped_total{source="binance",reason="record_too_large"}': 0,
    'ingester_quotes_dropped_total{source="binance",reason="broker_rejected"}': 1,
    'ingester_quotes_dropped_total{source="binance",reason="shutdown"}': 0,
    'ingester_quotes_dropped_total{source="binance",reason="spool_full"}': 3,
    'ingester_quotes_dropped_total{source="binance",reason="spool_damaged"}': 1,
    'ingester_ledger_imbalance_quotes{source="binance"}': 0,
    'ingester_feed_state{source="binance",state="live"}': 1,
    'ingester_feed_state{source="binance",state="failed"}': 0,
    'ingester_feed_sequence_gaps_total{source="binance"}': 3,
    'ingester_feed_sequence_regressions_total{source="binance"}': 2,
    'ingester_feed_duplicates_total{source="binance"}': 1,
    'ingester_feed_pauses_total{source="binance"}': 7,
    'ingester_feed_subscriptions{source="binance",state="live"}': 1,
    'ingester_lane_retries_total{topic="quotes",partition="0"}': 2,
    'ingester_sink_writable{kind="kafka"}': 1,
    ingester_batch_memory_limit_bytes: 4000,
    process_start_time_seconds: 1_700_000_000 - 100,
    'ingester_build_info{version="0.1.0",commit="abc",bun="1.4.5",instance="edge-1"}': 1,
  };
  for (const [name, value] of Object.entries(expected)) expect([name, samples.get(name)]).toEqual([name, value]);
});

test("the spool tells its state, what it holds, how old that is, and how long it will take to send", async () => {
  const { clock, registry, source } = setUp();
  const oldestUnreadMs = clock.wallUs() / 1000 - 5000;
  const waiting = { unreadBatches: 9, unreadRecords: 900, unreadBytes: 60_000, oldestUnreadMs };
  source.spoolStatus = spoolStatus({ ...waiting, state: "full" });
  source.laneList = [laneStatus({ state: "draining", spooledBatches: 9, spooledRecords: 900, spooledBytes: 60_000 })];
  expect(parse(await registry.render()).get("ingester_spool_drain_left_seconds")).toBe(Number.POSITIVE_INFINITY);
  await clock.advance(2000);
  source.spoolStatus = spoolStatus({ ...waiting, unreadBytes: 40_000, readBytes: 25_600, readRecords: 380 });
  const samples = parse(await registry.render());
  const expected = {
    'ingester_spool_state{state="ok"}': 1,
    'ingester_spool_state{state="full"}': 0,
    'ingester_spool_state{state="failing"}': 0,
    ingester_spool_bytes: 4096,
    ingester_spool_limit_bytes: 10_000_000,
    ingester_spool_free_bytes: 50_000_000,
    ingester_spool_backlog_batches: 9,
    ingester_spool_backlog_records: 900,
    ingester_spool_backlog_bytes: 40_000,
    ingester_spool_oldest_age_seconds: 7,
    ingester_spool_written_records_total: 100,
    ingester_spool_read_bytes_total: 25_600,
    ingester_spool_recovered_records_total: 20,
    ingester_spool_damaged_records_total: 1,
    ingester_spool_missing_records_total: 0,
    ingester_spool_dropped_records_total: 3,
    ingester_spool_expired_records_total: 0,
    ingester_spool_last_fsync_seconds: 0.002,
    ingester_spool_drain_records_per_second: 150,
    ingester_spool_drain_bytes_per_second: 10_000,
    ingester_spool_drain_left_seconds: 4,
    'ingester_lane_state{topic="quotes",partition="0",state="draining"}': 1,
    'ingester_lane_state{topic="quotes",partition="0",state="direct"}': 0,
    'ingester_lane_spooled_batches{topic="quotes",partition="0"}': 9,
    'ingester_lane_spooled_records{topic="quotes",partition="0"}': 900,
    'ingester_lane_spooled_bytes{topic="quotes",partition="0"}': 60_000,
  };
  for (const [name, value] of Object.entries(expected)) expect([name, samples.get(name)]).toEqual([name, value]);
});

test("without a spool there is no state, and the rest is 0", async () => {
  const { registry, source } = setUp();
  source.spoolStatus = null;
  const samples = parse(await registry.render());
  const ofDisk = [...samples].filter(([key]) => key.startsWith("ingester_spool_"));
  expect(ofDisk.length).toBeGreaterThan(10);
  expect(ofDisk.filter(([key, value]) => value !== 0 || key.includes("state"))).toEqual([]);
  expect(samples.get('ingester_quotes_on_spool{source="binance"}')).toBe(16);
});

test("histograms are cumulative, in seconds, and end in +Inf", async () => {
  const { registry, source } = setUp();
  source.edgeToAck.record(15, 3);
  source.edgeToAck.record(1_500_000);
  source.edgeToAck.record(500_000_000);
  source.venueToEdge.record(-40);
  const samples = parse(await registry.render());
  expect(samples.get('ingester_edge_to_ack_seconds_bucket{le="0.00001"}')).toBe(0);
  expect(samples.get('ingester_edge_to_ack_seconds_bucket{le="0.00002"}')).toBe(3);
  expect(samples.get('ingester_edge_to_ack_seconds_bucket{le="2"}')).toBe(4);
  expect(samples.get('ingester_edge_to_ack_seconds_bucket{le="100"}')).toBe(4);
  expect(samples.get('ingester_edge_to_ack_seconds_bucket{le="+Inf"}')).toBe(5);
  expect(samples.get("ingester_edge_to_ack_seconds_count")).toBe(5);
  expect(samples.get("ingester_edge_to_ack_seconds_sum")).toBeCloseTo(501.500045, 6);
  expect(samples.get('ingester_venue_to_edge_seconds_bucket{source="binance",le="0.00001"}')).toBe(1);
  expect(samples.get('ingester_venue_to_edge_seconds_sum{source="binance"}')).toBe(0);
});

test("values are copied at each scrape, and series that are gone leave it", async () => {
  const { clock, registry, source } = setUp();
  await registry.render();
  source.feedList = [feedStatus({ name: "okx", gaps: 40, state: "failed" })];
  source.laneList = [laneStatus({ lastAckMs: 0, sealedBatches: 5 })];
  await clock.advance(1500);
  const samples = parse(await registry.render());
  expect(samples.get('ingester_feed_sequence_gaps_total{source="okx"}')).toBe(40);
  expect(samples.get('ingester_feed_state{source="okx",state="failed"}')).toBe(1);
  expect(samples.has('ingester_feed_sequence_gaps_total{source="binance"}')).toBe(false);
  expect(samples.get('ingester_lane_last_ack_age_seconds{topic="quotes",partition="0"}')).toBe(1.5);
});

test("scrapes at the same time share one snapshot", async () => {
  const { registry, source } = setUp();
  let snapshots = 0;
  source.lanes = () => {
    snapshots++;
    return [];
  };
  const texts = await Promise.all([registry.render(), registry.render(), registry.render()]);
  expect(new Set(texts).size).toBe(1);
  expect(snapshots).toBe(1);
  await registry.render();
  expect(snapshots).toBe(2);
});

test("a topic with very many partitions does not blow up a scrape", async () => {
  const { registry, source } = setUp();
  source.laneList = Array.from({ length: LANES_MAX + 100 }, (_, partition) => laneStatus({ partition }));
  const samples = parse(await registry.render());
  expect([...samples.keys()].filter((key) => key.startsWith("ingester_lane_retries_total"))).toHaveLength(LANES_MAX);
  expect(samples.get("ingester_lanes_left_out")).toBe(100);
});

test("docs/metrics.md is what the declarations say", () => {
  expect(readFileSync(join(DOCS, "metrics.md"), "utf8")).toBe(metricsMarkdown());
});

test("docs/operations.md names only metrics that exist", () => {
  const text = readFileSync(join(DOCS, "operations.md"), "utf8");
  const named = text.match(/\b(?:ingester|market_data_raw|process)_[a-z0-9_]+\b/g) ?? [];
  expect(named.length).toBeGreaterThan(10);
  const known = new Set(DECLARED.map((metric) => metric.name));
  const unknown = named.filter((name) => !known.has(name.replace(/_(bucket|sum|count)$/, "")) && !known.has(name));
  expect(unknown).toEqual([]);
});
