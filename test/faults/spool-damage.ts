import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSeededRandom, mixSeed } from "../../src/simulator/seeded-random.ts";
import { type IngesterRig, withRig } from "../harness/ingester-rig.ts";
import { readTopicWithKcat } from "../harness/kcat.ts";
import { type Damage, damage, placesOf } from "../publish/spool/spool-damage.ts";
import type { FaultCase, FaultForm, FaultRound } from "./fault-case.ts";
import { BATCH_MAX_BYTES, BATCH_RECORDS_MAX, restoreLine } from "./survival.ts";
import { twoVenues } from "./whole-life.ts";

const RATE = 900;
const PARTITIONS = 2;
const TRIALS: Readonly<Record<FaultForm, number>> = { short: 4, long: 100 };
/** Lives that end by SIGKILL before the damage: each leaves segments of its own. */
const LIVES = 2;
const BACKLOG_QUOTES = 200;
const STAGE_LIMIT_MS = 20_000;
const DRAIN_LIMIT_MS = 60_000;
/** A damaged checkpoint lets what was delivered come again. */
const DUPLICATES_MAX = 5000;

/** F9 through the whole program: real files of a spool are damaged between two lives. */
export const spoolDamage: FaultCase = {
  fault: "F9",
  name: "spool-damage",
  title: "Files of the spool flipped, zeroed, cut, removed, swapped, doubled, joined by garbage",
  limitMs: { short: 120_000, long: 2_400_000 },
  async run(round) {
    let lost = 0;
    let told = 0;
    for (let trial = 0; trial < TRIALS[round.form]; trial++) {
      const end = await throughTrial(round, trial);
      lost += end.lost;
      told += end.told;
    }
    round.measure({ name: "damages", value: TRIALS[round.form], unit: "" });
    round.measure({ name: "records in damaged batches", value: lost, unit: "quotes" });
    round.measure({ name: "told as lost", value: told, unit: "quotes", most: lost });
  },
};

interface TrialEnd {
  /** Records in the batches that the damage hit. */
  readonly lost: number;
  /** Records counted as damaged or as missing. */
  readonly told: number;
}

async function throughTrial(round: FaultRound, trial: number): Promise<TrialEnd> {
  const kafka = await round.kafka();
  const spoolFolder = mkdtempSync(join(tmpdir(), "edge-ingester-spool-"));
  const seed = mixSeed(round.seed, `damage ${trial}`);
  const env = { SPOOL_MODE: "write", SPOOL_DIR: spoolFolder, BATCH_MAX_BYTES: String(BATCH_MAX_BYTES) };
  let end: TrialEnd = { lost: 0, told: 0 };
  try {
    await withRig({ kafka, feeds: twoVenues(RATE), isProxied: true, env, seed }, async (rig) => {
      await rig.createTopics(PARTITIONS);
      const accepted = await fillSpool(rig);
      const folder = join(spoolFolder, rig.topic);
      // The proof: there are batches to damage.
      expect(placesOf(folder).length).toBeGreaterThan(LIVES * PARTITIONS);
      const done = damage(folder, createSeededRandom(seed));
      round.say(`${done.text.replaceAll(`${folder}/`, "")}; ${done.lost.length} batches`);
      end = await recover(rig, done, accepted);
    });
  } finally {
    restoreLine(kafka);
    rmSync(spoolFolder, { recursive: true, force: true });
  }
  return end;
}

/** Lives without Kafka that end by SIGKILL. Resolves with the quotes each of them had accepted, at least, by session. */
async function fillSpool(rig: IngesterRig): Promise<Map<string, number>> {
  const accepted = new Map<string, number>();
  await rig.startLive(50);
  for (let life = 0; life < LIVES; life++) {
    if (life > 0) await rig.start();
    rig.kafka.proxy.blackhole();
    // Every quote is on the disk, whether it waits there alone or in memory as well.
    const written = "ingester_spool_written_records_total";
    const before = (await rig.metrics()).sum(written);
    await rig.untilMetrics("backlog", (now) => now.sum(written) > before + BACKLOG_QUOTES, STAGE_LIMIT_MS);
    accepted.set(rig.session, (await rig.metrics()).sum("ingester_quotes_accepted_total"));
    rig.process.signal("SIGKILL");
    await rig.process.ended;
  }
  return accepted;
}

/** The next start needs nobody's help, loses the damaged batches alone, and says so. */
async function recover(rig: IngesterRig, done: Damage, accepted: ReadonlyMap<string, number>): Promise<TrialEnd> {
  restoreLine(rig.kafka);
  await rig.start();
  await rig.untilLive(50);
  await rig.quiet();
  expect((await rig.page("/healthz")).status).toBe(200);
  const held = "ingester_quotes_on_spool";
  await rig.untilMetrics("drained spool", (now) => now.sum(held) === 0, DRAIN_LIMIT_MS);
  const now = await rig.metrics();
  // Where the head of a batch is gone as well, nobody knows whose quotes they were: they are counted all the same.
  const told = now.sum("ingester_spool_damaged_records_total") + now.sum("ingester_spool_missing_records_total");
  const missingOnSpool = told - now.sum("ingester_quotes_dropped_total");
  expect((await rig.finish(DRAIN_LIMIT_MS)).code).toBe(0);
  const duplicatesMax = done.mayRepeat ? DUPLICATES_MAX : 2 * LIVES * PARTITIONS * BATCH_RECORDS_MAX;
  expect((await rig.judge({ duplicatesMax, missingOnSpool })).findings).toEqual([]);
  const lost = done.lost.reduce((sum, { recordCount }) => sum + recordCount, 0);
  const survivors = await survivorsOf(rig);
  let missing = 0;
  for (const [session, count] of accepted) missing += Math.max(0, count - (survivors.get(session)?.size ?? 0));
  if (missing > lost) throw new Error(`Cannot accept ${missing} lost quotes, ${lost} were damaged: ${done.text}`);
  return { lost, told };
}

async function survivorsOf({ kafka, topic }: IngesterRig): Promise<Map<string, Set<string>>> {
  const survivors = new Map<string, Set<string>>();
  for (const { key, headers } of await readTopicWithKcat(kafka.bootstrap.plain, topic)) {
    const { session = "", seq = "" } = Object.fromEntries(headers);
    survivors.set(session, (survivors.get(session) ?? new Set<string>()).add(`${key} ${seq}`));
  }
  return survivors;
}
