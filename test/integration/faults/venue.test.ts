// One venue misbehaves in every way there is while two others run. What it withheld is told, in the events and in the
// first quote after it; the others do not notice.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { type IngesterRig, type RigFeed, withRig } from "../../harness/ingester-rig.ts";
import { KAFKA_START_TIMEOUT_MS, startKafka } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";
import { waitUntil } from "../../harness/wait-until.ts";

const TEST_LIMIT_MS = 90_000;
const FAULT_LIMIT_MS = 10_000;
const GARBAGE_FRAMES = 16;
const SKIPPED = 7;
/** A frame with reserved bits and an unknown opcode: no peer may go on after it. */
const BROKEN_FRAME = new Uint8Array([0xff, 0x05, 1, 2, 3, 4, 5]);

const FAULTY = "faulty";
const FEEDS: readonly RigFeed[] = [
  {
    name: FAULTY,
    venue: "bybit",
    symbolCount: 2,
    ratePerSecond: 400,
    // Bybit's numbers rise by one per quote; watched closely, so that silence is noticed soon.
    profile: {
      sequence: { kind: "contiguous" },
      limits: { staleAfterMs: 600, deadAfterMs: 1500 },
    },
  },
  { name: "binance", venue: "binance", symbolCount: 2, ratePerSecond: 300 },
  { name: "kraken", venue: "kraken", symbolCount: 2, ratePerSecond: 300 },
];
const OTHERS = FEEDS.map((feed) => feed.name).filter((name) => name !== FAULTY);

let kafka: TestKafka;

describeWithOwnKafka("the program while one venue fails", () => {
  beforeAll(async () => {
    kafka = await startKafka();
  }, KAFKA_START_TIMEOUT_MS);

  afterAll(async () => {
    await kafka.stop();
  });

  test(
    "reset, close, broken frame, silence, half-open, garbage, sequence gap: told, and the other feeds undisturbed",
    () =>
      withRig({ kafka, feeds: FEEDS }, async (rig) => {
        await rig.createTopics();
        await rig.startLive();
        const venue = rig.venue(FAULTY);
        await loseSession(rig, () => venue.disconnectHard());
        await loseSession(rig, () => venue.disconnect());
        await loseSession(rig, () => venue.sendBytes(BROKEN_FRAME));
        await fallSilent(rig);
        await loseSession(rig, () => venue.goSilent("all"));
        await sendGarbage(rig);
        await skipNumbers(rig);

        const rejectedOthers = (await rig.metrics()).sum("market_data_raw_parse_errors_total");
        expect(rejectedOthers).toBe(await faultyCount(rig, "market_data_raw_parse_errors_total"));
        await rig.quiet();
        const metrics = await rig.metrics();
        for (const source of OTHERS) {
          for (const name of ["market_data_raw_disconnections_total", "ingester_feed_sequence_gaps_total"])
            expect({ source, name, value: metrics.sum(name, { source }) }).toEqual({ source, name, value: 0 });
        }
        expect((await rig.finish()).code).toBe(0);

        const verdict = await rig.judge();
        expect(verdict.findings).toEqual([]);
        const undisturbed = await rig.judge({ except: [FAULTY] });
        expect(undisturbed).toMatchObject({ declaredMissing: 0, declaredDropped: 0 });
        await checkTold(rig);
      }),
    TEST_LIMIT_MS,
  );
});

/** Ends the session, waits until that is counted, ends the fault, and waits for quotes of the next session. */
async function loseSession(rig: IngesterRig, fault: () => void): Promise<void> {
  const lost = await faultyCount(rig, "market_data_raw_disconnections_total");
  const { sessionsOpened } = rig.venue(FAULTY).stats();
  fault();
  await rig.untilMetrics(
    "disconnection",
    (now) => now.sum("market_data_raw_disconnections_total", { source: FAULTY }) === lost + 1,
    FAULT_LIMIT_MS,
  );
  rig.venue(FAULTY).resume();
  const isBack = () => rig.venue(FAULTY).stats().sessionsOpened > sessionsOpened;
  await waitUntil(isBack, { limitMs: FAULT_LIMIT_MS, what: "new session" });
  await untilLiveAgain(rig);
}

async function fallSilent(rig: IngesterRig): Promise<void> {
  rig.venue(FAULTY).goSilent("quotes");
  await rig.untilMetrics(
    "stale feed",
    (now) => now.sum("ingester_feed_state", { source: FAULTY, state: "stale" }) === 1,
    FAULT_LIMIT_MS,
  );
  rig.venue(FAULTY).resume();
  await untilLiveAgain(rig);
}

async function sendGarbage(rig: IngesterRig): Promise<void> {
  const rejected = await faultyCount(rig, "market_data_raw_parse_errors_total");
  const lost = await faultyCount(rig, "market_data_raw_disconnections_total");
  for (let i = 0; i < GARBAGE_FRAMES; i++) rig.venue(FAULTY).sendGarbage();
  await rig.untilMetrics(
    "rejected garbage",
    (now) => now.sum("market_data_raw_parse_errors_total", { source: FAULTY }) === rejected + GARBAGE_FRAMES,
    FAULT_LIMIT_MS,
  );
  await untilLiveAgain(rig);
  expect(await faultyCount(rig, "market_data_raw_disconnections_total")).toBe(lost);
}

async function skipNumbers(rig: IngesterRig): Promise<void> {
  const gaps = await faultyCount(rig, "ingester_feed_sequence_gaps_total");
  rig.venue(FAULTY).skipSequence(rig.venue(FAULTY).symbols[0], SKIPPED);
  await rig.untilMetrics(
    "sequence gap",
    (now) => now.sum("ingester_feed_sequence_gaps_total", { source: FAULTY }) === gaps + 1,
    FAULT_LIMIT_MS,
  );
  await untilLiveAgain(rig);
}

async function untilLiveAgain(rig: IngesterRig): Promise<void> {
  const acked = await faultyCount(rig, "ingester_quotes_acked_total");
  await rig.untilMetrics(
    "quotes again",
    (now) =>
      now.sum("ingester_quotes_acked_total", { source: FAULTY }) > acked + 20 &&
      now.sum("ingester_feed_state", { source: FAULTY, state: "live" }) === 1,
    FAULT_LIMIT_MS,
  );
}

async function faultyCount(rig: IngesterRig, name: string): Promise<number> {
  return (await rig.metrics()).sum(name, { source: FAULTY });
}

/** The events tell each fault under its own code, and the first quotes after it carry the reason. */
async function checkTold(rig: IngesterRig): Promise<void> {
  const events = await rig.events(FAULTY);
  const codes = events.filter(({ payload }) => payload["to"] === "backing-off").map(({ payload }) => payload["code"]);
  expect(codes).toEqual(["closed_unclean", "ok", "protocol_violation", "half_open"]);
  expect(events.filter(({ type }) => type === "market-data.feed-stale").length).toBeGreaterThanOrEqual(1);
  const records = await readTopicWithKcat(kafka.bootstrap.plain, rig.topic);
  const gaps = records
    .filter((record) => record.key === `${FAULTY}:${rig.venue(FAULTY).symbols[0]}`)
    .map((record) => JSON.parse(record.value ?? "null").metadata.gap)
    .filter((gap) => gap !== undefined);
  expect(gaps.map((gap) => gap.reasons)).toEqual([
    ["disconnect"],
    ["disconnect"],
    ["disconnect"],
    ["stale", "sequence"],
    ["stale", "disconnect"],
    ["sequence"],
  ]);
  const skip = events.filter(({ type }) => type === "market-data.sequence-gap").at(-1);
  expect(Number(skip?.payload["to"]) - Number(skip?.payload["from"])).toBe(SKIPPED + 1);
  const rejected = await readTopicWithKcat(kafka.bootstrap.plain, `${rig.topic}.rejected`);
  expect(rejected.filter((record) => record.key === FAULTY).length).toBeGreaterThan(0);
}
