/** How the disk is. */
export type SpoolState =
  /** Takes and gives batches. */
  | "ok"
  /** The budget or the disk has no room: `SPOOL_WHEN_FULL` decides. */
  | "full"
  /** Cannot be written: batches stay in memory, the disk is tried again. */
  | "failing";

/** The spool at one moment, for metrics, `/status` and the terminal. Counters count from the start of the process. */
export interface SpoolStatus {
  readonly directory: string;
  readonly state: SpoolState;
  /** Why it is not ok; empty when it is. */
  readonly trouble: string;
  /** Bytes of all files, and what they may take. */
  readonly usedBytes: number;
  readonly limitBytes: number;
  /** Free on its disk when last looked at; the spool leaves at least `minFreeBytes`. */
  readonly freeBytes: number;
  readonly segments: number;
  /** On the disk alone, all lanes: what is still to be read and sent. */
  readonly unreadBatches: number;
  readonly unreadRecords: number;
  readonly unreadBytes: number;
  /** Wall clock of the oldest unread record, ms; −1 when there is none. */
  readonly oldestUnreadMs: number;
  readonly writtenRecords: number;
  readonly writtenBytes: number;
  readonly readRecords: number;
  readonly readBytes: number;
  /** Found on the disk at the start. */
  readonly recoveredRecords: number;
  /** Records in batches that were damaged, and records that should have been there and were not found. */
  readonly damagedRecords: number;
  readonly missingRecords: number;
  readonly droppedRecords: number;
  readonly expiredRecords: number;
  /** Duration of the last fdatasync, ms. */
  readonly lastSyncMs: number;
  /** Since when the longest of the syncs that run now runs, monotonic ms; −1 when none does. `/healthz` watches it. */
  readonly syncingSinceMs: number;
}
