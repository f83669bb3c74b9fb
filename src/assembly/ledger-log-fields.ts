import type { LogFields } from "../domain/log.ts";
import type { LedgerRow } from "../pipeline/ledger.ts";

/** One source's account as the fields of a log line: the last word on its quotes, as no scrape comes after the end. */
export function ledgerLogFields(row: LedgerRow): LogFields {
  const { source, accepted, recovered, acked, inMemory, onSpool, dropped } = row;
  return {
    source,
    accepted,
    recovered,
    acked,
    inMemory,
    onSpool,
    droppedMemoryFull: dropped.memory_full,
    droppedRecordTooLarge: dropped.record_too_large,
    droppedBrokerRejected: dropped.broker_rejected,
    droppedShutdown: dropped.shutdown,
    droppedSpoolFull: dropped.spool_full,
    droppedSpoolExpired: dropped.spool_expired,
    droppedSpoolDamaged: dropped.spool_damaged,
  };
}
