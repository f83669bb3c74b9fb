import type { SpoolLossReason } from "./batch-log.ts";
import type { DiskRoom } from "./disk-room.ts";
import type { DiskSync } from "./disk-sync.ts";
import type { FileHandles } from "./file-handles.ts";
import type { LostBatches } from "./lost-batches.ts";
import type { SegmentRemover } from "./segment-remover.ts";
import type { SpoolOptions } from "./spool-options.ts";
import type { SpoolTroubles } from "./spool-troubles.ts";

/** Counts of the process, for {@link SpoolStatus}. */
export interface SpoolFigures {
  writtenRecords: number;
  writtenBytes: number;
  readRecords: number;
  readBytes: number;
  damagedRecords: number;
  missingRecords: number;
  droppedRecords: number;
  expiredRecords: number;
}

/** What the logs of a spool share. */
export interface SpoolCore {
  readonly options: SpoolOptions;
  /** Those of the options, then those found on the disk alone. */
  readonly feedNames: readonly string[];
  readonly files: FileHandles;
  readonly syncer: DiskSync;
  readonly troubles: SpoolTroubles;
  readonly room: DiskRoom;
  readonly remover: SegmentRemover;
  readonly lost: LostBatches;
  readonly figures: SpoolFigures;
  /** An id no segment of the folder has. */
  nextSegmentId(): number;
  /** Room for so many more bytes, made by dropping the oldest where that is wanted. */
  makeRoom(bytes: number): boolean;
  /** A write failed: told, and answered as `SPOOL_WHEN_FULL` says. */
  noteWriteFailure(error: unknown): void;
}

/** Why records are lost; `missing`: nothing of them was found, told as damage. */
export type LossReason = SpoolLossReason | "missing";

/** Records that are lost, before they are told. */
export interface LostRecords {
  readonly records: number;
  /** By the spool's feed indices; null: cannot be told. */
  readonly counts: Int32Array | null;
}

/** Counts a loss and tells it. */
export function tellLoss(core: SpoolCore, topic: string, reason: LossReason, { records, counts }: LostRecords): void {
  if (records <= 0) return;
  const { figures, room } = core;
  room.isSwept = false;
  if (reason === "spool_full") figures.droppedRecords += records;
  else if (reason === "spool_expired") figures.expiredRecords += records;
  else if (reason === "missing") figures.missingRecords += records;
  else figures.damagedRecords += records;
  core.options.onLoss({
    topic,
    reason: reason === "missing" ? "spool_damaged" : reason,
    recordCount: records,
    countsByFeed: counts === null ? new Int32Array(core.feedNames.length) : counts.slice(),
  });
}
