// Control for the third fault: why a send of ours never spans two brokers. kafkajs's own sender, on two brokers of ours,
// appends the same record twice on the slow one when the other fails first, although it is idempotent.
import { expect, test } from "bun:test";
import { createRequire } from "node:module";
import type { KafkaTransport } from "../../../src/publish/kafka/kafka-transport.ts";
import { FakeCluster } from "./fake-cluster.ts";
import { stampedBatch, startWithin, testEndpoint, testTransport } from "./kafka-test-kit.ts";

const load = createRequire(import.meta.url);
const SLOW_MS = 600;
const NOT_ENOUGH_REPLICAS = 19;

interface TopicData {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly firstSequence: number }[];
}

interface Sender {
  readonly initProducerId: () => Promise<void>;
}

test("control: kafkajs's idempotent producer writes twice to the slow broker when the other fails", async () => {
  const slowLog: string[] = [];
  const send = await kafkajsSender(slowLog);
  const messages = [0, 1].map((partition) => ({ partition, value: `to ${partition}` }));
  await send({ acks: -1, topicMessages: [{ topic: "t", messages }] });
  await Bun.sleep(SLOW_MS + 100);
  // The second append has another sequence, so no broker can know it for a duplicate.
  expect(slowLog).toEqual(["sequence 0", "sequence 1"]);
});

test("our transport asks two brokers apart: the slow one hears once of what the other refuses", async () => {
  const cluster = await FakeCluster.start([1, 2]);
  cluster.topics.set("t", [1, 2]);
  const transport: KafkaTransport = testTransport(testEndpoint(cluster.address(1)));
  try {
    await startWithin(transport, ["t"]);
    const producer = await transport.acquireProducer();
    const other = await transport.acquireProducer();
    cluster.onProduce = ({ nodeId }) => cluster.reactions.unshift(nodeId === 2 ? NOT_ENOUGH_REPLICAS : 0);
    const results = await Promise.all([
      transport.send("t", 0, stampedBatch(["to 0"], producer, 0)),
      transport.send("t", 1, stampedBatch(["to 1"], other, 0)),
    ]);
    expect(results.map(({ outcome }) => outcome)).toEqual(["acked", "retry"]);
    cluster.onProduce = () => {};
    expect(await transport.send("t", 1, stampedBatch(["to 1"], other, 0))).toEqual({ outcome: "acked" });
    expect(cluster.produced.map(({ nodeId, partition }) => [nodeId, partition]).sort()).toEqual([
      [1, 0],
      [2, 1],
      [2, 1],
    ]);
  } finally {
    await transport.stop(500);
    await cluster.stop();
  }
});

/** kafkajs's send on two brokers of ours: 1 leads partition 0 and is slow, 2 leads partition 1 and fails once. */
async function kafkajsSender(slowLog: string[]): Promise<(request: object) => Promise<unknown>> {
  const { KafkaJSProtocolError } = load("kafkajs/src/errors") as { KafkaJSProtocolError: new (of: object) => Error };
  let failures = 1;
  const brokers: Record<number, object> = {
    1: fakeBroker(1, async ([{ partitions }]) => {
      await Bun.sleep(SLOW_MS);
      slowLog.push(`sequence ${partitions[0].firstSequence}`);
    }),
    2: fakeBroker(2, async () => {
      if (failures-- > 0)
        throw new KafkaJSProtocolError({ type: "NOT_ENOUGH_REPLICAS", code: 19, retriable: true, message: "x" });
    }),
  };
  const cluster = fakeCluster(brokers);
  const logger = { debug() {}, info() {}, warn() {}, error() {}, namespace: () => logger };
  const eosManager = load("kafkajs/src/producer/eosManager")({ logger, cluster, transactional: false }) as Sender;
  await eosManager.initProducerId();
  return load("kafkajs/src/producer/sendMessages")({
    logger,
    cluster,
    partitioner: ({ message }: { message: { partition: number } }) => message.partition,
    eosManager,
    retrier: load("kafkajs/src/retry")({ initialRetryTime: 100, retries: 5 }),
  }) as (request: object) => Promise<unknown>;
}

function fakeBroker(nodeId: number, append: (data: readonly TopicData[]) => Promise<void>): object {
  return {
    nodeId,
    connectionPool: {},
    initProducerId: async () => ({ producerId: 7, producerEpoch: 0 }),
    produce: async ({ topicData }: { topicData: readonly TopicData[] }) => {
      await append(topicData);
      const topics = topicData.map(({ topic, partitions }) => ({
        topicName: topic,
        partitions: partitions.map(({ partition }) => ({ partition, errorCode: 0, baseOffset: "0" })),
      }));
      return { topics };
    },
  };
}

function fakeCluster(brokers: Readonly<Record<number, object>>): object {
  return {
    targetTopics: new Set(["t"]),
    retry: {},
    refreshMetadataIfNecessary: async () => {},
    refreshMetadata: async () => {},
    addMultipleTargetTopics: async () => {},
    removeBroker: () => {},
    isConnected: () => true,
    findTopicPartitionMetadata: () => [
      { partitionId: 0, leader: 1 },
      { partitionId: 1, leader: 2 },
    ],
    findLeaderForPartitions: (_topic: string, partitions: readonly (number | string)[]) => {
      const byLeader: Record<number, number[]> = {};
      for (const partition of partitions.map(Number)) byLeader[partition + 1] = [partition];
      return byLeader;
    },
    findBroker: async ({ nodeId }: { nodeId: string }) => brokers[Number(nodeId)],
    findControllerBroker: async () => brokers[1],
  };
}
