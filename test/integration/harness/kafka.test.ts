import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Kafka, type KafkaConfig, logLevel } from "kafkajs";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { KAFKA_START_TIMEOUT_MS, sharedKafka, startKafka, uniqueTopic } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { readTopicBytesWithKcat, readTopicWithKcat } from "../../harness/kcat.ts";

/** One produce request and its answer by kafkajs, which is the peer here and not under test. */
async function produceOne(config: KafkaConfig, topic: string, value: string | Buffer): Promise<void> {
  const client = new Kafka({ logLevel: logLevel.NOTHING, retry: { retries: 0 }, connectionTimeout: 5000, ...config });
  const producer = client.producer({ createPartitioner: () => () => 0 });
  await producer.connect();
  try {
    await producer.send({
      topic,
      acks: -1,
      messages: [{ key: "k", value, headers: { source: "test", seq: "7" }, timestamp: "1700000000123" }],
    });
  } finally {
    await producer.disconnect();
  }
}

describe("sharedKafka()", () => {
  let kafka: TestKafka;
  beforeAll(async () => {
    kafka = await sharedKafka();
  }, KAFKA_START_TIMEOUT_MS);

  test("is one broker for all who ask", async () => {
    expect(await sharedKafka()).toBe(kafka);
  });

  test("gives kcat back what a producer wrote, with key, headers and time", async () => {
    const topic = uniqueTopic("harness-text");
    await kafka.createTopic(topic, 2, { "retention.ms": "600000" });
    await produceOne({ brokers: [kafka.bootstrap.plain] }, topic, '{"price":"1.10"}');
    expect(await readTopicWithKcat(kafka.bootstrap.plain, topic)).toEqual([
      {
        topic,
        partition: 0,
        offset: 0,
        timestampMs: 1700000000123,
        headers: [
          ["source", "test"],
          ["seq", "7"],
        ],
        key: "k",
        value: '{"price":"1.10"}',
      },
    ]);
  });

  test("gives kcat back any bytes", async () => {
    const topic = uniqueTopic("harness-bytes");
    await kafka.createTopic(topic, 1);
    const value = Buffer.from([0, 10, 255, 254, 32, 10]);
    await produceOne({ brokers: [kafka.bootstrap.plain] }, topic, value);
    await produceOne({ brokers: [kafka.bootstrap.plain] }, topic, Buffer.alloc(0));
    const records = await readTopicBytesWithKcat(kafka.bootstrap.plain, topic, { count: 2 });
    expect(records.map((record) => record.value)).toEqual([value, Buffer.alloc(0)]);
    expect(records.map((record) => record.key)).toEqual([Buffer.from("k"), Buffer.from("k")]);
  });

  test("does not create a topic that nobody created", async () => {
    const producing = produceOne({ brokers: [kafka.bootstrap.plain] }, uniqueTopic("harness-absent"), "x");
    await expect(producing).rejects.toThrow("does not host this topic-partition");
  });

  test("refuses to create a topic twice", async () => {
    const topic = uniqueTopic("harness-twice");
    await kafka.createTopic(topic, 1);
    await expect(kafka.createTopic(topic, 1)).rejects.toThrow("it exists");
  });
});

describeWithOwnKafka("sharedKafka() secured listeners", () => {
  let kafka: TestKafka;
  let topic = "";
  beforeAll(async () => {
    kafka = await sharedKafka();
    topic = uniqueTopic("harness-secured");
    await kafka.createTopic(topic, 1);
  }, KAFKA_START_TIMEOUT_MS);

  function pem(file: string): string {
    return readFileSync(file, "utf8");
  }

  test("TLS serves who trusts its authority and no other", async () => {
    const { caFile, otherCaFile } = kafka.certificates;
    await produceOne({ brokers: [kafka.bootstrap.tls], ssl: { ca: [pem(caFile)] } }, topic, "tls");
    const wrong = produceOne({ brokers: [kafka.bootstrap.tls], ssl: { ca: [pem(otherCaFile)] } }, topic, "wrong");
    await expect(wrong).rejects.toThrow();
  });

  test("mutual TLS asks for a client certificate", async () => {
    const { caFile, clientCertFile, clientKeyFile } = kafka.certificates;
    const ssl = { ca: [pem(caFile)], cert: pem(clientCertFile), key: pem(clientKeyFile) };
    await produceOne({ brokers: [kafka.bootstrap.mtls], ssl }, topic, "mtls");
    const without = produceOne({ brokers: [kafka.bootstrap.mtls], ssl: { ca: ssl.ca } }, topic, "wrong");
    await expect(without).rejects.toThrow();
  });

  test.each([
    ["plain", "saslPlain"],
    ["scram-sha-256", "scram256"],
    ["scram-sha-512", "scram512"],
  ] as const)("SASL %s knows the right password and no other", async (mechanism, listener) => {
    const brokers = [kafka.bootstrap[listener]];
    await produceOne({ brokers, sasl: { mechanism, ...kafka.user } as KafkaConfig["sasl"] & object }, topic, mechanism);
    const sasl = { mechanism, ...kafka.user, password: "wrong" } as KafkaConfig["sasl"] & object;
    await expect(produceOne({ brokers, sasl }, topic, "wrong")).rejects.toThrow(/auth/i);
  });

  test("SASL over TLS works", async () => {
    const sasl = { mechanism: "scram-sha-512", ...kafka.user } as const;
    const ssl = { ca: [pem(kafka.certificates.caFile)] };
    await produceOne({ brokers: [kafka.bootstrap.saslSsl], sasl, ssl }, topic, "sasl-ssl");
    const properties = {
      "security.protocol": "SASL_SSL",
      // Debian's kcat (librdkafka 2.0.2) does not get through Kafka 4's SCRAM, kafkajs does; PLAIN serves both.
      "sasl.mechanism": "PLAIN",
      "sasl.username": kafka.user.username,
      "sasl.password": kafka.user.password,
      "ssl.ca.location": kafka.certificates.caFile,
    };
    const values = (await readTopicWithKcat(kafka.bootstrap.saslSsl, topic, { properties })).map((each) => each.value);
    expect(values.at(-1)).toBe("sasl-ssl");
    expect(values).not.toContain("wrong");
  });
});

describeWithOwnKafka("startKafka()", () => {
  let kafka: TestKafka;
  beforeAll(async () => {
    kafka = await startKafka({ listeners: { proxied: true } });
  }, KAFKA_START_TIMEOUT_MS);
  afterAll(() => kafka?.stop());

  test("kill() and restart() keep ports and data", async () => {
    const topic = uniqueTopic("harness-restart");
    await kafka.createTopic(topic, 1);
    await produceOne({ brokers: [kafka.bootstrap.plain] }, topic, "before");
    await kafka.kill();
    expect(kafka.pid).toBeNull();
    await kafka.restart();
    await produceOne({ brokers: [kafka.bootstrap.plain] }, topic, "after");
    const records = await readTopicWithKcat(kafka.bootstrap.plain, topic);
    expect(records.map((record) => record.value)).toEqual(["before", "after"]);
  }, 30_000);

  test("pause() silences the broker and resume() ends it", async () => {
    const topic = uniqueTopic("harness-pause");
    await kafka.createTopic(topic, 1);
    kafka.pause();
    let isWritten = false;
    const producing = produceOne({ brokers: [kafka.bootstrap.plain] }, topic, "late").then(() => {
      isWritten = true;
    });
    // The kernel takes the connection, so only a time shows that no answer comes.
    await Bun.sleep(300);
    expect(isWritten).toBe(false);
    kafka.resume();
    await producing;
    expect(await readTopicWithKcat(kafka.bootstrap.plain, topic)).toHaveLength(1);
  }, 30_000);

  test("the proxied listener names the proxy: a held answer means written and not acknowledged", async () => {
    const topic = uniqueTopic("harness-proxied");
    await kafka.createTopic(topic, 1);
    const client = new Kafka({ brokers: [kafka.bootstrap.proxied], logLevel: logLevel.NOTHING, retry: { retries: 0 } });
    const producer = client.producer();
    await producer.connect();
    await producer.send({ topic, acks: -1, messages: [{ value: "first" }] });
    kafka.proxy.holdResponses();
    const unanswered = producer.send({ topic, acks: -1, messages: [{ value: "second" }] });
    const records = await readTopicWithKcat(kafka.bootstrap.plain, topic, { count: 2 });
    expect(records.map((record) => record.value)).toEqual(["first", "second"]);
    kafka.proxy.dropConnections();
    // The client asks for metadata over a new connection before it gives up, so the fault must end first.
    kafka.proxy.release();
    await expect(unanswered).rejects.toThrow();
    await producer.disconnect();
  }, 30_000);
});

describeWithOwnKafka("a broker whose owner is killed", () => {
  test("dies with it", async () => {
    const owner = Bun.spawn([process.execPath, join(import.meta.dir, "kafka-owner-program.ts")], { stdout: "pipe" });
    const reader = owner.stdout.getReader();
    const brokerPid = Number(new TextDecoder().decode((await reader.read()).value));
    expect(brokerPid).toBeGreaterThan(0);
    expect(existsSync(`/proc/${brokerPid}`)).toBe(true);
    owner.kill("SIGKILL");
    await owner.exited;
    // The test's own time limit ends the wait when the broker lives on.
    while (existsSync(`/proc/${brokerPid}`)) await Bun.sleep(10);
  }, 30_000);
});
