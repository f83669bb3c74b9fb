import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Admin, Kafka, logLevel } from "kafkajs";
import { pickFreePorts } from "./free-ports.ts";
import { newBrokerFolder, usesExternalKafka } from "./kafka.ts";
import { KafkaBroker } from "./kafka-broker.ts";
import { renderKafkaConfiguration } from "./kafka-configuration.ts";
import { installKafka, KAFKA_CLUSTER_ID, type KafkaInstallation } from "./kafka-install.ts";
import { waitUntil } from "./wait-until.ts";

const NODE_IDS = [1, 2, 3] as const;
/** The one controller: it is never killed, so that the brokers can be, two at a time. */
const CONTROLLER_ID = 1;
const LEADERS_LIMIT_MS = 20_000;

/** A broker of the cluster. */
export type NodeId = (typeof NODE_IDS)[number];

/** A topic whose replicas stand where the test wants them. */
export interface ClusterTopic {
  readonly name: string;
  /** By partition: the brokers that hold it, the first leads. */
  readonly replicas: readonly (readonly NodeId[])[];
  readonly configs?: Readonly<Record<string, string>>;
}

/** Three real brokers on loopback; a dead one is noticed after a second, and leaders stay where they have gone. */
export class KafkaCluster {
  /** All brokers, separated by commas. */
  readonly bootstrap: string;
  readonly #brokers: ReadonlyMap<NodeId, KafkaBroker>;
  readonly #admin: Admin;

  private constructor(bootstrap: string, brokers: ReadonlyMap<NodeId, KafkaBroker>, admin: Admin) {
    this.bootstrap = bootstrap;
    this.#brokers = brokers;
    this.#admin = admin;
  }

  /** Resolves once all three serve; the caller stops it. */
  static async start(): Promise<KafkaCluster> {
    if (usesExternalKafka) throw new Error("Cannot start Kafka: KAFKA_BROKERS_TEST names another broker");
    const installation = await installKafka();
    const [controllerPort, ...ports] = await pickFreePorts(NODE_IDS.length + 1);
    const brokers = new Map(
      NODE_IDS.map((nodeId, at) => [nodeId, createBroker({ installation, nodeId, port: ports[at], controllerPort })]),
    );
    // Whatever ends this process, the brokers die with it (parent-death signal); an orderly end removes their data too.
    process.once("exit", () => {
      for (const broker of brokers.values()) broker.stopNow();
    });
    await Promise.all([...brokers.values()].map((broker) => broker.start()));
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    const admin = new Kafka({
      brokers: [addresses[0]],
      clientId: "edge-ingester-test",
      logLevel: logLevel.NOTHING,
    }).admin();
    await admin.connect();
    return new KafkaCluster(addresses.join(","), brokers, admin);
  }

  /** One broker, to kill and restart it; the first is the controller and stays. */
  broker(nodeId: Exclude<NodeId, typeof CONTROLLER_ID>): KafkaBroker {
    const broker = this.#brokers.get(nodeId);
    if (broker === undefined) throw new Error(`Cannot find broker ${nodeId}`);
    return broker;
  }

  /** Creates a topic and waits for its leaders. */
  async createTopic({ name, replicas, configs = {} }: ClusterTopic): Promise<void> {
    const replicaAssignment = replicas.map((nodes, partition) => ({ partition, replicas: [...nodes] }));
    const configEntries = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
    const topic = { topic: name, numPartitions: -1, replicationFactor: -1, replicaAssignment, configEntries };
    await this.#admin.createTopics({ topics: [topic], waitForLeaders: false });
    const wanted = replicas.map(([leader]) => leader);
    await waitUntil(async () => Bun.deepEquals(await this.leaders(name), wanted), {
      limitMs: LEADERS_LIMIT_MS,
      what: `leaders of topic '${name}'`,
    });
  }

  /** Leader by partition, as the controller's broker knows it; empty while it does not know the topic. */
  async leaders(topic: string): Promise<number[]> {
    return (await this.#partitions(topic)).map(({ leader }) => leader);
  }

  /** In-sync replicas by partition. */
  async inSync(topic: string): Promise<number[][]> {
    return (await this.#partitions(topic)).map(({ isrs }) => isrs.map(({ id }) => id).sort());
  }

  /** Gives a partition other replicas; a leader that is not among them hands over to the first. */
  async reassign(topic: string, partition: number, replicas: readonly NodeId[]): Promise<void> {
    const assignment = [{ partition, replicas: [...replicas] }];
    await this.#admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment: assignment }] });
  }

  /** The topic has so many partitions from now on. */
  async addPartitions(topic: string, count: number): Promise<void> {
    await this.#admin.createPartitions({ topicPartitions: [{ topic, count }] });
  }

  /** By kcat, which asks the broker it is told to: kafkajs asks any, also one that hangs. */
  async #partitions(topic: string): Promise<KcatPartition[]> {
    const [controller] = this.bootstrap.split(",");
    const child = Bun.spawn(["kcat", "-L", "-J", "-b", controller, "-t", topic], { stdout: "pipe", stderr: "ignore" });
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error(`Cannot ask ${controller} for its leaders: kcat failed`);
    const { topics } = JSON.parse(text) as { topics: { partitions: KcatPartition[] }[] };
    return topics[0].partitions.sort((a, b) => a.partition - b.partition);
  }

  async stop(): Promise<void> {
    await this.#admin.disconnect();
    await Promise.all([...this.#brokers.values()].map((broker) => broker.stop()));
  }
}

/** A partition in the words of `kcat -L -J`. */
interface KcatPartition {
  readonly partition: number;
  readonly leader: number;
  readonly isrs: readonly { readonly id: number }[];
}

interface NodeParts {
  readonly installation: KafkaInstallation;
  readonly nodeId: NodeId;
  readonly port: number;
  readonly controllerPort: number;
}

function createBroker({ installation, nodeId, port, controllerPort }: NodeParts): KafkaBroker {
  const folder = newBrokerFolder();
  const isController = nodeId === CONTROLLER_ID;
  const configuration = renderKafkaConfiguration({
    dataFolder: folder,
    controllerPort,
    listeners: [{ listener: "plain", port, advertisedPort: port }],
    partitionsDefault: 1,
    certificates: null,
    brokerProperties: {
      ...(isController ? {} : brokerOnly(nodeId, port)),
      "auto.leader.rebalance.enable": "false",
      "replica.lag.time.max.ms": "2000",
      "replica.fetch.wait.max.ms": "100",
    },
  });
  const formattedFolder = isController ? installation.formattedFolder : formatBroker(folder, nodeId);
  return new KafkaBroker({
    installation: { ...installation, formattedFolder },
    folder,
    configuration,
    tuning: "quick-start",
  });
}

function brokerOnly(nodeId: NodeId, port: number): Record<string, string> {
  return { "process.roles": "broker", "node.id": String(nodeId), listeners: `PLAIN://127.0.0.1:${port}` };
}

/** What `kafka-storage format` would write for a broker that is no controller, without the second of Java. */
function formatBroker(folder: string, nodeId: NodeId): string {
  const formatted = join(folder, "formatted");
  mkdirSync(formatted, { recursive: true });
  const directoryId = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url");
  const lines = ["version=1", `node.id=${nodeId}`, `cluster.id=${KAFKA_CLUSTER_ID}`, `directory.id=${directoryId}`];
  writeFileSync(join(formatted, "meta.properties"), lines.map((line) => `${line}\n`).join(""));
  return formatted;
}
