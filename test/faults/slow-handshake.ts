import { expect } from "bun:test";
import type { IngesterRig, RigFeed } from "../harness/ingester-rig.ts";
import { TcpProxy } from "../harness/tcp-proxy.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { FaultCase, FaultRound } from "./fault-case.ts";
import { throughLife } from "./whole-life.ts";

/** What the program allows a handshake. */
const HANDSHAKE_LIMIT_MS = 5000;
/** For the machine, on top of it. */
const SLACK_MS = 1500;
/** A handshake's answer of 130 bytes takes half a minute, and every byte is a sign of life. */
const DRIP_BYTES_PER_SECOND = 4;
const BACK_LIMIT_MS = 10_000;
const ROUNDS = { short: 1, long: 5 } as const;

const FAULTY = "faulty";
const NEAR = "near";

/** F12: the venue takes connections and then never answers the handshake, or answers it byte by byte. */
export const slowHandshake: FaultCase = {
  fault: "F12",
  name: "slow-handshake",
  title: "Handshakes that are never answered, and such that drip in byte by byte",
  limitMs: { short: 60_000, long: 300_000 },
  async run(round) {
    const kafka = await round.kafka();
    const proxy = await TcpProxy.start({ targetPort: 0 });
    try {
      const feeds = createFeeds(proxy);
      await throughLife(round, { kafka, feeds, quotesBefore: 30 }, async (rig) => {
        const silentMs: number[] = [];
        const drippedMs: number[] = [];
        for (let number = 0; number < ROUNDS[round.form]; number++) {
          rig.venue(FAULTY).holdHandshakes();
          silentMs.push(await refusedAfterMs(rig, () => proxy.dropConnections()));
          rig.venue(FAULTY).acceptHandshakes();
          proxy.dropConnections();
          await untilBack(rig);

          proxy.line = { bytesPerSecond: DRIP_BYTES_PER_SECOND };
          drippedMs.push(await refusedAfterMs(rig, () => proxy.dropConnections()));
          proxy.release();
          proxy.dropConnections();
          await untilBack(rig);
        }
        measureWaits(round, "silent handshake", silentMs);
        measureWaits(round, "dripping handshake", drippedMs);
        expect((await rig.metrics()).sum("market_data_raw_disconnections_total", { source: NEAR })).toBe(0);
      });
    } finally {
      await proxy.stop();
    }
  },
};

/** Neither sooner nor later than promised. */
function measureWaits(round: FaultRound, what: string, waitsMs: readonly number[]): void {
  const [least, most] = [HANDSHAKE_LIMIT_MS - 100, HANDSHAKE_LIMIT_MS + SLACK_MS];
  round.measure({ name: `${what} given up, soonest`, value: Math.min(...waitsMs), unit: "ms", least });
  round.measure({ name: `${what} given up, latest`, value: Math.max(...waitsMs), unit: "ms", most });
}

function createFeeds(proxy: TcpProxy): readonly RigFeed[] {
  return [
    {
      name: FAULTY,
      venue: "kraken",
      symbolCount: 2,
      ratePerSecond: 200,
      // Never called failed: the states in between are looked at.
      settings: { MAX_RETRIES: "1000" },
      profile: { limits: { connects: { count: 100, windowMs: 1000 } } },
      way: (port) => {
        proxy.targetPort = port;
        return { URL: `ws://127.0.0.1:${proxy.port}/v2` };
      },
    },
    { name: NEAR, venue: "binance", symbolCount: 2, ratePerSecond: 200 },
  ];
}

/** Ends the session, and returns how long after the next connection its handshake was given up, ms. */
async function refusedAfterMs(rig: IngesterRig, drop: () => void): Promise<number> {
  const connecting = () => rig.untilMetrics("connecting feed", (now) => stateIs(now, "connecting"), BACK_LIMIT_MS);
  drop();
  await connecting();
  const startMs = performance.now();
  const before = await lastError(rig);
  const isRefused = async () => {
    const error = await lastError(rig);
    return error?.code === "handshake_timeout" && error.timeMs !== before?.timeMs;
  };
  await waitUntil(isRefused, { limitMs: 2 * HANDSHAKE_LIMIT_MS, what: "handshake given up" });
  const tookMs = performance.now() - startMs;
  // It is not the end: the next try follows.
  await connecting();
  return tookMs;
}

function stateIs(now: { sum(name: string, labels: Record<string, string>): number }, state: string): boolean {
  return now.sum("ingester_feed_state", { source: FAULTY, state }) === 1;
}

async function lastError(rig: IngesterRig): Promise<{ code: string; timeMs: number } | null> {
  const { feeds } = JSON.parse((await rig.page("/status")).text);
  return feeds.find(({ name }: { name: string }) => name === FAULTY).connections[0].lastError;
}

async function untilBack(rig: IngesterRig): Promise<void> {
  await rig.untilMetrics("live feed", (now) => stateIs(now, "live"), BACK_LIMIT_MS);
  await rig.untilAckedMore(100);
}
