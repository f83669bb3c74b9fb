import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import type { IngesterRig, RigFeed } from "../harness/ingester-rig.ts";
import { runSystem } from "../harness/namespaces.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { FaultCase } from "./fault-case.ts";
import { throughLife } from "./whole-life.ts";

const CROWD = "crowd";
const CALM = "calm";
const SESSIONS = 100;
const DESCRIPTORS = 64;
const DESCRIPTORS_LATER = 1024;
/** Slow enough that the limit is there before the sessions are. */
const CONNECTS_PER_SECOND = 20;
const HELD_MS = { short: 6000, long: 60_000 } as const;
const PAGES = ["/healthz", "/metrics", "/status"];
const PAGE_LIMIT_MS = 1000;
const SHED_LIMIT_MS = 20_000;
const BACK_LIMIT_MS = 60_000;
/** "CPU < 50 %". */
const CORES_MAX = 0.5;
/** The other feed first: who comes when nothing is left waits until something is. */
const FEEDS: readonly RigFeed[] = [
  { name: CALM, venue: "kraken", symbolCount: 2, ratePerSecond: 200 },
  {
    name: CROWD,
    venue: "bybit",
    symbols: Array.from({ length: SESSIONS }, (_, i) => `S${String(i).padStart(4, "0")}USDT`),
    symbolCount: SESSIONS,
    ratePerSecond: 200,
    profile: { limits: { symbolsPerConnection: 1, connects: { count: 100_000, windowMs: 1000 } } },
  },
];

/** F18: fewer file descriptors than sessions. Those that have one go on, and so does the admin server. */
export const descriptors: FaultCase = {
  fault: "F18",
  name: "descriptors",
  title: "64 file descriptors for 101 sessions, later 1,024",
  limitMs: { short: 120_000, long: 240_000 },
  async run(round) {
    const kafka = await round.kafka();
    // The runtime raises its limit to the most it may have, so it is lowered once the program runs.
    const launcher = [String(Bun.which("prlimit")), `--nofile=${DESCRIPTORS_LATER}`];
    const env = { CONNECTS_PER_SECOND: String(CONNECTS_PER_SECOND) };
    const onStart = (rig: IngesterRig) => limit(rig, DESCRIPTORS);
    await throughLife(round, { kafka, feeds: FEEDS, launcher, env, onStart, quotesBefore: 20 }, async (rig) => {
      await proveExhausted(rig);
      const startMs = performance.now();
      const before = await rig.metrics();
      let tookMsMax = 0;
      while (performance.now() - startMs < HELD_MS[round.form]) {
        for (const path of PAGES) tookMsMax = Math.max(tookMsMax, await askAnew(rig, path));
        await Bun.sleep(200);
      }
      const after = await rig.metrics();
      const seconds = (performance.now() - startMs) / 1000;
      const grown = (name: string, labels = {}) => after.sum(name, labels) - before.sum(name, labels);
      round.measure({ name: "slowest page", value: tookMsMax, unit: "ms", most: PAGE_LIMIT_MS });
      const cores = grown("process_cpu_seconds_total") / seconds;
      round.measure({ name: "CPU", value: cores, unit: "cores", most: CORES_MAX });
      const calmRate = grown("ingester_quotes_acked_total", { source: CALM }) / seconds;
      round.measure({ name: "rate of the other feed", value: calmRate, unit: "quotes/s", least: 100 });
      // More of them are given, and every session comes without a restart.
      limit(rig, DESCRIPTORS_LATER);
      const isWhole = () => sessions(rig) === SESSIONS;
      await waitUntil(isWhole, { limitMs: BACK_LIMIT_MS, what: `${SESSIONS} sessions` });
      expect((await rig.metrics()).sum("market_data_raw_disconnections_total")).toBe(0);
    });
  },
};

function limit(rig: IngesterRig, most: number): void {
  runSystem("prlimit", `--pid=${rig.process.pid}`, `--nofile=${most}:${DESCRIPTORS_LATER}`);
}

/** The fault: the process has what it may have, and some of its sessions have nothing. */
async function proveExhausted(rig: IngesterRig): Promise<void> {
  expect(readFileSync(`/proc/${rig.process.pid}/limits`, "utf8")).toMatch(/Max open files +64 +1024 /);
  const isShed = async () => {
    const { feeds } = JSON.parse((await rig.page("/status")).text);
    const { connections } = feeds.find(({ name }: { name: string }) => name === CROWD);
    return connections.some(
      ({ lastError }: { lastError: { code: string } | null }) => lastError?.code === "no_descriptors",
    );
  };
  await waitUntil(isShed, { limitMs: SHED_LIMIT_MS, what: "session that was shed" });
  expect(sessions(rig)).toBeLessThan(DESCRIPTORS);
  // A quarter is kept for Kafka and the admin server; to count takes a descriptor or two as well.
  expect(readdirSync(`/proc/${rig.process.pid}/fd`).length).toBeGreaterThanOrEqual(DESCRIPTORS * 0.7);
}

/** How long a page takes over a connection of its own, ms. */
async function askAnew(rig: IngesterRig, path: string): Promise<number> {
  const startMs = performance.now();
  const { status } = await rig.page(path, { isNewConnection: true });
  expect(status).toBe(200);
  return performance.now() - startMs;
}

function sessions(rig: IngesterRig): number {
  return rig.venue(CROWD).sessions.filter(({ topics }) => topics.length > 0).length;
}
