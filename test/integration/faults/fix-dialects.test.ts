// LPs of every dialect fail at random, all at the same time: whatever a book is keyed by and however it is told, what is
// missing is told and nothing is invented.
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { RandomSource } from "../../../src/runtime/clock.ts";
import { drawOne } from "../../../src/simulator/fault-kind.ts";
import { createSeededRandom } from "../../../src/simulator/seeded-random.ts";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { type IngesterRig, type RigFeed, withRig } from "../../harness/ingester-rig.ts";
import { KAFKA_START_TIMEOUT_MS, startKafka } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { FaultyFeed } from "./faulty-feed.ts";

const TEST_LIMIT_MS = 60_000;
const FAULTS = 32;
const FAULT_EVERY_MS = 200;
/** It would take longer than all others together. */
const LEFT_OUT: readonly string[] = ["silence"];

/** Heartbeats as short, and books as deep, as each profile takes them. */
const LPS: Readonly<Record<string, { readonly HEARTBEAT_S: string; readonly DEPTH: string }>> = {
  "fix-generic": { HEARTBEAT_S: "1", DEPTH: "0" },
  ctrader: { HEARTBEAT_S: "1", DEPTH: "0" },
  "binance-fix": { HEARTBEAT_S: "5", DEPTH: "10" },
  "revolut-fix": { HEARTBEAT_S: "1", DEPTH: "0" },
  "osl-fix": { HEARTBEAT_S: "1", DEPTH: "0" },
  fxspotstream: { HEARTBEAT_S: "1", DEPTH: "1" },
};

const FEEDS: readonly RigFeed[] = Object.entries(LPS).map(([venue, settings]) => ({
  name: venue,
  venue,
  symbolCount: 2,
  ratePerSecond: 200,
  profile: { limits: { connects: { count: 100, windowMs: 1000 } } },
  settings,
}));

let kafka: TestKafka;

describeWithOwnKafka("the program while LPs of every dialect fail", () => {
  beforeAll(async () => {
    kafka = await startKafka();
  }, KAFKA_START_TIMEOUT_MS);

  afterAll(async () => {
    await kafka.stop();
  });

  test(
    "at random: nothing is invented, and what is missing is told",
    () =>
      withRig({ kafka, feeds: FEEDS }, async (rig) => {
        await rig.createTopics();
        await rig.startLive(20);
        const random = createSeededRandom(rig.seed);
        const told: string[] = [];
        for (let i = 0; i < FAULTS; i++) {
          told.push(strike(rig, random));
          await Bun.sleep(FAULT_EVERY_MS);
        }
        console.error(`seed ${rig.seed}: ${told.join("; ")}`);
        for (const { name } of FEEDS) {
          rig.lp(name).commands.splitWrites(0);
          rig.lp(name).acceptHandshakes();
        }
        await Promise.all(FEEDS.map(({ name }) => new FaultyFeed(rig, name).untilLive()));
        await rig.quiet();
        expect((await rig.finish()).code).toBe(0);
        const verdict = await rig.judge();
        expect(verdict.findings).toEqual([]);
        expect(verdict.distinct).toBeGreaterThan(1000);
        const ends = await Promise.all(FEEDS.map(({ name }) => new FaultyFeed(rig, name).endCodes()));
        expect(ends.flat().length).toBeGreaterThan(0);
      }),
    TEST_LIMIT_MS,
  );
});

/** One fault at one LP. */
function strike(rig: IngesterRig, random: RandomSource): string {
  const { name } = drawOne(FEEDS, random);
  const faults = rig.lp(name).faults.filter(({ what }) => !LEFT_OUT.includes(what));
  const fault = drawOne(faults, random);
  fault.apply(random);
  return `${name}: ${fault.what}`;
}
