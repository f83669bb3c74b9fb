import type { CurrentWait } from "../runtime/current-wait.ts";
import type { SealedBatch } from "./sealed-batch.ts";

/** A producer id as the broker gave it; batches under it are numbered from 0. */
export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly epoch: number;
}

/** What came of one attempt to write one batch. Nothing is thrown: an unknown outcome is `retry`. */
export type SendResult =
  /** Written with acks=all, or known to have been written before (DUPLICATE_SEQUENCE_NUMBER). */
  | { readonly outcome: "acked" }
  /** Not known to be written: the same batch goes again with the same sequence. */
  | { readonly outcome: "retry"; readonly code: string; readonly message: string }
  /** The producer id is no longer good for this partition: take a new one and send again. May duplicate. */
  | { readonly outcome: "new_producer_id"; readonly code: string; readonly message: string }
  /** Too large for the topic: the lane splits it. */
  | { readonly outcome: "too_large"; readonly code: string; readonly message: string }
  /** Never to be had as it is: counted as dropped. */
  | { readonly outcome: "rejected"; readonly code: string; readonly message: string };

/** The way of one lane to where batches go. */
export interface LanePort {
  /** A fresh producer id; rejects with an IngestError when the broker cannot be reached. */
  acquireProducer(): Promise<ProducerIdentity>;
  /** One attempt with a time limit of its own; never rejects. The batch is stamped (producer, sequence, CRC). */
  send(topic: string, partition: number, batch: SealedBatch): Promise<SendResult>;
}

/** Where sealed batches go: Kafka, or a local sink that acks when it has written. */
export interface BatchTransport extends LanePort {
  /** Resolves once the partition counts of all topics are known; keeps trying until then or until the signal aborts. */
  start(topics: readonly string[], signal: AbortSignal): Promise<void>;
  /** Number of partitions of a topic; only after `start`. */
  partitionCount(topic: string): number;
  /** The same for one lane, which learns by `wait` until when it may have to wait; absent where nothing is waited for. */
  portFor?(wait: CurrentWait): LanePort;
  /** Closes sockets and files within `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>;
  /** For `/readyz`: why nothing can be written now; empty when it can. */
  readonly trouble: string;
}
