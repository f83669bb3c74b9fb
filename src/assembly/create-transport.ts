import type { Config, KafkaConfig } from "../config/config.ts";
import type { IngestError } from "../domain/ingest-error.ts";
import type { BatchTransport } from "../publish/batch-transport.ts";
import type { KafkaEndpoint, KafkaTools } from "../publish/kafka/kafka-endpoint.ts";
import { createKafkaTransport } from "../publish/kafka/kafka-transport.ts";
import type { TopicPlan } from "../publish/kafka/topics.ts";
import { DiscardTransport } from "../publish/local/discard-transport.ts";
import { planSqliteSize } from "../publish/local/sqlite-size.ts";
import { SqliteTransport } from "../publish/local/sqlite-transport.ts";
import { StdoutTransport } from "../publish/local/stdout-transport.ts";
import type { Compression } from "../publish/record-batch.ts";

/** Batches of a local sink: read back at once, so they need not be large, and small ones are cheaper to make, bytes. */
const LOCAL_BATCH_BYTES = 128 * 1024;

/** The sink as the configuration asks for it. */
export interface ChosenSink {
  readonly transport: BatchTransport;
  /** Local sinks read their batches back, so they get them uncompressed and without a checksum. */
  readonly compression: Compression;
  readonly isStamped: boolean;
  readonly batchMaxBytes: number;
}

/** Makes the sink; opens nothing. @param onReaderGone `SINK=stdout` alone: nobody reads any more */
export function createSink(config: Config, tools: KafkaTools, onReaderGone: (error: IngestError) => void): ChosenSink {
  const { sink, topics, kafka } = config;
  switch (sink.kind) {
    case "kafka":
      return {
        transport: createKafkaTransport({
          endpoint: kafkaEndpoint(kafka),
          tools,
          topicVariables: topicVariables(config),
          createTopics: kafka.createTopics ? topicPlans(config) : [],
        }),
        compression: kafka.compression,
        isStamped: true,
        batchMaxBytes: config.limits.batchMaxBytes,
      };
    case "stdout":
      return local(config, new StdoutTransport({ quotesTopic: topics.quotes, clock: tools.clock, onReaderGone }));
    case "sqlite":
      return local(
        config,
        new SqliteTransport({ path: sink.file, maxBytes: sink.maxBytes, maxAgeMs: sink.maxAgeMs, clock: tools.clock }),
        planSqliteSize(sink.maxBytes).batchBytesMax,
      );
    case "discard":
      return local(config, new DiscardTransport());
  }
}

function local({ limits }: Config, transport: BatchTransport, batchMaxBytes = LOCAL_BATCH_BYTES): ChosenSink {
  return {
    transport,
    compression: "none",
    isStamped: false,
    batchMaxBytes: Math.min(limits.batchMaxBytes, LOCAL_BATCH_BYTES, batchMaxBytes),
  };
}

/** The cluster as the Kafka room wants it told. The only place that reveals its secrets. */
export function kafkaEndpoint(kafka: KafkaConfig): KafkaEndpoint {
  const { tls, sasl } = kafka;
  return {
    brokers: kafka.brokers,
    clientId: kafka.clientId,
    tls:
      tls === null
        ? null
        : {
            ...(tls.ca === null ? {} : { ca: tls.ca.pem }),
            ...(tls.client === null ? {} : { cert: tls.client.certificate.pem, key: tls.client.key.pem.reveal() }),
          },
    sasl: sasl === null ? null : { ...sasl, password: sasl.password.reveal() },
    connectTimeoutMs: kafka.connectTimeoutMs,
    requestTimeoutMs: kafka.requestTimeoutMs,
  };
}

/** Which variable names which topic, for messages. */
export function topicVariables(config: Config): Record<string, string> {
  const { topics } = config;
  return {
    [topics.quotes]: "KAFKA_TOPIC",
    ...(hasBackfillTopic(config) ? { [topics.backfill]: "KAFKA_TOPIC" } : {}),
    [topics.events]: "KAFKA_EVENTS_TOPIC",
    [topics.rejected]: "KAFKA_REJECTED_TOPIC",
  };
}

/** The topics as they are made when we make them: events and rejects are few, one partition keeps them in order. */
export function topicPlans(config: Config): TopicPlan[] {
  const { topics, kafka } = config;
  const { partitions, replication, retentionMs } = kafka.newTopics;
  return [
    { topic: topics.quotes, partitions, replication, retentionMs },
    ...(hasBackfillTopic(config) ? [{ topic: topics.backfill, partitions, replication, retentionMs }] : []),
    { topic: topics.events, partitions: 1, replication, retentionMs },
    { topic: topics.rejected, partitions: 1, replication, retentionMs },
  ];
}

function hasBackfillTopic({ spool }: Config): boolean {
  return spool.mode !== "off" && spool.backfill === "live_first";
}
