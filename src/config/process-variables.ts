import * as z from "zod";
import { ADMIN_VARIABLES } from "./admin-variables.ts";
import { FEEDS_MAX, feedNameList } from "./feed-names.ts";
import { OTLP_VARIABLES } from "./otlp-variables.ts";
import { SPOOL_VARIABLES } from "./spool-variables.ts";
import { defaulted, optional } from "./variable.ts";
import { brokerList, choice, filePath, flag, matching, secretText, wholeNumber } from "./variable-types.ts";

const BROKERS_MAX = 64;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MIB = 1_048_576;
const GIB = 1024 * MIB;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const NAME_FORM = "1 to 128 letters, digits, `.`, `_` or `-`, the first a letter or a digit";
const TOPIC = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/;
const TOPIC_FORM = "a topic name: 1 to 249 letters, digits, `.`, `_` or `-`";
/** Behind KAFKA_TOPIC: where `BACKFILL=live_first` puts what waited. */
export const BACKFILL_SUFFIX = ".backfill";
const QUOTES_TOPIC = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,240}$/;
const QUOTES_TOPIC_FORM = "a topic name: 1 to 240 letters, digits, `.`, `_` or `-`";

function topic() {
  return matching(TOPIC, TOPIC_FORM);
}

/** What runs, and how it shows itself. */
export const GENERAL_VARIABLES = z.strictObject({
  FEEDS: defaulted(feedNameList(FEEDS_MAX), "binance,coinbase", {
    description:
      "The feeds to run. A name is one of the seed feeds, a built-in venue, or any name whose `<FEED>_VENUE` or " +
      "`<FEED>_PROFILE` says what it is. A seed feed that is not listed can be turned on with `<FEED>_ENABLED=true`.",
    example: "binance,coinbase,kraken",
  }),
  INSTANCE_ID: optional(matching(NAME, NAME_FORM), {
    description: "Name of this process in every record (`metadata.ingester`), unique among all ingesters of a topic.",
    example: "ldn-edge-1",
    defaultNote: "the host name",
  }),
  RAW_PAYLOAD: defaulted(choice(["on", "off"]), "on", {
    description: "Whether a record carries the venue's own message (`rawPayload`).",
  }),
  SINK: optional(choice(["kafka", "stdout", "sqlite", "discard"]), {
    description:
      "Where records go: `kafka`; `stdout`, the value of each record as one line of JSON and nothing else; `sqlite`, a " +
      "local file bounded by age and size; `discard`, nowhere (for measurements).",
    example: "stdout",
    defaultNote: "`kafka` when KAFKA_BROKERS is set, else `sqlite`",
  }),
  STATE_DIR: optional(filePath(), {
    description:
      "Directory for what must outlive the process: the session numbers of FIX feeds and the spool. Made when it is " +
      "missing; a relative path is taken from the working directory. Two processes with a spool or with the same FIX feed " +
      "cannot share one.",
    example: "/var/lib/edge-ingester",
    defaultNote: "the state directory systemd gives the service (STATE_DIRECTORY), else `state`",
  }),
  LOG_LEVEL: defaulted(choice(["debug", "info", "warn", "error", "silent"]), "info", {
    description: "The least severe log lines to write. Logs go to standard error.",
  }),
  LOG_FORMAT: defaulted(choice(["auto", "json", "text"]), "auto", {
    description:
      "How log lines look: `json`, one object a line; `text`, for people; `auto`, text when standard error is a terminal, else JSON.",
  }),
  DRAIN_MS: defaulted(wholeNumber({ min: 0, max: 600_000 }), "10000", {
    description:
      "After SIGTERM: how long accepted records may take to be acknowledged before the rest goes to the spool, or is " +
      "dropped without one.",
  }),
});

/** How a feed that lost its connection comes back; beside the per-feed delays. */
export const RECONNECT_VARIABLES = z.strictObject({
  RECONNECT_EXHAUSTED: defaulted(choice(["probe", "stop"]), "probe", {
    description:
      "What a feed does when its `_MAX_RETRIES` are used up: `probe` goes on trying every `_MAX_DELAY_MS`, `stop` gives " +
      "up until a restart. The feed counts as failed either way.",
  }),
  CONNECTS_PER_SECOND: defaulted(wholeNumber({ min: 1, max: 1000 }), "20", {
    description: "Most new connections per second to one host, over all feeds. A venue's own limit holds as well.",
  }),
});

/** The broker and the topics. */
export const KAFKA_VARIABLES = z.strictObject({
  KAFKA_BROKERS: optional(brokerList(BROKERS_MAX), {
    description: "Bootstrap servers. One that answers is enough; the others are found through it.",
    example: "kafka-1.example:9092,kafka-2.example:9092",
  }),
  KAFKA_TOPIC: defaulted(matching(QUOTES_TOPIC, QUOTES_TOPIC_FORM), "orion.market-data.raw", {
    description: `Topic of the quotes; the same name with \`${BACKFILL_SUFFIX}\` behind it is kept for BACKFILL.`,
  }),
  KAFKA_EVENTS_TOPIC: defaulted(topic(), "orion.market-data.feed-events", {
    description: "Topic of the feed events: state changes, sequence gaps, stale feeds, drops.",
  }),
  KAFKA_REJECTED_TOPIC: defaulted(topic(), "orion.market-data.raw.rejected", {
    description: "Topic of the venue messages that could not be decoded.",
  }),
  KAFKA_CLIENT_ID: defaulted(matching(NAME, NAME_FORM), "edge-ingester", {
    description: "Name of this program to the brokers: in their logs, quotas and metrics.",
  }),
  KAFKA_COMPRESSION: defaulted(choice(["zstd", "gzip", "none"]), "zstd", {
    description: "Compression of the record batches. `zstd` needs brokers and consumers of Kafka 2.1 or later.",
  }),
  KAFKA_VALUE_FORMAT: defaulted(choice(["json", "cloudevents"]), "json", {
    description:
      "What the value of a record is, in every sink: `json`, the record as it is documented; `cloudevents`, the same as the " +
      "data of a CloudEvent 1.0 in structured mode. What is on the spool keeps the format it was written in.",
  }),
  KAFKA_TLS: defaulted(flag(), "false", {
    description: "Whether to use TLS. Certificates are always verified.",
  }),
  KAFKA_TLS_CA_FILE: optional(filePath(), {
    description: "PEM file of the certificate authorities to trust for the brokers.",
    example: "/etc/edge-ingester/kafka-ca.pem",
    defaultNote: "the authorities built in",
  }),
  KAFKA_TLS_CERT_FILE: optional(filePath(), {
    description: "PEM file of our certificate, for brokers that ask for one. Needs KAFKA_TLS_KEY_FILE.",
    example: "/etc/edge-ingester/kafka-client.pem",
  }),
  KAFKA_TLS_KEY_FILE: optional(filePath(), {
    description: "PEM file of the private key of KAFKA_TLS_CERT_FILE.",
    example: "/etc/edge-ingester/kafka-client.key",
  }),
  KAFKA_SASL_MECHANISM: optional(choice(["plain", "scram-sha-256", "scram-sha-512"]), {
    description: "How to log in to the brokers. Needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD.",
    example: "scram-sha-512",
    defaultNote: "no login",
  }),
  KAFKA_SASL_USERNAME: optional(matching(/^\P{Cc}{1,256}$/u, "1 to 256 characters, no control characters"), {
    description: "User name of the login.",
    example: "edge-ingester",
  }),
  KAFKA_SASL_PASSWORD: optional(secretText(), { description: "Password of the login." }),
  KAFKA_CONNECT_TIMEOUT_MS: defaulted(wholeNumber({ min: 100, max: 300_000 }), "10000", {
    description: "How long connecting to a broker may take, TLS included.",
  }),
  KAFKA_REQUEST_TIMEOUT_MS: defaulted(wholeNumber({ min: 1000, max: 300_000 }), "30000", {
    description: "How long a broker may take to answer one request.",
  }),
  KAFKA_CREATE_TOPICS: defaulted(flag(), "false", {
    description: "Whether a start creates the topics that are missing. `edge-ingester topics create` does it by hand.",
  }),
  KAFKA_TOPIC_PARTITIONS: defaulted(wholeNumber({ min: 1, max: 10_000 }), "12", {
    description:
      "Partitions of the quotes topic and of its backfill topic when we create them. The other two topics get one each.",
  }),
  KAFKA_TOPIC_REPLICATION: defaulted(wholeNumber({ min: 1, max: 32_767, orMinusOne: true }), "-1", {
    description: "Replicas of each partition of the topics we create; -1 is the cluster's own default.",
  }),
  KAFKA_TOPIC_RETENTION_MS: defaulted(wholeNumber({ min: 60_000, max: 3650 * DAY_MS, orMinusOne: true }), "604800000", {
    description: "How long the topics we create keep their records: 7 days by default, -1 for ever.",
  }),
});

/** Batches and memory. */
export const MEMORY_VARIABLES = z.strictObject({
  BATCH_MAX_BYTES: defaulted(wholeNumber({ min: 16_384, max: 16 * MIB }), "1000000", {
    description: "Largest record batch before compression. The topic's `max.message.bytes` must allow it.",
  }),
  LINGER_MS: defaulted(wholeNumber({ min: 0, max: 10_000 }), "0", {
    description:
      "How long an idle partition waits for more quotes before it sends. 0 sends at once; a batch still grows while the " +
      "one before it is on its way.",
  }),
  MEMORY_MAX_BYTES: defaulted(wholeNumber({ min: MIB, max: 64 * GIB }), "50331648", {
    description:
      "Most memory for batches, open and waiting: 48 MiB by default, at least twice BATCH_MAX_BYTES. When it is full and " +
      "the spool takes no more, sockets are paused first and quotes are dropped last.",
  }),
  MEMORY_PAUSE_MAX_MS: defaulted(wholeNumber({ min: 0, max: 600_000 }), "5000", {
    description: "How long a socket may be held paused before quotes are dropped, counted and published as dropped.",
  }),
});

/** The local file sink. */
export const SQLITE_VARIABLES = z.strictObject({
  SQLITE_FILE: defaulted(filePath(), "edge-ingester.sqlite", {
    description: "Database file; a relative path is taken from the working directory.",
    example: "/var/lib/edge-ingester/quotes.sqlite",
  }),
  SQLITE_MAX_BYTES: defaulted(wholeNumber({ min: MIB, max: 1024 * GIB }), "1073741824", {
    description: "Largest size of the database, 1 GiB by default: the oldest records are deleted beyond it.",
  }),
  SQLITE_MAX_AGE_MS: defaulted(wholeNumber({ min: 60_000, max: 3650 * DAY_MS }), "86400000", {
    description: "Age beyond which records are deleted: 24 hours by default.",
  }),
});

/** One titled group of variables, as the documentation shows them. */
export interface VariableGroup {
  readonly title: string;
  readonly schema: z.ZodObject;
}

/** Every variable of the process, in the order of the documentation. Feeds have their own: `feed-variables.ts`. */
export const PROCESS_GROUPS: readonly VariableGroup[] = [
  { title: "General", schema: GENERAL_VARIABLES },
  { title: "Kafka", schema: KAFKA_VARIABLES },
  { title: "Batches and memory", schema: MEMORY_VARIABLES },
  { title: "Spool", schema: SPOOL_VARIABLES },
  { title: "Reconnecting", schema: RECONNECT_VARIABLES },
  { title: "SQLite sink", schema: SQLITE_VARIABLES },
  { title: "Admin server", schema: ADMIN_VARIABLES },
  { title: "OpenTelemetry", schema: OTLP_VARIABLES },
];
