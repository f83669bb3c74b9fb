// Three real brokers: leaders die, leaders move, replicas run out, partitions are added, while our lanes write. What counts:
// nothing lost, nothing reordered, nothing twice, and a stall that ends soon after there is a leader again.
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { partitionOf } from "../../../src/publish/murmur2.ts";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { KAFKA_START_TIMEOUT_MS, uniqueTopic } from "../../harness/kafka.ts";
import { KafkaCluster, type NodeId } from "../../harness/kafka-cluster.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import { until } from "../../publish/kafka/kafka-test-kit.ts";
import { LaneRig } from "./lane-rig.ts";

const TEST_LIMIT_MS = 90_000;
const WAIT_LIMIT_MS = 30_000;
const WRITE_EVERY_MS = 5;
/** From the election of a leader to the first ack, ms. */
const STALL_MAX_MS = 2000;
/** As in the field. */
const TIMEOUT_MS = 30_000;
/** By partition, the leader first. */
const REPLICAS: readonly (readonly NodeId[])[] = [
  [2, 3, 1],
  [3, 1, 2],
  [1, 2, 3],
];

let cluster: KafkaCluster;
const rigs: LaneRig[] = [];

describeWithOwnKafka("our lanes on three brokers", () => {
  beforeAll(async () => {
    cluster = await KafkaCluster.start();
  }, KAFKA_START_TIMEOUT_MS);

  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.close();
  });

  afterAll(async () => {
    await cluster.stop();
  });

  test(
    "kill -9 of the broker that leads, and of the next one",
    async () => {
      const { stalls, codes } = await writeThrough(async ({ topic, stallUntil }) => {
        for (const [partition, nodeId] of [2, 3].entries()) {
          await cluster.broker(nodeId as 2 | 3).kill();
          await stallUntil(partition, async () => (await cluster.leaders(topic))[partition] !== nodeId);
          await cluster.broker(nodeId as 2 | 3).restart();
          await whenInSync(topic);
        }
      });
      expect(stalls).toHaveLength(2);
      expect(Math.max(...stalls)).toBeLessThan(STALL_MAX_MS);
      expect(codes.length).toBeGreaterThan(0);
    },
    TEST_LIMIT_MS,
  );

  test(
    "the broker that leads hangs: nobody waits for the request timeout",
    async () => {
      const { stalls } = await writeThrough(async ({ topic, stallUntil }) => {
        cluster.broker(2).pause();
        try {
          await stallUntil(0, async () => (await cluster.leaders(topic))[0] !== 2);
        } finally {
          cluster.broker(2).resume();
        }
        await whenInSync(topic);
      });
      expect(stalls).toHaveLength(1);
      // A look at the leaders each second, and one second more where the hanging broker is asked first.
      expect(Math.max(...stalls)).toBeLessThan(STALL_MAX_MS + 1000);
    },
    TEST_LIMIT_MS,
  );

  test(
    "a leader moves, four times",
    async () => {
      const { stalls, codes } = await writeThrough(async ({ topic, stallUntil }) => {
        for (const nodeId of [3, 1, 2, 3] as const) {
          // Those that do not lead at first, so that the old leader must hand over.
          await cluster.reassign(topic, 0, [nodeId]);
          await stallUntil(0, async () => (await cluster.leaders(topic))[0] === nodeId);
        }
        await cluster.reassign(topic, 0, [3, 1, 2]);
        await whenInSync(topic);
      }, 1);
      expect(stalls).toHaveLength(4);
      expect(Math.max(...stalls)).toBeLessThan(STALL_MAX_MS);
      expect(codes).toContain("NOT_LEADER_OR_FOLLOWER");
    },
    TEST_LIMIT_MS,
  );

  test(
    "too few replicas while two brokers are down",
    async () => {
      const { codes } = await writeThrough(async ({ rig, topic, ackedOnAll }) => {
        await Promise.all([cluster.broker(2).kill(), cluster.broker(3).kill()]);
        await until(() => rig.codes.includes("NOT_ENOUGH_REPLICAS"), WAIT_LIMIT_MS, `${new Set(rig.codes)}`);
        expect(rig.transport.trouble).toContain("min.insync.replicas");
        await Promise.all([cluster.broker(2).restart(), cluster.broker(3).restart()]);
        const backMs = performance.now();
        await ackedOnAll();
        expect(performance.now() - backMs).toBeLessThan(5000);
        await whenInSync(topic);
      });
      expect(codes).toContain("NOT_ENOUGH_REPLICAS");
    },
    TEST_LIMIT_MS,
  );

  test(
    "partitions are added: keys keep their lane until a restart",
    async () => {
      const keys = Array.from({ length: 40 }, (_, i) => Buffer.from(`feed:SYMBOL${i}`));
      await writeThrough(async ({ rig, topic, ackedOnAll }) => {
        const lanesOf = ({ transport }: LaneRig) =>
          keys.map((key) => partitionOf(key, transport.partitionCount(topic)));
        const before = lanesOf(rig);
        await cluster.addPartitions(topic, 7);
        await waitUntil(
          async () => {
            await rig.transport.refreshMetadata();
            return rig.transport.currentPartitionCount(topic) === 7;
          },
          { limitMs: WAIT_LIMIT_MS, what: "seven partitions" },
        );
        expect(lanesOf(rig)).toEqual(before);
        await ackedOnAll();
        const restarted = await LaneRig.open(cluster.bootstrap, [topic], { timeoutMs: TIMEOUT_MS });
        rigs.push(restarted);
        expect(new Set(lanesOf(restarted)).size).toBe(7);
      });
    },
    TEST_LIMIT_MS,
  );
});

/** What a fault can watch. */
interface Watch {
  readonly rig: LaneRig;
  readonly topic: string;
  /** Waits until `hasLeader`, and then for an ack of the partition; the time between is noted as a stall. */
  stallUntil(partition: number, hasLeader: () => Promise<boolean>): Promise<void>;
  /** Waits for a new ack of every partition. */
  ackedOnAll(): Promise<void>;
}

/** Writes numbered records to all partitions while `fault` runs; then reads all back and judges. */
async function writeThrough(fault: (watch: Watch) => Promise<void>, minInSync = 2) {
  const topic = uniqueTopic("cluster");
  await cluster.createTopic({ name: topic, replicas: REPLICAS, configs: { "min.insync.replicas": `${minInSync}` } });
  const rig = await LaneRig.open(cluster.bootstrap, [topic], { timeoutMs: TIMEOUT_MS });
  rigs.push(rig);
  const lanes = REPLICAS.map((_, partition) => rig.lane(topic, partition));
  const acked = (partition: number, since: number) => {
    const what = `an ack of partition ${partition}; trouble: ${rig.transport.trouble}`;
    return until(() => lanes[partition].ackedBatches > since, WAIT_LIMIT_MS, what);
  };
  const stalls: number[] = [];
  let written = 0;
  const writer = setInterval(() => {
    for (const lane of lanes) rig.write(lane, [`${written}`, `${written + 1}`]);
    written += 2;
  }, WRITE_EVERY_MS);
  try {
    for (const partition of lanes.keys()) await acked(partition, 0);
    await fault({
      rig,
      topic,
      async stallUntil(partition, hasLeader) {
        await waitUntil(hasLeader, { limitMs: WAIT_LIMIT_MS, what: `leader of partition ${partition}` });
        const beganMs = performance.now();
        await acked(partition, lanes[partition].ackedBatches);
        stalls.push(performance.now() - beganMs);
      },
      async ackedOnAll() {
        const since = lanes.map(({ ackedBatches }) => ackedBatches);
        for (const [partition, count] of since.entries()) await acked(partition, count);
      },
    });
    await until(() => rig.transport.trouble === "", WAIT_LIMIT_MS, "the trouble is over");
  } finally {
    clearInterval(writer);
  }
  await rig.whenAcked(written * lanes.length);
  expect(rig.dropped).toEqual([]);
  const records = await readTopicWithKcat(cluster.bootstrap, topic);
  const wanted = Array.from({ length: written }, (_, i) => i);
  const givenUp = lanes.reduce((sum, lane) => sum + lane.possibleDuplicates, 0);
  expect(givenUp).toBe(0);
  for (const partition of lanes.keys()) {
    expect(records.filter((record) => record.partition === partition).map(({ value }) => Number(value))).toEqual(
      wanted,
    );
  }
  console.error(`stalls ${stalls.map((ms) => ms.toFixed(0)).join(", ")} ms; ${written * lanes.length} records`);
  return { stalls, codes: rig.codes };
}

/** All replicas have caught up, so that the next fault finds a healthy cluster. */
async function whenInSync(topic: string): Promise<void> {
  await waitUntil(async () => (await cluster.inSync(topic)).every(({ length }) => length === 3), {
    limitMs: WAIT_LIMIT_MS,
    what: "replicas in sync",
  });
}
