import { expect } from "bun:test";
import { type IngesterRig, withRig } from "../harness/ingester-rig.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import type { FaultCase, FaultForm, FaultRound } from "./fault-case.ts";
import { BATCH_MAX_BYTES, BATCH_RECORDS_MAX, checkSurvived, type Killed, type Look, restoreLine } from "./survival.ts";
import { twoVenues } from "./whole-life.ts";

const RATE = 450;
const PARTITIONS = 3;
const KILLS: Readonly<Record<FaultForm, number>> = { short: 8, long: 200 };
const KILLED = 137;
/** Time between the first acks of a life and its end. */
const WITHIN_MS = 2500;
/** How many lives lose Kafka before they end, and how many end as soon as they have begun. */
const CUT_OFF_SHARE = 0.6;
const AT_START_SHARE = 0.15;
const LOOK_EVERY_MS = 40;
/** "Start ≤ 2 s." */
const START_LIMIT_MS = 2000;
/** `SPOOL_MODE=overflow`: with the process is lost at most what was accepted in its last second. */
const OVERFLOW_LOSS_MS = 1000;
const DRAIN_LIMIT_MS = 120_000;
/** F10 where every batch is on disk before it counts as accepted. */
export const killWrite: FaultCase = killCase("write", 0);
/** F10 where batches go to disk when Kafka does not take them. */
export const killOverflow: FaultCase = killCase("overflow", OVERFLOW_LOSS_MS);

function killCase(mode: "write" | "overflow", lossMs: number): FaultCase {
  return {
    fault: "F10",
    name: `process-kill-${mode}`,
    title: `kill -9 of the program again and again, SPOOL_MODE=${mode}`,
    limitMs: { short: 180_000, long: 2_400_000 },
    run: (round) => throughKills(round, mode, lossMs),
  };
}

async function throughKills(round: FaultRound, mode: string, lossMs: number): Promise<void> {
  const kafka = await round.kafka();
  const env = { SPOOL_MODE: mode, BATCH_MAX_BYTES: String(BATCH_MAX_BYTES) };
  await withRig({ kafka, feeds: twoVenues(RATE), isProxied: true, env, seed: round.seed }, async (rig) => {
    await rig.createTopics(PARTITIONS);
    const lives: Killed[] = [];
    const startsMs: number[] = [];
    const start = async () => {
      const beganMs = performance.now();
      await rig.start();
      startsMs.push(performance.now() - beganMs);
    };
    for (let i = 0; i < KILLS[round.form]; i++) {
      await start();
      lives.push(await liveAndDie(rig, kafka));
      round.say(`kill ${i + 1} of ${KILLS[round.form]}, started in ${startsMs[i].toFixed(0)} ms`);
    }
    restoreLine(kafka);
    await start();
    await rig.untilLive(100);
    await rig.quiet();
    const end = await rig.metrics();
    expect((await rig.finish(DRAIN_LIMIT_MS)).code).toBe(0);
    const duplicatesMax = lives.length * PARTITIONS * BATCH_RECORDS_MAX;
    const verdict = await rig.judge({ duplicatesMax });
    expect(verdict.findings).toEqual([]);
    await checkSurvived(round, { rig, lives, lossMs });
    round.measure({ name: "kills", value: lives.length, unit: "" });
    round.measure({ name: "dropped", value: end.sum("ingester_quotes_dropped_total"), unit: "quotes", most: 0 });
    round.measure({ name: "duplicates", value: verdict.duplicates, unit: "quotes", most: duplicatesMax });
    const sorted = startsMs.toSorted((a, b) => a - b);
    // The longest one is the machine's as well, where others work on it.
    round.measure({ name: "longest start", value: sorted[sorted.length - 1], unit: "ms" });
    const median = sorted[Math.floor(sorted.length / 2)];
    round.measure({ name: "median start", value: median, unit: "ms", most: START_LIMIT_MS });
  });
}

/** One life: with Kafka or without it, looked at often, ended by SIGKILL at a random moment. */
async function liveAndDie(rig: IngesterRig, kafka: TestKafka): Promise<Killed> {
  const looks: Look[] = [];
  const { session } = rig;
  if (rig.chance() >= AT_START_SHARE) {
    restoreLine(kafka);
    await rig.untilLive(20);
    if (rig.chance() < CUT_OFF_SHARE) kafka.proxy.blackhole();
  }
  const endMs = performance.now() + rig.chance() * WITHIN_MS;
  do {
    const accounts = (await rig.metrics()).ledger();
    looks.push({ atMs: performance.now(), accounts });
    await Bun.sleep(Math.min(LOOK_EVERY_MS, Math.max(0, endMs - performance.now())));
  } while (performance.now() < endMs);
  const killedMs = performance.now();
  rig.process.signal("SIGKILL");
  expect((await rig.process.ended).code).toBe(KILLED);
  const last = looks[looks.length - 1];
  rig.ledgers.push({ session, isFinal: false, accounts: last.accounts });
  return { session, looks, killedMs };
}
