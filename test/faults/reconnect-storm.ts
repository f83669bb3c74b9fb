import { readdirSync } from "node:fs";
import type { IngesterRig, RigFeed } from "../harness/ingester-rig.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { FaultCase } from "./fault-case.ts";
import { megabytes, throughLife } from "./whole-life.ts";

const STORM = "storm";
/** "≤ 20 new connections/s/host". */
const CONNECTS_PER_SECOND = 20;
/** A second may begin in the middle of a burst of the limiter: two windows can meet in it. */
const CONNECTS_IN_A_SECOND_MAX = 2 * CONNECTS_PER_SECOND;
const SIZES = {
  short: { sessions: 100, outageMs: 3000, backLimitMs: 20_000 },
  // "99 % of 1,000 sessions back ≤ 60 s".
  long: { sessions: 1000, outageMs: 30_000, backLimitMs: 60_000 },
} as const;
const BACK_SHARE = 0.99;
const OPEN_LIMIT_MS = 120_000;
const CORES_MAX = 1.5;
/** Sockets of the admin server and of the broker come and go. */
const DESCRIPTORS_SLACK = 10;
const RATE = 500;
const SECOND_MS = 1000;

/** F14: a venue with very many sessions is killed, and comes back. */
export const reconnectStorm: FaultCase = {
  fault: "F14",
  name: "reconnect-storm",
  title: "A venue with 1,000 sessions (short: 100) is killed and comes back",
  limitMs: { short: 90_000, long: 600_000 },
  async run(round) {
    const kafka = await round.kafka();
    const { sessions, outageMs, backLimitMs } = SIZES[round.form];
    const env = { CONNECTS_PER_SECOND: String(CONNECTS_PER_SECOND), RAW_PAYLOAD: "off" };
    await throughLife(round, { kafka, feeds: [createFeed(sessions)], env }, async (rig) => {
      await untilOpen(rig, sessions, OPEN_LIMIT_MS);
      round.say(`${sessions} sessions open`);
      const before = await look(rig);
      rig.killVenue(STORM);
      await rig.untilMetrics(
        "feed that backs off",
        (now) => now.sum("ingester_feed_connected", { source: STORM }) === 0,
      );
      const goneMs = performance.now();
      await Bun.sleep(outageMs);
      rig.restartVenue(STORM);
      const backMs = performance.now();
      const counting = countConnects(rig);
      await untilOpen(rig, Math.ceil(sessions * BACK_SHARE), 2 * backLimitMs);
      const tookMs = performance.now() - backMs;
      await untilOpen(rig, sessions, 2 * backLimitMs);
      const connectsMax = counting.stop();
      const after = await look(rig);
      const cores = (after.cpuSeconds - before.cpuSeconds) / ((performance.now() - goneMs) / SECOND_MS);
      round.measure({ name: "99 % of the sessions back", value: tookMs, unit: "ms", most: backLimitMs });
      round.measure({ name: "connects in a second", value: connectsMax, unit: "", most: CONNECTS_IN_A_SECOND_MAX });
      round.measure({ name: "CPU", value: cores, unit: "cores", most: CORES_MAX });
      const most = before.descriptors + DESCRIPTORS_SLACK;
      round.measure({ name: "file descriptors afterwards", value: after.descriptors, unit: "", most });
      round.measure({ name: "memory", value: megabytes(after.residentBytes), unit: "MB" });
    });
  },
};

function createFeed(sessions: number): RigFeed {
  return {
    name: STORM,
    venue: "bybit",
    symbols: Array.from({ length: sessions }, (_, i) => `S${String(i).padStart(4, "0")}USDT`),
    symbolCount: sessions,
    ratePerSecond: RATE,
    profile: { limits: { symbolsPerConnection: 1, connects: { count: 100_000, windowMs: SECOND_MS } } },
    // "base 250 ms, cap 10 s".
    settings: { INITIAL_DELAY_MS: "250", MAX_DELAY_MS: "10000" },
  };
}

/** Resolves when so many sessions have their subscription. */
async function untilOpen(rig: IngesterRig, sessions: number, limitMs: number): Promise<void> {
  const isOpen = () => rig.venue(STORM).sessions.filter(({ topics }) => topics.length > 0).length >= sessions;
  await waitUntil(isOpen, { limitMs, what: `${sessions} sessions` });
}

async function look(rig: IngesterRig): Promise<{ cpuSeconds: number; residentBytes: number; descriptors: number }> {
  const now = await rig.metrics();
  return {
    cpuSeconds: now.sum("process_cpu_seconds_total"),
    residentBytes: now.sum("process_resident_memory_bytes"),
    descriptors: readdirSync(`/proc/${rig.process.pid}/fd`).length,
  };
}

/** Counts the connections the venue takes each second; `stop` returns the most of any second. */
function countConnects(rig: IngesterRig): { stop(): number } {
  let before = rig.venue(STORM).stats().sessionsOpened;
  let most = 0;
  const timer = setInterval(() => {
    const { sessionsOpened } = rig.venue(STORM).stats();
    most = Math.max(most, sessionsOpened - before);
    before = sessionsOpened;
  }, SECOND_MS);
  return {
    stop() {
      clearInterval(timer);
      return most;
    },
  };
}
