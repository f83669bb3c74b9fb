import { beforeAll, describe, expect, test } from "bun:test";
import { checkKafka } from "../../../src/publish/kafka/check-connection.ts";
import { createKafkaTransport } from "../../../src/publish/kafka/kafka-transport.ts";
import { createTopics, type TopicPlan } from "../../../src/publish/kafka/topics.ts";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { KAFKA_START_TIMEOUT_MS, sharedKafka, startKafka, uniqueTopic } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";
import { startWithin, testEndpoint, testTools } from "../../publish/kafka/kafka-test-kit.ts";

const DAY_MS = 86_400_000;
let kafka: TestKafka;

beforeAll(async () => {
  kafka = await sharedKafka();
}, KAFKA_START_TIMEOUT_MS);

function plan(topic: string, changes: Partial<TopicPlan> = {}): TopicPlan {
  return { topic, partitions: 4, replication: 1, retentionMs: DAY_MS, ...changes };
}

function create(plans: readonly TopicPlan[]) {
  return createTopics({ endpoint: testEndpoint(kafka.bootstrap.plain), tools: testTools(), plans });
}

describe("createTopics() on a real broker", () => {
  test("creates what is missing, and run again changes nothing", async () => {
    const plans = [plan(uniqueTopic("raw")), plan(uniqueTopic("events"), { partitions: 1, retentionMs: -1 })];
    const first = await create(plans);
    expect(first.map(({ state }) => state)).toEqual(["created", "created"]);
    expect(first.map(({ partitions }) => partitions)).toEqual([4, 1]);
    expect(first.map(({ retentionMs }) => retentionMs)).toEqual([DAY_MS, -1]);
    const second = await create(plans);
    expect(second.map(({ state }) => state)).toEqual(["exists", "exists"]);
    expect(second.flatMap(({ differences }) => differences)).toEqual([]);
  });

  test("tells how an existing topic differs and leaves it as it is", async () => {
    const topic = uniqueTopic("differs");
    await create([plan(topic)]);
    const [report] = await create([plan(topic, { partitions: 12, retentionMs: 2 * DAY_MS })]);
    expect(report).toMatchObject({ state: "exists", partitions: 4, retentionMs: DAY_MS });
    expect(report.differences).toEqual(["partitions 4, planned 12", `retention.ms ${DAY_MS}, planned ${2 * DAY_MS}`]);
  });

  test("takes the cluster's own partitions and replication for -1", async () => {
    const [report] = await create([plan(uniqueTopic("defaults"), { partitions: -1, replication: -1 })]);
    expect(report).toMatchObject({ state: "created", replication: 1, differences: [] });
    expect(report.partitions).toBeGreaterThan(0);
  });

  test("rejects with the cluster's reason when a topic cannot be had", async () => {
    await expect(create([plan(uniqueTopic("many"), { replication: 3 })])).rejects.toThrow(/INVALID_REPLICATION_FACTOR/);
    await expect(create([plan("not/a/topic")])).rejects.toThrow(/INVALID_TOPIC_EXCEPTION/);
  });

  test("a transport that may create topics does so at its start", async () => {
    const topic = uniqueTopic("at-start");
    const transport = createKafkaTransport({
      endpoint: testEndpoint(kafka.bootstrap.plain),
      tools: testTools(),
      topicVariables: {},
      createTopics: [plan(topic)],
    });
    try {
      await startWithin(transport, [topic]);
      expect(transport.partitionCount(topic)).toBe(4);
    } finally {
      await transport.stop(1000);
    }
  });
});

describe("checkKafka() on a real broker", () => {
  test("has a row for each broker and topic, and writes nothing", async () => {
    const good = uniqueTopic("check");
    const missing = uniqueTopic("check-missing");
    await kafka.createTopic(good, 2, { "max.message.bytes": "123456" });
    const rows = await checkKafka({
      endpoint: testEndpoint("", { brokers: [kafka.bootstrap.plain, "127.0.0.1:1"] }),
      tools: testTools(),
      topicVariables: { [good]: "KAFKA_TOPIC", [missing]: "KAFKA_EVENTS_TOPIC" },
    });
    expect(rows.map(({ isGood }) => isGood)).toEqual([true, false, true, false]);
    expect(rows[0].detail).toBe("plaintext, no SASL, 1 brokers in the cluster");
    expect(rows[1].detail).toContain("it refuses the connection");
    expect(rows[2]).toMatchObject({ subject: `topic ${good}`, variable: "KAFKA_TOPIC" });
    expect(rows[2].detail).toBe("2 partitions, replication 1, max.message.bytes 123456, may be written");
    expect(rows[3].variable).toBe("KAFKA_EVENTS_TOPIC");
    expect(rows[3].detail).toContain("UNKNOWN_TOPIC_OR_PARTITION");
    expect(await readTopicWithKcat(kafka.bootstrap.plain, good)).toEqual([]);
  });
});

describeWithOwnKafka("checkKafka() where rights are checked", () => {
  test(
    "tells a topic that may not be written",
    async () => {
      const guarded = await startKafka({
        listeners: { saslPlain: true },
        brokerProperties: {
          "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
          "super.users": "User:ANONYMOUS",
          "allow.everyone.if.no.acl.found": "false",
        },
      });
      try {
        const topic = uniqueTopic("guarded");
        await guarded.createTopic(topic, 1);
        const endpoint = testEndpoint(guarded.bootstrap.saslPlain, { sasl: { mechanism: "plain", ...guarded.user } });
        const rows = await checkKafka({ endpoint, tools: testTools(), topicVariables: { [topic]: "KAFKA_TOPIC" } });
        expect(rows.map(({ isGood }) => isGood)).toEqual([true, false]);
        expect(rows[1].detail).toContain("TOPIC_AUTHORIZATION_FAILED");
        const plain = testEndpoint(guarded.bootstrap.plain);
        const open = await checkKafka({
          endpoint: plain,
          tools: testTools(),
          topicVariables: { [topic]: "KAFKA_TOPIC" },
        });
        expect(open.map(({ isGood }) => isGood)).toEqual([true, true]);
      } finally {
        await guarded.stop();
      }
    },
    KAFKA_START_TIMEOUT_MS,
  );
});
