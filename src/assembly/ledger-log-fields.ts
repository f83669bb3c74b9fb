import type { LogFields } from "../domain/log.ts";
import type { LedgerRow } from "../pipeline/ledger.ts";

/** One source's account as the fields of a log line: the last word on its quotes, as no scrape comes after the end. */
export function ledgerLogFields({ source, accepted, acked, inMemory, dropped }: LedgerRow): LogFields {
  return {
    source,
    accepted,
    acked,
    inMemory,
    droppedMemoryFull: dropped.memory_full,
    droppedRecordTooLarge: dropped.record_too_large,
    droppedBrokerRejected: dropped.broker_rejected,
    droppedShutdown: dropped.shutdown,
  };
}
