import { expect } from "bun:test";
import { FarEnd } from "../harness/far-end.ts";
import type { IngesterRig, RigFeed } from "../harness/ingester-rig.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { FaultCase } from "./fault-case.ts";
import { throughLife } from "./whole-life.ts";

const DEAD_AFTER_MS = 1500;
const HEARTBEAT_S = 1;
const CUTS = { short: 1, long: 10 } as const;
/** The longest of the watchdogs: a FIX session is given up after two heartbeats and a half. */
const NOTICED_LIMIT_MS = 5000;
/** "single session p99 ≤ 10 s after LP return". */
const BACK_LIMIT_MS = 10_000;
const HELD_MS = 3000;

/** Tries follow each other fast here, and the limits of real venues are for minutes. */
const CONNECTS = { count: 100, windowMs: 1000 };

const NEAR = "near";

/** F12: the cable between the program and two venues is pulled; nobody closes anything. */
export const deadLine: FaultCase = {
  fault: "F12",
  name: "dead-line",
  title: "Half-open: the line to two venues (WebSocket, FIX) is cut below TCP",
  needsRoot: true,
  limitMs: { short: 60_000, long: 300_000 },
  async run(round) {
    const far = await FarEnd.open();
    try {
      const kafka = await round.kafka();
      const feeds = createFeeds(far);
      const faulty = feeds.map(({ name }) => name).filter((name) => name !== NEAR);
      await throughLife(round, { kafka, feeds, quotesBefore: 30 }, async (rig) => {
        let noticedMsMax = 0;
        let backMsMax = 0;
        for (let cut = 0; cut < CUTS[round.form]; cut++) {
          await Bun.sleep(rig.chance() * 500);
          const before = await disconnections(rig, faulty);
          const cutMs = performance.now();
          await far.cut();
          const isNoticed = async () => (await disconnections(rig, faulty)) >= before + faulty.length;
          await waitUntil(isNoticed, { limitMs: 2 * NOTICED_LIMIT_MS, what: "end of the sessions behind the line" });
          noticedMsMax = Math.max(noticedMsMax, performance.now() - cutMs);
          await Bun.sleep(HELD_MS);
          await far.join();
          const joinMs = performance.now();
          await untilQuoted(rig, faulty);
          backMsMax = Math.max(backMsMax, performance.now() - joinMs);
          round.say(`cut ${cut + 1} of ${CUTS[round.form]}`);
        }
        round.measure({ name: "dead sessions found", value: noticedMsMax, unit: "ms", most: NOTICED_LIMIT_MS });
        round.measure({ name: "quotes again", value: backMsMax, unit: "ms", most: BACK_LIMIT_MS });
        expect(await disconnections(rig, [NEAR])).toBe(0);
        for (const name of faulty) expect(await codesOf(rig, name)).toContain("half_open");
      });
    } finally {
      await far.close();
    }
  },
};

function createFeeds(far: FarEnd): readonly RigFeed[] {
  return [
    {
      name: "wire",
      venue: "kraken",
      symbolCount: 2,
      ratePerSecond: 200,
      profile: { limits: { staleAfterMs: 800, deadAfterMs: DEAD_AFTER_MS, connects: CONNECTS } },
      way: (port) => ({ URL: `ws://${far.host}:${far.expose(port)}/v2` }),
    },
    {
      name: "lp",
      venue: "fix-generic",
      symbolCount: 2,
      ratePerSecond: 200,
      profile: { limits: { connects: CONNECTS } },
      settings: { HEARTBEAT_S: String(HEARTBEAT_S) },
      way: (port) => ({ HOST: far.host, PORT: String(far.expose(port)) }),
    },
    { name: NEAR, venue: "binance", symbolCount: 2, ratePerSecond: 200 },
  ];
}

async function disconnections(rig: IngesterRig, feeds: readonly string[]): Promise<number> {
  const now = await rig.metrics();
  return feeds.reduce((sum, source) => sum + now.sum("market_data_raw_disconnections_total", { source }), 0);
}

/** Resolves when every feed is live and more of its quotes are acked than when it was asked. */
async function untilQuoted(rig: IngesterRig, feeds: readonly string[]): Promise<void> {
  const before = await rig.metrics();
  const acked = "ingester_quotes_acked_total";
  await rig.untilMetrics("quotes over the joined line", (now) =>
    feeds.every(
      (source) =>
        now.sum("ingester_feed_state", { source, state: "live" }) === 1 &&
        now.sum(acked, { source }) > before.sum(acked, { source }),
    ),
  );
}

async function codesOf(rig: IngesterRig, feed: string): Promise<unknown[]> {
  const events = await rig.events(feed);
  return events.filter(({ payload }) => payload["to"] === "backing-off").map(({ payload }) => payload["code"]);
}
