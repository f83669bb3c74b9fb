import type { Log, LogFields } from "../../../src/domain/log.ts";
import { appendRecord } from "../../../src/publish/batch-split.ts";
import type { BatchTransport, ProducerIdentity, SendResult } from "../../../src/publish/batch-transport.ts";
import type { KafkaEndpoint, KafkaTools } from "../../../src/publish/kafka/kafka-endpoint.ts";
import { createKafkaTransport, type KafkaTransport } from "../../../src/publish/kafka/kafka-transport.ts";
import { type Compression, RecordBatchBuilder, stampBatch } from "../../../src/publish/record-batch.ts";
import type { SealedBatch } from "../../../src/publish/sealed-batch.ts";
import type { Clock } from "../../../src/runtime/clock.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";

const FIRST_SEND_LIMIT_MS = 10_000;
/** What a broker says of a partition that it does not know to be its own yet. */
const EARLY_CODES: ReadonlySet<string> = new Set([
  "NOT_LEADER_OR_FOLLOWER",
  "UNKNOWN_TOPIC_OR_PARTITION",
  "LEADER_NOT_AVAILABLE",
]);

/** A log that keeps its lines. */
export class KeptLog implements Log {
  readonly lines: { readonly level: string; readonly event: string; readonly fields: LogFields }[] = [];

  debug(fields: LogFields, event: string): void {
    this.lines.push({ level: "debug", event, fields });
  }

  info(fields: LogFields, event: string): void {
    this.lines.push({ level: "info", event, fields });
  }

  warn(fields: LogFields, event: string): void {
    this.lines.push({ level: "warn", event, fields });
  }

  error(fields: LogFields, event: string): void {
    this.lines.push({ level: "error", event, fields });
  }

  child(): Log {
    return this;
  }
}

/** Real clock, fixed chance, kept log. */
export function testTools(clock: Clock = new SystemClock()): KafkaTools & { readonly log: KeptLog } {
  return { clock, random: () => 0.5, log: new KeptLog() };
}

/** A plaintext endpoint with short limits. */
export function testEndpoint(broker: string, changes: Partial<KafkaEndpoint> = {}): KafkaEndpoint {
  return {
    brokers: [broker],
    clientId: "edge-ingester-test",
    tls: null,
    sasl: null,
    connectTimeoutMs: 5000,
    requestTimeoutMs: 5000,
    ...changes,
  };
}

/** A transport on one endpoint; the caller stops it. */
export function testTransport(
  endpoint: KafkaEndpoint,
  tools: KafkaTools = testTools(),
  topicVariables: Readonly<Record<string, string>> = {},
): KafkaTransport {
  return createKafkaTransport({ endpoint, tools, topicVariables, createTopics: [] });
}

/** A sealed, not yet stamped batch of text values without keys. */
export function sealValues(values: readonly string[], compression: Compression = "none"): SealedBatch {
  const builder = new RecordBatchBuilder(4 * 1024 * 1024, 1);
  const timestampMs = 1_700_000_000_000;
  builder.begin(timestampMs, 0);
  for (const value of values) {
    appendRecord(builder, { timestampMs, key: null, value: Buffer.from(value), headers: [] });
  }
  return builder.seal(compression);
}

/** The same, stamped. */
export function stampedBatch(
  values: readonly string[],
  producer: ProducerIdentity,
  sequence: number,
  compression: Compression = "none",
): SealedBatch {
  const batch = sealValues(values, compression);
  stampBatch(batch.bytes, producer, sequence);
  return batch;
}

/** A producer id; a broker that just started has none for a moment, so this asks as often as a lane would. */
export async function takeProducer(transport: BatchTransport, limitMs = 10_000): Promise<ProducerIdentity> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    try {
      return await transport.acquireProducer();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await Bun.sleep(20);
    }
  }
}

/** The first batch of a topic: metadata tells a leader a moment before that broker knows, so it goes again as a lane would. */
export async function sendFirst(send: () => Promise<SendResult>): Promise<SendResult> {
  const endMs = performance.now() + FIRST_SEND_LIMIT_MS;
  for (;;) {
    const result = await send();
    const isEarly = result.outcome === "retry" && EARLY_CODES.has(result.code);
    if (!isEarly || performance.now() > endMs) return result;
    await Bun.sleep(20);
  }
}

/** Starts the transport, with a limit so that a test fails by its own words. */
export async function startWithin(
  transport: BatchTransport,
  topics: readonly string[],
  limitMs = 15_000,
): Promise<void> {
  try {
    await transport.start(topics, AbortSignal.timeout(limitMs));
  } catch (error) {
    throw new Error(`Cannot start transport within ${limitMs} ms: ${transport.trouble}`, { cause: error });
  }
}

/** Polls until `isTrue` holds. */
export async function until(isTrue: () => boolean, limitMs: number, what: string): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!isTrue()) {
    if (performance.now() > endMs) throw new Error(`Waited ${limitMs} ms in vain: ${what}`);
    await Bun.sleep(5);
  }
}
