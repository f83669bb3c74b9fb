import type { ProducerIdentity, SendResult } from "../batch-transport.ts";

/** A local sink has no partitions to spread over: one per topic keeps everything in order. */
export const LOCAL_PARTITIONS = 1;

/** A local sink numbers nothing: every producer is the same one. */
export const LOCAL_PRODUCER: ProducerIdentity = { producerId: 1n, epoch: 0 };

/** The answer when the batch stands where it should. */
export const ACKED: SendResult = { outcome: "acked" };

/** Code of an attempt that came after `stop`. */
export const STOPPED: SendResult = {
  outcome: "retry",
  code: "stopped",
  message: "Cannot write records: the sink is stopped",
};
