import type { Clock, RandomSource } from "../runtime/clock.ts";
import type { BatchTransport } from "./batch-transport.ts";
import type { Lane } from "./lane.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { Compression } from "./record-batch.ts";
import type { SealedBatch } from "./sealed-batch.ts";
import type { BatchLog } from "./spool/batch-log.ts";

/** Why a lane gave up a batch. */
export type LaneDropReason = "record_too_large" | "broker_rejected" | "shutdown" | "spool_damaged";

/** What every lane of a publisher shares. */
export interface LaneOptions {
  readonly transport: BatchTransport;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly budget: MemoryBudget;
  readonly compression: Compression;
  /** Batches carry producer id, sequence and CRC: a broker wants them, a local sink reads none of them. */
  readonly isStamped: boolean;
  /** Bound of one batch before compression, bytes. */
  readonly batchMaxBytes: number;
  /** Wait this long for more before an idle lane sends, ms; 0 = send at once. */
  readonly lingerMs: number;
  /** By feed index. */
  readonly feedNames: readonly string[];
  readonly spoolMode: "overflow" | "write" | "off";
  onAcked(batch: SealedBatch, lane: Lane): void;
  onDropped(batch: SealedBatch, reason: LaneDropReason, message: string): void;
  /** An attempt that did not end in an ack. */
  onTrouble(lane: Lane, code: string, message: string): void;
}

/** How a lane's batches go: `LaneStatus.state`. */
export type LaneState = "direct" | "spooling" | "draining" | "held";

/** What makes one lane different from the others. */
export interface LaneParts {
  readonly topic: string;
  /** `UNASSIGNED`: a lane that keeps its batches for others to deliver. */
  readonly partition: number;
  /** Null without a spool. */
  readonly log: BatchLog | null;
  /** Who takes over what waits while this lane cannot deliver (`BACKFILL=live_first`); null: it waits in this lane. */
  readonly backfill: (() => Lane) | null;
  /** True from the start: for a lane with a backlog on the disk, and for those that shall have one. */
  readonly isThroughDisk: boolean;
}
