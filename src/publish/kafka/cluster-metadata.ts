import apiKeys from "kafkajs/src/protocol/requests/apiKeys.js";
import { type MetadataAnswer, requests } from "kafkajs/src/protocol/requests/index.js";
import { IngestError } from "../../domain/ingest-error.ts";
import { CurrentWait } from "../../runtime/current-wait.ts";
import type { BrokerLink } from "./broker-link.ts";
import { type BrokerLinks, CONTROL_SLOT } from "./broker-links.ts";
import { firstAnswer } from "./first-answer.ts";
import {
  type BrokerAddress,
  formatAddress,
  type KafkaEndpoint,
  type KafkaTools,
  parseAddress,
} from "./kafka-endpoint.ts";

/** Two questions for metadata are at least this far apart, ms (Kafka's `retry.backoff.ms`). */
const REFRESH_SPACING_MS = 100;
/** A broker that has not answered a question after this long is not waited for alone, ms. */
const NEXT_BROKER_AFTER_MS = 1000;
const NO_LEADER = -1;

/** API of metadata, for one-time questions too. */
export const METADATA_API = { key: apiKeys.Metadata, definition: requests.Metadata } as const;

/** What is known of one topic. */
export interface TopicState {
  /** Kafka's code; 0 when the topic can be used. */
  readonly errorCode: number;
  /** Node id of the leader by partition; −1 when there is none now. */
  readonly leaders: readonly number[];
}

/** Who leads what: asked of any broker that answers, kept until it is found stale. */
export class ClusterMetadata {
  /** Until when the question that is asked may take. */
  readonly wait = new CurrentWait();
  readonly #endpoint: KafkaEndpoint;
  readonly #tools: KafkaTools;
  readonly #links: BrokerLinks;
  readonly #topics = new Set<string>();
  #brokers = new Map<number, BrokerAddress>();
  #states = new Map<string, TopicState>();
  #controllerId = NO_LEADER;
  #isStale = true;
  #lastRefreshMs = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | null = null;

  constructor(endpoint: KafkaEndpoint, tools: KafkaTools, links: BrokerLinks) {
    this.#endpoint = endpoint;
    this.#tools = tools;
    this.#links = links;
  }

  /** True when the next send must ask again. */
  get isStale(): boolean {
    return this.#isStale;
  }

  /** Topics to ask for from now on. */
  addTopics(topics: readonly string[]): void {
    for (const topic of topics) {
      if (this.#topics.has(topic)) continue;
      this.#topics.add(topic);
      this.#isStale = true;
    }
  }

  /** Leadership has changed, or a broker is lost. */
  markStale(): void {
    this.#isStale = true;
  }

  /** What the last answer said of a topic; null when it was never asked for. */
  topic(topic: string): TopicState | null {
    return this.#states.get(topic) ?? null;
  }

  /** Where the leader of a partition listens; null when there is none. */
  leader(topic: string, partition: number): BrokerAddress | null {
    const nodeId = this.#states.get(topic)?.leaders[partition] ?? NO_LEADER;
    return this.#brokers.get(nodeId) ?? null;
  }

  /** Addresses of all that lead a partition of our topics. */
  leaders(): Set<string> {
    const addresses = new Set<string>();
    for (const { leaders } of this.#states.values()) {
      for (const nodeId of leaders) {
        const address = this.#brokers.get(nodeId);
        if (address !== undefined) addresses.add(formatAddress(address));
      }
    }
    return addresses;
  }

  /** The controller as a client may address it; null before the first answer. */
  get controller(): BrokerAddress | null {
    return this.#brokers.get(this.#controllerId) ?? null;
  }

  /** Asks the cluster; those who ask at the same time share one question. Rejects with an IngestError. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /**
   * Runs `work` on the control link of the first broker that takes it: known brokers and seeds, those that are well
   * first, each once. One that is silent holds up nothing for long: after a second the next is asked beside it, so
   * `work` must be such that doing it twice does no harm. After one connect timeout no further broker is tried: the
   * next call begins with them. `wait` is told how long it may take.
   */
  async onAnyBroker<T>(work: (link: BrokerLink) => Promise<T>, wait?: CurrentWait): Promise<T> {
    const waits: CurrentWait[] = [];
    wait?.follow({
      get deadlineMs() {
        return Math.max(...waits.map((one) => one.deadlineMs));
      },
    });
    const attempts = this.#candidates().map((address) => async () => {
      const own = new CurrentWait();
      waits.push(own);
      const link = await this.#links.acquire(address, CONTROL_SLOT, own);
      own.follow(link.requestLimit());
      return await work(link);
    });
    if (attempts.length === 0) {
      throw new IngestError("Cannot use KAFKA_BROKERS: no address in it", { code: "config_invalid", retry: "never" });
    }
    const { clock } = this.#tools;
    const lastStartMs = this.#endpoint.connectTimeoutMs;
    return await firstAnswer(attempts, { clock, nextAfterMs: NEXT_BROKER_AFTER_MS, lastStartMs });
  }

  /** Waits as long as two questions must be apart, or `delayMs`. */
  pause(delayMs = REFRESH_SPACING_MS): Promise<void> {
    return new Promise((resolve) => {
      this.#tools.clock.schedule(delayMs, resolve);
    });
  }

  async #refresh(): Promise<void> {
    const waitMs = this.#lastRefreshMs + REFRESH_SPACING_MS - this.#tools.clock.monotonicMs();
    this.wait.until(this.#tools.clock.monotonicMs() + Math.max(0, waitMs));
    if (waitMs > 0) await this.pause(waitMs);
    this.#lastRefreshMs = this.#tools.clock.monotonicMs();
    const question = { topics: [...this.#topics], allowAutoTopicCreation: false };
    const answer = await this.onAnyBroker((link) => link.request(METADATA_API, question), this.wait);
    this.#apply(answer);
    this.#isStale = this.#topics.size > question.topics.length;
  }

  #apply(answer: MetadataAnswer): void {
    this.#brokers = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    this.#controllerId = answer.controllerId;
    this.#states = new Map(answer.topicMetadata.map((topic) => [topic.topic, topicState(topic)]));
  }

  /** Brokers that are well come first, so that a dead one costs nothing. */
  #candidates(): BrokerAddress[] {
    const byText = new Map<string, BrokerAddress>();
    for (const address of this.#brokers.values()) byText.set(formatAddress(address), address);
    for (const seed of this.#endpoint.brokers) {
      const address = parseAddress(seed);
      if (address !== null) byText.set(formatAddress(address), address);
    }
    return [...byText.values()].sort((a, b) => this.#links.failures(a) - this.#links.failures(b));
  }
}

/** Leaders by partition number, whatever order the answer has. */
export function topicState(topic: MetadataAnswer["topicMetadata"][number]): TopicState {
  const leaders: number[] = new Array(topic.partitionMetadata.length).fill(NO_LEADER);
  for (const { partitionId, leader } of topic.partitionMetadata) {
    if (partitionId >= 0 && partitionId < leaders.length) leaders[partitionId] = leader;
  }
  return { errorCode: topic.topicErrorCode, leaders };
}
