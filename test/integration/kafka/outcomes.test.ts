// Every answer a broker may give to a batch, one by one, through the lane and the transport as they are in the field. The
// broker is franz-go's kfake, the reader librdkafka: neither shares a line with us.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { PRODUCE_OUTCOMES, type ProduceOutcome } from "../../../src/publish/kafka/produce-outcomes.ts";
import { uniqueTopic } from "../../harness/kafka.ts";
import { KFAKE_START_TIMEOUT_MS, Kfake, type SeenAttempt } from "../../harness/kafka-kfake.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";
import { until } from "../../publish/kafka/kafka-test-kit.ts";
import { LaneRig, values } from "./lane-rig.ts";

const NONE = 0;
const NOT_LEADER = 6;
const DUPLICATE_SEQUENCE_NUMBER = 46;
/** A code no Kafka has yet. */
const UNKNOWN_CODE = 200;
/** After which a connection is given up where answers stay away. */
const SILENCE_MS = 400;
const LIMIT_MS = 20_000;
const TEST_LIMIT_MS = 60_000;

let kfake: Kfake;
const rigs: LaneRig[] = [];

beforeAll(async () => {
  kfake = await Kfake.start();
}, KFAKE_START_TIMEOUT_MS);

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

afterAll(async () => {
  await kfake.stop();
});

/** What is special about a lane. */
interface LaneWish {
  readonly configs?: Readonly<Record<string, string>>;
  /** Long, when absent: a busy machine must not cost an attempt. */
  readonly timeoutMs?: number;
}

/** One lane to a topic of its own. */
async function openLane(name: string, { configs = {}, timeoutMs = 10_000 }: LaneWish = {}) {
  const topic = uniqueTopic(name);
  await kfake.createTopic(topic, 1, configs);
  const rig = await LaneRig.open(kfake.brokers[0], [topic], { compression: "none", timeoutMs });
  rigs.push(rig);
  return { topic, rig, lane: rig.lane(topic) };
}

/** What stands in the log, in order. */
async function readLog(topic: string): Promise<string[]> {
  return (await readTopicWithKcat(kfake.brokers[0], topic)).map(({ value }) => value ?? "");
}

/** Attempts as `producer sequence+records code`, producers numbered in the order they first came. */
function describeAttempts(attempts: readonly SeenAttempt[]): string[] {
  const producers = [...new Set(attempts.map(({ producerId }) => producerId))];
  return attempts.map(({ producerId, sequence, records, code, told }) => {
    const answer = told === "answer" ? `${code}` : `${code} ${told}`;
    return `p${producers.indexOf(producerId)} ${sequence}+${records}: ${answer}`;
  });
}

describe("a lane does what the table says with", () => {
  const answers = [...PRODUCE_OUTCOMES, [UNKNOWN_CODE, { outcome: "retry", code: "a code nobody knows" }] as const];
  for (const [number, { outcome, code }] of answers) {
    if (number === NONE) continue;
    test(`${code}: ${outcome}`, async () => await CHECKS[outcome](number), TEST_LIMIT_MS);
  }
});

const CHECKS: Readonly<Record<ProduceOutcome["outcome"], (code: number) => Promise<void>>> = {
  retry: checkRetry,
  new_producer_id: checkNewProducerId,
  too_large: checkSplit,
  rejected: checkRejected,
  acked: checkAcked,
};

/** The same sequence until it is written; what was written is not written again. */
async function checkRetry(code: number): Promise<void> {
  const { topic, rig, lane } = await openLane("retry");
  await failBeforeAndAfter(topic, rig, lane, code);
  expect(describeAttempts(await kfake.journal(topic))).toEqual([
    "p0 0+3: 0",
    ...[`p0 3+3: ${code}`, `p0 3+3: ${code}`, "p0 3+3: 0"],
    "p0 6+2: 0",
    ...["p0 8+3: 0 bent", "p0 8+3: 0"],
    "p0 11+1: 0",
  ]);
  expect(await readLog(topic)).toEqual([
    "a-0",
    "a-1",
    "a-2",
    "b-0",
    "b-1",
    "b-2",
    "c-0",
    "c-1",
    "d-0",
    "d-1",
    "d-2",
    "e-0",
  ]);
  expect([lane.possibleDuplicates, rig.dropped]).toEqual([0, []]);
}

/** A new id each time; what was written before stands twice, and that is counted. */
async function checkNewProducerId(code: number): Promise<void> {
  const { topic, rig, lane } = await openLane("new-id");
  await failBeforeAndAfter(topic, rig, lane, code);
  expect(describeAttempts(await kfake.journal(topic))).toEqual([
    "p0 0+3: 0",
    ...[`p0 3+3: ${code}`, `p1 0+3: ${code}`, "p2 0+3: 0"],
    "p2 3+2: 0",
    ...["p2 5+3: 0 bent", "p3 0+3: 0"],
    "p3 3+1: 0",
  ]);
  const twice = ["d-0", "d-1", "d-2"];
  expect(await readLog(topic)).toEqual([...values("a", 3), ...values("b", 3), "c-0", "c-1", ...twice, ...twice, "e-0"]);
  expect([lane.possibleDuplicates, rig.dropped]).toEqual([3, []]);
}

/** `b` is refused twice and `c` waits behind it; `d` is written and its answer bent; `e` finds all well. */
async function failBeforeAndAfter(topic: string, rig: LaneRig, lane: ReturnType<LaneRig["lane"]>, code: number) {
  rig.write(lane, values("a", 3));
  await rig.whenAcked(3);
  await kfake.failBefore(code, { topic, count: 2 });
  rig.write(lane, values("b", 3));
  await until(() => rig.codes.length > 0, LIMIT_MS, "the first refusal");
  rig.write(lane, values("c", 2));
  await rig.whenAcked(8);
  await kfake.failAfter(code, { topic, count: 1 });
  rig.write(lane, values("d", 3));
  await rig.whenAcked(11);
  rig.write(lane, values("e", 1));
  await rig.whenAcked(12);
  expect(rig.codes).toHaveLength(3);
  expect(rig.transport.trouble).toBe("");
}

/** Two batches instead of one, in order, and those behind after them. */
async function checkSplit(code: number): Promise<void> {
  const { topic, rig, lane } = await openLane("split");
  await kfake.failBefore(code, { topic, count: 1 });
  rig.write(lane, values("b", 3));
  await until(() => rig.codes.length > 0, LIMIT_MS, "the refusal");
  rig.write(lane, values("c", 2));
  await rig.whenAcked(5);
  expect(describeAttempts(await kfake.journal(topic))).toEqual([
    `p0 0+3: ${code}`,
    "p1 0+2: 0",
    "p1 2+1: 0",
    "p1 3+2: 0",
  ]);
  expect(await readLog(topic)).toEqual(["b-0", "b-1", "b-2", "c-0", "c-1"]);
  expect([lane.possibleDuplicates, rig.dropped]).toEqual([0, []]);
}

/** The batch alone is given up; the next is written under a new producer id. */
async function checkRejected(code: number): Promise<void> {
  const { topic, rig, lane } = await openLane("rejected");
  await kfake.failBefore(code, { topic, count: 1 });
  rig.write(lane, values("b", 3));
  await until(() => rig.dropped.length > 0, LIMIT_MS, "the batch is given up");
  expect(rig.dropped[0]).toStartWith(`broker_rejected: Cannot write to topic "${topic}"`);
  expect(rig.dropped[0]).toContain(PRODUCE_OUTCOMES.get(code)?.code ?? "");
  rig.write(lane, values("c", 2));
  await rig.whenAcked(2);
  expect(describeAttempts(await kfake.journal(topic))).toEqual([`p0 0+3: ${code}`, "p1 0+2: 0"]);
  expect(await readLog(topic)).toEqual(["c-0", "c-1"]);
  expect(rig.dropped).toHaveLength(1);
}

/** The broker says that it has the batch. */
async function checkAcked(code: number): Promise<void> {
  const { topic, rig, lane } = await openLane("acked");
  await kfake.failAfter(code, { topic, count: 1 });
  rig.write(lane, values("d", 3));
  await rig.whenAcked(3);
  rig.write(lane, values("e", 1));
  await rig.whenAcked(4);
  expect(describeAttempts(await kfake.journal(topic))).toEqual(["p0 0+3: 0 bent", "p0 3+1: 0"]);
  expect(await readLog(topic)).toEqual(["d-0", "d-1", "d-2", "e-0"]);
  expect(code).toBe(DUPLICATE_SEQUENCE_NUMBER);
}

describe("a lane loses nothing and writes nothing twice when", () => {
  for (const how of ["close", "silent"] as const) {
    test(
      `the ack is lost though the batch was written, six times in a row: ${how}`,
      async () => {
        const { topic, rig, lane } = await openLane("lost-ack", { timeoutMs: SILENCE_MS });
        await kfake.loseAnswers(how, { topic, count: 6 });
        rig.write(lane, values("a", 5));
        await until(() => rig.codes.length > 0, LIMIT_MS, "the first loss");
        rig.write(lane, values("b", 5));
        await rig.whenAcked(10);
        const journal = await kfake.journal(topic);
        const lost = journal.filter(({ told }) => told === (how === "close" ? "closed" : "nothing"));
        expect(lost.map(({ sequence, records, code }) => [sequence, records, code])).toEqual(
          new Array(6).fill([0, 5, 0]),
        );
        expect(new Set(describeAttempts(journal.slice(6)))).toEqual(new Set(["p0 0+5: 0", "p0 5+5: 0"]));
        expect(await readLog(topic)).toEqual([...values("a", 5), ...values("b", 5)]);
        expect(lane.possibleDuplicates).toBe(0);
      },
      TEST_LIMIT_MS,
    );
  }

  test(
    "the leader moves, and the ack of the old one is lost",
    async () => {
      const { topic, rig, lane } = await openLane("moved");
      await kfake.move(topic, 0, 1);
      rig.write(lane, values("a", 3));
      await rig.whenAcked(3);
      await kfake.move(topic, 0, 2);
      rig.write(lane, values("b", 3));
      await rig.whenAcked(6);
      await kfake.loseAnswers("close", { topic, count: 1 });
      rig.write(lane, values("c", 3));
      await until(() => rig.codes.some((code) => code === "kafka_unavailable"), LIMIT_MS, "the ack is lost");
      await kfake.move(topic, 0, 0);
      await rig.whenAcked(9);
      const journal = await kfake.journal(topic);
      expect(await readLog(topic)).toEqual([...values("a", 3), ...values("b", 3), ...values("c", 3)]);
      expect(journal.filter(({ code }) => code === NOT_LEADER).length).toBeGreaterThan(0);
      expect(new Set(journal.map(({ port }) => port)).size).toBeGreaterThan(1);
      expect(new Set(journal.map(({ producerId }) => producerId)).size).toBe(1);
    },
    TEST_LIMIT_MS,
  );

  test(
    "the topic takes only small batches: split until they fit, and one record that never fits is dropped, counted",
    async () => {
      const { topic, rig, lane } = await openLane("small", { configs: { "max.message.bytes": "2000" } });
      const long = "x".repeat(3000);
      const fitting = Array.from({ length: 40 }, (_, i) => `${i} ${"y".repeat(100)}`);
      rig.write(lane, [...fitting.slice(0, 20), long, ...fitting.slice(20)]);
      await rig.whenAcked(40);
      expect(await readLog(topic)).toEqual(fitting);
      expect(rig.dropped).toHaveLength(1);
      expect(rig.dropped[0]).toStartWith("record_too_large");
      expect(lane.possibleDuplicates).toBe(0);
    },
    TEST_LIMIT_MS,
  );

  for (const code of [14, 31]) {
    test(
      `no producer id is to be had at first: ${PRODUCE_OUTCOMES.get(code)?.code}`,
      async () => {
        await kfake.refuseProducerIds(code, 3);
        const { topic, rig, lane } = await openLane("no-id");
        rig.write(lane, values("a", 3));
        await rig.whenAcked(3);
        expect(rig.codes).toEqual(["producer_id", "producer_id", "producer_id"]);
        expect(await readLog(topic)).toEqual(values("a", 3));
        expect(rig.transport.trouble).toBe("");
      },
      TEST_LIMIT_MS,
    );
  }
});
