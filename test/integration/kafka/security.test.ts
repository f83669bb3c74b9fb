import { afterEach, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { checkKafka } from "../../../src/publish/kafka/check-connection.ts";
import type {
  KafkaEndpoint,
  KafkaSasl,
  KafkaSaslMechanism,
  KafkaTls,
} from "../../../src/publish/kafka/kafka-endpoint.ts";
import type { KafkaTransport } from "../../../src/publish/kafka/kafka-transport.ts";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { pickFreePorts } from "../../harness/free-ports.ts";
import { KAFKA_START_TIMEOUT_MS, sharedKafka, uniqueTopic } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";
import {
  sendFirst,
  stampedBatch,
  startWithin,
  takeProducer,
  testEndpoint,
  testTools,
  testTransport,
  until,
} from "../../publish/kafka/kafka-test-kit.ts";

const WRONG_PASSWORD = "canary-wrong-password-7f3a";

let kafka: TestKafka;
const opened: KafkaTransport[] = [];

describeWithOwnKafka("kafka transport: TLS and SASL on a real broker", () => {
  beforeAll(async () => {
    kafka = await sharedKafka();
  }, KAFKA_START_TIMEOUT_MS);

  afterEach(async () => {
    for (const transport of opened.splice(0)) await transport.stop(1000);
  });

  const logins: readonly [string, () => string, KafkaSaslMechanism | null, () => KafkaTls | null][] = [
    ["TLS", () => kafka.bootstrap.tls, null, () => authority()],
    ["mutual TLS", () => kafka.bootstrap.mtls, null, () => ({ ...authority(), ...ourCertificate() })],
    ["SASL PLAIN", () => kafka.bootstrap.saslPlain, "plain", () => null],
    ["SCRAM-SHA-256", () => kafka.bootstrap.scram256, "scram-sha-256", () => null],
    ["SCRAM-SHA-512", () => kafka.bootstrap.scram512, "scram-sha-512", () => null],
    ["SCRAM-SHA-512 over TLS", () => kafka.bootstrap.saslSsl, "scram-sha-512", () => authority()],
  ];
  for (const [name, broker, mechanism, tls] of logins) {
    test(`send() is acknowledged through ${name}`, async () => {
      const topic = uniqueTopic("security");
      await kafka.createTopic(topic, 1);
      const sasl = mechanism === null ? null : { mechanism, ...kafka.user };
      const transport = open(testEndpoint(broker(), { tls: tls(), sasl }));
      await startWithin(transport, [topic]);
      const producer = await takeProducer(transport);
      const batch = stampedBatch([name], producer, 0, "zstd");
      expect(await sendFirst(() => transport.send(topic, 0, batch))).toEqual({ outcome: "acked" });
      const records = await readTopicWithKcat(kafka.bootstrap.plain, topic);
      expect(records.map((record) => record.value)).toEqual([name]);
    });
  }

  const refusals: readonly [string, RegExp, () => Promise<KafkaEndpoint>][] = [
    [
      "a broker that is not there",
      /KAFKA_BROKERS: it refuses the connection/,
      async () => testEndpoint(await deadBroker()),
    ],
    ["a name that cannot be resolved", /cannot be resolved/, async () => testEndpoint("no-such-host.invalid:9092")],
    [
      "a wrong password (PLAIN)",
      /KAFKA_SASL_PASSWORD/,
      async () => testEndpoint(kafka.bootstrap.saslPlain, { sasl: wrongLogin("plain") }),
    ],
    [
      "a wrong password (SCRAM)",
      /KAFKA_SASL_PASSWORD/,
      async () => testEndpoint(kafka.bootstrap.scram256, { sasl: wrongLogin("scram-sha-256") }),
    ],
    [
      "a mechanism the broker does not offer",
      /KAFKA_SASL_MECHANISM/,
      async () => testEndpoint(kafka.bootstrap.scram256, { sasl: { mechanism: "plain", ...kafka.user } }),
    ],
    ["no login where one is wanted", /KAFKA_SASL_MECHANISM/, async () => testEndpoint(kafka.bootstrap.saslPlain)],
    [
      "a wrong authority",
      /KAFKA_TLS_CA_FILE/,
      async () => testEndpoint(kafka.bootstrap.tls, { tls: { ca: read(kafka.certificates.otherCaFile) } }),
    ],
    ["no authority at all", /KAFKA_TLS_CA_FILE/, async () => testEndpoint(kafka.bootstrap.tls, { tls: {} })],
    [
      "no certificate of ours where one is wanted",
      /KAFKA_TLS_CERT_FILE/,
      async () => testEndpoint(kafka.bootstrap.mtls, { tls: authority() }),
    ],
    ["plaintext to a TLS port", /KAFKA_TLS/, async () => testEndpoint(kafka.bootstrap.tls)],
    [
      "TLS to a plaintext port",
      /KAFKA_TLS/,
      async () => testEndpoint(kafka.bootstrap.plain, { tls: authority(), connectTimeoutMs: 1000 }),
    ],
  ];
  for (const [name, wanted, endpoint] of refusals) {
    test(`trouble names the variable: ${name}`, async () => {
      const tools = testTools();
      const transport = testTransport(await endpoint(), tools);
      opened.push(transport);
      const abort = new AbortController();
      const starting = transport.start(["any"], abort.signal).then(
        () => "started",
        () => "aborted",
      );
      await until(() => wanted.test(transport.trouble), 5000, `trouble is "${transport.trouble}"`);
      abort.abort();
      expect(await starting).toBe("aborted");
      const row = (await checkKafka({ endpoint: await endpoint(), tools, topicVariables: {} }))[0];
      expect(row).toMatchObject({ isGood: false, variable: "KAFKA_BROKERS" });
      expect(row.detail).toMatch(wanted);
      const said = JSON.stringify([tools.log.lines, transport.trouble, row]);
      expect(said).not.toContain(WRONG_PASSWORD);
      expect(said).not.toContain(Buffer.from(WRONG_PASSWORD).toString("base64"));
    }, 15_000);
  }
});

function open(endpoint: KafkaEndpoint): KafkaTransport {
  const transport = testTransport(endpoint);
  opened.push(transport);
  return transport;
}

function authority(): KafkaTls {
  return { ca: read(kafka.certificates.caFile) };
}

function ourCertificate(): KafkaTls {
  return { cert: read(kafka.certificates.clientCertFile), key: read(kafka.certificates.clientKeyFile) };
}

function wrongLogin(mechanism: KafkaSaslMechanism): KafkaSasl {
  return { mechanism, username: kafka.user.username, password: WRONG_PASSWORD };
}

async function deadBroker(): Promise<string> {
  const [port] = await pickFreePorts(1);
  return `127.0.0.1:${port}`;
}

function read(file: string): string {
  return readFileSync(file, "utf8");
}
