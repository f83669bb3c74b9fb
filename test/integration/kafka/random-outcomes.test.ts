// All of it at once: answers of every kind, lost answers and moving leaders, in any order, while three lanes write.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { PRODUCE_OUTCOMES } from "../../../src/publish/kafka/produce-outcomes.ts";
import type { RandomSource } from "../../../src/runtime/clock.ts";
import { createSeededRandom } from "../../../src/simulator/seeded-random.ts";
import { uniqueTopic } from "../../harness/kafka.ts";
import { KFAKE_START_TIMEOUT_MS, Kfake } from "../../harness/kafka-kfake.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";
import { until } from "../../publish/kafka/kafka-test-kit.ts";
import { LaneRig } from "./lane-rig.ts";

const PARTITIONS = 3;
const FAULTS = 40;
const FAULT_COUNT_MAX = 3;
const WRITE_EVERY_MS = 2;
const TEST_LIMIT_MS = 120_000;
/** Those that lose no record: `reject` does, and is counted elsewhere. */
const CODES = [...PRODUCE_OUTCOMES].filter(([, { outcome }]) => outcome === "retry" || outcome === "new_producer_id");

let kfake: Kfake;

beforeAll(async () => {
  kfake = await Kfake.start();
}, KFAKE_START_TIMEOUT_MS);

afterAll(async () => {
  await kfake.stop();
});

test(
  "nothing is lost or moved, and what stands twice was counted",
  async () => {
    const seed = Number(process.env["FAULT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    const random = createSeededRandom(seed);
    const topic = uniqueTopic("random");
    await kfake.createTopic(topic, PARTITIONS);
    const rig = await LaneRig.open(kfake.brokers.join(","), [topic]);
    const lanes = Array.from({ length: PARTITIONS }, (_, partition) => rig.lane(topic, partition));
    let written = 0;
    const writer = setInterval(() => {
      for (const lane of lanes) rig.write(lane, [`${written}`]);
      written++;
    }, WRITE_EVERY_MS);
    const story: string[] = [];
    try {
      for (let fault = 0; fault < FAULTS; fault++) {
        const troubles = rig.codes.length;
        story.push(await breakSomething(random, topic));
        // A leader that moves between two batches may be told before anything fails.
        if (!story.at(-1)?.startsWith("move"))
          await until(() => rig.codes.length > troubles, 20_000, `${story.at(-1)}`);
      }
    } catch (error) {
      console.error(`Failed with seed ${seed}: FAULT_SEED=${seed} repeats it`);
      throw error;
    } finally {
      clearInterval(writer);
    }
    await rig.whenAcked(written * PARTITIONS);
    const records = await readTopicWithKcat(kfake.brokers[0], topic);
    const wanted = Array.from({ length: written }, (_, i) => i);
    const what = `FAULT_SEED=${seed}: ${story.join("; ")}`;
    for (const [partition, lane] of lanes.entries()) {
      const numbers = records.filter((record) => record.partition === partition).map(({ value }) => Number(value));
      const firsts = [...new Set(numbers)];
      expect(firsts, what).toEqual(wanted);
      const isTwice = numbers.length > firsts.length;
      if (isTwice) expect(lane.possibleDuplicates, what).toBeGreaterThan(0);
      // A batch written anew comes whole: what is repeated goes on where the lane was.
      expect(backwardSteps(numbers), what).toBeLessThanOrEqual(lane.possibleDuplicates);
    }
    expect(rig.dropped).toEqual([]);
    await rig.close();
  },
  TEST_LIMIT_MS,
);

/** One fault, told in words. */
async function breakSomething(random: RandomSource, topic: string): Promise<string> {
  const [code, { code: name }] = CODES[below(random, CODES.length)];
  const count = 1 + below(random, FAULT_COUNT_MAX);
  switch (below(random, 5)) {
    case 0: {
      const [partition, node] = [below(random, PARTITIONS), below(random, kfake.brokers.length)];
      await kfake.move(topic, partition, node);
      return `move ${partition} to ${node}`;
    }
    case 1:
      await kfake.loseAnswers("close", { topic, count });
      return `close ${count}`;
    case 2:
      await kfake.loseAnswers("silent", { topic, count: 1 });
      return "silent";
    case 3:
      await kfake.failAfter(code, { topic, count });
      return `${name} after ${count}`;
    default:
      await kfake.failBefore(code, { topic, count });
      return `${name} before ${count}`;
  }
}

function below(random: RandomSource, end: number): number {
  return Math.floor(random() * end);
}

function backwardSteps(numbers: readonly number[]): number {
  return numbers.filter((number, at) => at > 0 && number <= numbers[at - 1]).length;
}
