import { type Admin, type ITopicConfig, Kafka, KafkaJSProtocolError, logLevel } from "kafkajs";
import type { KafkaBroker } from "./kafka-broker.ts";
import type { KafkaCertificates } from "./kafka-certificates.ts";
import { advertisedAddress, KAFKA_TEST_USER, type KafkaListener, type ListenerPorts } from "./kafka-configuration.ts";
import type { TcpProxy } from "./tcp-proxy.ts";
import { waitUntil } from "./wait-until.ts";

/** How long the partitions of a new topic may be without leaders, ms. */
const LEADERS_LIMIT_MS = 10_000;

/** `host:port` of each way in (`localhost` for TLS, else 127.0.0.1); asking for a listener that was not started throws. */
export interface KafkaBootstrap {
  readonly plain: string;
  /** The plain protocol through {@link TestKafka.proxy}. */
  readonly proxied: string;
  readonly tls: string;
  readonly mtls: string;
  readonly saslPlain: string;
  readonly scram256: string;
  readonly scram512: string;
  /** SASL (PLAIN and both SCRAM) over TLS. */
  readonly saslSsl: string;
}

/** A real broker a test talks to. */
export interface TestKafka {
  readonly isExternal: boolean;
  readonly bootstrap: KafkaBootstrap;
  /** Stands in front of the `proxied` listener; throws when that was not asked for. */
  readonly proxy: TcpProxy;
  /** Throws when no listener uses TLS. */
  readonly certificates: KafkaCertificates;
  /** The user every SASL listener knows. */
  readonly user: typeof KAFKA_TEST_USER;
  /** The broker's process id; null when it does not run or is not ours. */
  readonly pid: number | null;
  /** Creates a topic and waits for its leaders; without `partitions` it has the broker's default number. */
  createTopic(name: string, partitions?: number, configs?: Readonly<Record<string, string>>): Promise<void>;
  /** SIGKILL; data and ports stay for `restart()`. */
  kill(): Promise<void>;
  /** SIGTERM, waits for the orderly end; data and ports stay for `restart()`. */
  shutdown(): Promise<void>;
  /** SIGSTOP: sockets stay open and nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Starts again on the same ports and data, after an orderly end when it still runs. */
  restart(): Promise<void>;
  /** Ends the broker for good and removes its data. */
  stop(): Promise<void>;
}

/** The parts of a broker this process has started. */
export interface OwnKafkaParts {
  readonly broker: KafkaBroker;
  readonly listeners: readonly ListenerPorts[];
  readonly proxy: TcpProxy | null;
  readonly certificates: KafkaCertificates | null;
}

/** The broker this process has started. */
export class OwnKafka implements TestKafka {
  readonly isExternal = false;
  readonly user = KAFKA_TEST_USER;
  readonly bootstrap: KafkaBootstrap;
  readonly #parts: OwnKafkaParts;

  constructor(parts: OwnKafkaParts) {
    this.#parts = parts;
    this.bootstrap = bootstrapOf((listener) => {
      const found = parts.listeners.find((each) => each.listener === listener);
      return found === undefined ? null : advertisedAddress(found);
    });
  }

  get proxy(): TcpProxy {
    if (this.#parts.proxy === null) throw new Error("Cannot use the proxy: start Kafka with `listeners.proxied`");
    return this.#parts.proxy;
  }

  get certificates(): KafkaCertificates {
    if (this.#parts.certificates === null) throw new Error("Cannot use certificates: Kafka has no TLS listener");
    return this.#parts.certificates;
  }

  get pid(): number | null {
    return this.#parts.broker.pid;
  }

  createTopic(name: string, partitions?: number, configs?: Readonly<Record<string, string>>): Promise<void> {
    return createTopic(this.bootstrap.plain, topicConfig(name, partitions, configs));
  }

  kill(): Promise<void> {
    return this.#parts.broker.kill();
  }

  shutdown(): Promise<void> {
    return this.#parts.broker.shutdown();
  }

  pause(): void {
    this.#parts.broker.pause();
  }

  resume(): void {
    this.#parts.broker.resume();
  }

  restart(): Promise<void> {
    return this.#parts.broker.restart();
  }

  async stop(): Promise<void> {
    await this.#parts.broker.stop();
    await this.#parts.proxy?.stop();
  }
}

/** The plaintext broker `KAFKA_BROKERS_TEST` names: it is used, never broken. */
export class ExternalKafka implements TestKafka {
  readonly isExternal = true;
  readonly user = KAFKA_TEST_USER;
  readonly pid = null;
  readonly bootstrap: KafkaBootstrap;

  constructor(address: string) {
    this.bootstrap = bootstrapOf((listener) => (listener === "plain" ? address : null));
  }

  get proxy(): TcpProxy {
    return refuse("use the proxy");
  }

  get certificates(): KafkaCertificates {
    return refuse("use certificates");
  }

  createTopic(name: string, partitions?: number, configs?: Readonly<Record<string, string>>): Promise<void> {
    return createTopic(this.bootstrap.plain, topicConfig(name, partitions, configs));
  }

  async kill(): Promise<void> {
    refuse("kill");
  }

  async shutdown(): Promise<void> {
    refuse("shut down");
  }

  pause(): void {
    refuse("pause");
  }

  resume(): void {
    refuse("resume");
  }

  async restart(): Promise<void> {
    refuse("restart");
  }

  /** Does nothing: the broker is not ours. */
  async stop(): Promise<void> {}
}

function refuse(verb: string): never {
  throw new Error(`Cannot ${verb} Kafka: KAFKA_BROKERS_TEST names a broker that is not ours`);
}

function bootstrapOf(addressOf: (listener: KafkaListener) => string | null): KafkaBootstrap {
  const wanted = (listener: KafkaListener): string => {
    const address = addressOf(listener);
    if (address === null)
      throw new Error(`Cannot reach Kafka by '${listener}': start it with \`listeners.${listener}\``);
    return address;
  };
  return {
    get plain() {
      return wanted("plain");
    },
    get proxied() {
      return wanted("proxied");
    },
    get tls() {
      return wanted("tls");
    },
    get mtls() {
      return wanted("mtls");
    },
    get saslPlain() {
      return wanted("saslPlain");
    },
    get scram256() {
      return wanted("scram");
    },
    get scram512() {
      return wanted("scram");
    },
    get saslSsl() {
      return wanted("saslSsl");
    },
  };
}

function topicConfig(name: string, partitions = -1, configs: Readonly<Record<string, string>> = {}): ITopicConfig {
  const configEntries = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  return { topic: name, numPartitions: partitions, replicationFactor: 1, configEntries };
}

async function createTopic(address: string, topic: ITopicConfig): Promise<void> {
  const admin = new Kafka({ brokers: [address], clientId: "edge-ingester-test", logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    // kafkajs's own wait rejects when a busy broker does not know the topic yet.
    const isNew = await admin.createTopics({ topics: [topic], waitForLeaders: false, timeout: LEADERS_LIMIT_MS });
    if (!isNew) throw new Error(`Cannot create topic '${topic.topic}': it exists`);
    const what = `leaders of topic '${topic.topic}'`;
    await waitUntil(() => hasLeaders(admin, topic.topic), { limitMs: LEADERS_LIMIT_MS, what });
  } finally {
    await admin.disconnect();
  }
}

/** Whether every partition can be written to; false as well while the broker does not know the topic. */
async function hasLeaders(admin: Admin, topic: string): Promise<boolean> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0].partitions.length > 0 && topics[0].partitions.every(({ leader }) => leader >= 0);
  } catch (error) {
    if (error instanceof KafkaJSProtocolError && error.retriable) return false;
    throw error;
  }
}
