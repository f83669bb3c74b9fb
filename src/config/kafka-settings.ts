import type * as z from "zod";
import type { KafkaConfig, KafkaSaslConfig, TlsConfig, TopicsConfig } from "./config.ts";
import { type ConfigProblem, type ConfigWarning, stateProblem } from "./problems.ts";
import { BACKFILL_SUFFIX, KAFKA_VARIABLES } from "./process-variables.ts";
import { quote } from "./redact.ts";
import { parseSection, type SectionContext } from "./section.ts";
import { readTlsFiles, type TlsFiles } from "./tls-files.ts";

type KafkaValues = z.output<typeof KAFKA_VARIABLES>;

/** The Kafka section read; `kafka`, `topics` and `valueFormat` are null when its variables are not well-formed. */
export interface KafkaSettings {
  readonly kafka: KafkaConfig | null;
  readonly topics: TopicsConfig | null;
  readonly valueFormat: KafkaValues["KAFKA_VALUE_FORMAT"] | null;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

/** Checks the KAFKA_ variables, reads the certificates, and sees that TLS, login and topics make sense together. */
export function readKafka(context: SectionContext): KafkaSettings {
  const { values, partial, problems } = parseSection(KAFKA_VARIABLES, "", context);
  const tls = readTls(partial, context);
  const warnings = [...tls.warnings];
  if (partial.KAFKA_SASL_MECHANISM !== undefined && partial.KAFKA_TLS === false) {
    warnings.push({ variable: "KAFKA_TLS", message: "KAFKA_TLS is false: the login to Kafka travels unencrypted" });
  }
  return {
    kafka: values === null ? null : buildKafka(values, tls.tls),
    topics: values === null ? null : buildTopics(values),
    valueFormat: values === null ? null : values.KAFKA_VALUE_FORMAT,
    problems: [...problems, ...checkTopics(partial), ...tls.problems, ...checkSasl(context)],
    warnings,
  };
}

function buildKafka(values: KafkaValues, tls: TlsConfig | null): KafkaConfig {
  return {
    brokers: values.KAFKA_BROKERS ?? [],
    clientId: values.KAFKA_CLIENT_ID,
    compression: values.KAFKA_COMPRESSION,
    tls,
    sasl: buildSasl(values),
    connectTimeoutMs: values.KAFKA_CONNECT_TIMEOUT_MS,
    requestTimeoutMs: values.KAFKA_REQUEST_TIMEOUT_MS,
    createTopics: values.KAFKA_CREATE_TOPICS,
    newTopics: {
      partitions: values.KAFKA_TOPIC_PARTITIONS,
      replication: values.KAFKA_TOPIC_REPLICATION,
      retentionMs: values.KAFKA_TOPIC_RETENTION_MS,
    },
  };
}

function buildTopics(values: KafkaValues): TopicsConfig {
  return {
    quotes: values.KAFKA_TOPIC,
    backfill: values.KAFKA_TOPIC + BACKFILL_SUFFIX,
    events: values.KAFKA_EVENTS_TOPIC,
    rejected: values.KAFKA_REJECTED_TOPIC,
  };
}

/** A consumer of one topic must not meet records of another kind. */
function checkTopics(values: Partial<KafkaValues>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const users = new Map<string, string>();
  for (const variable of ["KAFKA_TOPIC", "KAFKA_EVENTS_TOPIC", "KAFKA_REJECTED_TOPIC"] as const) {
    const topic = values[variable];
    if (topic === undefined) continue;
    const user = users.get(topic);
    if (user === undefined) users.set(topic, variable);
    else problems.push(stateProblem(variable, `differ from ${user}`, `both are ${quote(topic)}`));
    if (variable === "KAFKA_TOPIC") users.set(topic + BACKFILL_SUFFIX, `${variable} with ${BACKFILL_SUFFIX} behind it`);
  }
  return problems;
}

function readTls(values: Partial<KafkaValues>, context: SectionContext): TlsFiles {
  return readTlsFiles(
    {
      flag: { variable: "KAFKA_TLS", word: "true" },
      isOn: values.KAFKA_TLS,
      ca: { variable: "KAFKA_TLS_CA_FILE", path: values.KAFKA_TLS_CA_FILE },
      certificate: { variable: "KAFKA_TLS_CERT_FILE", path: values.KAFKA_TLS_CERT_FILE },
      key: { variable: "KAFKA_TLS_KEY_FILE", path: values.KAFKA_TLS_KEY_FILE },
      others: [],
    },
    context,
  );
}

const SASL_VARIABLES = ["KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"] as const;

function buildSasl(values: KafkaValues): KafkaSaslConfig | null {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = values;
  if (mechanism === undefined || username === undefined || password === undefined) return null;
  return { mechanism, username, password };
}

/** The three of a login come together or not at all. */
function checkSasl(context: SectionContext): ConfigProblem[] {
  const given = SASL_VARIABLES.filter((variable) => context.texts.has(variable));
  if (given.length === 0) return [];
  return SASL_VARIABLES.filter((variable) => !context.texts.has(variable)).map((variable) =>
    stateProblem(variable, `be set together with ${given.join(" and ")}`, "it is not set"),
  );
}
