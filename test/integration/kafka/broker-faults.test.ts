// The broker is killed, paused, cut off and slowed while our lanes write. What counts: nothing lost, nothing reordered,
// and no record twice but where a producer id had to be given up.
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { Kafka, logLevel } from "kafkajs";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { KAFKA_START_TIMEOUT_MS, startKafka, uniqueTopic } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";
import { until } from "../../publish/kafka/kafka-test-kit.ts";
import { LaneRig } from "./lane-rig.ts";

const TEST_LIMIT_MS = 90_000;
const PARTITIONS = 3;
const WRITE_EVERY_MS = 5;
const LONG_OUTAGE_MS = 10_000;
/** Promise P11, from the moment the broker serves. */
const FIRST_ACK_MAX_MS = 5000;

let kafka: TestKafka;
const rigs: LaneRig[] = [];

describeWithOwnKafka("our lanes while the broker fails", () => {
  beforeAll(async () => {
    kafka = await startKafka({ listeners: { proxied: true } });
  }, KAFKA_START_TIMEOUT_MS);

  afterEach(async () => {
    kafka.proxy.release();
    for (const rig of rigs.splice(0)) await rig.close();
  });

  afterAll(async () => {
    await kafka.stop();
  });

  test(
    "kill -9 and restart, twice",
    async () => {
      await writeThrough(async (rig) => {
        for (let round = 0; round < 2; round++) {
          await kafka.kill();
          await until(() => rig.transport.trouble.includes("closed the connection"), 10_000, "the fault is seen");
          await kafka.restart();
          const ackedBefore = rig.acked;
          const backMs = performance.now();
          await until(() => rig.acked > ackedBefore, 10_000, "acks flow again");
          expect(performance.now() - backMs).toBeLessThan(5000);
        }
      });
    },
    TEST_LIMIT_MS,
  );

  test(
    "the broker is away for 10 s: every backoff has grown as far as it may, and the first ack still comes within 5 s",
    async () => {
      await writeThrough(async (rig) => {
        await kafka.kill();
        await Bun.sleep(LONG_OUTAGE_MS);
        const ackedBefore = rig.acked;
        await kafka.restart();
        const backMs = performance.now();
        await until(() => rig.acked > ackedBefore, FIRST_ACK_MAX_MS, "acks flow again");
        console.error(`first ack ${(performance.now() - backMs).toFixed(0)} ms after the return`);
      });
    },
    TEST_LIMIT_MS,
  );

  test(
    "SIGSTOP for longer than the request timeout, then SIGCONT",
    async () => {
      await writeThrough(async (rig) => {
        kafka.pause();
        try {
          await until(() => rig.transport.trouble.includes("within 400 ms"), 10_000, "the fault is seen");
          await Bun.sleep(2000);
        } finally {
          kafka.resume();
        }
        const ackedBefore = rig.acked;
        await until(() => rig.acked > ackedBefore, 10_000, "acks flow again");
      });
    },
    TEST_LIMIT_MS,
  );

  test(
    "a black hole: nothing passes, nothing is closed",
    async () => {
      await writeThrough(async (rig) => {
        kafka.proxy.blackhole();
        await until(() => rig.transport.trouble.includes("within 400 ms"), 10_000, "the fault is seen");
        await Bun.sleep(1500);
        kafka.proxy.release();
        const ackedBefore = rig.acked;
        const backMs = performance.now();
        await until(() => rig.acked > ackedBefore, 10_000, "acks flow again");
        expect(performance.now() - backMs).toBeLessThan(5000);
      });
    },
    TEST_LIMIT_MS,
  );

  test(
    "a topic that is deleted and made again with fewer partitions: those that are there go on, the other says what to do",
    async () => {
      const topic = uniqueTopic("made-again");
      await kafka.createTopic(topic, PARTITIONS);
      const rig = await LaneRig.open(kafka.bootstrap.proxied, [topic]);
      rigs.push(rig);
      const lanes = Array.from({ length: PARTITIONS }, (_, partition) => rig.lane(topic, partition));
      for (const lane of lanes) rig.write(lane, ["before"]);
      await rig.whenAcked(PARTITIONS);
      await deleteTopic(topic);
      for (const lane of lanes) rig.write(lane, ["after"]);
      await until(() => rig.codes.includes("UNKNOWN_TOPIC_OR_PARTITION"), 10_000, `${rig.codes}`);
      await kafka.createTopic(topic, PARTITIONS - 1);
      await rig.whenAcked(2 * PARTITIONS - 1);
      await until(() => rig.transport.trouble.includes("it has 2 partitions now"), 10_000, rig.transport.trouble);
      const records = await readTopicWithKcat(kafka.bootstrap.plain, topic);
      expect(records.map(({ partition, value }) => `${partition} ${value}`).sort()).toEqual(["0 after", "1 after"]);
      expect(rig.dropped).toEqual([]);
    },
    TEST_LIMIT_MS,
  );

  test(
    "a slow link costs no attempt",
    async () => {
      await writeThrough(async (rig) => {
        kafka.proxy.delayMs = 80;
        const codesBefore = rig.codes.length;
        await Bun.sleep(2000);
        expect(rig.codes.slice(codesBefore)).toEqual([]);
        kafka.proxy.delayMs = 0;
      });
    },
    TEST_LIMIT_MS,
  );
});

async function deleteTopic(topic: string): Promise<void> {
  const admin = new Kafka({ brokers: [kafka.bootstrap.plain], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
}

/** Writes numbered records to all partitions while `fault` runs; then reads all back and judges. */
async function writeThrough(fault: (rig: LaneRig) => Promise<void>): Promise<void> {
  const topic = uniqueTopic("broker-fault");
  await kafka.createTopic(topic, PARTITIONS);
  const rig = await LaneRig.open(kafka.bootstrap.proxied, [topic]);
  rigs.push(rig);
  const lanes = Array.from({ length: PARTITIONS }, (_, partition) => rig.lane(topic, partition));
  let written = 0;
  const writer = setInterval(() => {
    for (const lane of lanes) rig.write(lane, [`${written}`, `${written + 1}`]);
    written += 2;
  }, WRITE_EVERY_MS);
  try {
    await until(() => rig.acked > 100, 10_000, "acks flow");
    await fault(rig);
    await until(() => rig.transport.trouble === "", 10_000, "the trouble is over");
  } finally {
    clearInterval(writer);
  }
  await rig.whenAcked(written * PARTITIONS);
  expect(rig.dropped).toEqual([]);
  const records = await readTopicWithKcat(kafka.bootstrap.plain, topic);
  const wanted = Array.from({ length: written }, (_, i) => i);
  let duplicates = 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const numbers = records.filter((record) => record.partition === partition).map((record) => Number(record.value));
    const firsts = [...new Set(numbers)];
    duplicates += numbers.length - firsts.length;
    expect(firsts).toEqual(wanted);
  }
  const givenUp = lanes.reduce((sum, lane) => sum + lane.possibleDuplicates, 0);
  if (givenUp === 0) expect(duplicates).toBe(0);
}
