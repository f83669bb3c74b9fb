import { readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pickFreePorts } from "./free-ports.ts";
import { KafkaBroker, type KafkaTuning } from "./kafka-broker.ts";
import { createKafkaCertificates } from "./kafka-certificates.ts";
import { type KafkaListener, type ListenerPorts, renderKafkaConfiguration, usesTls } from "./kafka-configuration.ts";
import { ExternalKafka, OwnKafka, type TestKafka } from "./kafka-handle.ts";
import { installKafka } from "./kafka-install.ts";
import { sharedKafkaHolder } from "./shared-kafka.ts";
import { TcpProxy } from "./tcp-proxy.ts";

/** For `beforeAll(…, KAFKA_START_TIMEOUT_MS)`: long enough also when Kafka must be fetched first. */
export const KAFKA_START_TIMEOUT_MS = 180_000;

/** Folder of one broker: this, the process id of its owner, and a random part. */
const FOLDER_PREFIX = "edge-ingester-kafka-test-";
const EXTERNAL_BROKERS = process.env["KAFKA_BROKERS_TEST"] ?? "";

/** True when `KAFKA_BROKERS_TEST` names another, plaintext, broker: then faults, TLS and SASL cannot be tested. */
export const usesExternalKafka = EXTERNAL_BROKERS !== "";

/** What kind of broker a test wants. */
export interface KafkaStartOptions {
  /** Partitions of a topic created without a number; 3 when absent. */
  readonly partitionsDefault?: number;
  /** Listeners beside `plain`, which is always there. `proxied` puts a TcpProxy in front of one. */
  readonly listeners?: Readonly<Partial<Record<Exclude<KafkaListener, "plain">, boolean>>>;
  /** Lines of `server.properties` that win over the harness's own. */
  readonly brokerProperties?: Readonly<Record<string, string>>;
  /** A way of the caller's own to the proxy's port, which clients of the `proxied` listener are told to take. */
  readonly wayToProxy?: (proxyPort: number) => { readonly host: string; readonly port: number };
  /** `quick-start` when absent. */
  readonly tuning?: KafkaTuning;
}

/** Starts a broker of the caller's own; the caller stops it. Resolves once it serves on all its listeners. */
export async function startKafka(options: KafkaStartOptions = {}): Promise<TestKafka> {
  if (usesExternalKafka) throw new Error("Cannot start Kafka: KAFKA_BROKERS_TEST names another broker");
  const installation = await installKafka();
  const folder = newBrokerFolder();
  const wanted = wantedListeners(options);
  const [controllerPort, ...ports] = await pickFreePorts(wanted.length + 1);
  const proxiedAt = wanted.indexOf("proxied");
  const proxy = proxiedAt < 0 ? null : await TcpProxy.start({ targetPort: ports[proxiedAt] });
  const listeners = wanted.map((listener, at): ListenerPorts => {
    const port = ports[at];
    if (at !== proxiedAt || proxy === null) return { listener, port, advertisedPort: port };
    const way = options.wayToProxy?.(proxy.port) ?? { host: "127.0.0.1", port: proxy.port };
    return { listener, port, advertisedHost: way.host, advertisedPort: way.port };
  });
  const certificates = wanted.some(usesTls) ? await createKafkaCertificates(join(folder, "certificates")) : null;
  const configuration = renderKafkaConfiguration({
    dataFolder: folder,
    controllerPort,
    listeners,
    partitionsDefault: options.partitionsDefault ?? 3,
    certificates,
    brokerProperties: options.brokerProperties ?? {},
  });
  const broker = new KafkaBroker({ installation, folder, configuration, tuning: options.tuning ?? "quick-start" });
  // Whatever ends this process, the broker dies with it (parent-death signal); an orderly end removes its data as well.
  process.once("exit", () => broker.stopNow());
  await broker.start();
  return new OwnKafka({ broker, listeners, proxy, certificates });
}

/**
 * The one broker many test files share, with every listener but `proxied`: started at first use, gone with the process.
 * Use a topic name of your own ({@link uniqueTopic}); to break a broker, start one with {@link startKafka}.
 */
export async function sharedKafka(): Promise<TestKafka> {
  const holder = sharedKafkaHolder();
  const known = holder.kafka;
  if (known !== null) {
    const running = await known;
    if (running.isExternal || running.pid !== null) return running;
  }
  // `bun test` kills every child process when a test times out: the files after that one get a new broker.
  if (holder.kafka === null || holder.kafka === known) holder.kafka = openSharedKafka();
  return holder.kafka;
}

/** A topic name no other test has. */
export function uniqueTopic(prefix: string): string {
  return `${prefix}-${crypto.randomUUID().slice(0, 8)}`;
}

async function openSharedKafka(): Promise<TestKafka> {
  if (usesExternalKafka) return new ExternalKafka(EXTERNAL_BROKERS);
  return startKafka({ listeners: { tls: true, mtls: true, saslPlain: true, scram: true, saslSsl: true } });
}

function wantedListeners(options: KafkaStartOptions): KafkaListener[] {
  const extra = Object.entries(options.listeners ?? {}).filter(([, isWanted]) => isWanted);
  return ["plain", ...extra.map(([listener]) => listener as KafkaListener)];
}

/** A name for the folder of one broker; what brokers of killed owners have left behind is removed. */
export function newBrokerFolder(): string {
  removeLeftovers();
  return join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-${crypto.randomUUID().slice(0, 8)}`);
}

/** Removes the data of brokers whose owner was killed and so could not do it. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(FOLDER_PREFIX)) continue;
    const ownerPid = Number.parseInt(name.slice(FOLDER_PREFIX.length), 10);
    if (!isAlive(ownerPid)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: alive, of another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
