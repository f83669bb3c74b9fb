import type { Clock } from "../../runtime/clock.ts";
import type { SpoolLossReason } from "./batch-log.ts";
import type { SpoolFileSystem } from "./spool-file-system.ts";

/** Accepted records on the disk that are lost. */
export interface SpoolLoss {
  readonly topic: string;
  readonly reason: SpoolLossReason;
  readonly recordCount: number;
  /** Quotes per index of `Spool.feedNames`. All zero: events, rejects, or records whose feeds cannot be told any more. */
  readonly countsByFeed: Int32Array;
}

/** What the spool needs around it. */
export interface SpoolOptions {
  readonly fileSystem: SpoolFileSystem;
  readonly clock: Clock;
  /** Made when missing; one process at a time uses it (`process-lock.ts`). */
  readonly directory: string;
  readonly maxBytes: number;
  /** Never takes the disk below this. */
  readonly minFreeBytes: number;
  readonly whenFull: "drop_oldest" | "drop_newest";
  /** Topics that give way only when nothing else is left: the events, which say what was given up. */
  readonly yieldLast: readonly string[];
  /** Older records are dropped; 0: never. */
  readonly maxAgeMs: number;
  /** What was written is on the disk after at most this, ms. */
  readonly fsyncMs: number;
  /** Bound of one segment file; one larger batch has a segment of its own. */
  readonly segmentBytes: number;
  /** By feed index: the feeds of this process. */
  readonly feedNames: readonly string[];
  /** At once, when the records are given up; at the start once the names are known. */
  onLoss(loss: SpoolLoss): void;
  /** Later, batch by batch and never more than one per turn of the event loop: the bytes of what was given up, where they can still be read. */
  onLostBatch(bytes: Buffer, reason: SpoolLossReason): void;
  /** Trouble began, changed or (empty text) ended. */
  onTrouble(trouble: string): void;
}
