import { afterAll, beforeAll, expect, test } from "bun:test";
import type { KafkaTransport } from "../../../src/publish/kafka/kafka-transport.ts";
import { PRODUCE_OUTCOMES } from "../../../src/publish/kafka/produce-outcomes.ts";
import { FakeCluster } from "./fake-cluster.ts";
import { stampedBatch, startWithin, testEndpoint, testTransport } from "./kafka-test-kit.ts";

const TOPIC = "quotes";
const BATCH = stampedBatch(["a"], { producerId: 7n, epoch: 0 }, 0);

let cluster: FakeCluster;
let transport: KafkaTransport;

beforeAll(async () => {
  cluster = await FakeCluster.start([1]);
  cluster.topics.set(TOPIC, [1]);
  transport = testTransport(testEndpoint(cluster.address(1)));
  await startWithin(transport, [TOPIC]);
});

afterAll(async () => {
  await transport.stop(500);
  await cluster.stop();
});

// The answer alone does not show it: whether the cluster is asked for the leader before the next attempt.
for (const [number, { code, isStaleMetadata, hint, outcome }] of PRODUCE_OUTCOMES) {
  test(`after ${code} the cluster is ${isStaleMetadata ? "" : "not "}asked for the leader`, async () => {
    cluster.reactions.push(number);
    expect((await transport.send(TOPIC, 0, BATCH)).outcome).toBe(outcome);
    // What an operator can mend is told, and what mends itself is not.
    expect(transport.trouble !== "").toBe(hint !== "");
    const asked = cluster.metadataRequests;
    expect(await transport.send(TOPIC, 0, BATCH)).toEqual({ outcome: "acked" });
    expect(cluster.metadataRequests - asked).toBe(isStaleMetadata ? 1 : 0);
    expect(transport.trouble).toBe("");
  });
}
