// Kafka is out of reach, memory is small, and a venue does not stop: sockets are paused first, then quotes are dropped,
// and every one of them is counted and told. The program stays well, and says what it lacks.
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { type IngesterRig, type RigFeed, withRig } from "../../harness/ingester-rig.ts";
import { KAFKA_START_TIMEOUT_MS, startKafka } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { waitUntil } from "../../harness/wait-until.ts";

const TEST_LIMIT_MS = 90_000;
/** The rest beyond the share at which sockets are paused takes what one read of a socket holds. */
const MEMORY_MAX_BYTES = 4 * 1024 * 1024;
const BATCH_MAX_BYTES = 16_384;
const PAUSE_MAX_MS = 1000;
/** How long memory stays full after the first drop, ms. */
const FULL_FOR_MS = 7000;
/** The request timeout of the rig, and some. */
const OUTAGE_SEEN_LIMIT_MS = 3000;
/** Nearly always, and always; the machine has other work. */
const HEALTH_LIMIT_MS = 100;
const HEALTH_SLOW_SHARE = 0.1;
const HEALTH_WORST_MS = 1000;
/** Far more than memory holds. */
const ON_SPOOL_WANTED = 100_000;
/** "RSS <= 200 MB at full speed with a slow broker." */
const RESIDENT_MAX_BYTES = 200 * 1024 * 1024;

const FEEDS: readonly RigFeed[] = [
  { name: "flood", venue: "binance", symbolCount: 5, ratePerSecond: 20_000 },
  { name: "kraken", venue: "kraken", symbolCount: 5, ratePerSecond: 500 },
];

let kafka: TestKafka;

describeWithOwnKafka("the program with its memory full", () => {
  beforeAll(async () => {
    kafka = await startKafka({ listeners: { proxied: true } });
  }, KAFKA_START_TIMEOUT_MS);

  afterEach(() => kafka.proxy.release());

  afterAll(async () => {
    await kafka.stop();
  });

  test(
    "pauses sockets first, then drops; every drop is counted and told; health and admin stay",
    () =>
      withRig({ kafka, feeds: FEEDS, isProxied: true, env: memoryEnv() }, async (rig) => {
        await rig.createTopics(2);
        await rig.startLive();
        kafka.proxy.blackhole();
        let droppedAtPause = -1;
        await rig.untilMetrics("paused socket", (now) => {
          droppedAtPause = now.sum("ingester_quotes_dropped_total");
          return now.sum("ingester_feed_pauses_total") > 0;
        });
        expect(droppedAtPause).toBe(0);
        await rig.untilMetrics("dropped quote", (now) => now.sum("ingester_quotes_dropped_total") > 0);
        const isUnready = async () => (await rig.page("/readyz")).status === 503;
        await waitUntil(isUnready, { limitMs: OUTAGE_SEEN_LIMIT_MS, what: "outage noticed" });
        await watchWhileFull(rig);
        kafka.proxy.release();
        await rig.untilAckedMore(1000);

        await rig.quiet();
        const metrics = await rig.metrics();
        const dropped = metrics.sum("ingester_quotes_dropped_total", { reason: "memory_full" });
        // The events of the drops themselves found no room for a while: they were kept, and told later.
        expect(metrics.sum("ingester_side_records_dropped_total")).toBe(0);
        expect((await rig.finish()).code).toBe(0);
        const verdict = await rig.judge();
        expect(verdict.findings).toEqual([]);
        expect(verdict.declaredDropped).toBe(dropped);
        expect(dropped).toBeGreaterThan(0);
      }),
    TEST_LIMIT_MS,
  );

  test(
    "with a spool nothing is paused and nothing dropped: the disk takes it all, and gives it back in order",
    () =>
      withRig(
        { kafka, feeds: FEEDS, isProxied: true, env: { ...memoryEnv(), SPOOL_MODE: "overflow" } },
        async (rig) => {
          await rig.createTopics(2);
          await rig.startLive();
          kafka.proxy.blackhole();
          await rig.untilMetrics("backlog on the disk", (now) => now.sum("ingester_quotes_on_spool") > ON_SPOOL_WANTED);
          expect((await rig.page("/healthz")).status).toBe(200);
          expect((await rig.page("/readyz")).text).toMatch(/spool/);
          kafka.proxy.release();
          await rig.quiet();
          expect((await rig.finish()).code).toBe(0);
          const last = rig.ledgers.at(-1);
          expect(last?.accounts.flatMap(({ dropped }) => Object.values(dropped)).filter((count) => count > 0)).toEqual(
            [],
          );
          const verdict = await rig.judge();
          expect(verdict.findings).toEqual([]);
          expect(verdict.declaredDropped).toBe(0);
        },
      ),
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

/** While quotes are dropped: healthy and quick to say so, not ready and says why, memory bounded, ledger balanced. */
async function watchWhileFull(rig: IngesterRig): Promise<void> {
  const endMs = performance.now() + FULL_FOR_MS;
  const tookMs: number[] = [];
  while (performance.now() < endMs) {
    const health = await rig.page("/healthz");
    expect({ status: health.status, text: health.text }).toMatchObject({ status: 200 });
    tookMs.push(health.tookMs);
    const ready = await rig.page("/readyz");
    expect(ready.status).toBe(503);
    expect(ready.text).toMatch(/sink kafka[^}]*Cannot/s);
    const metrics = await rig.metrics();
    expect(metrics.sum("ingester_ledger_imbalance_quotes")).toBe(0);
    expect(metrics.sum("process_resident_memory_bytes")).toBeLessThan(RESIDENT_MAX_BYTES);
    // The last batches are sealed when they are full, and one more of each lane fits in beside them.
    expect(metrics.sum("ingester_batch_memory_bytes")).toBeLessThan(MEMORY_MAX_BYTES + 4 * BATCH_MAX_BYTES);
    await Bun.sleep(50);
  }
  const slow = tookMs.filter((ms) => ms > HEALTH_LIMIT_MS);
  expect(slow.length / tookMs.length).toBeLessThan(HEALTH_SLOW_SHARE);
  expect(Math.max(...tookMs)).toBeLessThan(HEALTH_WORST_MS);
}
