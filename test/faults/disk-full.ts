import { expect } from "bun:test";
import { join } from "node:path";
import { type IngesterRig, type RigFeed, withRig } from "../harness/ingester-rig.ts";
import type { MetricsText } from "../harness/metrics-text.ts";
import { SmallDisk, whyNoSmallDisk } from "../harness/small-disk.ts";
import type { FaultCase, FaultForm, FaultRound } from "./fault-case.ts";
import { FIRST_ACK_LIMIT_MS } from "./whole-life.ts";

const MIB = 2 ** 20;
const DISK_BYTES = 40 * MIB;
const FREED_BYTES = 1024 * MIB;
const SEGMENT_BYTES = 16 * MIB;
/** More than any write of the spool. */
const PROBE_BYTES = SEGMENT_BYTES;
/** Two lanes, some 6 MB of records a second, uncompressed. */
const PARTITIONS = 2;
const FEEDS: readonly RigFeed[] = [{ name: "coinbase", venue: "coinbase", symbolCount: 4, ratePerSecond: 6000 }];
/** How long the disk stays full, and how long nothing may be dropped after it was freed, ms. */
const FULL_MS: Readonly<Record<FaultForm, number>> = { short: 2500, long: 60_000 };
const FREED_MS = 2000;
const FULL_LIMIT_MS = 60_000;
const DRAIN_LIMIT_MS = 300_000;
const LOOK_EVERY_MS = 100;

/** F8 where the oldest give way. */
export const diskFullOldest: FaultCase = diskFull("drop_oldest", "spool_full");
/** F8 where what comes new is lost, once memory is full as well. */
export const diskFullNewest: FaultCase = diskFull("drop_newest", "memory_full");

function diskFull(whenFull: "drop_oldest" | "drop_newest", reason: string): FaultCase {
  return {
    fault: "F8",
    name: `disk-full-${whenFull.replace("_", "-")}`,
    title: `The spool's disk full and freed again, SPOOL_WHEN_FULL=${whenFull}`,
    needsRoot: true,
    whyNot: whyNoSmallDisk,
    limitMs: { short: 120_000, long: 600_000 },
    run: (round) => throughFullDisk(round, whenFull, reason),
  };
}

async function throughFullDisk(round: FaultRound, whenFull: string, reason: string): Promise<void> {
  const kafka = await round.kafka();
  const disk = new SmallDisk(DISK_BYTES);
  const env = {
    SPOOL_DIR: join(disk.folder, "spool"),
    // The disk itself says when it is full.
    SPOOL_MIN_FREE: "0",
    SPOOL_WHEN_FULL: whenFull,
    MEMORY_MAX_BYTES: String(4 * MIB),
    MEMORY_PAUSE_MAX_MS: "1000",
    KAFKA_COMPRESSION: "none",
  };
  try {
    await withRig({ kafka, feeds: FEEDS, isProxied: true, env, seed: round.seed }, async (rig) => {
      await rig.createTopics(PARTITIONS);
      await rig.startLive();
      kafka.proxy.blackhole();
      await rig.untilMetrics("full disk", (now) => dropped(now, reason) > 0, FULL_LIMIT_MS);
      if (whenFull === "drop_newest") expect(disk.isFullFor(PROBE_BYTES)).toBe(true);
      await watchFull(rig, round.form);
      disk.resize(FREED_BYTES);
      await watchFreed(rig, round);
      kafka.proxy.dropConnections();
      kafka.proxy.release();
      await judge(rig, round);
    });
  } finally {
    kafka.proxy.release();
    disk.close();
  }
}

/** It runs on: well, balanced, with every drop counted, never beyond the disk. */
async function watchFull(rig: IngesterRig, form: FaultForm): Promise<void> {
  const states = new Set<string>();
  const endMs = performance.now() + FULL_MS[form];
  while (performance.now() < endMs) {
    const now = await rig.metrics();
    for (const state of ["ok", "full", "failing"])
      if (now.sum("ingester_spool_state", { state }) === 1) states.add(state);
    expect(now.sum("ingester_ledger_imbalance_quotes")).toBe(0);
    expect(now.sum("ingester_spool_bytes")).toBeLessThanOrEqual(DISK_BYTES);
    expect((await rig.page("/healthz")).status).toBe(200);
    await Bun.sleep(LOOK_EVERY_MS);
  }
  // The fault proves itself.
  expect([...states]).toContain("full");
}

/** The room is used again, and nothing more is dropped. */
async function watchFreed(rig: IngesterRig, round: FaultRound): Promise<void> {
  await rig.untilMetrics("spool that is well", (now) => now.sum("ingester_spool_state", { state: "ok" }) === 1);
  const before = await rig.metrics();
  await Bun.sleep(FREED_MS);
  const after = await rig.metrics();
  const grown = (name: string) => after.sum(name) - before.sum(name);
  round.measure({
    name: "dropped once it was freed",
    value: grown("ingester_quotes_dropped_total"),
    unit: "quotes",
    most: 0,
  });
  round.measure({
    name: "written once it was freed",
    value: grown("ingester_spool_written_records_total"),
    unit: "quotes",
    least: 1,
  });
}

async function judge(rig: IngesterRig, round: FaultRound): Promise<void> {
  await rig.untilAckedMore(1, FIRST_ACK_LIMIT_MS);
  await rig.quiet();
  const held = (now: MetricsText) => now.sum("ingester_quotes_on_spool") + now.sum("ingester_quotes_in_memory");
  await rig.untilMetrics("drained spool", (now) => held(now) === 0, DRAIN_LIMIT_MS);
  const end = await rig.metrics();
  expect((await rig.finish(DRAIN_LIMIT_MS)).code).toBe(0);
  const verdict = await rig.judge();
  expect(verdict.findings).toEqual([]);
  const lost = end.sum("ingester_quotes_dropped_total");
  round.measure({ name: "dropped, counted and told", value: lost, unit: "quotes", least: 1 });
  round.measure({ name: "delivered", value: verdict.distinct, unit: "quotes" });
  expect(verdict.declaredDropped).toBe(lost);
}

function dropped(now: MetricsText, reason: string): number {
  return now.sum("ingester_quotes_dropped_total", { reason });
}
