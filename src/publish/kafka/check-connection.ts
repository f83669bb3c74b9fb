import { IngestError } from "../../domain/ingest-error.ts";
import type { BrokerLinks } from "./broker-links.ts";
import { CONTROL_SLOT } from "./broker-links.ts";
import { type ClusterMetadata, METADATA_API } from "./cluster-metadata.ts";
import { withCluster } from "./cluster-session.ts";
import { formatAddress, type KafkaEndpoint, type KafkaTools, parseAddress } from "./kafka-endpoint.ts";
import { messageOf } from "./kafka-trouble.ts";
import { produceOutcome } from "./produce-outcomes.ts";
import { produceExchange } from "./produce-request.ts";
import { findTopic } from "./topics.ts";

const TOPIC_AUTHORIZATION_FAILED = 29;
const CLUSTER_AUTHORIZATION_FAILED = 31;
const NOTHING = Buffer.alloc(0);

/** One line of the table of `edge-ingester check --connect`. */
export interface KafkaCheck {
  /** `broker host:port` or `topic name`. */
  readonly subject: string;
  /** Variable that names it. */
  readonly variable: string;
  readonly isGood: boolean;
  /** What was found, or what is wrong; no secret. */
  readonly detail: string;
}

/** What {@link checkKafka} needs. */
export interface CheckKafkaOptions {
  readonly endpoint: KafkaEndpoint;
  readonly tools: KafkaTools;
  /** Variable that names each topic. */
  readonly topicVariables: Readonly<Record<string, string>>;
}

/**
 * Tries every broker of KAFKA_BROKERS once (reach, TLS, SASL) and looks at every topic: does it exist, may we write to
 * it, how large may a batch be. Writes nothing. Never rejects for trouble with Kafka: that is in the rows.
 */
export async function checkKafka(options: CheckKafkaOptions): Promise<KafkaCheck[]> {
  return await withCluster(options.endpoint, options.tools, async (metadata, links) => {
    const brokers = await Promise.all(
      options.endpoint.brokers.map((seed) => checkBroker(seed, options.endpoint, links)),
    );
    if (!brokers.some(({ isGood }) => isGood)) return brokers;
    const topics: KafkaCheck[] = [];
    for (const [topic, variable] of Object.entries(options.topicVariables)) {
      topics.push(await checkTopic(topic, variable, metadata, links));
    }
    return [...brokers, ...topics];
  });
}

async function checkBroker(seed: string, endpoint: KafkaEndpoint, links: BrokerLinks): Promise<KafkaCheck> {
  const row = { subject: `broker ${seed}`, variable: "KAFKA_BROKERS" };
  const address = parseAddress(seed);
  if (address === null) return { ...row, isGood: false, detail: "is not host:port" };
  try {
    const link = await links.acquire(address, CONTROL_SLOT);
    // A broker that wants SASL lets us connect, and hangs up at the first question.
    const answer = await link.request(METADATA_API, { topics: [], allowAutoTopicCreation: false });
    const tls = endpoint.tls === null ? "plaintext" : "TLS, certificate checked";
    const sasl = endpoint.sasl === null ? "no SASL" : `SASL ${endpoint.sasl.mechanism}`;
    return { ...row, isGood: true, detail: `${tls}, ${sasl}, ${answer.brokers.length} brokers in the cluster` };
  } catch (error) {
    return { ...row, isGood: false, detail: messageOf(error) };
  }
}

async function checkTopic(
  topic: string,
  variable: string,
  metadata: ClusterMetadata,
  links: BrokerLinks,
): Promise<KafkaCheck> {
  const row = { subject: `topic ${topic}`, variable };
  try {
    const facts = await findTopic(metadata, topic, 1);
    metadata.addTopics([topic]);
    await metadata.refresh();
    await checkWriteRight(topic, metadata, links);
    const bytes = facts.maxMessageBytes === null ? "not told" : facts.maxMessageBytes;
    const shape = `${facts.partitions} partitions, replication ${facts.replication}, max.message.bytes ${bytes}`;
    return { ...row, isGood: true, detail: `${shape}, may be written` };
  } catch (error) {
    return { ...row, isGood: false, detail: messageOf(error) };
  }
}

/**
 * Sends a produce request without a record batch: the broker looks at the rights first and then refuses the request as
 * empty, so nothing is ever written.
 */
async function checkWriteRight(topic: string, metadata: ClusterMetadata, links: BrokerLinks): Promise<void> {
  const leader = metadata.leader(topic, 0);
  if (leader === null) throw refused(topic, produceOutcome(5).code);
  const link = await links.acquire(leader, CONTROL_SLOT);
  const answer = await link.exchange(produceExchange({ topic, partition: 0, batch: NOTHING, ackTimeoutMs: 1000 }));
  const { errorCode } = answer;
  if (errorCode !== TOPIC_AUTHORIZATION_FAILED && errorCode !== CLUSTER_AUTHORIZATION_FAILED) return;
  const { code, hint } = produceOutcome(errorCode);
  throw refused(topic, `${code}, ${hint}`, formatAddress(leader));
}

function refused(topic: string, state: string, broker = ""): IngestError {
  return new IngestError(`Cannot write to topic "${topic}": ${state}`, {
    code: "kafka_refused",
    retry: "backoff",
    context: broker === "" ? { topic } : { topic, broker },
  });
}
