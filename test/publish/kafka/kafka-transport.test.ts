import { afterEach, describe, expect, test } from "bun:test";
import type { KafkaEndpoint } from "../../../src/publish/kafka/kafka-endpoint.ts";
import type { KafkaTransport } from "../../../src/publish/kafka/kafka-transport.ts";
import { FakeCluster } from "./fake-cluster.ts";
import { stampedBatch, startWithin, testEndpoint, testTools, testTransport, until } from "./kafka-test-kit.ts";

const PRODUCER = { producerId: 7n, epoch: 0 };
const TOPIC = "quotes";
const clusters: FakeCluster[] = [];
const transports: KafkaTransport[] = [];

afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.stop(500);
  for (const cluster of clusters.splice(0)) await cluster.stop();
});

async function setUp(leaders: readonly number[] = [1], changes: Partial<KafkaEndpoint> = {}) {
  const cluster = await FakeCluster.start([...new Set(leaders)]);
  clusters.push(cluster);
  cluster.topics.set(TOPIC, [...leaders]);
  const tools = testTools();
  const limits = { connectTimeoutMs: 300, requestTimeoutMs: 300, ...changes };
  const transport = testTransport(testEndpoint(cluster.address(1), limits), tools, { [TOPIC]: "KAFKA_TOPIC" });
  transports.push(transport);
  await startWithin(transport, [TOPIC]);
  return { cluster, transport, tools };
}

function batchOf(value: string, sequence = 0) {
  return stampedBatch([value], PRODUCER, sequence);
}

describe("createKafkaTransport()", () => {
  test("send() hands the batch's bytes over as they are: one topic, one partition, acks=all, explicit timeout", async () => {
    const { cluster, transport } = await setUp([1, 1], { requestTimeoutMs: 3000 });
    const batch = batchOf("a");
    expect(await transport.send(TOPIC, 1, batch)).toEqual({ outcome: "acked" });
    expect(cluster.produced).toEqual([
      { nodeId: 1, topic: TOPIC, partition: 1, acks: -1, timeoutMs: 2000, batch: batch.bytes },
    ]);
  });

  test("send() goes to the new leader after NOT_LEADER_OR_FOLLOWER", async () => {
    const { cluster, transport } = await setUp([1, 2]);
    cluster.reactions.push(6);
    cluster.onProduce = () => cluster.topics.set(TOPIC, [2, 2]);
    const result = await transport.send(TOPIC, 0, batchOf("a"));
    expect(result).toMatchObject({ outcome: "retry", code: "NOT_LEADER_OR_FOLLOWER" });
    expect(await transport.send(TOPIC, 0, batchOf("a"))).toEqual({ outcome: "acked" });
    expect(cluster.produced.map(({ nodeId }) => nodeId)).toEqual([1, 2]);
  });

  test("send() tears a silent connection down and takes a new one for the next attempt", async () => {
    const { cluster, transport } = await setUp();
    cluster.reactions.push("silent");
    const begunMs = performance.now();
    const result = await transport.send(TOPIC, 0, batchOf("a"));
    expect(result).toMatchObject({ outcome: "retry", code: "kafka_unavailable" });
    expect(performance.now() - begunMs).toBeGreaterThan(280);
    expect(performance.now() - begunMs).toBeLessThan(600);
    expect(transport.trouble).toContain("no answer within 300 ms");
    const acceptedBefore = cluster.broker(1).acceptedTotal;
    await until(() => cluster.broker(1).connections === 1, 1000, "only the control connection is left");
    expect(await transport.send(TOPIC, 0, batchOf("a"))).toEqual({ outcome: "acked" });
    expect(cluster.broker(1).acceptedTotal).toBe(acceptedBefore + 1);
    expect(transport.trouble).toBe("");
  });

  test("send() is a retry when the broker hangs up, for all that wait on the connection", async () => {
    const { cluster, transport } = await setUp();
    cluster.reactions.push("silent", "close");
    const results = await Promise.all([transport.send(TOPIC, 0, batchOf("a")), transport.send(TOPIC, 0, batchOf("b"))]);
    expect(results.map(({ outcome }) => outcome)).toEqual(["retry", "retry"]);
    expect(await transport.send(TOPIC, 0, batchOf("a"))).toEqual({ outcome: "acked" });
  });

  test("send() of one lane is not held up by the silent partition of another", async () => {
    const { cluster, transport } = await setUp([1, 1], { requestTimeoutMs: 2000 });
    cluster.reactions.push("silent");
    const held = transport.send(TOPIC, 0, batchOf("a"));
    await until(() => cluster.produced.length === 1, 1000, "the first batch is with the broker");
    expect(await transport.send(TOPIC, 1, batchOf("b"))).toEqual({ outcome: "acked" });
    expect(await Promise.race([held, Bun.sleep(0).then(() => "waits")])).toBe("waits");
    cluster.broker(1).dropConnections();
    expect((await held).outcome).toBe("retry");
  });

  test("send() finds the leader elsewhere when its broker is gone", async () => {
    const { cluster, transport } = await setUp([1, 2]);
    expect(await transport.send(TOPIC, 1, batchOf("a"))).toEqual({ outcome: "acked" });
    await cluster.stopBroker(2);
    cluster.topics.set(TOPIC, [1, 1]);
    const outcomes: string[] = [];
    for (let attempt = 0; attempt < 5 && outcomes.at(-1) !== "acked"; attempt++) {
      outcomes.push((await transport.send(TOPIC, 1, batchOf("b", 1))).outcome);
    }
    expect(outcomes).toEqual(["retry", "acked"]);
    expect(cluster.produced.at(-1)?.nodeId).toBe(1);
    expect(transport.trouble).toBe("");
  });

  test("send() does not wait for a silent broker that leads no more", async () => {
    const { cluster, transport } = await setUp([1, 2], { requestTimeoutMs: 15_000 });
    cluster.reactions.push("silent");
    const sending = transport.send(TOPIC, 0, batchOf("a"));
    await until(() => cluster.produced.length === 1, 1000, "the batch is with the old leader");
    cluster.topics.set(TOPIC, [2, 2]);
    const begunMs = performance.now();
    const result = await sending;
    expect(performance.now() - begunMs).toBeLessThan(8000);
    expect(result).toMatchObject({ outcome: "retry", message: expect.stringContaining("does not lead") });
    expect(await transport.send(TOPIC, 0, batchOf("a"))).toEqual({ outcome: "acked" });
    expect(cluster.produced.map(({ nodeId }) => nodeId)).toEqual([1, 2]);
    expect(transport.trouble).toBe("");
  });

  test("send() waits for a silent leader while others answer: its replicas may be slow", async () => {
    const { cluster, transport } = await setUp([1], { requestTimeoutMs: 2500 });
    cluster.reactions.push("silent");
    const begunMs = performance.now();
    expect((await transport.send(TOPIC, 0, batchOf("a"))).outcome).toBe("retry");
    expect(performance.now() - begunMs).toBeGreaterThan(2400);
    expect(cluster.metadataRequests).toBeGreaterThan(1);
  });

  test("send() leaves a connection that has rested since before an outage, long before the request timeout", async () => {
    const { cluster, transport } = await setUp([1], { connectTimeoutMs: 2000, requestTimeoutMs: 60_000 });
    expect(await transport.send(TOPIC, 0, batchOf("a"))).toEqual({ outcome: "acked" });
    const accepted = cluster.broker(1).acceptedTotal;
    cluster.mute.add(1);
    const sending = transport.send(TOPIC, 0, batchOf("b", 1));
    await until(() => cluster.broker(1).acceptedTotal > accepted, 15_000, "another connection is tried");
    cluster.mute.clear();
    const backMs = performance.now();
    expect(await sending).toMatchObject({
      outcome: "retry",
      message: expect.stringContaining("older than the outage"),
    });
    expect(performance.now() - backMs).toBeLessThan(5000);
    expect(await transport.send(TOPIC, 0, batchOf("b", 1))).toEqual({ outcome: "acked" });
  }, 20_000);

  test("a question goes to another broker while the first is silent", async () => {
    const { cluster, transport } = await setUp([1, 2], { connectTimeoutMs: 5000, requestTimeoutMs: 60_000 });
    cluster.mute.add(1);
    const begunMs = performance.now();
    await transport.refreshMetadata();
    expect((await transport.acquireProducer()).producerId).toBeGreaterThan(0n);
    expect(performance.now() - begunMs).toBeLessThan(4500);
  });

  test("all brokers have moved to new addresses: one seed that still holds is enough", async () => {
    const cluster = await FakeCluster.start([1, 2, 3]);
    clusters.push(cluster);
    cluster.topics.set(TOPIC, [1, 2]);
    const seedOnly = await FakeCluster.start([9]);
    clusters.push(seedOnly);
    const endpoint = testEndpoint("", {
      brokers: [cluster.address(1), seedOnly.address(9)],
      connectTimeoutMs: 2000,
      requestTimeoutMs: 2000,
    });
    const transport = testTransport(endpoint);
    transports.push(transport);
    await startWithin(transport, [TOPIC]);
    expect(await transport.send(TOPIC, 0, batchOf("a"))).toEqual({ outcome: "acked" });
    // The name behind the second seed leads to the new addresses from now on.
    const port = seedOnly.broker(9).port;
    await seedOnly.stop();
    for (const nodeId of [1, 2, 3]) await cluster.stopBroker(nodeId);
    for (const nodeId of [1, 2]) await cluster.startBroker(nodeId);
    await cluster.startBroker(3, port);
    const begunMs = performance.now();
    let outcome = "";
    for (let attempt = 0; attempt < 10 && outcome !== "acked"; attempt++) {
      outcome = (await transport.send(TOPIC, 1, batchOf("b"))).outcome;
    }
    expect(outcome).toBe("acked");
    expect(performance.now() - begunMs).toBeLessThan(5000);
    expect(cluster.produced.at(-1)?.nodeId).toBe(2);
    expect(transport.trouble).toBe("");
  });

  test("a broker that is down is not stormed: attempts pause, and all lanes share one", async () => {
    const { cluster, transport } = await setUp([1, 1, 1, 1]);
    const port = cluster.broker(1).port;
    await cluster.stopBroker(1);
    cluster.mute.add(1);
    await cluster.startBroker(1, port);
    const sends = [0, 1, 2, 3].map((partition) => transport.send(TOPIC, partition, batchOf("a")));
    expect((await Promise.all(sends)).map(({ outcome }) => outcome)).toEqual(["retry", "retry", "retry", "retry"]);
    expect(cluster.broker(1).acceptedTotal).toBeLessThanOrEqual(2);
    expect(transport.trouble).toContain("no first answer within 300 ms");
    cluster.mute.clear();
    await until(() => cluster.broker(1).connections === 0, 2000, "no connection is left open");
    expect(await transport.send(TOPIC, 0, batchOf("a"))).toEqual({ outcome: "acked" });
  });

  test("the reason of a lost broker is logged once, and its return once", async () => {
    const { cluster, transport, tools } = await setUp();
    for (let i = 0; i < 3; i++) {
      cluster.reactions.push("close");
      await transport.send(TOPIC, 0, batchOf("a"));
    }
    expect(await transport.send(TOPIC, 0, batchOf("a"))).toEqual({ outcome: "acked" });
    const events = tools.log.lines.filter(({ level }) => level !== "debug").map(({ event }) => event);
    expect(events.filter((event) => event === "kafka_broker_lost").length).toBeLessThanOrEqual(3);
    expect(events.at(-1)).toBe("kafka_broker_back");
  });

  test("a throttled answer holds the next request back and does not count as silence", async () => {
    const { cluster, transport } = await setUp();
    cluster.throttleMs = 500;
    expect(await transport.send(TOPIC, 0, batchOf("a"))).toEqual({ outcome: "acked" });
    cluster.throttleMs = 0;
    const begunMs = performance.now();
    expect(await transport.send(TOPIC, 0, batchOf("b", 1))).toEqual({ outcome: "acked" });
    expect(performance.now() - begunMs).toBeGreaterThan(400);
  });

  test("trouble tells a topic that may not be written, and clears when it may", async () => {
    const { cluster, transport } = await setUp();
    cluster.reactions.push(29);
    const result = await transport.send(TOPIC, 0, batchOf("a"));
    expect(result).toMatchObject({ outcome: "retry", code: "TOPIC_AUTHORIZATION_FAILED" });
    expect(transport.trouble).toContain(`Cannot write to topic "${TOPIC}" of KAFKA_TOPIC: TOPIC_AUTHORIZATION_FAILED`);
    await transport.send(TOPIC, 0, batchOf("a"));
    expect(transport.trouble).toBe("");
  });

  test("send() rejects a batch that brokers find corrupt again and again: it would block its lane for ever", async () => {
    const { cluster, transport } = await setUp([1, 1]);
    const ask = async (partition: number) => (await transport.send(TOPIC, partition, batchOf("a"))).outcome;
    cluster.reactions.push(...new Array(19).fill(2), 0);
    for (let time = 0; time < 19; time++) expect(await ask(0)).toBe("retry");
    expect(await ask(0)).toBe("acked");
    cluster.reactions.push(...new Array(21).fill(2));
    for (let time = 0; time < 19; time++) expect(await ask(0)).toBe("retry");
    expect(await ask(1)).toBe("retry");
    expect(await ask(0)).toBe("rejected");
  });

  test("send() is a retry while a partition has no leader", async () => {
    const { cluster, transport } = await setUp([1]);
    cluster.topics.set(TOPIC, [-1]);
    await transport.refreshMetadata();
    expect(await transport.send(TOPIC, 0, batchOf("a"))).toMatchObject({
      outcome: "retry",
      code: "LEADER_NOT_AVAILABLE",
    });
    expect(cluster.produced).toEqual([]);
    cluster.topics.set(TOPIC, [1]);
    expect(await transport.send(TOPIC, 0, batchOf("a"))).toEqual({ outcome: "acked" });
  });

  test("partitionCount() stays while currentPartitionCount() follows", async () => {
    const { cluster, transport } = await setUp([1, 1]);
    cluster.topics.set(TOPIC, [1, 1, 1, 1]);
    await transport.refreshMetadata();
    expect(transport.partitionCount(TOPIC)).toBe(2);
    expect(transport.currentPartitionCount(TOPIC)).toBe(4);
    expect(() => transport.partitionCount("other")).toThrow(RangeError);
  });

  test("start() goes on until a broker answers", async () => {
    const cluster = await FakeCluster.start([1]);
    clusters.push(cluster);
    cluster.topics.set(TOPIC, [1]);
    const port = cluster.broker(1).port;
    await cluster.stopBroker(1);
    const transport = testTransport(testEndpoint(`127.0.0.1:${port}`));
    transports.push(transport);
    const starting = startWithin(transport, [TOPIC]);
    await until(() => transport.trouble.includes("refuses the connection"), 2000, transport.trouble);
    await cluster.startBroker(1, port);
    await starting;
    expect(transport.trouble).toBe("");
  });

  test("start() uses another seed when the first is dead", async () => {
    const cluster = await FakeCluster.start([1]);
    clusters.push(cluster);
    cluster.topics.set(TOPIC, [1]);
    const endpoint = testEndpoint("", { brokers: ["127.0.0.1:1", cluster.address(1)] });
    const transport = testTransport(endpoint);
    transports.push(transport);
    await startWithin(transport, [TOPIC]);
    expect(transport.trouble).toBe("");
  });

  test("a broker without our produce version is refused in words", async () => {
    const cluster = await FakeCluster.start([1]);
    clusters.push(cluster);
    cluster.produceVersions = [8, 12];
    const transport = testTransport(testEndpoint(cluster.address(1)));
    transports.push(transport);
    const abort = new AbortController();
    const starting = transport.start([TOPIC], abort.signal).catch(() => "ended");
    await until(() => transport.trouble.includes("versions 8 to 12 of API 0"), 2000, transport.trouble);
    abort.abort();
    expect(await starting).toBe("ended");
  });

  test("acquireProducer() rejects with an IngestError when the broker refuses", async () => {
    const { cluster, transport } = await setUp();
    cluster.producerIdError = 31;
    await expect(transport.acquireProducer()).rejects.toThrow("CLUSTER_AUTHORIZATION_FAILED");
    expect(transport.trouble).toContain("IdempotentWrite");
    cluster.producerIdError = 0;
    expect((await transport.acquireProducer()).producerId).toBeGreaterThan(0n);
    expect(transport.trouble).toBe("");
  });

  test("stop() ends within its limit though a broker never answers, and every send is settled", async () => {
    const { cluster, transport } = await setUp([1], { requestTimeoutMs: 30_000 });
    cluster.reactions.push("silent");
    const sending = transport.send(TOPIC, 0, batchOf("a"));
    await until(() => cluster.produced.length === 1, 1000, "the batch is with the broker");
    const begunMs = performance.now();
    await transport.stop(100);
    expect(performance.now() - begunMs).toBeLessThan(400);
    expect((await sending).outcome).toBe("retry");
    expect(await transport.send(TOPIC, 0, batchOf("a"))).toMatchObject({ outcome: "retry", code: "stopped" });
    await until(() => cluster.broker(1).connections === 0, 1000, "all sockets are closed");
  });
});
