import type * as z from "zod";
import type { GENERAL_VARIABLES, KAFKA_VARIABLES, RECONNECT_VARIABLES } from "./process-variables.ts";
import type { Secret } from "./secret.ts";

type General = z.output<typeof GENERAL_VARIABLES>;
type Kafka = z.output<typeof KAFKA_VARIABLES>;

/** What every feed has, whatever its transport. */
interface CommonFeedConfig {
  /** `source` in the record; also the metric label. */
  readonly name: string;
  readonly isEnabled: boolean;
  /** Name of the built-in profile, or of the feed when it has a profile of its own or none. */
  readonly venue: string;
  /** A file that could be read at load; its content is not checked here. Null: the built-in profile `venue`. */
  readonly profileFile: string | null;
  /** At least one when the feed is enabled; each once. */
  readonly symbols: readonly string[];
  /** Failed tries in a row before the feed counts as failed. */
  readonly maxRetries: number;
  readonly initialDelayMs: number;
  /** Not below `initialDelayMs`. */
  readonly maxDelayMs: number;
  /** Null: the profile's. */
  readonly staleAfterMs: number | null;
}

/** A feed over WebSocket. */
export interface WebSocketFeedConfig extends CommonFeedConfig {
  readonly transport: "websocket";
  /** Null: the profile's. */
  readonly url: string | null;
  /** Null: the profile's. */
  readonly pingIntervalMs: number | null;
  /** Null: the authorities built in. */
  readonly ca: CertificateFile | null;
}

/** TLS towards a venue. */
export interface VenueTlsConfig extends TlsConfig {
  /** The name asked for (SNI) and checked; null = the host. */
  readonly serverName: string | null;
}

/** When the LP's session is open; each part in the form of `SessionHours`, null: the profile's. */
export interface FixSessionHours {
  readonly start: string | null;
  readonly end: string | null;
  readonly timeZone: string | null;
  readonly days: string | null;
}

/** Where a FIX feed connects to, who it says it is, and what it asks for. */
export interface FixSettings {
  readonly host: string;
  readonly port: number;
  /** SenderCompID (49). */
  readonly sender: string;
  /** TargetCompID (56). */
  readonly target: string;
  /** SenderSubID (50) and TargetSubID (57); null = not sent. */
  readonly senderSub: string | null;
  readonly targetSub: string | null;
  /** HeartBtInt (108), s. */
  readonly heartbeatS: number;
  /** Username (553); null = not sent. */
  readonly username: string | null;
  /** Password (554), or the private key that signs the logon where the profile says so; null = not sent. */
  readonly password: Secret | null;
  /** Null: the profile's. */
  readonly reset: "logon" | "daily" | "weekly" | "never" | null;
  /** Null: plain TCP. */
  readonly tls: VenueTlsConfig | null;
  /** MarketDepth (264): 1 = top of book, 0 = full. */
  readonly depth: number;
  readonly publish: "top_change" | "every_update";
  /** `off`: the LP quotes without being asked. */
  readonly subscribe: "on" | "off";
  readonly logonTimeoutMs: number;
  /** Null: the profile's. */
  readonly subscribeTimeoutMs: number | null;
  readonly hours: FixSessionHours;
  /** The LP's own dictionary (QuickFIX XML), read at load; null = none. */
  readonly dictionary: { readonly path: string; readonly xml: string } | null;
}

/** A feed over FIX. */
export interface FixFeedConfig extends CommonFeedConfig {
  readonly transport: "fix";
  /** Complete when the feed is enabled; null only when it is not and something is missing. */
  readonly fix: FixSettings | null;
}

/** A feed over REST. */
export interface RestFeedConfig extends CommonFeedConfig {
  readonly transport: "rest";
  /** Null: the profile's; so for the three below. */
  readonly url: string | null;
  readonly pollIntervalMs: number | null;
  readonly timeoutMs: number | null;
  readonly maxBodyBytes: number | null;
  readonly publishUnchanged: "on" | "off";
  /** What the profile's `{account}` stands for; null = none. */
  readonly account: string | null;
  /** What the profile's `{token}` stands for; null = none. */
  readonly token: Secret | null;
  /** Where the token came from, to be read again; null: from no file. */
  readonly tokenFile: string | null;
  /** Null: the authorities built in. */
  readonly ca: CertificateFile | null;
}

/** A feed over gRPC. */
export interface GrpcFeedConfig extends CommonFeedConfig {
  readonly transport: "grpc";
  /** `host:port`; null: the profile's. */
  readonly address: string | null;
  /** What the profile's `{token}` stands for; null = none. */
  readonly token: Secret | null;
  /** Where the token came from, to be read again; null: from no file. */
  readonly tokenFile: string | null;
  /** Null: no encryption. */
  readonly tls: VenueTlsConfig | null;
  /** The feed's own `.proto` files, unread; empty: the profile's. */
  readonly protoPaths: readonly string[];
  /** Folders where imports are looked for. */
  readonly protoIncludes: readonly string[];
  /** Null: the profile's; so for the two below. */
  readonly keepaliveMs: number | null;
  readonly keepaliveTimeoutMs: number | null;
  /** 0: no limit. */
  readonly firstMessageMs: number | null;
}

/** One feed; `transport` tells which kind. */
export type FeedConfig = WebSocketFeedConfig | FixFeedConfig | RestFeedConfig | GrpcFeedConfig;

/** A file of certificates, read at load. */
export interface CertificateFile {
  readonly path: string;
  readonly pem: string;
}

/** TLS towards a peer; verification is always on. */
export interface TlsConfig {
  /** Null: the authorities built in. */
  readonly ca: CertificateFile | null;
  /** Our own certificate with its key, for mutual TLS. */
  readonly client: {
    readonly certificate: CertificateFile;
    readonly key: { readonly path: string; readonly pem: Secret };
  } | null;
}

/** The login at the brokers. */
export interface KafkaSaslConfig {
  readonly mechanism: NonNullable<Kafka["KAFKA_SASL_MECHANISM"]>;
  readonly username: string;
  readonly password: Secret;
}

/** The broker and the topics. */
export interface KafkaConfig {
  /** `host:port` each; empty when KAFKA_BROKERS is not set. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly compression: Kafka["KAFKA_COMPRESSION"];
  readonly tls: TlsConfig | null;
  readonly sasl: KafkaSaslConfig | null;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Whether a start creates missing topics. */
  readonly createTopics: boolean;
  /** How topics are made when we make them; −1 is the cluster's default, for `retentionMs` for ever. */
  readonly newTopics: { readonly partitions: number; readonly replication: number; readonly retentionMs: number };
}

/** The three topics, all different; local sinks use the same names. */
export interface TopicsConfig {
  readonly quotes: string;
  /** Quotes that waited, where `BACKFILL=live_first`: `<quotes>.backfill`. */
  readonly backfill: string;
  readonly events: string;
  readonly rejected: string;
}

/** Where records go. */
export type SinkConfig =
  | { readonly kind: "kafka" | "stdout" | "discard" }
  | { readonly kind: "sqlite"; readonly file: string; readonly maxBytes: number; readonly maxAgeMs: number };

/** Where batches wait that cannot be delivered. */
export interface SpoolConfig {
  /** `off` unless records go to Kafka. */
  readonly mode: "overflow" | "write" | "off";
  readonly directory: string;
  readonly maxBytes: number;
  readonly minFreeBytes: number;
  readonly whenFull: "drop_oldest" | "drop_newest";
  /** 0: no limit. */
  readonly maxAgeMs: number;
  readonly fsyncMs: number;
  /** `live_first`: what waited goes to `topics.backfill`. */
  readonly backfill: "ordered" | "live_first";
}

/** Bounds of batches, memory and shutdown. */
export interface LimitsConfig {
  readonly batchMaxBytes: number;
  readonly lingerMs: number;
  /** At least twice `batchMaxBytes`. */
  readonly memoryMaxBytes: number;
  /** How long a socket may be held paused before quotes are dropped. */
  readonly memoryPauseMaxMs: number;
  readonly drainMs: number;
}

/** Somebody who may change things through the admin server. */
export interface AdminToken {
  /** Goes to the log with what was changed. */
  readonly name: string;
  readonly token: Secret;
}

/** The admin server; off loopback it has tokens or asks for certificates. */
export interface AdminConfig {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tokens: readonly AdminToken[];
  /** Null: plain HTTP. */
  readonly tls: {
    readonly certificate: CertificateFile;
    readonly key: { readonly path: string; readonly pem: Secret };
    /** Null: clients show no certificate. */
    readonly clientCa: CertificateFile | null;
  } | null;
}

/** Export of the metrics to an OpenTelemetry collector. */
export interface OtlpConfig {
  readonly url: string;
  readonly intervalMs: number;
  /** Values by names in lower case. */
  readonly headers: ReadonlyMap<string, Secret>;
}

/** The whole configuration, checked. Made by `loadConfig`; nothing else reads the environment. */
export interface Config {
  /** `metadata.ingester` in the record. */
  readonly instanceId: string;
  readonly rawPayload: General["RAW_PAYLOAD"];
  readonly valueFormat: Kafka["KAFKA_VALUE_FORMAT"];
  /** Where session numbers are kept over restarts (`STATE_DIR`). */
  readonly stateDir: string;
  /** Those of FEEDS in its order, then the other seed feeds; disabled ones are among them. */
  readonly feeds: readonly FeedConfig[];
  readonly reconnect: {
    readonly onExhausted: z.output<typeof RECONNECT_VARIABLES>["RECONNECT_EXHAUSTED"];
    readonly connectsPerSecond: number;
  };
  readonly topics: TopicsConfig;
  readonly kafka: KafkaConfig;
  readonly sink: SinkConfig;
  readonly spool: SpoolConfig;
  readonly limits: LimitsConfig;
  readonly admin: AdminConfig;
  /** Null: nothing is exported. */
  readonly otlp: OtlpConfig | null;
  readonly log: { readonly level: General["LOG_LEVEL"]; readonly format: General["LOG_FORMAT"] };
}
