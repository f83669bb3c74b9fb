import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { partitionOf } from "../../src/publish/murmur2.ts";
import { type IngesterRig, type RigFeed, withRig } from "../harness/ingester-rig.ts";
import { MemoryCgroup, whyNoMemoryCgroup } from "../harness/memory-cgroup.ts";
import type { MetricsText } from "../harness/metrics-text.ts";
import { type SimulatorProcess, startSimulatorProcess } from "../harness/simulator-process.ts";
import type { FaultCase, FaultRound } from "./fault-case.ts";
import { FIRST_ACK_LIMIT_MS, megabytes } from "./whole-life.ts";

const MIB = 2 ** 20;
const PARTITIONS = 12;
const FLOOD = "flood";
const FLOOD_SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"];
/** The one whose every quote is known: the oracle's. */
const CALM: RigFeed = { name: "kraken", venue: "kraken", symbolCount: 2, ratePerSecond: 300 };
/** "RSS ≤ 256 MB in any outage at 20,000 quotes a second." */
const RATED_PER_SECOND = 20_000;
const RESIDENT_MB_MAX = 256;
/** The simulator's pace is not exact, and the machine is shared. */
const RATE_SHARE_MIN = 0.7;
const DRAIN_LIMIT_MS = 300_000;
const LOOK_EVERY_MS = 250;
const OUTAGE_SEEN_LIMIT_MS = 15_000;

interface Load {
  readonly ratePerSecond: number;
  readonly outageMs: number;
  readonly capBytes: number;
  readonly residentMbMax?: number;
}

/** F19 at the rated load: the product's own bound on memory, under a cap that is little more. */
export const ratedMemory: FaultCase = {
  fault: "F19",
  name: "rated-memory",
  title: "An outage at 20,000 quotes a second under a memory cap of 320 MB",
  limitMs: { short: 120_000, long: 1_200_000 },
  whyNot: whyNoMemoryCgroup,
  run: (round) =>
    throughOutage(round, {
      ratePerSecond: RATED_PER_SECOND,
      outageMs: round.form === "short" ? 8000 : 600_000,
      capBytes: 320 * MIB,
      residentMbMax: RESIDENT_MB_MAX,
    }),
};

/** F19 at twice the rated load. */
export const memoryCap: FaultCase = {
  fault: "F19",
  name: "memory-cap",
  title: "An outage at 40,000 quotes a second under a memory cap of 512 MB",
  limitMs: { short: 120_000, long: 1_200_000 },
  whyNot: whyNoMemoryCgroup,
  run: (round) =>
    throughOutage(round, {
      ratePerSecond: 2 * RATED_PER_SECOND,
      outageMs: round.form === "short" ? 5000 : 600_000,
      capBytes: 512 * MIB,
    }),
};

async function throughOutage(round: FaultRound, load: Load): Promise<void> {
  const kafka = await round.kafka();
  const group = new MemoryCgroup(load.capBytes);
  const flood = await startSimulatorProcess([
    ...["--venue", "binance", "--rate", String(load.ratePerSecond), "--seed", String(round.seed)],
    ...["--symbols", FLOOD_SYMBOLS.join(",")],
  ]);
  try {
    await group.prove();
    const env = floodEnv(flood);
    const { launcher } = group;
    const kills = group.kills;
    await withRig({ kafka, feeds: [CALM], isProxied: true, env, launcher, seed: round.seed }, async (rig) => {
      await rig.createTopics(PARTITIONS);
      await rig.startLive();
      const { residentMb } = await cutOff(rig, { round, load });
      kafka.proxy.dropConnections();
      kafka.proxy.release();
      await drain(rig, { round, load, residentMb });
      await flood.stop();
      await rig.quiet();
      const disconnections = (await rig.metrics()).sum("market_data_raw_disconnections_total", { source: CALM.name });
      expect(disconnections).toBe(0);
      expect((await rig.finish(DRAIN_LIMIT_MS)).code).toBe(0);
      await judge(rig);
    });
    round.measure({ name: "processes killed for want of memory", value: group.kills - kills, unit: "", most: 0 });
    round.measure({ name: "cgroup's peak, file pages included", value: megabytes(group.peakBytes), unit: "MB" });
  } finally {
    kafka.proxy.release();
    await flood.stop();
    group.close();
  }
}

function floodEnv({ url }: SimulatorProcess): Record<string, string> {
  return {
    FEEDS: `${FLOOD},${CALM.name}`,
    FLOOD_VENUE: "binance",
    FLOOD_URL: url,
    FLOOD_SYMBOLS: FLOOD_SYMBOLS.join(","),
    DRAIN_MS: String(DRAIN_LIMIT_MS),
  };
}

interface Stage {
  readonly round: FaultRound;
  readonly load: Load;
}

/** Nothing passes to Kafka: everything accepted is held, at the rate that was asked for, and nothing is dropped. */
async function cutOff(rig: IngesterRig, { round, load }: Stage): Promise<{ residentMb: number }> {
  rig.kafka.proxy.blackhole();
  const startMs = performance.now();
  const before = await rig.metrics();
  await rig.untilMetrics("failed attempt", (now) => failures(now) > failures(before), OUTAGE_SEEN_LIMIT_MS);
  let now = before;
  while (performance.now() - startMs < load.outageMs) {
    now = await rig.metrics();
    expect(now.sum("ingester_ledger_imbalance_quotes")).toBe(0);
    expect(now.sum("ingester_quotes_dropped_total")).toBe(0);
    await Bun.sleep(LOOK_EVERY_MS);
  }
  const seconds = (performance.now() - startMs) / 1000;
  const accepted = now.sum("ingester_quotes_accepted_total") - before.sum("ingester_quotes_accepted_total");
  const residentMb = peakMb(rig);
  const rate = accepted / seconds;
  round.measure({
    name: "accepted in the outage",
    value: rate,
    unit: "quotes/s",
    least: RATE_SHARE_MIN * load.ratePerSecond,
  });
  round.measure({ name: "most memory in the outage", value: residentMb, unit: "MB", ...most(load) });
  round.measure({ name: "times a socket was paused", value: now.sum("ingester_feed_pauses_total"), unit: "" });
  return { residentMb };
}

/** Kafka is back: first ack, then the backlog, with the venue still sending. */
async function drain(rig: IngesterRig, { round, load }: Stage & { residentMb: number }): Promise<void> {
  const startMs = performance.now();
  await rig.untilAckedMore(1, FIRST_ACK_LIMIT_MS);
  round.measure({ name: "first ack", value: performance.now() - startMs, unit: "ms", most: FIRST_ACK_LIMIT_MS });
  const held = (now: MetricsText) => now.sum("ingester_quotes_in_memory") + now.sum("ingester_quotes_on_spool");
  await rig.untilMetrics("drained backlog", (now) => held(now) < load.ratePerSecond, DRAIN_LIMIT_MS);
  const seconds = (performance.now() - startMs) / 1000;
  round.measure({ name: "backlog drained after", value: seconds, unit: "s" });
  round.measure({ name: "most memory with the drain", value: peakMb(rig), unit: "MB", ...most(load) });
}

/** Of the flood the ledger tells; of the calm feed the oracle. */
async function judge(rig: IngesterRig): Promise<void> {
  const partitions = rig
    .venue(CALM.name)
    .symbols.slice(0, CALM.symbolCount)
    .map((symbol) => partitionFor(CALM.name, symbol));
  const flooded = FLOOD_SYMBOLS.map((symbol) => partitionFor(FLOOD, symbol));
  expect(partitions.filter((partition) => flooded.includes(partition))).toEqual([]);
  const verdict = await rig.judge({ except: [FLOOD], partitions: [...new Set(partitions)] });
  expect(verdict.findings).toEqual([]);
  expect(verdict).toMatchObject({ declaredMissing: 0, declaredDropped: 0, distinct: verdict.sent });
}

function partitionFor(source: string, symbol: string): number {
  return partitionOf(Buffer.from(`${source}:${symbol}`), PARTITIONS);
}

function failures(now: MetricsText): number {
  return now.sum("market_data_raw_publish_errors_total");
}

function most({ residentMbMax }: Load): { most?: number } {
  return residentMbMax === undefined ? {} : { most: residentMbMax };
}

/** The kernel's own high-water mark: no sample can miss it. */
function peakMb(rig: IngesterRig): number {
  const status = readFileSync(`/proc/${rig.process.pid}/status`, "utf8");
  return megabytes(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024);
}
