import { expect, test } from "bun:test";
import { topicPlans, topicVariables } from "../../src/assembly/create-transport.ts";
import { configOf } from "../config/fixtures.ts";

const KAFKA = { KAFKA_BROKERS: "b:9092", KAFKA_TOPIC: "q", KAFKA_EVENTS_TOPIC: "e", KAFKA_REJECTED_TOPIC: "r" };

test("topicPlans() and topicVariables() know the three topics", () => {
  const config = configOf({ ...KAFKA, KAFKA_TOPIC_PARTITIONS: "4" });
  expect(topicPlans(config).map(({ topic, partitions }) => [topic, partitions])).toEqual([
    ["q", 4],
    ["e", 1],
    ["r", 1],
  ]);
  expect(topicVariables(config)).toEqual({ q: "KAFKA_TOPIC", e: "KAFKA_EVENTS_TOPIC", r: "KAFKA_REJECTED_TOPIC" });
});

test("topicPlans() and topicVariables() know the backfill topic, with as many partitions, where one is written", () => {
  const config = configOf({ ...KAFKA, KAFKA_TOPIC_PARTITIONS: "4", BACKFILL: "live_first" });
  expect(topicPlans(config).map(({ topic, partitions }) => [topic, partitions])).toEqual([
    ["q", 4],
    ["q.backfill", 4],
    ["e", 1],
    ["r", 1],
  ]);
  expect(topicVariables(config)["q.backfill"]).toBe("KAFKA_TOPIC");
  const off = configOf({ ...KAFKA, BACKFILL: "live_first", SPOOL_MODE: "off" });
  expect(topicPlans(off).map(({ topic }) => topic)).toEqual(["q", "e", "r"]);
});
