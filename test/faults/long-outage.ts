import { expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import bybit from "../../config/venues/bybit.json";
import { mixSeed } from "../../src/simulator/seeded-random.ts";
import { type IngesterRig, withRig } from "../harness/ingester-rig.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import type { MetricsText } from "../harness/metrics-text.ts";
import { type SimulatorProcess, startSimulatorProcess } from "../harness/simulator-process.ts";
import { judgeStream } from "../harness/stream-oracle.ts";
import type { FaultCase, FaultRound } from "./fault-case.ts";
import { FIRST_ACK_LIMIT_MS, firstAckMs, holdOutage, megabytes, seeOutage } from "./whole-life.ts";

const LOAD = "load";
const SIZES = {
  // The short one ends while the broker is still warming up.
  short: { ratePerSecond: 2000, outageMs: 10_000, drainFactor: 1 },
  // "drains at ≥ 5× the live rate".
  long: { ratePerSecond: 5000, outageMs: 600_000, drainFactor: 5 },
} as const;
const PARTITIONS = 12;
const SYMBOLS = 24;
const RESIDENT_MB_MAX = 256;
/** Of what the venue sends in the outage: a busy machine sends a little less, and the newest is in memory. */
const KEPT_SHARE = 0.9;
const SPOOLED_SHARE = 0.7;
/** A backlog of less than this is none: what is in flight at any time. */
const BACKLOG_SECONDS = 0.5;
const DRAIN_LIMIT_MS = 600_000;
const LOOK_EVERY_MS = 50;

/** F23: Kafka is gone for long under full load; what was kept is delivered first, and what is live does not starve. */
export const longOutage: FaultCase = {
  fault: "F23",
  name: "long-outage",
  title: "Kafka is gone for 10 min at 5,000 quotes/s (short: 10 s at 2,000), then drained",
  limitMs: { short: 120_000, long: 1_800_000 },
  async run(round) {
    const kafka = await round.kafka();
    const { ratePerSecond } = SIZES[round.form];
    const folder = mkdtempSync(join(tmpdir(), "edge-ingester-profile-"));
    const load = await startLoad(round.seed, ratePerSecond);
    try {
      const env = { ...loadEnv(load, folder), RAW_PAYLOAD: "off" };
      const seed = mixSeed(round.seed, "outage");
      await withRig({ kafka, feeds: [], isProxied: true, env, seed }, async (rig) => {
        await rig.createTopics(PARTITIONS);
        await rig.start();
        await rig.untilAckedMore(2 * ratePerSecond);
        await goThrough(round, rig, kafka);
        await load.stop();
        await rig.untilMetrics("end of the feed", (now) => now.sum("ingester_feed_connected", { source: LOAD }) === 0);
        const ended = await rig.finish(DRAIN_LIMIT_MS);
        expect(ended.code).toBe(0);
        await judgeAll(round, rig);
      });
    } finally {
      await load.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function startLoad(seed: number, ratePerSecond: number): Promise<SimulatorProcess> {
  const symbols = Array.from({ length: SYMBOLS }, (_, i) => `S${String(i).padStart(2, "0")}USDT`).join(",");
  const simulator = { venue: "bybit", rate: String(ratePerSecond), seed: String(seed), symbols };
  return startSimulatorProcess(Object.entries(simulator).flatMap(([name, value]) => [`--${name}`, value]));
}

/** A profile by which every jump of the venue's numbers is a gap, so that none goes unseen. */
function loadEnv(load: SimulatorProcess, folder: string): Record<string, string> {
  const file = join(folder, "load.json");
  const { $schema: _, ...profile } = bybit;
  writeFileSync(file, JSON.stringify({ ...profile, name: LOAD, sequence: { kind: "contiguous" } }));
  return { FEEDS: LOAD, LOAD_PROFILE: file, LOAD_SYMBOLS: load.symbols.join(","), LOAD_URL: load.url };
}

async function goThrough(round: FaultRound, rig: IngesterRig, kafka: TestKafka): Promise<void> {
  const { ratePerSecond, outageMs } = SIZES[round.form];
  const startMs = performance.now();
  await kafka.kill();
  await seeOutage(rig);
  const held = await holdOutage(rig, outageMs - (performance.now() - startMs));
  const sent = (ratePerSecond * outageMs) / 1000;
  round.measure({ name: "kept", value: held.heldQuotesMax, unit: "quotes", least: KEPT_SHARE * sent });
  round.measure({ name: "of it on disk", value: held.spooledQuotesMax, unit: "quotes", least: SPOOLED_SHARE * sent });
  round.measure({ name: "memory", value: megabytes(held.residentBytesMax), unit: "MB", most: RESIDENT_MB_MAX });
  await kafka.restart();
  round.measure({ name: "first ack", value: await firstAckMs(rig), unit: "ms", most: FIRST_ACK_LIMIT_MS });
  await drain(round, rig);
}

/** Measures from the first ack until the backlog is gone. */
async function drain(round: FaultRound, rig: IngesterRig): Promise<void> {
  const { ratePerSecond, drainFactor } = SIZES[round.form];
  const before = await rig.metrics();
  const startMs = performance.now();
  let now = before;
  let residentBytesMax = 0;
  while (backlogOf(now) > BACKLOG_SECONDS * ratePerSecond) {
    if (performance.now() - startMs > DRAIN_LIMIT_MS) throw new Error(`Cannot go on: ${backlogOf(now)} quotes left`);
    await Bun.sleep(LOOK_EVERY_MS);
    now = await rig.metrics();
    residentBytesMax = Math.max(residentBytesMax, now.sum("process_resident_memory_bytes"));
  }
  const seconds = Math.max(LOOK_EVERY_MS, performance.now() - startMs) / 1000;
  const drained = backlogOf(before) - backlogOf(now);
  const live = now.sum("ingester_quotes_accepted_total") - before.sum("ingester_quotes_accepted_total");
  round.measure({ name: "drained in", value: seconds, unit: "s" });
  round.measure({ name: "drain", value: drained / seconds, unit: "quotes/s", least: drainFactor * ratePerSecond });
  round.measure({ name: "live meanwhile", value: live / seconds, unit: "quotes/s", least: 0.8 * ratePerSecond });
  const memory = megabytes(residentBytesMax);
  round.measure({ name: "memory while draining", value: memory, unit: "MB", most: RESIDENT_MB_MAX });
}

function backlogOf(now: MetricsText): number {
  return now.sum("ingester_quotes_in_memory") + now.sum("ingester_quotes_on_spool");
}

async function judgeAll(round: FaultRound, rig: IngesterRig): Promise<void> {
  const [ledger] = await rig.keepLastLedger();
  const { distinct, records, ...damage } = await judgeStream(rig.kafka.bootstrap.plain, rig.topic);
  expect(damage).toEqual({ duplicates: 0, reordered: 0, missing: 0, untoldJumps: 0 });
  expect(ledger).toMatchObject({ source: LOAD, accepted: records, acked: records, inMemory: 0, onSpool: 0 });
  expect(distinct.get(LOAD)).toBe(records);
  const events = await rig.events(LOAD);
  expect(events.filter(({ type }) => type === "market-data.sequence-gap")).toEqual([]);
  round.measure({ name: "records, none lost, twice or out of order", value: records, unit: "" });
}
