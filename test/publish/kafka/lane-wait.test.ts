import { afterEach, describe, expect, spyOn, test } from "bun:test";
import Connection from "kafkajs/src/network/connection.js";
import type { LanePort, SendResult } from "../../../src/publish/batch-transport.ts";
import type { KafkaTransport } from "../../../src/publish/kafka/kafka-transport.ts";
import { CurrentWait } from "../../../src/runtime/current-wait.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import { FakeCluster } from "./fake-cluster.ts";
import { stampedBatch, startWithin, testEndpoint, testTools, testTransport, until } from "./kafka-test-kit.ts";

const TOPIC = "quotes";
const LIMIT_MS = 300;
/** A wait may be so late to end when other tests have the processor, ms. */
const LATE_MS = 5000;
const clusters: FakeCluster[] = [];
const transports: KafkaTransport[] = [];

afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.stop(500);
  for (const cluster of clusters.splice(0)) await cluster.stop();
});

async function setUp() {
  const cluster = await FakeCluster.start([1, 2]);
  clusters.push(cluster);
  cluster.topics.set(TOPIC, [1, 2]);
  const clock = new SystemClock();
  const limits = { connectTimeoutMs: LIMIT_MS, requestTimeoutMs: LIMIT_MS };
  const transport = testTransport(testEndpoint(cluster.address(1), limits), testTools(clock));
  transports.push(transport);
  await startWithin(transport, [TOPIC]);
  const wait = new CurrentWait();
  const port = transport.portFor?.(wait);
  if (port === undefined) throw new Error("Cannot test: the transport has no ports");
  return { cluster, clock, wait, port };
}

function send(port: LanePort): Promise<SendResult> {
  return port.send(TOPIC, 0, stampedBatch(["a"], { producerId: 7n, epoch: 0 }, 0));
}

/** Looks at the wait until `work` has ended: how far in the future its deadline was at most, and how late it ended. */
async function observe({ clock, wait }: { clock: SystemClock; wait: CurrentWait }, work: Promise<unknown>) {
  let farthestMs = 0;
  let latestMs = 0;
  const look = setInterval(() => {
    const leftMs = wait.deadlineMs - clock.monotonicMs();
    farthestMs = Math.max(farthestMs, leftMs);
    latestMs = Math.max(latestMs, -leftMs);
  }, 5);
  await work.catch(() => null);
  clearInterval(look);
  return { farthestMs, latestMs };
}

describe("portFor() of Kafka", () => {
  test("tells the limit of the step that is waited for, whatever the brokers do, and each step ends by it", async () => {
    const rig = await setUp();
    const { cluster, port } = rig;
    cluster.reactions.push("silent", "close");
    for (let attempt = 0; attempt < 3; attempt++) {
      const { farthestMs, latestMs } = await observe(rig, send(port));
      expect(farthestMs).toBeLessThanOrEqual(LIMIT_MS);
      expect(latestMs).toBeLessThan(LATE_MS);
    }
    // All brokers take connections and say nothing: leaders, producer ids and batches wait for the same.
    cluster.mute.add(1).add(2);
    for (let attempt = 0; attempt < 4; attempt++) {
      const work = attempt % 2 === 0 ? send(port) : port.acquireProducer();
      const { farthestMs, latestMs } = await observe(rig, work);
      // A pause before the next connection lasts a second at most.
      expect(farthestMs).toBeLessThanOrEqual(1000);
      expect(latestMs).toBeLessThan(LATE_MS);
    }
    cluster.mute.clear();
    let result = await send(port);
    for (let attempt = 0; attempt < 20 && result.outcome !== "acked"; attempt++) result = await send(port);
    expect(result).toEqual({ outcome: "acked" });
  });

  test("an answer that a library never gives is overdue after the request timeout, not after the sum of all limits", async () => {
    const { clock, wait, port } = await setUp();
    expect(await send(port)).toEqual({ outcome: "acked" });
    const hang = spyOn(Connection.prototype, "send").mockImplementation(() => new Promise(() => {}));
    try {
      const beganMs = clock.monotonicMs();
      let isDone = false;
      void send(port).then(() => {
        isDone = true;
      });
      expect(wait.deadlineMs - beganMs).toBeLessThanOrEqual(LIMIT_MS + 50);
      await until(() => clock.monotonicMs() > beganMs + 3 * LIMIT_MS, LATE_MS, "three times the limit");
      expect(isDone).toBe(false);
      expect(wait.deadlineMs).toBeLessThan(clock.monotonicMs() - LIMIT_MS);
    } finally {
      hang.mockRestore();
    }
  });
});
