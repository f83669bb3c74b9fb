import { expect } from "bun:test";
import { type IngesterRig, withRig } from "../harness/ingester-rig.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { FaultCase, FaultForm } from "./fault-case.ts";
import { BATCH_MAX_BYTES, BATCH_RECORDS_MAX, restoreLine } from "./survival.ts";
import { twoVenues } from "./whole-life.ts";

const RATE = 600;
const PARTITIONS = 3;
/** Each way to end, so many times. */
const TIMES: Readonly<Record<FaultForm, number>> = { short: 2, long: 50 };
const DRAIN_MS = 5000;
/** What comes after the drain: closing sockets and files. */
const CLOSING_MS = 3000;
/** With nothing to drain. */
const PROMPT_MS = 3000;
const WITHIN_MS = 500;
const STATE_LIMIT_MS = 15_000;

/** F21: SIGTERM in every state the program can be in, again and again, over one spool. */
export const orderlyEnd: FaultCase = {
  fault: "F21",
  name: "orderly-end",
  title: "SIGTERM while live, while Kafka is down, while draining, while connecting",
  limitMs: { short: 120_000, long: 1_800_000 },
  async run(round) {
    const kafka = await round.kafka();
    const env = { DRAIN_MS: String(DRAIN_MS), BATCH_MAX_BYTES: String(BATCH_MAX_BYTES) };
    const options = { kafka, feeds: twoVenues(RATE), isProxied: true, env, seed: round.seed };
    await withRig(options, async (rig) => {
      await rig.createTopics(PARTITIONS);
      const tookMs: number[] = [];
      for (let i = 0; i < TIMES[round.form]; i++) {
        for (const end of [endLive, endWhileDown, endWhileDraining, endWhileConnecting]) {
          tookMs.push(await end(rig, kafka));
          round.say(`${end.name} ${i + 1} of ${TIMES[round.form]}`);
        }
      }
      await rig.startLive();
      await rig.quiet();
      expect((await rig.finish()).code).toBe(0);
      const cuts = 2 * TIMES[round.form];
      const duplicatesMax = cuts * PARTITIONS * BATCH_RECORDS_MAX;
      const verdict = await rig.judge({ duplicatesMax });
      expect(verdict.findings).toEqual([]);
      expect(verdict.declaredDropped).toBe(0);
      round.measure({ name: "ends", value: tookMs.length, unit: "" });
      round.measure({ name: "longest end", value: Math.max(...tookMs), unit: "ms", most: DRAIN_MS + CLOSING_MS });
      round.measure({ name: "duplicates after a cut", value: verdict.duplicates, unit: "", most: duplicatesMax });
    });
  },
};

async function endLive(rig: IngesterRig): Promise<number> {
  await rig.startLive();
  await Bun.sleep(rig.chance() * WITHIN_MS);
  const tookMs = await endInOrder(rig);
  const ledger = await rig.keepLastLedger();
  // Kafka is there, so nothing is left to the spool.
  for (const { accepted, recovered, acked } of ledger) expect(acked).toBe(accepted + recovered);
  return tookMs;
}

async function endWhileDown(rig: IngesterRig, kafka: TestKafka): Promise<number> {
  await rig.startLive();
  await cutOff(rig, kafka);
  await Bun.sleep(rig.chance() * WITHIN_MS);
  try {
    const tookMs = await endInOrder(rig);
    const ledger = await rig.keepLastLedger();
    for (const { accepted, recovered, acked, inMemory, onSpool } of ledger) {
      expect(acked + onSpool).toBe(accepted + recovered);
      expect(inMemory).toBe(0);
    }
    expect(ledger.reduce((sum, { onSpool }) => sum + onSpool, 0)).toBeGreaterThan(0);
    return tookMs;
  } finally {
    restoreLine(kafka);
  }
}

/** Kafka comes back, and the signal comes while the backlog is on its way there. */
async function endWhileDraining(rig: IngesterRig, kafka: TestKafka): Promise<number> {
  await rig.startLive();
  await cutOff(rig, kafka);
  await rig.untilMetrics("backlog on disk", (now) => now.sum("ingester_quotes_on_spool") > 0, STATE_LIMIT_MS);
  const acked = (await rig.metrics()).sum("ingester_quotes_acked_total");
  restoreLine(kafka);
  await rig.untilMetrics("drain", (now) => now.sum("ingester_quotes_acked_total") > acked, STATE_LIMIT_MS);
  const tookMs = await endInOrder(rig);
  for (const { accepted, recovered, acked, onSpool } of await rig.keepLastLedger())
    expect(acked + onSpool).toBe(accepted + recovered);
  return tookMs;
}

async function endWhileConnecting(rig: IngesterRig): Promise<number> {
  const feeds = ["binance", "kraken"];
  for (const feed of feeds) rig.venue(feed).holdHandshakes();
  try {
    await rig.start();
    const isConnecting = (source: string) => ({ source, state: "connecting" });
    await rig.untilMetrics("feeds connecting", (now) =>
      feeds.every((source) => now.sum("ingester_feed_state", isConnecting(source)) === 1),
    );
    await Bun.sleep(rig.chance() * WITHIN_MS);
    const tookMs = await endInOrder(rig);
    expect(tookMs).toBeLessThan(PROMPT_MS);
    await rig.keepLastLedger();
    return tookMs;
  } finally {
    for (const feed of feeds) rig.venue(feed).acceptHandshakes();
  }
}

/** The fault proves itself: attempts fail and quotes are held. */
async function cutOff(rig: IngesterRig, kafka: TestKafka): Promise<void> {
  const failures = (await rig.metrics()).sum("market_data_raw_publish_errors_total");
  kafka.proxy.blackhole();
  await rig.untilMetrics(
    "failed attempt",
    (now) => now.sum("market_data_raw_publish_errors_total") > failures,
    STATE_LIMIT_MS,
  );
  await waitUntil(async () => (await rig.page("/readyz")).text.includes("sink kafka"), {
    limitMs: STATE_LIMIT_MS,
    what: "outage in /readyz",
  });
}

/** SIGTERM, exit code 0, and how long that took, ms. */
async function endInOrder(rig: IngesterRig): Promise<number> {
  const startMs = performance.now();
  rig.process.signal("SIGTERM");
  const { code, stderr } = await rig.process.ended;
  const tookMs = performance.now() - startMs;
  if (code !== 0) throw new Error(`Cannot accept exit code ${code}:\n${stderr.split("\n").slice(-8).join("\n")}`);
  return tookMs;
}
