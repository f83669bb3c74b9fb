import type { SpoolStatus } from "../../domain/spool-status.ts";
import type { SealedBatch } from "../sealed-batch.ts";

/** Why batches on the disk are lost. */
export type SpoolLossReason =
  /** Dropped to make room (`SPOOL_WHEN_FULL=drop_oldest`). */
  | "spool_full"
  /** Older than `SPOOL_MAX_AGE`. */
  | "spool_expired"
  /** Torn, flipped or missing on the disk. */
  | "spool_damaged";

/** Partition of a log whose partition is not known yet: Kafka was never reached. */
export const UNASSIGNED = -1;

/** Which lane a log belongs to. `partitionCount` is what the topic had when its keys were dealt out. */
export interface LogName {
  readonly topic: string;
  /** {@link UNASSIGNED}: to be dealt out when the partitions are known; `partitionCount` is then 0. */
  readonly partition: number;
  readonly partitionCount: number;
}

/** Where a batch lies. Made by the log; its parts mean nothing elsewhere. */
export interface BatchLocation {
  /** Records of the log before this batch, over its whole life: grows without gap. */
  readonly position: number;
  readonly segment: number;
  readonly offset: number;
}

/** A batch read back from the disk. */
export interface LoadedBatch {
  readonly batch: SealedBatch;
  readonly location: BatchLocation;
}

/** What waits in a log. */
export interface LogBacklog {
  readonly batches: number;
  readonly records: number;
  readonly bytes: number;
}

/**
 * The batches of one lane on the disk, in order: first in, first out. It has one read cursor. A batch before the cursor is
 * in the hands of the lane (in memory); one behind it is on the disk alone. Synchronous but for {@link readNext}.
 */
export interface BatchLog {
  readonly name: LogName;
  /** What no ack has come for, in the lane's hands or not. */
  readonly stored: LogBacklog;
  /** What lies at and behind the cursor. */
  readonly unread: LogBacklog;
  /** Wall clock of the oldest record at or behind the cursor, ms; −1 when there is none. */
  readonly oldestUnreadMs: number;
  /**
   * Writes a batch behind all others. Its bytes must carry a good CRC. Null when the disk or the budget has no room, or the
   * disk fails: then nothing of the batch is on the disk. When the cursor stands at the end, `keep: "in_memory"` moves it over the new
   * batch, which the lane then holds; otherwise the cursor stays.
   */
  append(batch: SealedBatch, keep: "in_memory" | "on_disk"): BatchLocation | null;
  /**
   * The batch at the cursor, which moves behind it; null when none is left. Damaged batches are skipped and told as lost.
   * One call at a time. Never rejects: a disk that cannot be read is told as trouble and gives null; `unread` then still counts the batch, ask again later.
   */
  readNext(): Promise<LoadedBatch | null>;
  /** Puts the cursor back to a batch that the lane gives out of its hands; all behind it are read (again) from there. */
  rewind(location: BatchLocation): void;
  /** Everything up to and with this batch is delivered (or given up): never read again, also after a restart. */
  settle(location: BatchLocation, recordCount: number): void;
  /** Quotes on the disk alone (at and behind the cursor), added per feed index. */
  addUnreadCounts(target: Float64Array): void;
}

/** The disk as a whole. */
export interface Spool {
  /** Those of the options, then the sources found on the disk alone: what `countsByFeed` of every batch is indexed by from now on. */
  readonly feedNames: readonly string[];
  /** Quotes found on the disk at the start, by feed index. */
  readonly recoveredByFeed: Float64Array;
  /** The log of a lane, made (in memory; on disk with its first batch) when there is none. */
  log(name: LogName): BatchLog;
  /** Every log with anything stored. */
  logs(): BatchLog[];
  /** Quotes on the disk alone per feed index, counted now. */
  unreadByFeed(): Float64Array;
  status(): SpoolStatus;
  /** Resolves when all that was written before is on the disk; never rejects (trouble is told). */
  sync(): Promise<void>;
  /** Syncs, closes all files, gives the lock back. */
  close(): Promise<void>;
}
