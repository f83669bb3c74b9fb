import apiKeys from "kafkajs/src/protocol/requests/apiKeys.js";
import { requests } from "kafkajs/src/protocol/requests/index.js";
import { IngestError } from "../../domain/ingest-error.ts";
import { errorFields } from "../../domain/log.ts";
import { delay, settlesWithin } from "../../runtime/abortable.ts";
import { type BackoffPolicy, backoffDelayMs } from "../../runtime/backoff.ts";
import type { Timer } from "../../runtime/clock.ts";
import { CurrentWait } from "../../runtime/current-wait.ts";
import type { BatchTransport, LanePort, ProducerIdentity, SendResult } from "../batch-transport.ts";
import type { SealedBatch } from "../sealed-batch.ts";
import { BrokerLinks } from "./broker-links.ts";
import { ClusterMetadata } from "./cluster-metadata.ts";
import { formatAddress, type KafkaEndpoint, type KafkaTools } from "./kafka-endpoint.ts";
import { messageOf } from "./kafka-trouble.ts";
import { CORRUPT_TIMES_MAX, kafkaErrorName, type ProduceOutcome, produceOutcome } from "./produce-outcomes.ts";
import { produceExchange } from "./produce-request.ts";
import { SilenceWatch } from "./silence-watch.ts";
import { createMissingTopics, type TopicPlan } from "./topics.ts";
import { WriteTroubles } from "./write-troubles.ts";

/** The leaders are asked for at least this often, ms (Kafka's `metadata.max.age.ms`). */
const METADATA_MAX_AGE_MS = 300_000;
/** Waits between two tries of `start`. */
const START_BACKOFF: BackoffPolicy = { initialDelayMs: 100, maxDelayMs: 2000 };
/**
 * Data connections to one broker. A broker answers one request of a connection at a time, so lanes that share one wait
 * for each other's replicas; with a few connections one slow partition does not stop the others.
 */
const CONNECTIONS_PER_BROKER = 4;
/**
 * Share of the request timeout that the broker may wait for its replicas: its REQUEST_TIMED_OUT still reaches us before
 * the connection is taken for dead.
 */
const ACK_TIMEOUT_SHARE = 2 / 3;
/** Part of the question for a producer id; without a transactional id brokers do not read it, ms. */
const TRANSACTION_TIMEOUT_MS = 60_000;
const PRODUCER_ID_API = { key: apiKeys.InitProducerId, definition: requests.InitProducerId } as const;

/** What a Kafka transport is made of. */
export interface KafkaTransportOptions {
  readonly endpoint: KafkaEndpoint;
  readonly tools: KafkaTools;
  /** Variable that names each topic, for messages: `{ "orion.market-data.raw": "KAFKA_TOPIC" }`. */
  readonly topicVariables: Readonly<Record<string, string>>;
  /** Topics that `start` creates when they are missing (KAFKA_CREATE_TOPICS); empty: never. */
  readonly createTopics: readonly TopicPlan[];
}

/** Kafka as the place where batches go. */
export interface KafkaTransport extends BatchTransport {
  /** Asks for leaders and partitions at once; rejects with an IngestError when no broker answers. */
  refreshMetadata(): Promise<void>;
  /** Partitions as last heard: `partitionCount` stays at what `start` found, so that keys keep their lane. */
  currentPartitionCount(topic: string): number;
}

/** A transport on kafkajs's connections; nothing is opened before `start`. */
export function createKafkaTransport(options: KafkaTransportOptions): KafkaTransport {
  return new KafkajsTransport(options);
}

/** One attempt to write one batch. */
interface Attempt {
  readonly topic: string;
  readonly partition: number;
  readonly batch: SealedBatch;
  readonly wait: CurrentWait;
}

class KafkajsTransport implements KafkaTransport {
  readonly #options: KafkaTransportOptions;
  readonly #tools: KafkaTools;
  readonly #links: BrokerLinks;
  readonly #metadata: ClusterMetadata;
  readonly #silenceWatch: SilenceWatch;
  readonly #troubles = new WriteTroubles();
  /** By topic, as found by `start`. */
  readonly #partitionCounts = new Map<string, number>();
  /** By `topic/partition`: lanes are dealt out over the connections in the order they first send. */
  readonly #slots = new Map<string, string>();
  /** By `topic/partition`: CORRUPT_MESSAGE in a row. */
  readonly #corruptTimes = new Map<string, number>();
  readonly #inFlight = new Set<Promise<SendResult>>();
  #refreshTimer: Timer | null = null;
  #isStarted = false;
  #isStopped = false;

  constructor(options: KafkaTransportOptions) {
    this.#options = options;
    this.#tools = options.tools;
    this.#links = new BrokerLinks(options.endpoint, options.tools);
    this.#metadata = new ClusterMetadata(options.endpoint, options.tools, this.#links);
    this.#silenceWatch = new SilenceWatch({
      clock: options.tools.clock,
      metadata: this.#metadata,
      links: this.#links,
      requestTimeoutMs: options.endpoint.requestTimeoutMs,
    });
  }

  get trouble(): string {
    const text = this.#troubles.text;
    if (text !== "") return text;
    return this.#isStarted ? "" : "Cannot write to Kafka: no answer from KAFKA_BROKERS yet";
  }

  async start(topics: readonly string[], signal: AbortSignal): Promise<void> {
    this.#metadata.addTopics(topics);
    for (let attempt = 0; !signal.aborted && !this.#isStopped; attempt++) {
      if (attempt > 0)
        await delay(backoffDelayMs(START_BACKOFF, attempt - 1, this.#tools.random), signal, this.#tools.clock);
      if (!(await untilAborted(this.#learn(topics), signal))) continue;
      this.#isStarted = true;
      this.#scheduleRefresh();
      return;
    }
    throw signal.aborted ? signal.reason : stoppedError();
  }

  partitionCount(topic: string): number {
    const count = this.#partitionCounts.get(topic);
    if (count === undefined) throw new RangeError(`Cannot tell partitions of topic "${topic}": it was not started`);
    return count;
  }

  currentPartitionCount(topic: string): number {
    return this.#metadata.topic(topic)?.leaders.length ?? this.partitionCount(topic);
  }

  async refreshMetadata(): Promise<void> {
    try {
      await this.#metadata.refresh();
    } catch (error) {
      this.#troubles.cluster = messageOf(error);
      throw error;
    }
    this.#troubles.cluster = "";
    this.#troubles.keepLeaders(this.#metadata.leaders());
  }

  portFor(wait: CurrentWait): LanePort {
    return {
      acquireProducer: () => this.acquireProducer(wait),
      send: (topic, partition, batch) => this.#track({ topic, partition, batch, wait }),
    };
  }

  async acquireProducer(wait?: CurrentWait): Promise<ProducerIdentity> {
    const question = { transactionalId: null, transactionTimeout: TRANSACTION_TIMEOUT_MS };
    try {
      const answer = await this.#metadata.onAnyBroker((link) => link.request(PRODUCER_ID_API, question), wait);
      if (answer.errorCode !== 0) throw producerIdError(answer.errorCode);
      this.#troubles.cluster = "";
      return { producerId: BigInt(answer.producerId), epoch: answer.producerEpoch };
    } catch (error) {
      this.#troubles.cluster = messageOf(error);
      throw error;
    }
  }

  send(topic: string, partition: number, batch: SealedBatch): Promise<SendResult> {
    return this.#track({ topic, partition, batch, wait: new CurrentWait() });
  }

  #track(attempt: Attempt): Promise<SendResult> {
    const sending = this.#send(attempt);
    this.#inFlight.add(sending);
    return sending.finally(() => this.#inFlight.delete(sending));
  }

  async stop(timeoutMs: number): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#refreshTimer?.cancel();
    this.#silenceWatch.stop();
    if (this.#inFlight.size > 0) await settlesWithin(Promise.all(this.#inFlight), timeoutMs, this.#tools.clock);
    this.#links.close(stoppedError());
  }

  async #send({ topic, partition, batch, wait }: Attempt): Promise<SendResult> {
    if (this.#isStopped) return { outcome: "retry", code: "stopped", message: "Stopped" };
    try {
      if (this.#metadata.isStale) {
        wait.follow(this.#metadata.wait);
        await this.refreshMetadata();
      }
    } catch (error) {
      return retryAfter(error);
    }
    const leader = this.#metadata.leader(topic, partition);
    if (leader === null) return this.#noLeader(topic, partition);
    const address = formatAddress(leader);
    try {
      const link = await this.#links.acquire(leader, this.#slot(topic, partition), wait);
      wait.follow(link.requestLimit());
      const ackTimeoutMs = Math.round(this.#options.endpoint.requestTimeoutMs * ACK_TIMEOUT_SHARE);
      const exchange = produceExchange({ topic, partition, batch: batch.bytes, ackTimeoutMs });
      const waiting = { topic, partition, link, sinceMs: this.#tools.clock.monotonicMs() };
      this.#silenceWatch.begin(waiting);
      const answer = await link.exchange(exchange).finally(() => this.#silenceWatch.end(waiting));
      this.#troubles.clearLeader(address);
      return this.#judge(topic, this.#outcome(`${topic}/${partition}`, answer.errorCode));
    } catch (error) {
      // Written or not: nobody can know. The leader may have moved meanwhile.
      this.#metadata.markStale();
      if (!this.#isStopped) this.#troubles.noteLeader(address, messageOf(error));
      return retryAfter(error);
    }
  }

  /** The table's word, but for a batch that a broker finds corrupt again and again. */
  #outcome(lane: string, errorCode: number): ProduceOutcome {
    const outcome = produceOutcome(errorCode);
    if (errorCode !== CORRUPT_MESSAGE) {
      if (this.#corruptTimes.size > 0) this.#corruptTimes.delete(lane);
      return outcome;
    }
    const times = (this.#corruptTimes.get(lane) ?? 0) + 1;
    this.#corruptTimes.set(lane, times % CORRUPT_TIMES_MAX);
    return times < CORRUPT_TIMES_MAX ? outcome : { ...outcome, outcome: "rejected" };
  }

  #judge(topic: string, outcome: ProduceOutcome): SendResult {
    if (outcome.isStaleMetadata) this.#metadata.markStale();
    if (outcome.outcome === "acked") {
      this.#troubles.clearTopic(topic);
      return { outcome: "acked" };
    }
    const message = this.#describe(topic, outcome);
    if (outcome.hint !== "") this.#troubles.noteTopic(topic, message);
    return { outcome: outcome.outcome, code: outcome.code, message };
  }

  #noLeader(topic: string, partition: number): SendResult {
    this.#metadata.markStale();
    const { errorCode, leaders } = this.#metadata.topic(topic) ?? { errorCode: UNKNOWN_TOPIC, leaders: [] };
    const isGone = errorCode === 0 && partition >= leaders.length;
    const outcome = isGone
      ? { ...produceOutcome(UNKNOWN_TOPIC), hint: `it has ${leaders.length} partitions now: restart the ingester` }
      : produceOutcome(errorCode === 0 ? LEADER_NOT_AVAILABLE : errorCode);
    const message = this.#describe(topic, outcome);
    this.#troubles.noteTopic(topic, message);
    return { outcome: "retry", code: outcome.code, message };
  }

  #describe(topic: string, outcome: ProduceOutcome): string {
    const variable = this.#options.topicVariables[topic] ?? "KAFKA_TOPIC";
    const state = outcome.hint === "" ? outcome.code : `${outcome.code}, ${outcome.hint}`;
    return `Cannot write to topic "${topic}" of ${variable}: ${state}`;
  }

  /** Asks once for the topics; true when all can be used. What is wrong goes to `trouble`. */
  async #learn(topics: readonly string[]): Promise<boolean> {
    try {
      await this.refreshMetadata();
      const missing = this.#missing(topics);
      const plans = this.#options.createTopics.filter((plan) => missing.includes(plan.topic));
      if (plans.length > 0) {
        await createMissingTopics(this.#metadata, this.#links, plans, this.#options.endpoint.requestTimeoutMs);
        await this.refreshMetadata();
      }
    } catch (error) {
      if (!(error instanceof IngestError)) throw error;
      this.#troubles.cluster = error.message;
      return false;
    }
    if (this.#missing(topics).length > 0) return false;
    for (const topic of topics) this.#partitionCounts.set(topic, this.currentPartitionCount(topic));
    return true;
  }

  /** Topics that cannot be used now; each is noted as trouble. */
  #missing(topics: readonly string[]): string[] {
    return topics.filter((topic) => {
      const state = this.#metadata.topic(topic);
      if (state !== null && state.errorCode === 0 && state.leaders.length > 0) {
        this.#troubles.clearTopic(topic);
        return false;
      }
      this.#troubles.noteTopic(topic, this.#describe(topic, produceOutcome(state?.errorCode ?? UNKNOWN_TOPIC)));
      return true;
    });
  }

  #slot(topic: string, partition: number): string {
    const lane = `${topic}/${partition}`;
    let slot = this.#slots.get(lane);
    if (slot === undefined) {
      slot = `data-${this.#slots.size % CONNECTIONS_PER_BROKER}`;
      this.#slots.set(lane, slot);
    }
    return slot;
  }

  #scheduleRefresh(): void {
    if (this.#isStopped) return;
    this.#refreshTimer = this.#tools.clock.schedule(METADATA_MAX_AGE_MS, () => {
      this.refreshMetadata()
        .catch((error) => this.#tools.log.warn(errorFields(error), "kafka_metadata_failed"))
        .finally(() => this.#scheduleRefresh());
    });
  }
}

const CORRUPT_MESSAGE = 2;
const UNKNOWN_TOPIC = 3;
const LEADER_NOT_AVAILABLE = 5;

function retryAfter(error: unknown): SendResult {
  const code = error instanceof IngestError ? error.code : "bug";
  return { outcome: "retry", code, message: messageOf(error) };
}

function producerIdError(errorCode: number): IngestError {
  const { hint } = produceOutcome(errorCode);
  const state = hint === "" ? kafkaErrorName(errorCode) : `${kafkaErrorName(errorCode)}, ${hint}`;
  return new IngestError(`Cannot get a producer id from KAFKA_BROKERS: ${state}`, {
    // A broker that just started has no ids to give for a moment (COORDINATOR_LOAD_IN_PROGRESS); that passes.
    code: hint === "" ? "kafka_unavailable" : "kafka_refused",
    retry: "backoff",
  });
}

function stoppedError(): IngestError {
  return new IngestError("Cannot use Kafka: stopped", { code: "kafka_unavailable", retry: "never" });
}

/** What `work` resolves to, or false as soon as the signal aborts. */
async function untilAborted(work: Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  const aborted = Promise.withResolvers<boolean>();
  const onAbort = () => aborted.resolve(false);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
