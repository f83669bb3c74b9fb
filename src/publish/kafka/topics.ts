import apiKeys from "kafkajs/src/protocol/requests/apiKeys.js";
import { requests } from "kafkajs/src/protocol/requests/index.js";
import { IngestError } from "../../domain/ingest-error.ts";
import { type BrokerLinks, CONTROL_SLOT } from "./broker-links.ts";
import { type ClusterMetadata, METADATA_API } from "./cluster-metadata.ts";
import { withCluster } from "./cluster-session.ts";
import type { KafkaEndpoint, KafkaTools } from "./kafka-endpoint.ts";
import { kafkaErrorName, produceOutcome } from "./produce-outcomes.ts";

const CREATE_TOPICS_API = { key: apiKeys.CreateTopics, definition: requests.CreateTopics } as const;
const DESCRIBE_CONFIGS_API = { key: apiKeys.DescribeConfigs, definition: requests.DescribeConfigs } as const;
/** Kafka's number for a topic as the owner of a configuration. */
const TOPIC_RESOURCE = 2;
const TOPIC_ALREADY_EXISTS = 36;
/** A topic that was just created is looked for this often before its absence is believed. */
const LOOK_AGAIN_TIMES = 20;

/** A topic as it shall be made. −1 for partitions and replication is the cluster's own default. */
export interface TopicPlan {
  readonly topic: string;
  readonly partitions: number;
  readonly replication: number;
  /** −1: for ever. */
  readonly retentionMs: number;
}

/** What became of one plan. */
export interface TopicReport {
  readonly topic: string;
  readonly state: "created" | "exists";
  readonly partitions: number;
  readonly replication: number;
  /** `max.message.bytes` and `retention.ms` as the broker tells them; null when it does not (no right to ask). */
  readonly retentionMs: number | null;
  readonly maxMessageBytes: number | null;
  /** Where an existing topic is not as planned, such as `partitions 3, planned 12`; it is never changed. */
  readonly differences: readonly string[];
}

/** What {@link createTopics} needs. */
export interface CreateTopicsOptions {
  readonly endpoint: KafkaEndpoint;
  readonly tools: KafkaTools;
  readonly plans: readonly TopicPlan[];
}

/**
 * Creates the topics that are missing and reports on all: running it again changes nothing. Used by
 * `edge-ingester topics create`.
 * @throws IngestError when no broker answers, or the cluster refuses a topic
 */
export async function createTopics(options: CreateTopicsOptions): Promise<TopicReport[]> {
  return await withCluster(options.endpoint, options.tools, async (metadata, links) => {
    const created = await createMissingTopics(metadata, links, options.plans, options.endpoint.requestTimeoutMs);
    const reports: TopicReport[] = [];
    for (const plan of options.plans) {
      const facts = await findTopic(metadata, plan.topic);
      const state = created.has(plan.topic) ? "created" : "exists";
      reports.push({ topic: plan.topic, state, ...facts, differences: differences(plan, facts) });
    }
    return reports;
  });
}

/** Creates those of the topics that do not exist; returns their names. @throws IngestError when one is refused */
export async function createMissingTopics(
  metadata: ClusterMetadata,
  links: BrokerLinks,
  plans: readonly TopicPlan[],
  timeoutMs: number,
): Promise<Set<string>> {
  await metadata.refresh();
  const question = {
    topics: plans.map((plan) => ({
      topic: plan.topic,
      numPartitions: plan.partitions,
      replicationFactor: plan.replication,
      configEntries: [{ name: "retention.ms", value: String(plan.retentionMs) }],
    })),
    validateOnly: false,
    timeout: Math.round(timeoutMs / 2),
  };
  const { controller } = metadata;
  const answer =
    controller === null
      ? await metadata.onAnyBroker((link) => link.request(CREATE_TOPICS_API, question))
      : await (await links.acquire(controller, CONTROL_SLOT)).request(CREATE_TOPICS_API, question);
  const created = new Set<string>();
  for (const { topic, errorCode, errorMessage } of answer.topicErrors) {
    if (errorCode === TOPIC_ALREADY_EXISTS) continue;
    if (errorCode !== 0) throw refusedTopic(topic, errorCode, errorMessage ?? "");
    created.add(topic);
  }
  return created;
}

/** What the cluster says of one topic. */
export interface TopicFacts {
  readonly partitions: number;
  readonly replication: number;
  readonly retentionMs: number | null;
  readonly maxMessageBytes: number | null;
}

/** Facts of a topic; looks again for a while, as a new topic is not known everywhere at once. @throws IngestError */
export async function findTopic(
  metadata: ClusterMetadata,
  topic: string,
  times = LOOK_AGAIN_TIMES,
): Promise<TopicFacts> {
  const question = { topics: [topic], allowAutoTopicCreation: false };
  let errorCode = 0;
  for (let time = 0; time < times; time++) {
    if (time > 0) await metadata.pause();
    const answer = await metadata.onAnyBroker((link) => link.request(METADATA_API, question));
    const state = answer.topicMetadata.find((candidate) => candidate.topic === topic);
    errorCode = state?.topicErrorCode ?? UNKNOWN_TOPIC;
    if (state === undefined || errorCode !== 0) continue;
    const replication = Math.min(...state.partitionMetadata.map(({ replicas }) => replicas.length));
    return { partitions: state.partitionMetadata.length, replication, ...(await describeTopic(metadata, topic)) };
  }
  throw refusedTopic(topic, errorCode, produceOutcome(errorCode).hint);
}

const UNKNOWN_TOPIC = 3;

async function describeTopic(
  metadata: ClusterMetadata,
  topic: string,
): Promise<Pick<TopicFacts, "retentionMs" | "maxMessageBytes">> {
  const question = {
    resources: [{ type: TOPIC_RESOURCE, name: topic, configNames: ["retention.ms", "max.message.bytes"] }],
    includeSynonyms: false,
  };
  const answer = await metadata.onAnyBroker((link) => link.request(DESCRIBE_CONFIGS_API, question));
  const entries = answer.resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
  const read = (name: string): number | null => {
    const value = entries.find(({ configName }) => configName === name)?.configValue;
    return value === undefined || value === null ? null : Number(value);
  };
  return { retentionMs: read("retention.ms"), maxMessageBytes: read("max.message.bytes") };
}

function differences(plan: TopicPlan, facts: TopicFacts): string[] {
  const found: string[] = [];
  const compare = (name: string, actual: number | null, planned: number, isDefault: boolean): void => {
    if (actual === null || isDefault || actual === planned) return;
    found.push(`${name} ${actual}, planned ${planned}`);
  };
  compare("partitions", facts.partitions, plan.partitions, plan.partitions === -1);
  compare("replication", facts.replication, plan.replication, plan.replication === -1);
  compare("retention.ms", facts.retentionMs, plan.retentionMs, false);
  return found;
}

function refusedTopic(topic: string, errorCode: number, detail: string): IngestError {
  const state = detail === "" ? kafkaErrorName(errorCode) : `${kafkaErrorName(errorCode)}, ${detail}`;
  return new IngestError(`Cannot use topic "${topic}": ${state}`, {
    code: "kafka_refused",
    retry: "backoff",
    context: { topic, errorCode },
  });
}
