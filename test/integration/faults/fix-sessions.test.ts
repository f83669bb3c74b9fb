// Sessions over FIX end in every way an LP can end them. The numbers go on or begin anew as the policy says, no Logon is
// tried in a tight loop, what the LP said is in /status, and what was missed is told.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { type IngesterRig, type RigFeed, withRig } from "../../harness/ingester-rig.ts";
import { KAFKA_START_TIMEOUT_MS, startKafka } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import { FaultyFeed } from "./faulty-feed.ts";

const TEST_LIMIT_MS = 60_000;
const HEARTBEAT_S = 1;
/** A Logon that was turned away is tried again after two heartbeats at the earliest. */
const RELOGON_MS = 2 * HEARTBEAT_S * 1000;
/** A dead link is found after two and a half heartbeats; and some for a busy machine. */
const DEAD_LIMIT_MS = 2.5 * HEARTBEAT_S * 1000 + 1500;
const REFUSED_MS = 2.5 * RELOGON_MS;
const MAINTENANCE = "Maintenance until 06:00, call the desk";

let kafka: TestKafka;

describeWithOwnKafka("the program while an LP ends its sessions", () => {
  beforeAll(async () => {
    kafka = await startKafka();
  }, KAFKA_START_TIMEOUT_MS);

  afterAll(async () => {
    await kafka.stop();
  });

  test(
    "reset, Logout, low number, half-open link, end of day, refusals: each feed comes back by its policy",
    () =>
      withRig({ kafka, feeds: [...FAULTS.keys()].map(createFeed) }, async (rig) => {
        await rig.createTopics();
        await rig.startLive(30);
        // All at once: a feed that waits for its next Logon holds up no other.
        const ends = await Promise.allSettled(
          [...FAULTS].map(([name, fault]) => fault(new FaultyFeed(rig, name), rig)),
        );
        expect(ends.flatMap((end) => (end.status === "rejected" ? [String(end.reason?.stack)] : []))).toEqual([]);

        await rig.quiet();
        expect((await rig.finish()).code).toBe(0);
        expect((await rig.judge()).findings).toEqual([]);
        for (const [name, wanted] of CODES) {
          expect([name, await new FaultyFeed(rig, name).endCodes()]).toEqual([name, wanted]);
        }
      }),
    TEST_LIMIT_MS,
  );
});

type Fault = (feed: FaultyFeed, rig: IngesterRig) => Promise<void>;

/** One feed for each, all at the same time. The first word is the reset policy. */
const FAULTS: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ["logon-ends", loseByReset],
  ["never-ends", keepNumbers],
  ["logon-half", loseHalfOpen],
  ["daily-cut", endTradingDay],
  ["logon-storm", stormOfLogouts],
  ["never-refused", refuseLogons],
]);

/** How each feed's sessions ended, as its events tell. */
const CODES: ReadonlyMap<string, string[]> = new Map([
  ["logon-ends", ["closed_unclean", "sequence_too_low", "ok"]],
  ["never-ends", ["closed_unclean", "ok", "sequence_too_low"]],
  ["logon-half", ["half_open"]],
  ["daily-cut", ["ok", "sequence_too_low"]],
]);

function createFeed(name: string): RigFeed {
  return {
    name,
    venue: "fix-generic",
    symbolCount: 2,
    ratePerSecond: 200,
    // All LPs are on one host here, and may be tried as often as each of them alone.
    profile: { limits: { connects: { count: 100, windowMs: 1000 } } },
    settings: {
      HEARTBEAT_S: String(HEARTBEAT_S),
      DEPTH: "0",
      RESET: name.slice(0, name.indexOf("-")),
    },
  };
}

/** Numbers that begin anew with every Logon (141=Y). */
async function loseByReset(feed: FaultyFeed): Promise<void> {
  await feed.loseSession(() => feed.lp.disconnectHard());
  await feed.loseSession(() => feed.lp.commands.sendLowSequence());
  expect((await feed.connection()).lastError).toMatchObject({ code: "sequence_too_low" });
  await feed.loseSession(() => feed.lp.disconnect());
  expect(feed.sent("A", "|34=1|").length).toBe(4);
  expect(feed.sent("A", "|141=Y|").length).toBe(4);
}

/** Numbers that never begin anew: every Logon has the next one, and what the LP sent meanwhile is asked for. */
async function keepNumbers(feed: FaultyFeed, rig: IngesterRig): Promise<void> {
  const party = rig.counterparty("never-ends");
  for (const end of ["reset", "logout", "low number"]) {
    const logons = feed.sent("A").length;
    let next = 0;
    await feed.loseSession(async () => {
      if (end === "reset") feed.lp.disconnectHard();
      else if (end === "logout") feed.lp.disconnect();
      else feed.lp.commands.sendLowSequence();
      await waitUntil(() => !party.isConnected, { limitMs: 2000, what: "end at the LP" });
      next = party.nextIncoming;
    });
    const logon = feed.sent("A")[logons];
    expect(Number(/\|34=(\d+)\|/.exec(logon)?.[1])).toBeGreaterThanOrEqual(next);
  }
  expect(feed.sent("A", "|141=Y|")).toEqual([]);
}

/** The LP hears nothing and says nothing, and nobody closes: found by the heartbeats. */
async function loseHalfOpen(feed: FaultyFeed): Promise<void> {
  const startMs = performance.now();
  let tookMs = 0;
  await feed.loseSession(async () => {
    feed.lp.commands.goHalfOpen();
    await waitUntil(async () => (await feed.connection()).lastError?.code === "half_open", {
      limitMs: DEAD_LIMIT_MS,
      what: "half-open link found",
    });
    tookMs = performance.now() - startMs;
  });
  // Not before the rules allow it: the LP is asked first whether it lives.
  expect(tookMs).toBeGreaterThan(2 * HEARTBEAT_S * 1000 - 100);
}

/** 17:00 in New York: the LP logs everybody out, and its own numbers begin at 1 while ours go on. */
async function endTradingDay(feed: FaultyFeed): Promise<void> {
  const logons = feed.sent("A").length;
  await feed.loseSession(() => feed.lp.commands.dailyReset());
  expect((await feed.connection()).lastError?.message).toContain("the next Logon starts the numbers anew");
  const later = feed.sent("A").slice(logons);
  expect(later.map((text) => text.includes("|141=Y|"))).toEqual([false, true]);
}

/** Logged out, and every Logon after it too, for a while. */
async function stormOfLogouts(feed: FaultyFeed): Promise<void> {
  await beTurnedAway(feed, () => feed.lp.commands.logoutStorm(MAINTENANCE));
}

/** The connection breaks, and no Logon is taken, for a while. */
async function refuseLogons(feed: FaultyFeed): Promise<void> {
  await beTurnedAway(feed, () => {
    feed.lp.commands.refuseLogons(MAINTENANCE);
    feed.lp.disconnectHard();
  });
}

async function beTurnedAway(feed: FaultyFeed, fault: () => void): Promise<void> {
  await feed.loseSession(async () => {
    const before = feed.sent("A").length;
    const startMs = performance.now();
    fault();
    await feed.untilSent("A", before + 1);
    await waitUntil(async () => (await feed.connection()).lastError?.code === "logon_refused", {
      limitMs: 2000,
      what: "refusal in /status",
    });
    const view = await feed.connection();
    expect(view.lastError?.message).toContain(MAINTENANCE);
    expect(view.state).toBe("backing-off");
    expect(view.retryInMs).toBeGreaterThan(0);
    // A time that is measured, not one that is hoped for: so many Logons and no more may come within it.
    await Bun.sleep(Math.max(0, REFUSED_MS - (performance.now() - startMs)));
    const tries = feed.sent("A").length - before;
    const elapsedMs = performance.now() - startMs;
    expect(tries).toBeGreaterThanOrEqual(2);
    expect(tries).toBeLessThanOrEqual(1 + Math.floor(elapsedMs / RELOGON_MS));
    feed.lp.acceptHandshakes();
  });
}
