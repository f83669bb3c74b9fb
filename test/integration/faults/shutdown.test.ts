// SIGTERM in every state the program can be in, and the SIGKILL that asks nobody.
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { type IngesterRig, type RigFeed, withRig } from "../../harness/ingester-rig.ts";
import { KAFKA_START_TIMEOUT_MS, startKafka } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";
import { waitUntil } from "../../harness/wait-until.ts";

const TEST_LIMIT_MS = 60_000;
/** With nothing to drain, the program is gone within this, ms. */
const PROMPT_END_MS = 3000;
const SHORT_DRAIN_MS = 1500;
const KILLS = 3;
const KILL_WITHIN_MS = 300;

const FEEDS: readonly RigFeed[] = [
  { name: "binance", venue: "binance", symbolCount: 3, ratePerSecond: 600 },
  { name: "kraken", venue: "kraken", symbolCount: 2, ratePerSecond: 300 },
];

let kafka: TestKafka;

describeWithOwnKafka("the program at its end", () => {
  beforeAll(async () => {
    kafka = await startKafka({ listeners: { proxied: true } });
  }, KAFKA_START_TIMEOUT_MS);

  afterEach(() => {
    kafka.proxy.dropConnections();
    kafka.proxy.release();
  });

  afterAll(async () => {
    await kafka.stop();
  });

  test(
    "SIGTERM while connecting to venues that do not answer: ends at once with 0",
    () =>
      withRig({ kafka, feeds: FEEDS }, async (rig) => {
        await rig.createTopics();
        for (const feed of FEEDS) rig.venue(feed.name).holdHandshakes();
        await rig.start();
        const isConnecting = (state: string, count: number) =>
          rig.untilMetrics(`feeds ${state}`, (now) => now.sum("ingester_feed_state", { state }) === count);
        await isConnecting("connecting", FEEDS.length);
        await endPromptly(rig);
      }),
    TEST_LIMIT_MS,
  );

  test(
    "SIGTERM while Kafka has never answered: ends at once with 0",
    () =>
      withRig({ kafka, feeds: FEEDS, isProxied: true }, async (rig) => {
        kafka.proxy.blackhole();
        await rig.start();
        await waitUntil(() => kafka.proxy.heldRequestBytes > 0, { limitMs: 5000, what: "question held" });
        expect((await rig.page("/readyz")).text).toContain("is starting");
        await endPromptly(rig);
      }),
    TEST_LIMIT_MS,
  );

  test(
    "SIGTERM while live: every accepted quote is acked, exit 0",
    () =>
      withRig({ kafka, feeds: FEEDS }, async (rig) => {
        await rig.createTopics();
        await rig.startLive(300);
        rig.process.signal("SIGTERM");
        const ended = await rig.process.ended;
        expect(ended.code).toBe(0);
        expect(ended.stderr).toContain('"event":"drained"');
        const ledger = await rig.keepLastLedger();
        for (const { accepted, acked } of ledger) expect(acked).toBe(accepted);
        const verdict = await rig.judge({ isCutWhileSending: true });
        expect(verdict.findings).toEqual([]);
        expect(verdict.distinct).toBe(ledger.reduce((sum, account) => sum + account.accepted, 0));
      }),
    TEST_LIMIT_MS,
  );

  test(
    "SIGTERM while Kafka is down, without a spool: exit 1 within DRAIN_MS, the lost quotes counted in the log",
    () =>
      withRig(downOptions(SHORT_DRAIN_MS), async (rig) => {
        await fillWhileDown(rig);
        const held = (await rig.metrics()).sum("ingester_quotes_in_memory");
        const startMs = performance.now();
        rig.process.signal("SIGTERM");
        const ended = await rig.process.ended;
        expect(performance.now() - startMs).toBeLessThan(SHORT_DRAIN_MS + PROMPT_END_MS);
        expect(ended.code).toBe(1);
        expect(await rig.process.waitForLog("drain_cut_short")).toMatchObject({ quotesDropped: held });
        const ledger = await rig.keepLastLedger();
        expect(ledger.map(({ source }) => source).sort()).toEqual(["binance", "kraken"]);
        expect(ledger.reduce((sum, { dropped }) => sum + (dropped["shutdown"] ?? 0), 0)).toBe(held);
        const verdict = await rig.judge();
        expect(verdict.findings).toEqual([]);
        expect(verdict.declaredMissing).toBeGreaterThan(0);
      }),
    TEST_LIMIT_MS,
  );

  test(
    "SIGTERM while Kafka is down, and it comes back while draining: nothing lost, exit 0",
    () =>
      withRig(downOptions(20_000), async (rig) => {
        await fillWhileDown(rig);
        await beginDraining(rig);
        kafka.proxy.release();
        expect((await rig.process.ended).code).toBe(0);
        await rig.keepLastLedger();
        const verdict = await rig.judge();
        expect(verdict.findings).toEqual([]);
        expect(verdict).toMatchObject({ declaredMissing: 0, distinct: verdict.sent });
      }),
    TEST_LIMIT_MS,
  );

  test(
    "a second SIGTERM while draining ends it at once with 143",
    () =>
      withRig(downOptions(20_000), async (rig) => {
        await fillWhileDown(rig);
        await beginDraining(rig);
        const startMs = performance.now();
        rig.process.signal("SIGTERM");
        expect((await rig.process.ended).code).toBe(143);
        expect(performance.now() - startMs).toBeLessThan(1000);
      }),
    TEST_LIMIT_MS,
  );

  test(
    "kill -9 and restart, again and again: a new session each time, nothing twice, nothing out of order",
    () =>
      withRig({ kafka, feeds: FEEDS }, async (rig) => {
        await rig.createTopics();
        await rig.startLive();
        const sessions = [rig.session];
        for (let kill = 0; kill < KILLS; kill++) {
          await Bun.sleep(rig.chance() * KILL_WITHIN_MS);
          await rig.keepLedger({ isFinal: false });
          rig.process.signal("SIGKILL");
          expect((await rig.process.ended).code).toBe(137);
          await rig.startLive();
          sessions.push(rig.session);
        }
        await rig.quiet();
        expect((await rig.finish()).code).toBe(0);
        expect((await rig.judge()).findings).toEqual([]);
        const records = await readTopicWithKcat(kafka.bootstrap.plain, rig.topic);
        const seen = new Set(records.map((record) => Object.fromEntries(record.headers)["session"]));
        expect([...seen].sort()).toEqual(sessions.sort());
        expect(seen.size).toBe(KILLS + 1);
      }),
    TEST_LIMIT_MS,
  );
});

/** Without a spool, so that there is something to drain; with one: `test/faults/orderly-end.ts`. */
function downOptions(drainMs: number) {
  return { kafka, feeds: FEEDS, isProxied: true, env: { DRAIN_MS: String(drainMs), SPOOL_MODE: "off" } };
}

/** Live first; then Kafka is cut off, quotes gather in memory, and the venues fall quiet. */
async function fillWhileDown(rig: IngesterRig): Promise<void> {
  await rig.createTopics();
  await rig.startLive();
  kafka.proxy.blackhole();
  await rig.untilMetrics(
    "quotes held while attempts fail",
    (now) =>
      now.sum("market_data_raw_publish_errors_total") > 0 &&
      now.sum("ingester_quotes_in_memory", { source: "kraken" }) > 100,
  );
  await rig.quiet();
}

async function beginDraining(rig: IngesterRig): Promise<void> {
  rig.process.signal("SIGTERM");
  await rig.untilMetrics("draining", (now) => now.sum("ingester_phase", { phase: "draining" }) === 1, 5000);
  const ready = await rig.page("/readyz");
  expect(ready.status).toBe(503);
  expect(ready.text).toContain("is draining");
  expect((await rig.page("/healthz")).status).toBe(200);
}

/** There is nothing to drain. */
async function endPromptly(rig: IngesterRig): Promise<void> {
  const startMs = performance.now();
  rig.process.signal("SIGTERM");
  expect((await rig.process.ended).code).toBe(0);
  expect(performance.now() - startMs).toBeLessThan(PROMPT_END_MS);
}
