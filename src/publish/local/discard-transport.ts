import type { BatchTransport, ProducerIdentity, SendResult } from "../batch-transport.ts";
import type { SealedBatch } from "../sealed-batch.ts";
import { ACKED, LOCAL_PARTITIONS, LOCAL_PRODUCER } from "./local-sink.ts";

/** `SINK=discard`: acknowledges every batch and keeps nothing, to measure and to try out feeds. */
export class DiscardTransport implements BatchTransport {
  readonly trouble = "";
  /** What was thrown away, records and bytes as they came. */
  records = 0;
  bytes = 0;

  async start(): Promise<void> {}

  partitionCount(): number {
    return LOCAL_PARTITIONS;
  }

  async acquireProducer(): Promise<ProducerIdentity> {
    return LOCAL_PRODUCER;
  }

  async send(_topic: string, _partition: number, batch: SealedBatch): Promise<SendResult> {
    this.records += batch.recordCount;
    this.bytes += batch.bytes.length;
    return ACKED;
  }

  async stop(): Promise<void> {}
}
