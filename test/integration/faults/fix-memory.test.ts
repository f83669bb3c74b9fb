// Kafka is out of reach, memory is small, and an LP floods us beside a venue over WebSocket: sockets are not read for a
// while, then quotes are dropped, every one counted and told, and the FIX session lives through all of it.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { type IngesterRig, type RigFeed, withRig } from "../../harness/ingester-rig.ts";
import { KAFKA_START_TIMEOUT_MS, startKafka } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { FaultyFeed } from "./faulty-feed.ts";

const TEST_LIMIT_MS = 60_000;
const HEARTBEAT_S = 1;
/** The rest beyond the share at which sockets are paused takes what one read of a socket holds. */
const MEMORY_MAX_BYTES = 4 * 1024 * 1024;
const BATCH_MAX_BYTES = 16_384;
/** Longer than an LP waits for a Heartbeat: it must get ours while its messages are not read. */
const PAUSE_MAX_MS = 3 * HEARTBEAT_S * 1000;
/** How long memory stays full after the first drop, ms. */
const FULL_FOR_MS = 3 * HEARTBEAT_S * 1000;
/** "RSS <= 200 MB at full speed with a slow broker." */
const RESIDENT_MAX_BYTES = 200 * 1024 * 1024;

const FLOOD = "flood";
const FEEDS: readonly RigFeed[] = [
  {
    name: FLOOD,
    venue: "fix-generic",
    symbolCount: 5,
    ratePerSecond: 10_000,
    // One entry a side: nearly every message changes the top.
    lp: { levels: 1 },
    settings: { HEARTBEAT_S: String(HEARTBEAT_S), DEPTH: "0" },
  },
  { name: "kraken", venue: "kraken", symbolCount: 2, ratePerSecond: 300 },
];

let kafka: TestKafka;

describeWithOwnKafka("a FIX session while memory is full", () => {
  beforeAll(async () => {
    kafka = await startKafka({ listeners: { proxied: true } });
  }, KAFKA_START_TIMEOUT_MS);

  afterAll(async () => {
    await kafka.stop();
  });

  test(
    "is paused, then drops what it reads; it survives, and every drop is told",
    () =>
      withRig({ kafka, feeds: FEEDS, isProxied: true, env: memoryEnv() }, async (rig) => {
        await rig.createTopics(2);
        await rig.startLive();
        const feed = new FaultyFeed(rig, FLOOD);
        kafka.proxy.blackhole();
        await rig.untilMetrics("paused socket of the LP", (now) => {
          if (now.sum("ingester_feed_pauses_total", { source: FLOOD }) === 0) return false;
          expect(now.sum("ingester_quotes_dropped_total")).toBe(0);
          return true;
        });
        await rig.untilMetrics(
          "dropped quote of the LP",
          (now) => now.sum("ingester_quotes_dropped_total", { source: FLOOD, reason: "memory_full" }) > 0,
        );
        await watchWhileFull(rig);
        kafka.proxy.release();
        await rig.untilAckedMore(1000);
        await feed.untilLive();

        await rig.quiet();
        const metrics = await rig.metrics();
        // Neither the LP nor we took the other for dead, and no number was missed.
        expect(metrics.sum("market_data_raw_disconnections_total")).toBe(0);
        expect(metrics.sum("ingester_feed_sequence_gaps_total")).toBe(0);
        expect(feed.sent("A").length).toBe(1);
        expect(metrics.sum("ingester_side_records_dropped_total")).toBe(0);
        expect((await rig.finish()).code).toBe(0);
        const verdict = await rig.judge();
        expect(verdict.findings).toEqual([]);
        expect(verdict.declaredDropped).toBe(metrics.sum("ingester_quotes_dropped_total", { reason: "memory_full" }));
        expect(verdict.declaredDropped).toBeGreaterThan(0);
      }),
    TEST_LIMIT_MS,
  );
});

function memoryEnv(): Record<string, string> {
  return {
    MEMORY_MAX_BYTES: String(MEMORY_MAX_BYTES),
    BATCH_MAX_BYTES: String(BATCH_MAX_BYTES),
    MEMORY_PAUSE_MAX_MS: String(PAUSE_MAX_MS),
    RAW_PAYLOAD: "off",
    // With a disk nothing would be full.
    SPOOL_MODE: "off",
  };
}

/** While quotes are dropped: healthy, memory bounded, ledger balanced. */
async function watchWhileFull(rig: IngesterRig): Promise<void> {
  const endMs = performance.now() + FULL_FOR_MS;
  while (performance.now() < endMs) {
    expect((await rig.page("/healthz")).status).toBe(200);
    const metrics = await rig.metrics();
    expect(metrics.sum("ingester_ledger_imbalance_quotes")).toBe(0);
    expect(metrics.sum("process_resident_memory_bytes")).toBeLessThan(RESIDENT_MAX_BYTES);
    await Bun.sleep(50);
  }
}
