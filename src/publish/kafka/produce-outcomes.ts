import { errorCodes } from "kafkajs/src/protocol/error.js";
import type { SendResult } from "../batch-transport.ts";

/** What a broker's error code means for the batch. */
export interface ProduceOutcome {
  /** Kafka's name of the code. */
  readonly code: string;
  readonly outcome: SendResult["outcome"];
  /** Ask for the leaders again before the next attempt. */
  readonly isStaleMetadata: boolean;
  /** Why it is taken so. */
  readonly reason: string;
  /** What an operator can do, naming a variable; empty when it passes by itself. */
  readonly hint: string;
}

/** So many CORRUPT_MESSAGE in a row for one batch are no accident of the way: it would block its lane for ever. */
export const CORRUPT_TIMES_MAX = 20;

const RETRY = { outcome: "retry", isStaleMetadata: false, hint: "" } as const;
const STALE = { outcome: "retry", isStaleMetadata: true, hint: "" } as const;
const NEW_ID = { outcome: "new_producer_id", isStaleMetadata: false, hint: "" } as const;
const TOO_LARGE = { outcome: "too_large", isStaleMetadata: false, hint: "" } as const;
const REJECTED = { outcome: "rejected", isStaleMetadata: false, hint: "" } as const;
const ACKED = { outcome: "acked", isStaleMetadata: false, hint: "" } as const;

/**
 * Every answer a Produce request may get, by code; names and codes as in `Errors` of Kafka 4.4.0. The rule:
 * what may pass, or what a change on the broker's side can put right for this very batch, is `retry`, so nothing is
 * lost meanwhile; `rejected` is only what another batch would not suffer from. A code that is not here is unknown, so
 * its outcome is unknown: `retry` with the same sequence, which an idempotent broker takes once.
 */
export const PRODUCE_OUTCOMES: ReadonlyMap<number, ProduceOutcome> = new Map<number, ProduceOutcome>([
  [-1, { ...RETRY, code: "UNKNOWN_SERVER_ERROR", reason: "may or may not be written" }],
  [0, { ...ACKED, code: "NONE", reason: "written by all in-sync replicas" }],
  [
    2,
    {
      ...RETRY,
      code: "CORRUPT_MESSAGE",
      reason: `damaged on the way, as our copy is whole; after ${CORRUPT_TIMES_MAX} times in a row it is not, and the batch is rejected`,
    },
  ],
  [
    3,
    {
      ...STALE,
      code: "UNKNOWN_TOPIC_OR_PARTITION",
      reason: "topic is being made or moved",
      hint: "it does not exist: run edge-ingester topics create or set KAFKA_CREATE_TOPICS=true",
    },
  ],
  [5, { ...STALE, code: "LEADER_NOT_AVAILABLE", reason: "election under way" }],
  [6, { ...STALE, code: "NOT_LEADER_OR_FOLLOWER", reason: "leadership has moved" }],
  [
    7,
    {
      ...RETRY,
      code: "REQUEST_TIMED_OUT",
      reason: "in the leader's log, replicas too late: the same sequence is answered as written once they are",
    },
  ],
  [8, { ...STALE, code: "BROKER_NOT_AVAILABLE", reason: "leader is going or coming" }],
  [9, { ...STALE, code: "REPLICA_NOT_AVAILABLE", reason: "replica is going or coming" }],
  [
    10,
    {
      ...TOO_LARGE,
      code: "MESSAGE_TOO_LARGE",
      reason: "larger than the topic's max.message.bytes: smaller batches pass",
    },
  ],
  [13, { ...STALE, code: "NETWORK_EXCEPTION", reason: "may or may not be written" }],
  [14, { ...RETRY, code: "COORDINATOR_LOAD_IN_PROGRESS", reason: "passes by itself" }],
  [15, { ...RETRY, code: "COORDINATOR_NOT_AVAILABLE", reason: "passes by itself" }],
  [16, { ...STALE, code: "NOT_COORDINATOR", reason: "passes by itself" }],
  [
    17,
    {
      ...RETRY,
      code: "INVALID_TOPIC_EXCEPTION",
      reason: "the same for every batch",
      hint: "the topic's name is not a valid one",
    },
  ],
  [18, { ...TOO_LARGE, code: "RECORD_LIST_TOO_LARGE", reason: "larger than the log segment: smaller batches pass" }],
  [
    19,
    {
      ...RETRY,
      code: "NOT_ENOUGH_REPLICAS",
      reason: "not written; passes when replicas return",
      hint: "fewer in-sync replicas than the topic's min.insync.replicas",
    },
  ],
  [
    20,
    {
      ...RETRY,
      code: "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
      reason: "in the leader's log: the same sequence is answered as written later",
      hint: "fewer in-sync replicas than the topic's min.insync.replicas",
    },
  ],
  [
    21,
    {
      ...RETRY,
      code: "INVALID_REQUIRED_ACKS",
      reason: "the same for every batch",
      hint: "the broker does not take acks=all",
    },
  ],
  [
    29,
    {
      ...RETRY,
      code: "TOPIC_AUTHORIZATION_FAILED",
      reason: "the same for every batch until access is granted",
      hint: "KAFKA_SASL_USERNAME may not write to it",
    },
  ],
  [
    31,
    {
      ...RETRY,
      code: "CLUSTER_AUTHORIZATION_FAILED",
      reason: "the same for every batch until access is granted",
      hint: "KAFKA_SASL_USERNAME lacks IdempotentWrite",
    },
  ],
  [
    32,
    {
      ...RETRY,
      code: "INVALID_TIMESTAMP",
      hint: "the broker refuses our stamps: this machine's clock is off, or records that waited long are older than the topic's message.timestamp.before.max.ms",
      reason:
        "outside the topic's message.timestamp limits: our clock or the topic must be put right, and then it fits",
    },
  ],
  [
    33,
    {
      ...RETRY,
      code: "UNSUPPORTED_SASL_MECHANISM",
      reason: "the same for every batch",
      hint: "see KAFKA_SASL_MECHANISM",
    },
  ],
  [
    34,
    {
      ...RETRY,
      code: "ILLEGAL_SASL_STATE",
      reason: "the connection is not authenticated",
      hint: "see KAFKA_SASL_MECHANISM",
    },
  ],
  [
    35,
    {
      ...RETRY,
      code: "UNSUPPORTED_VERSION",
      reason: "the broker was changed under the connection",
      hint: "it takes no Produce request of version 7 (Kafka 2.1)",
    },
  ],
  [41, { ...STALE, code: "NOT_CONTROLLER", reason: "passes by itself" }],
  [42, { ...REJECTED, code: "INVALID_REQUEST", reason: "this batch is malformed in the broker's eyes" }],
  [
    43,
    {
      ...RETRY,
      code: "UNSUPPORTED_FOR_MESSAGE_FORMAT",
      reason: "the same for every batch",
      hint: "the topic's message.format.version is older than 0.11",
    },
  ],
  [44, { ...REJECTED, code: "POLICY_VIOLATION", reason: "this batch breaks a rule of the broker" }],
  [
    45,
    {
      ...NEW_ID,
      code: "OUT_OF_ORDER_SEQUENCE_NUMBER",
      reason: "broker and lane disagree on the sequence: only a new producer id begins afresh",
    },
  ],
  [46, { ...ACKED, code: "DUPLICATE_SEQUENCE_NUMBER", reason: "written before; its first answer was lost" }],
  [47, { ...NEW_ID, code: "INVALID_PRODUCER_EPOCH", reason: "this producer id is used up" }],
  [48, { ...NEW_ID, code: "INVALID_TXN_STATE", reason: "this producer id is used up" }],
  [49, { ...NEW_ID, code: "INVALID_PRODUCER_ID_MAPPING", reason: "this producer id is used up" }],
  [51, { ...RETRY, code: "CONCURRENT_TRANSACTIONS", reason: "passes by itself" }],
  [
    53,
    {
      ...RETRY,
      code: "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
      reason: "the same for every batch until access is granted",
      hint: "KAFKA_SASL_USERNAME lacks a right",
    },
  ],
  [56, { ...STALE, code: "KAFKA_STORAGE_ERROR", reason: "disk of the leader failed: another replica takes over" }],
  [
    58,
    {
      ...RETRY,
      code: "SASL_AUTHENTICATION_FAILED",
      reason: "the same for every batch",
      hint: "see KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD",
    },
  ],
  [59, { ...NEW_ID, code: "UNKNOWN_PRODUCER_ID", reason: "the broker has forgotten this producer id" }],
  [72, { ...STALE, code: "LISTENER_NOT_FOUND", reason: "the leader has no address for us yet" }],
  [74, { ...STALE, code: "FENCED_LEADER_EPOCH", reason: "leadership has moved" }],
  [75, { ...STALE, code: "UNKNOWN_LEADER_EPOCH", reason: "leadership is moving" }],
  [
    76,
    {
      ...RETRY,
      code: "UNSUPPORTED_COMPRESSION_TYPE",
      reason: "the same for every batch",
      hint: "see KAFKA_COMPRESSION",
    },
  ],
  [77, { ...STALE, code: "STALE_BROKER_EPOCH", reason: "passes by itself" }],
  [78, { ...STALE, code: "OFFSET_NOT_AVAILABLE", reason: "leader was elected just now" }],
  [80, { ...STALE, code: "PREFERRED_LEADER_NOT_AVAILABLE", reason: "election under way" }],
  [83, { ...STALE, code: "ELIGIBLE_LEADERS_NOT_AVAILABLE", reason: "election under way" }],
  [
    87,
    { ...REJECTED, code: "INVALID_RECORD", reason: "a record breaks a rule of the topic, such as a key it must have" },
  ],
  [89, { ...RETRY, code: "THROTTLING_QUOTA_EXCEEDED", reason: "passes when the quota allows" }],
  [90, { ...NEW_ID, code: "PRODUCER_FENCED", reason: "this producer id is used up" }],
  [100, { ...STALE, code: "UNKNOWN_TOPIC_ID", reason: "topic is being made anew" }],
  [103, { ...STALE, code: "INCONSISTENT_TOPIC_ID", reason: "topic is being made anew" }],
  [120, { ...NEW_ID, code: "TRANSACTION_ABORTABLE", reason: "this producer id is used up" }],
  [129, { ...STALE, code: "REBOOTSTRAP_REQUIRED", reason: "the cluster behind the address was changed" }],
]);

/** The outcome of an error code of a Produce answer. */
export function produceOutcome(errorCode: number): ProduceOutcome {
  const known = PRODUCE_OUTCOMES.get(errorCode);
  if (known !== undefined) return known;
  return { ...STALE, code: kafkaErrorName(errorCode), reason: "unknown code: may or may not be written" };
}

/** Kafka's name of an error code of any request, for messages; `KAFKA_ERROR_n` when neither we nor kafkajs know it. */
export function kafkaErrorName(errorCode: number): string {
  const own = PRODUCE_OUTCOMES.get(errorCode)?.code;
  return own ?? errorCodes.find(({ code }) => code === errorCode)?.type ?? `KAFKA_ERROR_${errorCode}`;
}
