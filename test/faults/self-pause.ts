import { expect } from "bun:test";
import type { IngesterRig, RigFeed } from "../harness/ingester-rig.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { FaultCase } from "./fault-case.ts";
import { throughLife } from "./whole-life.ts";

const STALE_AFTER_MS = 600;
const DEAD_AFTER_MS = 1500;
/** Several times what either watchdog waits for. */
const PAUSE_MS = { short: 6000, long: 60_000 } as const;
/** How long after SIGCONT every session must be known to live or be dead and replaced. */
const VALID_LIMIT_MS = 10_000;
const LIMITS = { staleAfterMs: STALE_AFTER_MS, deadAfterMs: DEAD_AFTER_MS };

const KEPT = "kept";
const CLOSED = "closed";
const LOST = "lost";
const FEEDS: readonly RigFeed[] = [
  { name: KEPT, venue: "kraken", symbolCount: 2, ratePerSecond: 200, profile: { limits: LIMITS } },
  { name: CLOSED, venue: "binance", symbolCount: 2, ratePerSecond: 200, profile: { limits: LIMITS } },
  { name: LOST, venue: "okx", symbolCount: 2, ratePerSecond: 200, profile: { limits: LIMITS } },
];

/**
 * F20: the program itself stands still, as in a paused virtual machine. Of its sessions one lives on, one is ended by its
 * venue meanwhile, one goes half-open: afterwards each must be judged by what is so, not by the time that passed.
 */
export const selfPause: FaultCase = {
  fault: "F20",
  name: "self-pause",
  title: "SIGSTOP of the program: no false alarm, and every session is looked at anew",
  limitMs: { short: 60_000, long: 180_000 },
  async run(round) {
    const kafka = await round.kafka();
    await throughLife(round, { kafka, feeds: FEEDS }, async (rig) => {
      rig.process.signal("SIGSTOP");
      try {
        await proveStopped(rig);
        rig.venue(CLOSED).disconnect();
        rig.venue(LOST).goSilent("all");
        await Bun.sleep(PAUSE_MS[round.form]);
      } finally {
        rig.process.signal("SIGCONT");
      }
      const startMs = performance.now();
      const isNoticed = async () => {
        const now = await rig.metrics();
        const lost = (source: string) => now.sum("market_data_raw_disconnections_total", { source });
        return lost(CLOSED) === 1 && lost(LOST) >= 1;
      };
      await waitUntil(isNoticed, { limitMs: VALID_LIMIT_MS, what: "notice of the lost sessions" });
      rig.venue(LOST).resume();
      const isLive = async () => (await rig.metrics()).sum("ingester_feed_state", { state: "live" }) === FEEDS.length;
      await waitUntil(isLive, { limitMs: VALID_LIMIT_MS, what: "three live feeds" });
      const tookMs = performance.now() - startMs;
      round.measure({ name: "all sessions valid again", value: tookMs, unit: "ms", most: VALID_LIMIT_MS });
      await checkTold(rig);
    });
  },
};

/** A stopped process answers nobody. */
async function proveStopped(rig: IngesterRig): Promise<void> {
  const answer = rig.page("/healthz").then(
    () => "answered",
    () => "failed",
  );
  expect(await Promise.race([answer, Bun.sleep(500).then(() => "silent")])).toBe("silent");
}

/** The session that lived was neither ended nor called stale; the others ended for what happened to them. */
async function checkTold(rig: IngesterRig): Promise<void> {
  const now = await rig.metrics();
  expect(now.sum("market_data_raw_disconnections_total", { source: KEPT })).toBe(0);
  const typesOf = async (feed: string) => (await rig.events(feed)).map(({ type }) => type);
  expect(await typesOf(KEPT)).not.toContain("market-data.feed-stale");
  const codesOf = async (feed: string) =>
    (await rig.events(feed))
      .filter(({ payload }) => payload["to"] === "backing-off")
      .map(({ payload }) => payload["code"]);
  expect(await codesOf(CLOSED)).toEqual(["ok"]);
  // A venue may have hung up on a client that did not speak for so long. The sessions after it are silent too, for a while.
  const lostCodes = await codesOf(LOST);
  expect(lostCodes.length).toBeGreaterThan(0);
  expect(lostCodes.filter((code) => code !== "half_open" && code !== "closed_unclean")).toEqual([]);
}
