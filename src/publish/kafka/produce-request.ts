import { THROTTLE_MAX_MS } from "./throttle.ts";

// Produce request, version 7 (kafka.apache.org/protocol, "Produce API"); numbers big-endian, STRING is int16 length + bytes:
//   transactional_id NULLABLE_STRING | acks INT16 | timeout_ms INT32 | [topic STRING | [partition INT32 | records BYTES]]
// Its answer:
//   [topic STRING | [partition INT32 | error_code INT16 | base_offset INT64 | log_append_time_ms INT64 | log_start_offset INT64]]
//   | throttle_time_ms INT32

/** The newest version kafkajs's brokers table and Kafka 4 share; 7 is the first that takes zstd (KIP-110). */
export const PRODUCE_VERSION = 7;
const PRODUCE_API_KEY = 0;
const ACKS_ALL = -1;

/** What one produce request writes: one batch to one partition. */
export interface ProduceOrder {
  readonly topic: string;
  readonly partition: number;
  /** A whole, stamped record batch. */
  readonly batch: Buffer;
  /** How long the broker may wait for its replicas, ms. */
  readonly ackTimeoutMs: number;
}

/** What the broker says of the one partition. */
export interface ProduceAnswer {
  readonly errorCode: number;
  /** Offset of the first record; −1 when nothing was written. */
  readonly baseOffset: bigint;
  /** Broker's stamp, ms; −1 unless the topic stamps on append. */
  readonly logAppendTimeMs: bigint;
  /** Read by kafkajs's request queue (KIP-219), ms. */
  readonly clientSideThrottleTime: number;
}

/** The exchange that writes `order` with acks=all. The batch is copied when the request is encoded. */
export function produceExchange(order: ProduceOrder): KafkajsExchange<ProduceAnswer, ProduceAnswer> {
  return {
    request: {
      apiKey: PRODUCE_API_KEY,
      apiVersion: PRODUCE_VERSION,
      apiName: "Produce",
      encode: async () => encodeProduce(order),
    },
    response: {
      decode: async (payload) => decodeProduce(payload, order),
      parse: async (answer) => answer,
    },
  };
}

function encodeProduce({ topic, partition, batch, ackTimeoutMs }: ProduceOrder): KafkajsEncoded {
  const topicBytes = Buffer.byteLength(topic);
  const body = Buffer.allocUnsafe(2 + 2 + 4 + 4 + 2 + topicBytes + 4 + 4 + 4 + batch.length);
  let at = body.writeInt16BE(-1, 0);
  at = body.writeInt16BE(ACKS_ALL, at);
  at = body.writeInt32BE(ackTimeoutMs, at);
  at = body.writeInt32BE(1, at);
  at = body.writeInt16BE(topicBytes, at);
  at += body.write(topic, at);
  at = body.writeInt32BE(1, at);
  at = body.writeInt32BE(partition, at);
  at = body.writeInt32BE(batch.length, at);
  batch.copy(body, at);
  return { buf: body, buffer: body, size: () => body.length };
}

/**
 * Reads the answer to `order`.
 * @throws RangeError when it is cut short or speaks of another partition; the connection is then given up
 */
export function decodeProduce(payload: Buffer, order: Pick<ProduceOrder, "topic" | "partition">): ProduceAnswer {
  if (payload.readInt32BE(0) !== 1) throw new RangeError("Cannot read produce answer: wanted one topic");
  const topicBytes = payload.readInt16BE(4);
  let at = 6 + topicBytes;
  if (payload.toString("utf8", 6, at) !== order.topic) throw new RangeError("Cannot read produce answer: other topic");
  if (payload.readInt32BE(at) !== 1) throw new RangeError("Cannot read produce answer: wanted one partition");
  at += 4;
  if (payload.readInt32BE(at) !== order.partition) throw new RangeError("Cannot read produce answer: other partition");
  const throttleMs = payload.readInt32BE(at + 4 + 2 + 8 + 8 + 8);
  return {
    errorCode: payload.readInt16BE(at + 4),
    baseOffset: payload.readBigInt64BE(at + 6),
    logAppendTimeMs: payload.readBigInt64BE(at + 14),
    clientSideThrottleTime: Math.min(Math.max(0, throttleMs), THROTTLE_MAX_MS),
  };
}
