import { expect } from "bun:test";
import { type Simulator, startSimulator } from "../../src/simulator/simulator.ts";
import { environment, feedEnv } from "../e2e/program.ts";
import { ClockShim, whyNoClockShim } from "../harness/clock-shim.ts";
import { type IngesterRig, type RigFeed, withRig } from "../harness/ingester-rig.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import { readTopicWithKcat } from "../harness/kcat.ts";
import type { FaultCase, FaultForm, FaultRound } from "./fault-case.ts";

const HOUR_MS = 3_600_000;
const SECOND_MS = 1000;
/** One round: where the wall clock stands one after the other, ms ahead of the machine's. */
const OFFSETS_MS = [HOUR_MS, 0, -HOUR_MS, 0, SECOND_MS, 0, -SECOND_MS, 0] as const;
const ROUNDS: Readonly<Record<FaultForm, number>> = { short: 1, long: 15 };
/** The watchdogs of all feeds look several times in between, and what they would do wrong is done, ms. */
const BETWEEN_STEPS_MS = 1000;
/** Quotes that must be acknowledged after each step. */
const QUOTES_BETWEEN = 200;
/** How long the change may take to be seen in the stamps, ms: the two clocks are compared every 50 ms. */
const STAMP_LATE_MS = 250;
const FAULT_SEEN_LIMIT_MS = 15_000;
const SEED = 17;

const FEEDS: readonly RigFeed[] = [
  { name: "binance", venue: "binance", symbolCount: 3, ratePerSecond: 300 },
  { name: "kraken", venue: "kraken", symbolCount: 2, ratePerSecond: 200 },
  { name: "lp", venue: "fix-generic", symbolCount: 2, ratePerSecond: 200 },
];
/** Their venues keep no list of what they sent. */
const WATCHED = ["polled", "streamed"] as const;

/** The wall clock stood so far ahead from this moment of the machine's clock on. */
interface Phase {
  readonly fromMs: number;
  readonly offsetMs: number;
}

/** F17: the wall clock jumps by an hour and by a second, forth and back, under feeds of every transport. */
export const clockSteps: FaultCase = {
  fault: "F17",
  name: "clock-steps",
  title: "The wall clock jumps by 1 h and by 1 s, forth and back",
  limitMs: { short: 90_000, long: 600_000 },
  whyNot: whyNoClockShim,
  async run(round) {
    const kafka = await round.kafka();
    const shim = new ClockShim();
    const venues = [startWatched("binance-rest"), startWatched("quotes-units")];
    const polled = feedEnv("polled", venues[0], { POLL_INTERVAL_MS: "100" });
    const watched = environment({ polled, streamed: feedEnv("streamed", venues[1]) });
    const names = [...FEEDS.map(({ name }) => name), ...WATCHED];
    const env = { ...watched, FEEDS: names.join(","), ...shim.env };
    try {
      await withRig({ kafka, feeds: FEEDS, isProxied: true, env }, (rig) => throughSteps(round, { rig, shim, kafka }));
    } finally {
      for (const venue of venues) venue.stop();
      shim.close();
    }
  },
};

interface Parts {
  readonly rig: IngesterRig;
  readonly shim: ClockShim;
  readonly kafka: TestKafka;
}

async function throughSteps(round: FaultRound, parts: Parts): Promise<void> {
  const { rig, kafka } = parts;
  await rig.createTopics();
  await rig.startLive();
  await rig.untilMetrics("quotes of the other transports", (now) =>
    WATCHED.every((source) => now.sum("ingester_quotes_acked_total", { source }) > 0),
  );
  const before = await rig.metrics();
  const phases: Phase[] = [{ fromMs: 0, offsetMs: 0 }];
  for (let i = 0; i < ROUNDS[round.form]; i++) {
    for (const offsetMs of OFFSETS_MS) {
      await step(parts, offsetMs, phases);
      if (i === 0 && offsetMs === -HOUR_MS) await seeTimeLimitsAct(parts);
    }
  }
  await rig.quiet();
  const after = await rig.metrics();
  const disconnections = after.sum("market_data_raw_disconnections_total");
  round.measure({
    name: "disconnections",
    value: disconnections - before.sum("market_data_raw_disconnections_total"),
    unit: "",
    most: 0,
  });
  expect((await rig.finish()).code).toBe(0);
  const stale = (await allEvents(kafka, rig)).filter((event) => event === "market-data.feed-stale").length;
  round.measure({ name: "streams called stale", value: stale, unit: "", most: 0 });
  const verdict = await rig.judge({ except: WATCHED });
  expect(verdict.findings).toEqual([]);
  expect(verdict).toMatchObject({ declaredMissing: 0, declaredDropped: 0, duplicates: 0 });
  await checkStamps(parts, phases);
  round.measure({ name: "steps", value: phases.length - 1, unit: "" });
}

function startWatched(venue: string): Simulator {
  return startSimulator({ venue, seed: SEED, ratePerSecond: 100 });
}

/** One step, seen in the program's own clock, and quotes of every feed behind it. */
async function step({ rig, shim }: Parts, offsetMs: number, phases: Phase[]): Promise<void> {
  shim.offsetMs = offsetMs;
  phases.push({ fromMs: Date.now(), offsetMs });
  const source = FEEDS[0].name;
  // The fault proves itself: the program's clock is as far from ours as we set it.
  await rig.untilMetrics(
    `clock ${offsetMs} ms ahead`,
    (now) => {
      const aheadMs = now.sum("ingester_feed_last_quote_timestamp_seconds", { source }) * 1000 - Date.now();
      return Math.abs(aheadMs - offsetMs) < SECOND_MS / 2;
    },
    FAULT_SEEN_LIMIT_MS,
  );
  await rig.untilAckedMore(QUOTES_BETWEEN);
  await Bun.sleep(BETWEEN_STEPS_MS);
  const now = await rig.metrics();
  expect(now.sum("ingester_ledger_imbalance_quotes")).toBe(0);
  const names = [...FEEDS.map(({ name }) => name), ...WATCHED];
  expect(names.filter((source) => now.sum("ingester_feed_state", { source, state: "live" }) !== 1)).toEqual([]);
}

/** With the clock an hour back no limit waits for that hour to pass: a request that is not answered times out. */
async function seeTimeLimitsAct({ rig, kafka }: Parts): Promise<void> {
  const failures = (await rig.metrics()).sum("market_data_raw_publish_errors_total");
  kafka.proxy.blackhole();
  try {
    await rig.untilMetrics(
      "failed attempt",
      (now) => now.sum("market_data_raw_publish_errors_total") > failures,
      FAULT_SEEN_LIMIT_MS,
    );
  } finally {
    kafka.proxy.release();
  }
  await rig.untilAckedMore(QUOTES_BETWEEN);
}

async function allEvents(kafka: TestKafka, rig: IngesterRig): Promise<string[]> {
  const records = await readTopicWithKcat(kafka.bootstrap.plain, `${rig.topic}.events`);
  return records.map((record) => JSON.parse(record.value ?? "null").eventType);
}

/** Receive stamps follow the wall clock: in the order of each partition every record fits the phase it came in. */
async function checkStamps({ rig, kafka }: Parts, phases: readonly Phase[]): Promise<void> {
  const records = await readTopicWithKcat(kafka.bootstrap.plain, rig.topic);
  const phaseAt = new Map<number, number>();
  const endMs = Date.now();
  for (const { partition, offset, value } of records) {
    const stampMs = JSON.parse(value ?? "null").payload.receivedTimestampUs / 1000;
    let at = phaseAt.get(partition) ?? 0;
    while (at < phases.length && !fits(stampMs, phases, { at, endMs })) at++;
    if (at === phases.length)
      throw new Error(`Cannot place the stamp of ${partition}/${offset} in any phase: ${stampMs}`);
    phaseAt.set(partition, at);
  }
  for (const [partition, at] of phaseAt) expect([partition, at]).toEqual([partition, phases.length - 1]);
}

function fits(stampMs: number, phases: readonly Phase[], { at, endMs }: { at: number; endMs: number }): boolean {
  const { fromMs, offsetMs } = phases[at];
  const trueMs = stampMs - offsetMs;
  return trueMs >= fromMs - STAMP_LATE_MS && trueMs <= (phases[at + 1]?.fromMs ?? endMs) + STAMP_LATE_MS;
}
