import { expect } from "bun:test";
import { type IngesterRig, withRig } from "../harness/ingester-rig.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import { whyNoTrace } from "../harness/traced-files.ts";
import type { FaultCase, FaultForm, FaultRound } from "./fault-case.ts";
import { BATCH_MAX_BYTES, BATCH_RECORDS_MAX, checkSurvived, type Killed, type Look, restoreLine } from "./survival.ts";
import { twoVenues } from "./whole-life.ts";

const RATE = 450;
const PARTITIONS = 3;
const KILLED = 137;
/**
 * The calls a spool makes, and up to which of them in the life of a thread the program is killed as it makes it; some 300
 * writes are made in a life. Syncs and removals are shared out over the runtime's threads.
 */
const CALLS: readonly (readonly [call: string, last: number])[] = [
  ["unlink", 3],
  ["fdatasync", 40],
  ["pwrite64", 250],
  ["fsync", 4],
  ["ftruncate", 1],
  ["openat", 140],
  ["pread64", 16],
  ["mkdir", 2],
  ["getdents64", 6],
];
/** Crashes at each call; `unlink`, where a checkpoint has to be durable by then, is the first and gets more. */
const CRASHES: Readonly<Record<FaultForm, readonly [first: number, other: number]>> = { short: [4, 1], long: [40, 20] };
const BACKLOG_QUOTES = 60;
const ROUNDS_MAX = 4;
const LOOK_EVERY_MS = 60;
const STAGE_LIMIT_MS = 20_000;
/** For the end of a dead process to be noticed. */
const DEAD_WITHIN_MS = 5000;
const DRAIN_LIMIT_MS = 120_000;

/** F11: the program is killed by its own call to the file system, at every one it makes for the spool. */
export const crashPoints: FaultCase = {
  fault: "F11",
  name: "crash-points",
  title: "kill -9 at calls to the file system, between checkpoint and unlink above all",
  limitMs: { short: 240_000, long: 3_600_000 },
  whyNot: whyNoTrace,
  async run(round) {
    const kafka = await round.kafka();
    const env = { SPOOL_MODE: "write", BATCH_MAX_BYTES: String(BATCH_MAX_BYTES) };
    const launcher: string[] = [];
    await withRig({ kafka, feeds: twoVenues(RATE), isProxied: true, env, launcher, seed: round.seed }, async (rig) => {
      await rig.createTopics(PARTITIONS);
      await throughCrashes(round, { rig, kafka, launcher });
    });
  },
};

interface Parts {
  readonly rig: IngesterRig;
  readonly kafka: TestKafka;
  /** What the next life is started by. */
  readonly launcher: string[];
}

async function throughCrashes(round: FaultRound, parts: Parts): Promise<void> {
  const { rig, kafka, launcher } = parts;
  const lives: Killed[] = [];
  const hits = new Map<string, number>();
  for (const [at, [call, last]] of CALLS.entries()) {
    for (let i = 0; i < CRASHES[round.form][at === 0 ? 0 : 1]; i++) {
      // The first one of all at the first call, which every life makes.
      const nth = at + i === 0 ? 1 : 1 + Math.floor(rig.chance() * last);
      const life = await liveUntil(parts, `${call}:signal=KILL:when=${nth}`);
      if (life.isHit) hits.set(call, (hits.get(call) ?? 0) + 1);
      if (life.killed !== null) lives.push(life.killed);
      round.say(`${call} number ${nth}: ${life.isHit ? "killed" : "not reached"}`);
    }
  }
  launcher.length = 0;
  restoreLine(kafka);
  await rig.start();
  await rig.untilLive(50);
  await rig.quiet();
  const end = await rig.metrics();
  expect((await rig.finish(DRAIN_LIMIT_MS)).code).toBe(0);
  const crashes = [...hits.values()].reduce((sum, count) => sum + count, 0);
  const duplicatesMax = lives.length * PARTITIONS * BATCH_RECORDS_MAX;
  const verdict = await rig.judge({ duplicatesMax });
  expect(verdict.findings).toEqual([]);
  await checkSurvived(round, { rig, lives, lossMs: 0 });
  // The fault proves itself, for the call that matters most.
  round.measure({ name: "crashes at unlink", value: hits.get(CALLS[0][0]) ?? 0, unit: "", least: 1 });
  round.measure({ name: "crashes", value: crashes, unit: "", least: CALLS.length / 2 });
  round.measure({ name: "dropped", value: end.sum("ingester_quotes_dropped_total"), unit: "quotes", most: 0 });
  round.measure({ name: "duplicates", value: verdict.duplicates, unit: "quotes", most: duplicatesMax });
}

/** One life that makes the spool work, until the call kills it, or, where it is not reached, we do. */
async function liveUntil(parts: Parts, injection: string): Promise<{ isHit: boolean; killed: Killed | null }> {
  const { rig, kafka, launcher } = parts;
  const strace = [String(Bun.which("strace")), "-D", "-f", "-qqq", "-o", "/dev/null"];
  const call = injection.split(":")[0];
  launcher.splice(0, launcher.length, ...strace, "-e", `trace=${call}`, "-e", `inject=${injection}`);
  restoreLine(kafka);
  const looks: Look[] = [];
  const end = { isOver: false };
  const life = async () => {
    await rig.start();
    const watching = watch(rig, looks, end);
    await work(parts);
    end.isOver = true;
    await watching;
  };
  const isHit = await life().then(
    () => false,
    (error: unknown) => seeDead(rig, error),
  );
  end.isOver = true;
  if (!isHit) rig.process.signal("SIGKILL");
  expect((await rig.process.ended).code).toBe(KILLED);
  const last = looks.at(-1);
  if (last === undefined) return { isHit, killed: null };
  const { session } = rig;
  rig.ledgers.push({ session, isFinal: false, accounts: last.accounts });
  return { isHit, killed: { session, looks, killedMs: performance.now() } };
}

/** Whatever went wrong did so because the program was killed; rejects with it when the program lives. */
async function seeDead(rig: IngesterRig, error: unknown): Promise<true> {
  const isDead = await Promise.race([rig.process.ended.then(() => true), Bun.sleep(DEAD_WITHIN_MS).then(() => false)]);
  if (!isDead) throw error;
  return true;
}

/** Backlog and drain, again and again: segments are begun, filled, read back and removed. */
async function work({ rig, kafka }: Parts): Promise<void> {
  await rig.untilLive(20);
  for (let i = 0; i < ROUNDS_MAX; i++) {
    kafka.proxy.blackhole();
    const onSpool = "ingester_quotes_on_spool";
    await rig.untilMetrics("backlog", (now) => now.sum(onSpool) > BACKLOG_QUOTES, STAGE_LIMIT_MS);
    restoreLine(kafka);
    await rig.untilMetrics("drained", (now) => now.sum(onSpool) === 0, STAGE_LIMIT_MS);
  }
}

async function watch(rig: IngesterRig, looks: Look[], end: { readonly isOver: boolean }): Promise<void> {
  while (!end.isOver) {
    try {
      looks.push({ accounts: (await rig.metrics()).ledger(), atMs: performance.now() });
    } catch {
      // It is dead, and the other task says so.
      return;
    }
    await Bun.sleep(LOOK_EVERY_MS);
  }
}
