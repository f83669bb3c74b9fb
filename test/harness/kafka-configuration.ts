import { join } from "node:path";
import type { KafkaCertificates } from "./kafka-certificates.ts";

/** The one user the secured listeners know, the same for PLAIN and for both SCRAM mechanisms. */
export const KAFKA_TEST_USER = { username: "edge", password: "edge-test-password" } as const;

/** Every listener a test broker can have; `plain` is always there, `proxied` is `plain` reached through a TcpProxy. */
export type KafkaListener = "plain" | "proxied" | "tls" | "mtls" | "saslPlain" | "scram" | "saslSsl";

/** One listener with the port it binds and the port it tells clients. */
export interface ListenerPorts {
  readonly listener: KafkaListener;
  readonly port: number;
  readonly advertisedPort: number;
  /** The name clients are told; absent: {@link listenerHost}. */
  readonly advertisedHost?: string;
}

/** What one broker's `server.properties` is made from. */
export interface KafkaConfigurationOptions {
  readonly dataFolder: string;
  readonly controllerPort: number;
  readonly listeners: readonly ListenerPorts[];
  readonly partitionsDefault: number;
  /** Null when no listener uses TLS. */
  readonly certificates: KafkaCertificates | null;
  /** Win over everything set here. */
  readonly brokerProperties: Readonly<Record<string, string>>;
}

const SECURITY_PROTOCOL: Readonly<Record<KafkaListener, string>> = {
  plain: "PLAINTEXT",
  proxied: "PLAINTEXT",
  tls: "SSL",
  mtls: "SSL",
  saslPlain: "SASL_PLAINTEXT",
  scram: "SASL_PLAINTEXT",
  saslSsl: "SASL_SSL",
};

const SASL_MECHANISMS: Readonly<Partial<Record<KafkaListener, readonly string[]>>> = {
  saslPlain: ["PLAIN"],
  scram: ["SCRAM-SHA-256", "SCRAM-SHA-512"],
  saslSsl: ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
};

/** True when the listener speaks TLS, so that the broker needs certificates. */
export function usesTls(listener: KafkaListener): boolean {
  return SECURITY_PROTOCOL[listener].endsWith("SSL");
}

/** The name clients dial: TLS goes by host name, as it does in the field, the rest by address. */
function listenerHost(listener: KafkaListener): string {
  return usesTls(listener) ? "localhost" : "127.0.0.1";
}

/** `host:port` as clients are told to dial it. */
export function advertisedAddress({ listener, advertisedHost, advertisedPort }: ListenerPorts): string {
  return `${advertisedHost ?? listenerHost(listener)}:${advertisedPort}`;
}

/** The text of `server.properties` for one combined KRaft node. */
export function renderKafkaConfiguration(options: KafkaConfigurationOptions): string {
  const properties: Record<string, string> = {
    ...nodeProperties(options),
    ...listenerProperties(options),
    ...(options.certificates === null ? {} : tlsProperties(options.certificates)),
  };
  for (const { listener } of options.listeners) Object.assign(properties, saslProperties(listener));
  Object.assign(properties, options.brokerProperties);
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

function nodeProperties(options: KafkaConfigurationOptions): Record<string, string> {
  return {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${options.controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": listenerName("plain"),
    "log.dirs": join(options.dataFolder, "log"),
    "num.partitions": String(options.partitionsDefault),
    "auto.create.topics.enable": "false",
    "delete.topic.enable": "true",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    // A killed broker may register again once its old session has run out: 9 s by default.
    "broker.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "200",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "log.cleaner.dedupe.buffer.size": "2097152",
    // A wrong password is answered at once, not after a punishing delay.
    "connection.failed.authentication.delay.ms": "0",
  };
}

function listenerProperties({ listeners, controllerPort }: KafkaConfigurationOptions): Record<string, string> {
  const bound = listeners.map((each) => `${listenerName(each.listener)}://127.0.0.1:${each.port}`);
  const advertised = listeners.map((each) => `${listenerName(each.listener)}://${advertisedAddress(each)}`);
  const protocols = listeners.map((each) => `${listenerName(each.listener)}:${SECURITY_PROTOCOL[each.listener]}`);
  return {
    listeners: [`CONTROLLER://127.0.0.1:${controllerPort}`, ...bound].join(","),
    "advertised.listeners": advertised.join(","),
    "listener.security.protocol.map": ["CONTROLLER:PLAINTEXT", ...protocols].join(","),
  };
}

function tlsProperties(certificates: KafkaCertificates): Record<string, string> {
  return {
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": certificates.brokerKeystoreFile,
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": certificates.caFile,
    [`listener.name.${listenerName("mtls").toLowerCase()}.ssl.client.auth`]: "required",
  };
}

function saslProperties(listener: KafkaListener): Record<string, string> {
  const mechanisms = SASL_MECHANISMS[listener];
  if (mechanisms === undefined) return {};
  const prefix = `listener.name.${listenerName(listener).toLowerCase()}`;
  const properties: Record<string, string> = { [`${prefix}.sasl.enabled.mechanisms`]: mechanisms.join(",") };
  for (const mechanism of mechanisms) {
    const isPlain = mechanism === "PLAIN";
    const login = isPlain ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
    const users = isPlain ? ` user_${KAFKA_TEST_USER.username}="${KAFKA_TEST_USER.password}"` : "";
    properties[`${prefix}.${mechanism.toLowerCase()}.sasl.jaas.config`] =
      `org.apache.kafka.common.security.${login} required${users};`;
  }
  return properties;
}

function listenerName(listener: KafkaListener): string {
  return listener.toUpperCase();
}
