import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { KafkaTransport } from "../../../src/publish/kafka/kafka-transport.ts";
import type { Compression } from "../../../src/publish/record-batch.ts";
import { KAFKA_START_TIMEOUT_MS, sharedKafka, uniqueTopic } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";
import {
  sealValues,
  sendFirst,
  stampedBatch,
  startWithin,
  takeProducer,
  testEndpoint,
  testTransport,
} from "../../publish/kafka/kafka-test-kit.ts";

let kafka: TestKafka;
const opened: KafkaTransport[] = [];

beforeAll(async () => {
  kafka = await sharedKafka();
}, KAFKA_START_TIMEOUT_MS);

afterEach(async () => {
  for (const transport of opened.splice(0)) await transport.stop(1000);
});

function open(): KafkaTransport {
  const transport = testTransport(testEndpoint(kafka.bootstrap.plain));
  opened.push(transport);
  return transport;
}

describe("kafka transport on a real broker", () => {
  for (const compression of ["none", "gzip", "zstd"] as const satisfies readonly Compression[]) {
    test(`send() writes batches that another client reads: ${compression}`, async () => {
      const topic = uniqueTopic(`transport-${compression}`);
      await kafka.createTopic(topic, 2);
      const transport = open();
      await startWithin(transport, [topic]);
      expect(transport.partitionCount(topic)).toBe(2);
      expect(transport.trouble).toBe("");
      const producer = await takeProducer(transport);
      const values = Array.from({ length: 500 }, (_, i) => JSON.stringify({ sequence: i, text: "quote ".repeat(5) }));
      const first = stampedBatch(values.slice(0, 400), producer, 0, compression);
      const second = stampedBatch(values.slice(400), producer, 400, compression);
      expect(await sendFirst(() => transport.send(topic, 1, first))).toEqual({ outcome: "acked" });
      expect(await transport.send(topic, 1, second)).toEqual({ outcome: "acked" });
      const records = await readTopicWithKcat(kafka.bootstrap.plain, topic);
      expect(records.map((record) => record.value)).toEqual(values);
      expect(new Set(records.map((record) => record.partition))).toEqual(new Set([1]));
    });
  }

  test("send() of the same batch with the same sequence writes it once", async () => {
    const topic = uniqueTopic("transport-idempotent");
    await kafka.createTopic(topic, 1);
    const transport = open();
    await startWithin(transport, [topic]);
    const producer = await takeProducer(transport);
    const batch = stampedBatch(["a", "b"], producer, 0);
    expect(await sendFirst(() => transport.send(topic, 0, batch))).toEqual({ outcome: "acked" });
    expect(await transport.send(topic, 0, batch)).toEqual({ outcome: "acked" });
    const records = await readTopicWithKcat(kafka.bootstrap.plain, topic);
    expect(records.map((record) => record.value)).toEqual(["a", "b"]);
  });

  test("send() asks for a new producer id when the sequence leaves a hole", async () => {
    const topic = uniqueTopic("transport-hole");
    await kafka.createTopic(topic, 1);
    const transport = open();
    await startWithin(transport, [topic]);
    const producer = await takeProducer(transport);
    const first = stampedBatch(["a"], producer, 0);
    expect(await sendFirst(() => transport.send(topic, 0, first))).toEqual({ outcome: "acked" });
    const result = await transport.send(topic, 0, stampedBatch(["c"], producer, 2));
    expect(result).toMatchObject({ outcome: "new_producer_id", code: "OUT_OF_ORDER_SEQUENCE_NUMBER" });
  });

  test("send() tells a batch larger than max.message.bytes, and one with a bad CRC", async () => {
    const topic = uniqueTopic("transport-large");
    await kafka.createTopic(topic, 1, { "max.message.bytes": "2000" });
    const transport = open();
    await startWithin(transport, [topic]);
    const producer = await takeProducer(transport);
    const long = stampedBatch(["x".repeat(3000)], producer, 0);
    const large = await sendFirst(() => transport.send(topic, 0, long));
    expect(large).toMatchObject({ outcome: "too_large", code: "MESSAGE_TOO_LARGE" });
    const damaged = await transport.send(topic, 0, sealValues(["never stamped"]));
    expect(damaged).toMatchObject({ outcome: "retry", code: "CORRUPT_MESSAGE" });
    expect(await transport.send(topic, 0, stampedBatch(["small"], producer, 0))).toEqual({ outcome: "acked" });
  });

  test("send() keeps trying what the broker refuses for its stamp, and says why", async () => {
    const topic = uniqueTopic("transport-stamp");
    // The kit stamps its records in 2023: as a clock that is far behind would.
    await kafka.createTopic(topic, 1, { "message.timestamp.before.max.ms": "3600000" });
    const transport = open();
    await startWithin(transport, [topic]);
    const late = stampedBatch(["late"], await takeProducer(transport), 0);
    const refused = await sendFirst(() => transport.send(topic, 0, late));
    expect(refused).toMatchObject({ outcome: "retry", code: "INVALID_TIMESTAMP" });
    expect(transport.trouble).toContain("clock");
  });

  test("acquireProducer() gives every caller an id of its own", async () => {
    const transport = open();
    const producers = await Promise.all(Array.from({ length: 12 }, () => takeProducer(transport)));
    expect(new Set(producers.map(({ producerId }) => producerId)).size).toBe(12);
  });

  test("start() waits for a topic that is created later, and says so meanwhile", async () => {
    const topic = uniqueTopic("transport-later");
    const transport = testTransport(testEndpoint(kafka.bootstrap.plain), undefined, { [topic]: "KAFKA_TOPIC" });
    opened.push(transport);
    const starting = startWithin(transport, [topic]);
    await Bun.sleep(300);
    expect(transport.trouble).toContain(`"${topic}" of KAFKA_TOPIC: UNKNOWN_TOPIC_OR_PARTITION`);
    await kafka.createTopic(topic, 3);
    await starting;
    expect(transport.partitionCount(topic)).toBe(3);
    expect(transport.trouble).toBe("");
  });

  test("start() rejects when the signal aborts", async () => {
    const transport = open();
    const abort = new AbortController();
    const starting = transport.start([uniqueTopic("transport-never")], abort.signal);
    abort.abort(new Error("enough"));
    expect(starting).rejects.toThrow("enough");
    await starting.catch(() => {});
  });
});
