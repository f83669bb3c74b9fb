import type { SealedBatch } from "../sealed-batch.ts";
import type { BatchLocation, BatchLog, LoadedBatch, LogBacklog, LogName, SpoolLossReason } from "./batch-log.ts";
import { type Frame, frameBytes, isBatchGood } from "./frame.ts";
import { LogCursor, type ReadFrame } from "./log-cursor.ts";
import { type LogParts, LogSegments, type WrittenFrame } from "./log-segments.ts";
import type { LostStretch } from "./lost-batches.ts";
import type { LogStart } from "./recovery.ts";
import type { Segment } from "./segment.ts";
import type { SegmentFile } from "./segment-file.ts";
import { type SpoolCore, tellLoss } from "./spool-core.ts";

/** An empty log keeps its file this long after the last append, ms. */
const EMPTY_FILE_AFTER_MS = 2000;

/** The batches of one lane on the disk. */
export class DiskLog implements BatchLog {
  readonly name: LogName;
  readonly #core: SpoolCore;
  readonly #files: LogSegments;
  readonly #cursor: LogCursor;
  /** Before the cursor and not settled: the lane has them in memory, which bounds them. In order. */
  readonly #held: WrittenFrame[] = [];
  #heldRecords = 0;
  #heldBytes = 0;
  #lastAppendMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(core: SpoolCore, parts: LogParts, start: LogStart) {
    this.#core = core;
    this.name = parts.name;
    this.#files = new LogSegments(core, parts);
    this.#cursor = new LogCursor(core, this.#files, start);
  }

  get stored(): LogBacklog {
    const { batches, records, bytes } = this.#cursor.unread;
    return {
      batches: batches + this.#held.length,
      records: records + this.#heldRecords,
      bytes: bytes + this.#heldBytes,
    };
  }

  get unread(): LogBacklog {
    const { batches, records, bytes } = this.#cursor.unread;
    return { batches, records, bytes };
  }

  get oldestUnreadMs(): number {
    return this.#cursor.oldestMs;
  }

  get segmentCount(): number {
    return this.#files.list.length;
  }

  addUnreadCounts(target: Float64Array): void {
    const { counts } = this.#cursor.unread;
    for (let feed = 0; feed < counts.length; feed++) target[feed] += counts[feed];
  }

  append(batch: SealedBatch, keep: "in_memory" | "on_disk"): BatchLocation | null {
    const { room, figures, options } = this.#core;
    if (this.#isClosed || room.isResting || !this.#core.makeRoom(this.#files.bytesFor(batch))) return null;
    const isAtEnd = this.#cursor.unread.isEmpty;
    let written: WrittenFrame;
    try {
      written = this.#files.append(batch);
    } catch (error) {
      this.#core.noteWriteFailure(error);
      return null;
    }
    room.noteWritten();
    this.#lastAppendMs = options.clock.monotonicMs();
    const { segment, offset, frame } = written;
    figures.writtenRecords += frame.recordCount;
    figures.writtenBytes += frameBytes(frame);
    if (isAtEnd && keep === "in_memory") {
      this.#hold(written);
      this.#cursor.moveTo(segment, offset + frameBytes(frame), frame.position + frame.recordCount);
    } else {
      this.#cursor.append(written);
      if (isAtEnd) this.#cursor.moveToFrame(segment, offset, frame);
    }
    // With the cursor in the new segment the one before it may be done with.
    if (isAtEnd) this.#files.removeFinished(this.#cursor.segment);
    return { position: frame.position, segment: segment.ordinal, offset };
  }

  async readNext(): Promise<LoadedBatch | null> {
    for (;;) {
      const segment = this.#cursor.segmentToRead();
      if (segment === null) return null;
      const { moves } = this.#cursor;
      const found = await this.#cursor.read(segment);
      if (this.#isClosed) return null;
      // The lane gave a batch back, or the segment was given up, while the disk was reading.
      if (moves !== this.#cursor.moves) continue;
      if (found.kind !== "frame") {
        if (!this.#cursor.passDamage(segment, found)) return null;
      } else if (this.#cursor.isHole(found.frame)) this.#cursor.passHole(segment, found);
      else if (!isBatchGood(found.bytes, found.frame)) this.#cursor.lose(segment, found, "spool_damaged");
      else if (this.#isExpired(found.frame.firstTimeMs)) this.#expire(segment, found);
      else return this.#take(segment, found);
    }
  }

  rewind(location: BatchLocation): void {
    const at = this.#held.findIndex((held) => isAt(held, location));
    if (at < 0) return;
    const back = this.#held.splice(at);
    for (const held of back) {
      this.#letGo(held);
      this.#cursor.add(held.segment, held.frame);
    }
    const [{ segment, offset, frame }] = back;
    this.#cursor.moveToFrame(segment, offset, frame);
    this.#cursor.moves++;
  }

  settle(location: BatchLocation, recordCount: number): void {
    if (this.#isClosed) return;
    while (this.#held.length > 0) {
      const [first] = this.#held;
      const isDone = isBefore(first, location) || (isAt(first, location) && recordCount >= first.frame.recordCount);
      if (!isDone) break;
      this.#held.shift();
      this.#letGo(first);
    }
    this.#core.room.isSwept = false;
    this.#saveSettled();
    this.#files.removeFinished(this.#cursor.segment);
  }

  /** True when anything is unread: it could be given up. */
  hasUnread(): boolean {
    return this.#cursor.segmentToRead() !== null;
  }

  /** Gives up what is unread of the first segment that has any: counted and told at once, its bytes handed over later. */
  giveUpFirst(reason: SpoolLossReason): void {
    const segment = this.#cursor.segmentToRead();
    if (segment === null) return;
    const { lost, from, to, hole } = this.#cursor.takeRest(segment);
    segment.isClosed = true;
    segment.handOvers++;
    const isWhole = segment.inHand === 0;
    segment.isCut = !isWhole;
    if (isWhole && this.#cursor.segment === segment) this.#cursor.segment = null;
    if (isWhole) this.#files.removeSegment(segment);
    const leaving = isWhole ? segment.fileBytes : to - from;
    this.#core.room.leavingBytes += leaving;
    const onDone = () => {
      this.#core.room.leavingBytes -= leaving;
      this.#endHandOver(segment, isWhole ? "whole" : "kept");
    };
    this.#handOver(segment, { from, to, reason, onDone });
    // Told first: what the checkpoint calls lost is never told again.
    tellLoss(this.#core, this.name.topic, reason, lost);
    this.#files.addHole(hole);
  }

  /** At the start: removes the files of which nothing is left, and notes what was found missing. */
  adopt(done: readonly SegmentFile[], isChanged: boolean): void {
    this.#files.adopt(done, isChanged);
  }

  /** Writes what is delivered to the checkpoint again when that failed. */
  retryCheckpoint(): void {
    this.#files.retryCheckpoint();
  }

  /** Now and then: drops what is too old, removes files that are empty, closes those that rest. */
  keepHouse(nowMs: number): void {
    const cursor = this.#cursor;
    for (let first = cursor.segmentToRead(); first !== null; first = cursor.segmentToRead()) {
      if (!this.#isExpired(first.newestMs)) break;
      this.giveUpFirst("spool_expired");
    }
    this.retryCheckpoint();
    if (nowMs - this.#lastAppendMs < EMPTY_FILE_AFTER_MS) return;
    this.removeEmpty();
    this.#files.releaseFiles();
  }

  /** When nothing is stored the last file goes as well. */
  removeEmpty(): void {
    if (!this.#cursor.unread.isEmpty || this.#held.length > 0 || this.#files.list.length === 0) return;
    this.#saveSettled();
    this.#files.removeAll();
    if (this.#files.list.length === 0) this.#cursor.segment = null;
  }

  close(): void {
    this.removeEmpty();
    this.#isClosed = true;
    this.#files.close();
  }

  #take(segment: Segment, found: ReadFrame): LoadedBatch {
    const { frame } = found;
    const { figures, troubles } = this.#core;
    const { offset } = this.#cursor;
    this.#hold({ segment, offset, frame });
    this.#cursor.pass(segment, found);
    troubles.end("read");
    figures.readRecords += frame.recordCount;
    figures.readBytes += frameBytes(frame);
    const location = { position: frame.position, segment: segment.ordinal, offset };
    return { batch: this.#batchOf(frame, found.bytes), location };
  }

  #batchOf(frame: Frame, bytes: Buffer): SealedBatch {
    const { clock } = this.#core.options;
    const { pairs, recordCount, uncompressedBytes } = frame;
    const countsByFeed = new Int32Array(this.#core.feedNames.length);
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] >= 0) countsByFeed[pairs[i]] = pairs[i + 1];
    const ageMs = Math.max(0, clock.wallUs() / 1000 - frame.firstTimeMs);
    const openedAtMs = Math.max(0, clock.monotonicMs() - ageMs);
    return { bytes, recordCount, uncompressedBytes, countsByFeed, openedAtMs };
  }

  /** Gives up one batch for its age; the file stays until its bytes were handed over. */
  #expire(segment: Segment, found: ReadFrame): void {
    const from = this.#cursor.offset;
    const to = from + frameBytes(found.frame);
    segment.handOvers++;
    const onDone = () => this.#endHandOver(segment, "kept");
    this.#handOver(segment, { from, to, reason: "spool_expired", onDone });
    this.#cursor.lose(segment, found, "spool_expired");
  }

  #isExpired(timeMs: number): boolean {
    const { maxAgeMs, clock } = this.#core.options;
    return maxAgeMs > 0 && timeMs >= 0 && timeMs < clock.wallUs() / 1000 - maxAgeMs;
  }

  #hold(held: WrittenFrame): void {
    this.#held.push(held);
    held.segment.inHand++;
    this.#heldRecords += held.frame.recordCount;
    this.#heldBytes += frameBytes(held.frame);
  }

  #letGo({ segment, frame }: WrittenFrame): void {
    segment.inHand--;
    this.#heldRecords -= frame.recordCount;
    this.#heldBytes -= frameBytes(frame);
  }

  #handOver({ path, id }: Segment, stretch: Pick<LostStretch, "from" | "to" | "reason" | "onDone">): void {
    this.#core.lost.add({ ...stretch, path, segmentId: id, holes: this.#files.holes });
  }

  #endHandOver(segment: Segment, what: "whole" | "kept"): void {
    const isLast = segment.handOvers === 1;
    if (isLast && what === "kept" && segment.isCut) {
      // Until the cut is made the segment counts as being handed over, and so it stays.
      segment.isCut = false;
      this.#files.cut(segment, () => this.#endHandOver(segment, "kept"));
      return;
    }
    segment.handOvers--;
    if (isLast && what === "whole") this.#files.removeSegment(segment);
    this.#files.removeFinished(this.#cursor.segment);
  }

  #saveSettled(): void {
    const first = this.#held[0];
    if (first !== undefined) this.#files.settleUpTo(first.frame.position, first.segment);
    else if (this.#cursor.unread.isEmpty) this.#files.settleUpTo(this.#files.endPosition, null);
    else this.#files.settleUpTo(this.#cursor.position, this.#cursor.segment);
  }
}

function isAt({ segment, offset }: WrittenFrame, location: BatchLocation): boolean {
  return segment.ordinal === location.segment && offset === location.offset;
}

function isBefore({ segment, offset }: WrittenFrame, location: BatchLocation): boolean {
  return segment.ordinal < location.segment || (segment.ordinal === location.segment && offset < location.offset);
}
