// Either side of a FIX session is killed, stopped or closed by the clock, and comes back with the numbers it should have.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { type IngesterRig, type RigFeed, withRig } from "../../harness/ingester-rig.ts";
import { KAFKA_START_TIMEOUT_MS, startKafka } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import { FaultyFeed } from "./faulty-feed.ts";

const TEST_LIMIT_MS = 60_000;
const HEARTBEAT_S = 1;
const STOPPED_MS = 4 * HEARTBEAT_S * 1000;
const KILLS = 2;
const KILL_WITHIN_MS = 300;
const LOST = 5;
/** From the start of a test with trading hours: when the session closes, and when it opens again. */
const CLOSES_AFTER_MS = 4000;
const OPENS_AFTER_MS = 6000;
const CLOCK_LIMIT_MS = 1500;

let kafka: TestKafka;

describeWithOwnKafka("the program and its LPs across restarts", () => {
  beforeAll(async () => {
    kafka = await startKafka();
  }, KAFKA_START_TIMEOUT_MS);

  afterAll(async () => {
    await kafka.stop();
  });

  test(
    "kill -9 of ours, mid-stream: the numbers go on with RESET=never and begin anew with RESET=logon",
    () =>
      throughFaults([createFeed("never"), createFeed("logon")], async (rig, end) => {
        const sessions = [rig.session];
        for (let kill = 0; kill < KILLS; kill++) {
          await Bun.sleep(rig.chance() * KILL_WITHIN_MS);
          await killAndRestart(rig);
          sessions.push(rig.session);
        }
        await end();
        const records = await readTopicWithKcat(kafka.bootstrap.plain, rig.topic);
        const seen = new Set(records.map((record) => Object.fromEntries(record.headers)["session"]));
        expect([...seen].sort()).toEqual(sessions.sort());
      }),
    TEST_LIMIT_MS,
  );

  test(
    "SIGSTOP of ours for 4 heartbeats: the LP hangs up, we come back and say so",
    () =>
      throughFaults([createFeed("never"), createFeed("logon")], async (rig, end) => {
        const feeds = [new FaultyFeed(rig, "never"), new FaultyFeed(rig, "logon")];
        const gone = () => waitUntil(() => feeds.every(({ lp }) => lp.stats().sessionsOpen === 0), GONE);
        const startMs = performance.now();
        rig.process.signal("SIGSTOP");
        try {
          await gone();
          await Bun.sleep(Math.max(0, STOPPED_MS - (performance.now() - startMs)));
        } finally {
          rig.process.signal("SIGCONT");
        }
        await Promise.all(feeds.map((feed) => feed.untilLive()));
        for (const feed of feeds) expect(await feed.count("market_data_raw_disconnections_total")).toBe(1);
        await end();
        // It is the LP that hung up: time in which we stood still is not held against it.
        for (const feed of feeds) expect(await feed.endCodes()).toEqual(["closed_unclean"]);
        for (const name of ["never", "logon"]) {
          const told = await reasonsOf(rig, name);
          expect(told.length).toBe(2);
          for (const reasons of told) expect(reasons).toContain("disconnect");
        }
      }),
    TEST_LIMIT_MS,
  );

  test(
    "kill -9 of an LP that comes back with its numbers, in a session that trading hours end and begin",
    () => {
      const hours = tradingHours(Date.now());
      return throughFaults([createFeed("never"), createFeed("logon"), createFeed("hours", hours)], async (rig, end) => {
        const faults = [restartLp(rig, "never"), restartLp(rig, "logon"), closeAndOpen(rig, hours)];
        for (const fault of await Promise.allSettled(faults)) if (fault.status === "rejected") throw fault.reason;
        await end();
        const events = await rig.events("hours");
        expect(events.map(({ payload }) => payload["to"])).not.toContain("backing-off");
        const closed = events.find(({ payload }) => payload["to"] === "closed");
        expect(closed?.payload).toMatchObject({ from: "live", code: "ok" });
      });
    },
    TEST_LIMIT_MS,
  );
});

const GONE = { limitMs: 2 * STOPPED_MS, what: "end at the LP" };

function createFeed(name: string, settings: Readonly<Record<string, string>> = {}): RigFeed {
  return {
    name,
    venue: "fix-generic",
    symbolCount: 2,
    ratePerSecond: 300,
    // All LPs are on one host here, and may be tried as often as each of them alone.
    profile: { limits: { connects: { count: 100, windowMs: 1000 } } },
    settings: {
      HEARTBEAT_S: String(HEARTBEAT_S),
      DEPTH: "0",
      RESET: name === "never" ? "never" : "logon",
      ...settings,
    },
  };
}

/** A life of the program. `end` brings it to its end and has the oracle judge: the topics are read when nothing is written. */
async function throughFaults(
  feeds: readonly RigFeed[],
  faults: (rig: IngesterRig, end: () => Promise<void>) => Promise<void>,
): Promise<void> {
  await withRig({ kafka, feeds }, async (rig) => {
    await rig.createTopics();
    await rig.startLive(30);
    await faults(rig, async () => {
      await rig.quiet();
      expect((await rig.finish()).code).toBe(0);
      expect((await rig.judge()).findings).toEqual([]);
    });
  });
}

/** Kills the program and starts it again at once, while the LP goes on and loses messages. */
async function killAndRestart(rig: IngesterRig): Promise<void> {
  const never = new FaultyFeed(rig, "never");
  const logon = new FaultyFeed(rig, "logon");
  const party = rig.counterparty("never");
  const logons = never.sent("A").length;
  await rig.keepLedger({ isFinal: false });
  rig.process.signal("SIGKILL");
  expect((await rig.process.ended).code).toBe(137);
  await waitUntil(() => !party.isConnected, GONE);
  // What the LP would have said meanwhile is missing when we are back.
  const { nextIncoming, nextOutgoing } = party;
  party.nextOutgoing += LOST;
  await rig.startLive(30);
  expect(Number(/\|34=(\d+)\|/.exec(never.sent("A")[logons])?.[1])).toBeGreaterThanOrEqual(nextIncoming);
  expect(never.sent("A", "|141=Y|")).toEqual([]);
  const asked = Number(/\|7=(\d+)\|/.exec(never.sent("2").at(-1) ?? "")?.[1]);
  // What we had seen last is written 100 ms late at most: some of it is asked for twice, never too little.
  expect(asked).toBeGreaterThan(nextOutgoing - 100);
  expect(asked).toBeLessThanOrEqual(nextOutgoing);
  expect(logon.sent("A", "|34=1|").length).toBe(logon.sent("A", "|141=Y|").length);
  await Promise.all([never.untilLive(), logon.untilLive()]);
}

/** The LP's process is gone, and another one with its numbers takes its place. */
async function restartLp(rig: IngesterRig, name: string): Promise<void> {
  const feed = new FaultyFeed(rig, name);
  const { nextIncoming } = rig.counterparty(name);
  await feed.loseSession(async () => {
    rig.killVenue(name);
    await feed.untilState("backing-off");
    rig.restartVenue(name);
  });
  const [logon] = feed.sent("A");
  const number = Number(/\|34=(\d+)\|/.exec(logon)?.[1]);
  if (name === "never") expect(number).toBeGreaterThanOrEqual(nextIncoming);
  else expect([number, logon.includes("|141=Y|")]).toEqual([1, true]);
}

/** The clock ends the session: Logout, silence without alarm, and a new Logon when it opens. */
async function closeAndOpen(rig: IngesterRig, { SESSION_END }: { SESSION_END: string }): Promise<void> {
  const feed = new FaultyFeed(rig, "hours");
  await feed.untilState("closed", CLOSES_AFTER_MS + CLOCK_LIMIT_MS);
  const closedMs = Date.now() % DAY_MS;
  expect(Math.abs(closedMs - msOfDay(SESSION_END))).toBeLessThan(CLOCK_LIMIT_MS);
  expect(feed.sent("5").length).toBe(1);
  expect(feed.lp.stats().sessionsOpen).toBe(0);
  expect((await feed.connection()).lastError).toBeNull();
  expect((await rig.page("/readyz")).text).toContain("hours");
  await feed.untilLive();
  expect(feed.sent("A").length).toBe(2);
}

const DAY_MS = 86_400_000;

/** Hours in UTC of a session that closes and opens again in a moment, every day of the week. */
function tradingHours(nowMs: number) {
  const timeOfDay = (ms: number) => new Date(ms).toISOString().slice(11, 19);
  return {
    SESSION_TZ: "UTC",
    SESSION_DAYS: "Sun,Mon,Tue,Wed,Thu,Fri,Sat",
    SESSION_START: timeOfDay(nowMs + OPENS_AFTER_MS),
    SESSION_END: timeOfDay(nowMs + CLOSES_AFTER_MS),
  };
}

function msOfDay(time: string): number {
  return Date.parse(`1970-01-01T${time}Z`);
}

/** The reasons in the gap notes of a feed's records, in order. */
async function reasonsOf(rig: IngesterRig, name: string): Promise<string[][]> {
  const records = await readTopicWithKcat(kafka.bootstrap.plain, rig.topic);
  return records
    .filter((record) => record.key?.startsWith(`${name}:`))
    .map((record) => JSON.parse(record.value ?? "null").metadata.gap?.reasons)
    .filter((reasons) => reasons !== undefined);
}
