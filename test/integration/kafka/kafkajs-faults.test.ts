// The three faults of kafkajs's own producer (silent loss, wedge, duplicate), against ours and, as a control, against
// kafkajs's. The broker is real; a TCP proxy withholds its acknowledgements for longer than kafkajs tries.
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { CompressionTypes, Kafka, logLevel, Partitioners, type Producer } from "kafkajs";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { KAFKA_START_TIMEOUT_MS, startKafka, uniqueTopic } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";
import { until } from "../../publish/kafka/kafka-test-kit.ts";
import { LaneRig, values } from "./lane-rig.ts";

/** Ours, in this file, tries again about every 0.4 s; kafkajs gives up after 6 tries. */
const TRIES_WITHOUT_ACK = 10;
const KAFKAJS_REQUEST_TIMEOUT_MS = 300;
const TEST_LIMIT_MS = 60_000;

let kafka: TestKafka;
const rigs: LaneRig[] = [];
const producers: Producer[] = [];

describeWithOwnKafka("kafkajs's three faults, on a real broker", () => {
  beforeAll(async () => {
    kafka = await startKafka({ listeners: { proxied: true } });
  }, KAFKA_START_TIMEOUT_MS);

  afterEach(async () => {
    kafka.proxy.release();
    for (const rig of rigs.splice(0)) await rig.close();
    for (const producer of producers.splice(0)) await producer.disconnect();
  });

  afterAll(async () => {
    await kafka.stop();
  });

  for (const [fault, nextCount] of [
    ["next batch of the same size: no silent loss", 3],
    ["next batch of another size: no wedge", 5],
  ] as const) {
    test(
      `our lane, acks lost for longer than any budget, ${fault}`,
      async () => {
        const topic = uniqueTopic("fault");
        await kafka.createTopic(topic, 1);
        const rig = await openRig([topic]);
        const lane = rig.lane(topic);
        rig.write(lane, values("first", 1));
        await rig.whenAcked(1);

        kafka.proxy.holdResponses();
        rig.write(lane, values("second", 3));
        await provePersistedButUnacked(topic, 4, () => rig.acked === 1);
        await until(() => lane.retries >= TRIES_WITHOUT_ACK, 30_000, "retries while acks are withheld");
        rig.write(lane, values("third", nextCount));
        kafka.proxy.dropConnections();
        kafka.proxy.release();
        await rig.whenAcked(4 + nextCount);
        rig.write(lane, values("fourth", nextCount));
        await rig.whenAcked(4 + 2 * nextCount);

        const wanted = [
          ...values("first", 1),
          ...values("second", 3),
          ...values("third", nextCount),
          ...values("fourth", nextCount),
        ];
        expect(await readValues(topic)).toEqual(wanted);
        expect(rig.dropped).toEqual([]);
        expect(lane.possibleDuplicates).toBe(0);
      },
      TEST_LIMIT_MS,
    );
  }

  test(
    "our lane, every ack lost on its way again and again: each batch is written once, in order",
    async () => {
      const topic = uniqueTopic("fault-cycle");
      await kafka.createTopic(topic, 1);
      const rig = await openRig([topic]);
      const lane = rig.lane(topic);
      const wanted: string[] = [];
      for (let cycle = 0; cycle < 5; cycle++) {
        const before = rig.acked;
        kafka.proxy.holdResponses();
        const batch = values(`cycle-${cycle}`, cycle === 3 ? 7 : 2);
        wanted.push(...batch);
        rig.write(lane, batch);
        await until(() => kafka.proxy.heldResponseBytes > 0, 5000, "an answer is held");
        expect(rig.acked).toBe(before);
        kafka.proxy.dropConnections();
        kafka.proxy.release();
        await rig.whenAcked(wanted.length);
      }
      expect(await readValues(topic)).toEqual(wanted);
      expect(rig.dropped).toEqual([]);
    },
    TEST_LIMIT_MS,
  );

  test(
    "our lanes, one partition fails at once and one is slow: neither repeats nor stops the other",
    async () => {
      const slow = uniqueTopic("fault-slow");
      const failing = uniqueTopic("fault-failing");
      await kafka.createTopic(slow, 1);
      await kafka.createTopic(failing, 1);
      const rig = await openRig([slow, failing]);
      const slowLane = rig.lane(slow);
      const failingLane = rig.lane(failing);
      rig.write(slowLane, values("warm", 1));
      await rig.whenAcked(1);
      await deleteTopic(failing);
      kafka.proxy.delayMs = 60;
      const wanted = [...values("warm", 1)];
      for (let round = 0; round < 4; round++) {
        rig.write(failingLane, values(`failing-${round}`, 2));
        const batch = values(`slow-${round}`, 3);
        wanted.push(...batch);
        rig.write(slowLane, batch);
        await rig.whenAcked(wanted.length);
      }
      expect(rig.codes).toContain("UNKNOWN_TOPIC_OR_PARTITION");
      expect(await readValues(slow)).toEqual(wanted);
      expect(rig.transport.trouble).toContain(`"${failing}" of KAFKA_TOPIC: UNKNOWN_TOPIC_OR_PARTITION`);

      await kafka.createTopic(failing, 1);
      kafka.proxy.delayMs = 0;
      await rig.whenAcked(wanted.length + 8);
      expect(await readValues(failing)).toEqual([0, 1, 2, 3].flatMap((round) => values(`failing-${round}`, 2)));
      expect(rig.transport.trouble).toBe("");
      expect(rig.dropped).toEqual([]);
    },
    TEST_LIMIT_MS,
  );

  test(
    "control: kafkajs's producer acknowledges a batch it never writes",
    async () => {
      const topic = uniqueTopic("control-loss");
      await kafka.createTopic(topic, 1);
      const producer = await openKafkajs();
      await sendKafkajs(producer, topic, values("first", 1));
      kafka.proxy.holdResponses();
      const second = sendKafkajs(producer, topic, values("second", 3)).catch((error: Error) => error.name);
      await provePersistedButUnacked(topic, 4, () => true);
      expect(await second).toBe("KafkaJSNumberOfRetriesExceeded");
      kafka.proxy.release();
      const acknowledged = await sendKafkajs(producer, topic, values("third", 3));
      expect(acknowledged[0].errorCode).toBe(0);
      expect(await readValues(topic)).not.toContain("third-0");
    },
    TEST_LIMIT_MS,
  );

  test(
    "control: kafkajs's producer never writes again after a batch of another size",
    async () => {
      const topic = uniqueTopic("control-wedge");
      await kafka.createTopic(topic, 1);
      const producer = await openKafkajs();
      await sendKafkajs(producer, topic, values("first", 1));
      kafka.proxy.holdResponses();
      const second = sendKafkajs(producer, topic, values("second", 3)).catch((error: Error) => error.name);
      await provePersistedButUnacked(topic, 4, () => true);
      expect(await second).toBe("KafkaJSNumberOfRetriesExceeded");
      kafka.proxy.release();
      for (const count of [5, 2, 4]) {
        const outcome = await sendKafkajs(producer, topic, values("later", count)).catch(
          (error: Error) => error.message,
        );
        expect(outcome).toContain("out of order sequence number");
      }
    },
    TEST_LIMIT_MS,
  );
});

/** The fault is real: the records stand in the log, and the acknowledgement waits in the proxy. */
async function provePersistedButUnacked(topic: string, count: number, isUnacked: () => boolean): Promise<void> {
  const records = await readTopicWithKcat(kafka.bootstrap.plain, topic, { count });
  expect(records).toHaveLength(count);
  expect(kafka.proxy.heldResponseBytes).toBeGreaterThan(0);
  expect(isUnacked()).toBe(true);
}

async function openRig(topics: readonly string[]): Promise<LaneRig> {
  const rig = await LaneRig.open(kafka.bootstrap.proxied, topics);
  rigs.push(rig);
  return rig;
}

async function readValues(topic: string): Promise<(string | null)[]> {
  return (await readTopicWithKcat(kafka.bootstrap.plain, topic)).map((record) => record.value);
}

async function openKafkajs(): Promise<Producer> {
  const client = new Kafka({
    brokers: [kafka.bootstrap.proxied],
    logLevel: logLevel.NOTHING,
    requestTimeout: KAFKAJS_REQUEST_TIMEOUT_MS,
    connectionTimeout: 5000,
  });
  // Its own defaults: 5 retries, whatever its documentation says of idempotent producers.
  const producer = client.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  producers.push(producer);
  return producer;
}

function sendKafkajs(producer: Producer, topic: string, batch: readonly string[]) {
  const messages = batch.map((value) => ({ value, partition: 0 }));
  return producer.send({ topic, messages, acks: -1, compression: CompressionTypes.None });
}

async function deleteTopic(topic: string): Promise<void> {
  const admin = new Kafka({ brokers: [kafka.bootstrap.plain], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.deleteTopics({ topics: [topic] });
  } finally {
    await admin.disconnect();
  }
}
