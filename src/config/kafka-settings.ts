import type * as z from "zod";
import type { CertificateFile, KafkaConfig, KafkaSaslConfig, KafkaTlsConfig, TopicsConfig } from "./config.ts";
import { describeReadError } from "./config-file.ts";
import { type ConfigProblem, type ConfigWarning, stateProblem } from "./problems.ts";
import { KAFKA_VARIABLES } from "./process-variables.ts";
import { modeWarning } from "./read-variables.ts";
import { quote } from "./redact.ts";
import { Secret } from "./secret.ts";
import { parseSection, type SectionContext } from "./section.ts";

type KafkaValues = z.output<typeof KAFKA_VARIABLES>;

/** The Kafka section read; `kafka` and `topics` are null when its variables are not well-formed. */
export interface KafkaSettings {
  readonly kafka: KafkaConfig | null;
  readonly topics: TopicsConfig | null;
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
    problems: [...problems, ...checkTopics(partial), ...tls.problems, ...checkSasl(context)],
    warnings,
  };
}

function buildKafka(values: KafkaValues, tls: KafkaTlsConfig | null): KafkaConfig {
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
  return { quotes: values.KAFKA_TOPIC, events: values.KAFKA_EVENTS_TOPIC, rejected: values.KAFKA_REJECTED_TOPIC };
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
  }
  return problems;
}

interface TlsSettings {
  readonly tls: KafkaTlsConfig | null;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

const TLS_FILES = ["KAFKA_TLS_CA_FILE", "KAFKA_TLS_CERT_FILE", "KAFKA_TLS_KEY_FILE"] as const;

function readTls(values: Partial<KafkaValues>, context: SectionContext): TlsSettings {
  const [caVariable, certVariable, keyVariable] = TLS_FILES;
  const problems: ConfigProblem[] = [];
  if (values.KAFKA_TLS === false) {
    for (const variable of TLS_FILES.filter((name) => context.texts.has(name))) {
      problems.push(stateProblem(variable, "not be set unless KAFKA_TLS is true", "it is set", "set KAFKA_TLS=true"));
    }
  }
  const hasCert = context.texts.has(certVariable);
  const hasKey = context.texts.has(keyVariable);
  if (hasCert && !hasKey) problems.push(halfPair(keyVariable, certVariable));
  if (hasKey && !hasCert) problems.push(halfPair(certVariable, keyVariable));

  const reader = new PemReader(context, problems);
  const ca = reader.read(caVariable, values.KAFKA_TLS_CA_FILE, "CERTIFICATE");
  const certificate = reader.read(certVariable, values.KAFKA_TLS_CERT_FILE, "CERTIFICATE");
  const key = reader.read(keyVariable, values.KAFKA_TLS_KEY_FILE, "PRIVATE KEY");
  if (values.KAFKA_TLS !== true) return { tls: null, problems, warnings: reader.warnings };
  const client =
    certificate === null || key === null ? null : { certificate, key: { path: key.path, pem: new Secret(key.pem) } };
  return { tls: { ca, client }, problems, warnings: reader.warnings };
}

function halfPair(missing: string, given: string): ConfigProblem {
  return stateProblem(missing, `be set together with ${given}`, "it is not set");
}

/** Reads PEM files and gathers what is wrong with them. Knows no cryptography: that a marker is there is enough here. */
class PemReader {
  readonly warnings: ConfigWarning[] = [];
  readonly #context: SectionContext;
  readonly #problems: ConfigProblem[];

  constructor(context: SectionContext, problems: ConfigProblem[]) {
    this.#context = context;
    this.#problems = problems;
  }

  read(variable: string, path: string | undefined, label: "CERTIFICATE" | "PRIVATE KEY"): CertificateFile | null {
    if (path === undefined) return null;
    const wanted = `name a PEM file with a ${label.toLowerCase()}`;
    try {
      const file = this.#context.readFile(path);
      if (!new RegExp(`-----BEGIN [A-Z ]*${label}-----`).test(file.text)) {
        this.#problems.push(stateProblem(variable, wanted, `there is none in ${quote(path)}`));
        return null;
      }
      const warning = label === "PRIVATE KEY" ? modeWarning(variable, file.mode) : null;
      if (warning !== null) this.warnings.push(warning);
      return { path, pem: file.text };
    } catch (error) {
      this.#problems.push(stateProblem(variable, wanted, `${describeReadError(error)} at ${quote(path)}`));
      return null;
    }
  }
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
