import type { SegmentFooter } from "./segment-footer.ts";
import { Tally } from "./tally.ts";

/** What a segment is made of. */
export interface SegmentParts {
  readonly path: string;
  readonly id: number;
  readonly basePosition: number;
  readonly dataStart: number;
  /** Index of the spool's feed names by index of the segment's table; −1: no such name. Null: they are the same. */
  readonly feedMap: Int32Array | null;
}

/** One segment file as memory knows it: a few numbers, nothing per batch. */
export class Segment {
  readonly path: string;
  readonly id: number;
  readonly basePosition: number;
  readonly dataStart: number;
  readonly feedMap: Int32Array | null;
  /** Its place in the log: later segments have higher ones. Part of a location. */
  ordinal = 0;
  /** Records of the log before what comes after it. */
  endPosition: number;
  /** Where its last frame ends: reading stops here. */
  dataEnd: number;
  /** Of the file, with header and footer and what a failed write has left. */
  fileBytes: number;
  /** First record of the first frame that was left when memory came to know the segment; newest record of all. */
  oldestMs = -1;
  newestMs = -1;
  /** All frames, for the footer. */
  readonly total: Tally;
  /** Frames at and behind the cursor of the log. */
  readonly unread: Tally;
  /** Its batches in the lane's hands. */
  inHand = 0;
  /** No frame is added any more. */
  isClosed = false;
  /** Bytes behind `dataEnd` that belong to no frame: cut off before the next is written. */
  hasTail = false;
  /** The head of a new file, until it is written. */
  head: Buffer | null = null;
  /** What lies behind `dataEnd` was given up, and goes when it was handed over. */
  isCut = false;
  /** Stretches of it that were given up and are still to be read for `onLostBatch`: the file stays. */
  handOvers = 0;

  constructor(parts: SegmentParts, feedCount: number) {
    this.path = parts.path;
    this.id = parts.id;
    this.basePosition = parts.basePosition;
    this.endPosition = parts.basePosition;
    this.dataStart = parts.dataStart;
    this.dataEnd = parts.dataStart;
    this.fileBytes = parts.dataStart;
    this.feedMap = parts.feedMap;
    this.total = new Tally(feedCount);
    this.unread = new Tally(feedCount);
  }

  /** What its footer says; only for a segment whose table is the spool's own. */
  footer(pairs: Int32Array): SegmentFooter {
    return {
      segmentId: this.id,
      batches: this.total.batches,
      records: this.total.records,
      bytes: this.total.bytes,
      endPosition: this.endPosition,
      oldestMs: this.oldestMs,
      newestMs: this.newestMs,
      dataEnd: this.dataEnd,
      pairs,
    };
  }
}

/** Pairs by the spool's feed indices instead of the segment's; changed in place, unknown names left with −1. */
export function mapPairs(pairs: Int32Array, feedMap: Int32Array | null): void {
  if (feedMap === null) return;
  for (let i = 0; i < pairs.length; i += 2) pairs[i] = pairs[i] < feedMap.length ? feedMap[pairs[i]] : -1;
}
