// The whole program while its broker is killed, paused, cut off, and answers too late. Each fault shows first that it is
// there; what counts in the end is the oracle's word: nothing lost, nothing twice, nothing out of order.
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { type IngesterRig, type RigFeed, withRig } from "../../harness/ingester-rig.ts";
import { KAFKA_START_TIMEOUT_MS, startKafka } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";
import { waitUntil } from "../../harness/wait-until.ts";

const TEST_LIMIT_MS = 90_000;
/** First ack after the broker is back, promise P11. */
const FIRST_ACK_LIMIT_MS = 5000;
const KILL_WITHIN_MS = 500;
const PAUSE_MS = 5000;
const BLACK_HOLE_MS = 8000;

const FEEDS: readonly RigFeed[] = [
  { name: "binance", venue: "binance", symbolCount: 3, ratePerSecond: 600 },
  { name: "kraken", venue: "kraken", symbolCount: 2, ratePerSecond: 300 },
];

let kafka: TestKafka;

describeWithOwnKafka("the program while its broker fails", () => {
  beforeAll(async () => {
    kafka = await startKafka({ listeners: { proxied: true } });
  }, KAFKA_START_TIMEOUT_MS);

  afterEach(() => kafka.proxy.release());

  afterAll(async () => {
    await kafka.stop();
  });

  test(
    "kill -9 mid-stream and restart, twice",
    () =>
      throughFault(async (rig) => {
        for (let round = 0; round < 2; round++) {
          await Bun.sleep(rig.chance() * KILL_WITHIN_MS);
          await kafka.kill();
          await seeOutage(rig);
          await kafka.restart();
          await rig.untilAckedMore(1, FIRST_ACK_LIMIT_MS);
          await rig.untilAckedMore(500);
        }
      }),
    TEST_LIMIT_MS,
  );

  test(
    "SIGSTOP for 5 s, then SIGCONT",
    () =>
      throughFault(async (rig) => {
        kafka.pause();
        const pausedMs = performance.now();
        try {
          await seeOutage(rig);
          await holdFor(rig, PAUSE_MS - (performance.now() - pausedMs));
        } finally {
          kafka.resume();
        }
        await rig.untilAckedMore(1, FIRST_ACK_LIMIT_MS);
      }),
    TEST_LIMIT_MS,
  );

  test(
    "batches are written, their acks come after the request timeout or never",
    () =>
      throughFault(async (rig) => {
        for (const end of ["lost", "late"] as const) {
          kafka.proxy.holdResponses();
          await waitUntil(() => kafka.proxy.heldResponseBytes > 0, { limitMs: 5000, what: "answer held" });
          // The fault: more is in the log than we were told of.
          const isWrittenUnheard = async () => {
            const acked = (await rig.metrics()).sum("ingester_quotes_acked_total");
            return (await readTopicWithKcat(kafka.bootstrap.plain, rig.topic)).length > acked;
          };
          await waitUntil(isWrittenUnheard, { limitMs: 10_000, what: "batch written whose ack is held" });
          await seeOutage(rig);
          if (end === "lost") kafka.proxy.dropConnections();
          kafka.proxy.release();
          await rig.untilAckedMore(500, FIRST_ACK_LIMIT_MS);
        }
      }),
    TEST_LIMIT_MS,
  );

  test(
    "a black hole for 8 s: nothing passes, nothing is closed",
    () =>
      throughFault(async (rig) => {
        kafka.proxy.blackhole();
        const startMs = performance.now();
        await seeOutage(rig);
        await holdFor(rig, BLACK_HOLE_MS - (performance.now() - startMs));
        kafka.proxy.release();
        await rig.untilAckedMore(1, FIRST_ACK_LIMIT_MS);
      }),
    TEST_LIMIT_MS,
  );
});

/** A whole life of the program with a fault in the middle of it. */
async function throughFault(fault: (rig: IngesterRig) => Promise<void>): Promise<void> {
  await withRig({ kafka, feeds: FEEDS, isProxied: true }, async (rig) => {
    await rig.createTopics();
    await rig.startLive();
    await fault(rig);
    await waitUntil(async () => (await rig.page("/readyz")).status === 200, { limitMs: 10_000, what: "readiness" });
    await rig.quiet();
    const metrics = await rig.metrics();
    const ended = await rig.finish();
    expect(ended.code).toBe(0);
    const verdict = await rig.judge();
    expect(verdict.findings).toEqual([]);
    expect(verdict).toMatchObject({ declaredMissing: 0, declaredDropped: 0, duplicates: 0 });
    expect(verdict.distinct).toBeGreaterThan(1000);
    expect(metrics.sum("market_data_raw_disconnections_total")).toBe(0);
  });
}

/** The fault proves itself: attempts fail, readiness says why; health does not ask for a restart. */
async function seeOutage(rig: IngesterRig): Promise<void> {
  const failures = (await rig.metrics()).sum("market_data_raw_publish_errors_total");
  await rig.untilMetrics("failed attempt", (now) => now.sum("market_data_raw_publish_errors_total") > failures);
  const ready = await rig.page("/readyz");
  expect(ready.status).toBe(503);
  expect(ready.text).toContain("sink kafka");
  expect((await rig.page("/healthz")).status).toBe(200);
}

/** Keeps a fault up for so long; the ledger balances at every scrape meanwhile, and nothing is acked. */
async function holdFor(rig: IngesterRig, forMs: number): Promise<void> {
  const endMs = performance.now() + forMs;
  const acked = (await rig.metrics()).sum("ingester_quotes_acked_total");
  while (performance.now() < endMs) {
    const metrics = await rig.metrics();
    expect(metrics.sum("ingester_ledger_imbalance_quotes")).toBe(0);
    expect(metrics.sum("ingester_quotes_acked_total")).toBe(acked);
    await Bun.sleep(Math.min(100, Math.max(0, endMs - performance.now())));
  }
}
