import type { SealedBatch } from "../sealed-batch.ts";
import type { BatchLocation, BatchLog, LoadedBatch, LogBacklog, LogName, SpoolLossReason } from "./batch-log.ts";
import { type Frame, frameBytes, isBatchGood } from "./frame.ts";
import { type FoundFrame, peekTimeMs, readFrameAt } from "./frame-reader.ts";
import { type LogParts, LogSegments } from "./log-segments.ts";
import { type Recount, recount } from "./recount.ts";
import type { LogStart } from "./recovery.ts";
import type { Segment } from "./segment.ts";
import type { SegmentFile } from "./segment-file.ts";

import { type SpoolCore, tellLoss } from "./spool-core.ts";
import { Tally } from "./tally.ts";
import { errorCode } from "./write-fully.ts";

/** A place that the disk does not give for this long is given up as damaged, ms: one bad sector must not hold a lane for ever. */
const UNREADABLE_AFTER_MS = 60_000;
/** An empty log keeps its file this long after the last append, ms. */
const EMPTY_FILE_AFTER_MS = 2000;

/** A batch before the cursor that is not settled: the lane has it in memory. */
interface HeldBatch {
  readonly segment: Segment;
  readonly offset: number;
  readonly frame: Frame;
}

/** A frame found at the cursor. */
type ReadFrame = Extract<FoundFrame, { kind: "frame" }>;

/** The batches of one lane on the disk. */
export class DiskLog implements BatchLog {
  readonly name: LogName;
  readonly #core: SpoolCore;
  readonly #files: LogSegments;
  /** Everything at and behind the cursor. */
  readonly #unread: Tally;
  /** In order; bounded by the batches a lane holds in memory. */
  readonly #held: HeldBatch[] = [];
  #heldRecords = 0;
  #heldBytes = 0;
  // The cursor: a place in a segment (null: the log has none), its position, and what is known of the frame there.
  #segment: Segment | null;
  #offset = 0;
  #position = 0;
  #timeMs = -1;
  #known: Frame | null = null;
  /** Changes when the cursor moves while a read is under way. */
  #moves = 0;
  #failingSinceMs = -1;
  #lastAppendMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(core: SpoolCore, parts: LogParts, start: LogStart) {
    this.#core = core;
    this.name = parts.name;
    this.#files = new LogSegments(core, parts);
    this.#unread = new Tally(core.feedNames.length);
    for (const segment of parts.segments) this.#unread.add(segment.unread, 1);
    this.#segment = parts.segments[0] ?? null;
    this.#offset = start.offset;
    this.#position = start.position;
    this.#timeMs = start.timeMs;
  }

  get stored(): LogBacklog {
    const { batches, records, bytes } = this.#unread;
    return {
      batches: batches + this.#held.length,
      records: records + this.#heldRecords,
      bytes: bytes + this.#heldBytes,
    };
  }

  get unread(): LogBacklog {
    const { batches, records, bytes } = this.#unread;
    return { batches, records, bytes };
  }

  get oldestUnreadMs(): number {
    const segment = this.#unread.isEmpty ? null : this.#segment;
    if (segment === null) return -1;
    if (this.#offset >= segment.dataEnd) return this.#files.after(segment)?.oldestMs ?? -1;
    return this.#timeMs >= 0 ? this.#timeMs : segment.oldestMs;
  }

  get segmentCount(): number {
    return this.#files.list.length;
  }

  addUnreadCounts(target: Float64Array): void {
    const { counts } = this.#unread;
    for (let feed = 0; feed < counts.length; feed++) target[feed] += counts[feed];
  }

  append(batch: SealedBatch, keep: "in_memory" | "on_disk"): BatchLocation | null {
    const { room, figures } = this.#core;
    if (this.#isClosed || room.isResting || !this.#core.makeRoom(this.#files.bytesFor(batch))) return null;
    const isAtEnd = this.#unread.isEmpty;
    let written: HeldBatch;
    try {
      written = this.#files.append(batch);
    } catch (error) {
      this.#core.noteWriteFailure(error);
      return null;
    }
    room.noteWritten();
    const { segment, offset, frame } = written;
    figures.writtenRecords += frame.recordCount;
    figures.writtenBytes += frameBytes(frame);
    this.#lastAppendMs = this.#core.options.clock.monotonicMs();
    if (isAtEnd && keep === "in_memory") {
      this.#hold(written);
      this.#moveTo(segment, offset + frameBytes(frame), frame.position + frame.recordCount);
    } else {
      segment.unread.addFrame(frame, 1);
      this.#unread.addFrame(frame, 1);
      if (isAtEnd) {
        this.#moveTo(segment, offset, frame.position);
        this.#timeMs = frame.firstTimeMs;
      }
    }
    // With the cursor in the new segment the one before it may be done with.
    if (isAtEnd) this.#files.removeFinished(this.#segment);
    return { position: frame.position, segment: segment.ordinal, offset };
  }

  async readNext(): Promise<LoadedBatch | null> {
    for (;;) {
      const segment = this.#segmentToRead();
      if (segment === null) return null;
      const moves = this.#moves;
      const found = await this.#readFrame(segment);
      if (this.#isClosed) return null;
      // The lane gave a batch back, or the segment was given up, while the disk was reading.
      if (moves !== this.#moves) continue;
      if (found.kind === "trouble") {
        if (!this.#isUnreadable(found.error)) return null;
        this.#skip(segment);
      } else if (found.kind !== "frame") {
        if (!this.#recount(segment)) return null;
      } else if (this.#isHole(found.frame)) this.#moveBehind(segment, found);
      else if (!isBatchGood(found.bytes, found.frame)) this.#loseFrame(segment, found, "spool_damaged");
      else if (this.#isExpired(found.frame.firstTimeMs)) this.#expire(segment, found);
      else return this.#take(segment, found);
    }
  }

  rewind(location: BatchLocation): void {
    const at = this.#held.findIndex((held) => isAt(held, location));
    if (at < 0) return;
    const back = this.#held.splice(at);
    for (const { segment, frame } of back) {
      segment.inHand--;
      segment.unread.addFrame(frame, 1);
      this.#unread.addFrame(frame, 1);
      this.#heldRecords -= frame.recordCount;
      this.#heldBytes -= frameBytes(frame);
    }
    const [{ segment, offset, frame }] = back;
    this.#moveTo(segment, offset, frame.position);
    this.#timeMs = frame.firstTimeMs;
    this.#moves++;
  }

  settle(location: BatchLocation, recordCount: number): void {
    if (this.#isClosed) return;
    while (this.#held.length > 0) {
      const [{ segment, offset, frame }] = this.#held;
      const isBefore =
        segment.ordinal < location.segment || (segment.ordinal === location.segment && offset < location.offset);
      if (!isBefore && !(isAt(this.#held[0], location) && recordCount >= frame.recordCount)) break;
      this.#held.shift();
      segment.inHand--;
      this.#heldRecords -= frame.recordCount;
      this.#heldBytes -= frameBytes(frame);
    }
    this.#saveSettled();
    this.#files.removeFinished(this.#segment);
  }

  /** The first segment with anything unread; null when all is read. Its oldest record decides what is given up first. */
  oldestSegment(): Segment | null {
    return this.#segmentToRead();
  }

  /** Gives up what is unread of the first segment that has any: counted and told at once, its bytes handed over later. */
  giveUpFirst(reason: SpoolLossReason): void {
    const segment = this.#segmentToRead();
    if (segment === null) return;
    const lost = segment.unread.copy();
    const from = this.#offset;
    const to = segment.dataEnd;
    this.#forget(segment, lost);
    this.#moves++;
    segment.isClosed = true;
    segment.dataEnd = from;
    segment.handOvers++;
    const isWhole = segment.inHand === 0;
    const leaving = isWhole ? segment.fileBytes : to - from;
    this.#core.room.leavingBytes += leaving;
    segment.isCut = !isWhole;
    const hole = { from: this.#position, to: segment.endPosition };
    this.#position = segment.endPosition;
    const next = this.#files.after(segment);
    if (next !== null) this.#enter(next);
    else if (isWhole) this.#segment = null;
    if (isWhole) this.#files.removeSegment(segment);
    const onDone = () => {
      this.#core.room.leavingBytes -= leaving;
      this.#endHandOver(segment, isWhole ? "whole" : "kept");
    };
    this.#core.lost.add({ path: segment.path, segmentId: segment.id, from, to, reason, onDone });
    // Told first: what the checkpoint calls lost is never told again.
    tellLoss(this.#core, this.name.topic, reason, lost);
    this.#files.addHole(hole.from, hole.to);
  }

  /** At the start: removes the files of which nothing is left, and notes what was found missing. */
  adopt(done: readonly SegmentFile[]): void {
    this.#files.adopt(done);
  }

  /** Now and then: drops what is too old, removes files that are empty. */
  keepHouse(nowMs: number): void {
    for (let first = this.#segmentToRead(); first !== null && this.#isExpired(first.newestMs); ) {
      this.giveUpFirst("spool_expired");
      first = this.#segmentToRead();
    }
    this.#files.retryCheckpoint();
    if (nowMs - this.#lastAppendMs < EMPTY_FILE_AFTER_MS) return;
    if (this.#unread.isEmpty && this.#held.length === 0) this.removeEmpty();
    this.#files.releaseFiles();
  }

  /** Nothing is stored: the last file goes as well. */
  removeEmpty(): void {
    if (!this.#unread.isEmpty || this.#held.length > 0) return;
    this.#saveSettled();
    this.#files.removeAll();
    if (this.#files.list.length === 0) this.#segment = null;
  }

  close(): void {
    this.#isClosed = true;
    this.#files.close();
  }

  /** The segment at the cursor, which steps over those that are read to their end; null when nothing is left. */
  #segmentToRead(): Segment | null {
    for (let segment = this.#segment; segment !== null; ) {
      if (this.#offset < segment.dataEnd) return segment;
      // What it still counts was not found in it.
      if (!segment.unread.isEmpty) this.#loseRest(segment, "spool_damaged");
      const next = this.#files.after(segment);
      if (next !== null) this.#enter(next);
      segment = next;
    }
    return null;
  }

  #enter(segment: Segment): void {
    this.#moveTo(segment, segment.dataStart, segment.basePosition);
    this.#timeMs = segment.oldestMs;
  }

  #moveTo(segment: Segment, offset: number, position: number): void {
    this.#segment = segment;
    this.#offset = offset;
    this.#position = position;
    this.#timeMs = -1;
    this.#known = null;
  }

  #moveBehind(segment: Segment, { frame, next }: ReadFrame): void {
    this.#moveTo(segment, this.#offset + frameBytes(frame), frame.position + frame.recordCount);
    this.#known = next;
    this.#failingSinceMs = -1;
    if (next !== null) this.#timeMs = next.firstTimeMs;
    else if (this.#offset < segment.dataEnd) this.#timeMs = this.#peekTime(segment) ?? frame.lastTimeMs;
  }

  /** The time of the frame at the cursor, which was written while the one before it was read; null when it cannot be had. */
  #peekTime(segment: Segment): number | null {
    const { options, files } = this.#core;
    return peekTimeMs(options.fileSystem, files, { path: segment.path, segmentId: segment.id, at: this.#offset });
  }

  #readFrame(segment: Segment): Promise<FoundFrame> {
    const { options, files } = this.#core;
    return readFrameAt(options.fileSystem, files, {
      path: segment.path,
      segmentId: segment.id,
      feedMap: segment.feedMap,
      at: this.#offset,
      end: segment.dataEnd,
      known: this.#known,
    });
  }

  #take(segment: Segment, found: ReadFrame): LoadedBatch {
    const { frame } = found;
    const { figures, troubles } = this.#core;
    const offset = this.#offset;
    this.#forgetFrame(segment, frame);
    this.#moveBehind(segment, found);
    this.#hold({ segment, offset, frame });
    troubles.end("read");
    figures.readRecords += frame.recordCount;
    figures.readBytes += frameBytes(frame);
    const location = { position: frame.position, segment: segment.ordinal, offset };
    return { batch: this.#batchOf(found), location };
  }

  #batchOf({ frame, bytes }: ReadFrame): SealedBatch {
    const { clock } = this.#core.options;
    const { pairs, recordCount, uncompressedBytes } = frame;
    const countsByFeed = new Int32Array(this.#core.feedNames.length);
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] >= 0) countsByFeed[pairs[i]] = pairs[i + 1];
    const ageMs = Math.max(0, clock.wallUs() / 1000 - frame.firstTimeMs);
    const openedAtMs = Math.max(0, clock.monotonicMs() - ageMs);
    return { bytes, recordCount, uncompressedBytes, countsByFeed, openedAtMs };
  }

  #hold(held: HeldBatch): void {
    this.#held.push(held);
    held.segment.inHand++;
    this.#heldRecords += held.frame.recordCount;
    this.#heldBytes += frameBytes(held.frame);
  }

  #isHole({ position, recordCount }: Frame): boolean {
    return this.#files.isHole(position, position + recordCount);
  }

  /** A batch that came back other than it went. */
  #loseFrame(segment: Segment, found: ReadFrame, reason: SpoolLossReason): void {
    const { frame } = found;
    const lost = new Tally(this.#core.feedNames.length);
    lost.addFrame(frame, 1);
    this.#forgetFrame(segment, frame);
    this.#moveBehind(segment, found);
    // Told first: what the checkpoint calls lost is never told again.
    tellLoss(this.#core, this.name.topic, reason, lost);
    this.#files.addHole(frame.position, frame.position + frame.recordCount);
  }

  #expire(segment: Segment, found: ReadFrame): void {
    const from = this.#offset;
    segment.handOvers++;
    this.#core.lost.add({
      path: segment.path,
      segmentId: segment.id,
      from,
      to: from + frameBytes(found.frame),
      reason: "spool_expired",
      onDone: () => this.#endHandOver(segment, "kept"),
    });
    this.#loseFrame(segment, found, "spool_expired");
  }

  #isExpired(timeMs: number): boolean {
    const { maxAgeMs, clock } = this.#core.options;
    return maxAgeMs > 0 && timeMs >= 0 && timeMs < clock.wallUs() / 1000 - maxAgeMs;
  }

  /** Finds what is left of a segment where no frame stands at the cursor; false when the disk does not let it. */
  #recount(segment: Segment): boolean {
    const { options, files } = this.#core;
    const isHole = (from: number, to: number) => this.#files.isHole(from, to);
    const from = { offset: this.#offset, position: this.#position, isHole };
    let rest: Recount;
    try {
      rest = recount(options.fileSystem, files, segment, from);
    } catch (error) {
      if (!this.#isUnreadable(error)) return false;
      this.#skip(segment);
      return true;
    }
    // A disk that gives good bytes after bad ones is asked again later.
    if (rest.first?.offset === this.#offset && !this.#isUnreadable(new Error("it reads unsteadily"))) return false;
    const lost = segment.unread.copy();
    lost.add(rest.found, -1);
    this.#forget(segment, lost);
    if (rest.first === null) this.#moveTo(segment, segment.dataEnd, segment.endPosition);
    else this.#moveTo(segment, rest.first.offset, rest.first.frame.position);
    tellLoss(this.#core, this.name.topic, rest.isGone ? "missing" : "spool_damaged", lost);
    for (const hole of rest.holes) this.#files.addHole(hole.from, hole.to);
    return true;
  }

  /** Passes over what cannot be read: the frame when it is known, else all that is left of the segment. */
  #skip(segment: Segment): void {
    const frame = this.#known;
    if (frame !== null)
      this.#loseFrame(segment, { kind: "frame", frame, bytes: NO_BYTES, next: null }, "spool_damaged");
    else this.#loseRest(segment, "spool_damaged");
    this.#failingSinceMs = -1;
  }

  #loseRest(segment: Segment, reason: SpoolLossReason): void {
    const lost = segment.unread.copy();
    this.#forget(segment, lost);
    const from = this.#position;
    this.#moveTo(segment, segment.dataEnd, segment.endPosition);
    tellLoss(this.#core, this.name.topic, reason, lost);
    this.#files.addHole(from, segment.endPosition);
  }

  #forget(segment: Segment, tally: Tally): void {
    this.#unread.add(tally, -1);
    segment.unread.add(tally, -1);
  }

  #forgetFrame(segment: Segment, frame: Frame): void {
    this.#unread.addFrame(frame, -1);
    segment.unread.addFrame(frame, -1);
  }

  /** Tells the trouble; true when it has lasted so long that the place counts as lost. */
  #isUnreadable(error: unknown): boolean {
    const { troubles, options } = this.#core;
    const nowMs = options.clock.monotonicMs();
    troubles.begin("read", `Cannot read the spool: ${errorCode(error)}`);
    if (this.#failingSinceMs < 0) this.#failingSinceMs = nowMs;
    return nowMs - this.#failingSinceMs >= UNREADABLE_AFTER_MS;
  }

  #endHandOver(segment: Segment, what: "whole" | "kept"): void {
    segment.handOvers--;
    if (segment.handOvers > 0) return;
    if (what === "whole") this.#files.removeSegment(segment);
    else if (segment.isCut) this.#files.cut(segment);
    this.#files.removeFinished(this.#segment);
  }

  #saveSettled(): void {
    if (this.#held.length > 0) this.#files.settleUpTo(this.#held[0].frame.position);
    else this.#files.settleUpTo(this.#unread.isEmpty ? this.#files.endPosition : this.#position);
  }
}

const NO_BYTES = Buffer.alloc(0);

function isAt({ segment, offset }: HeldBatch, location: BatchLocation): boolean {
  return segment.ordinal === location.segment && offset === location.offset;
}
