import { dirname } from "node:path";
import type { SealedBatch } from "../sealed-batch.ts";
import type { LogName } from "./batch-log.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { FRAME_FIXED_BYTES, type Frame, PAIR_BYTES } from "./frame.ts";
import type { Hole } from "./position-holes.ts";
import type { Segment } from "./segment.ts";
import type { SegmentFile } from "./segment-file.ts";
import { appendFrame, closeSegment, createSegment } from "./segment-writer.ts";
import type { SpoolCore } from "./spool-core.ts";
import { errorCode } from "./write-fully.ts";

/** A log that is empty keeps its last file, to go on in it, up to this size. */
const EMPTY_SEGMENT_MAX_BYTES = 1024 * 1024;

/** A disk has no room for a checkpoint, which has its place already, when it says so for this long, ms. */
const OUT_OF_ROOM_AFTER_MS = 10_000;

/** Of the two copies of a segment's head, when the names of the feeds take less than a page. */
const HEAD_BYTES_GUESS = 8192;

/** What a log found on the disk begins with. */
export interface LogParts {
  readonly name: LogName;
  /** Its folder, a full path. */
  readonly folder: string;
  readonly checkpoint: Checkpoint;
  /** Ascending. */
  readonly segments: readonly Segment[];
}

/** A frame just written, and where. */
export interface WrittenFrame {
  readonly segment: Segment;
  readonly offset: number;
  readonly frame: Frame;
}

/** The files of one log: segments in order, and the checkpoint. */
export class LogSegments {
  readonly #core: SpoolCore;
  readonly #parts: LogParts;
  readonly #list: Segment[];
  readonly #checkpoint: Checkpoint;
  #nextOrdinal = 0;
  /** Records of the log, over its whole life. */
  #endPosition: number;
  /** The file has not what memory has. */
  #isCheckpointStale = false;
  /** Since when the disk has no room for it, monotonic ms; −1: it has. */
  #noRoomSinceMs = -1;

  constructor(core: SpoolCore, parts: LogParts) {
    this.#core = core;
    this.#parts = parts;
    this.#checkpoint = parts.checkpoint;
    this.#list = [...parts.segments];
    for (const segment of this.#list) segment.ordinal = this.#nextOrdinal++;
    const ends = this.#list.map((segment) => segment.endPosition);
    this.#endPosition = Math.max(this.#checkpoint.end, this.#checkpoint.settled, ...ends);
  }

  get name(): LogName {
    return this.#parts.name;
  }

  get list(): readonly Segment[] {
    return this.#list;
  }

  get endPosition(): number {
    return this.#endPosition;
  }

  /** Never changed: a change makes another array. */
  get holes(): readonly Hole[] {
    return this.#checkpoint.holes.all;
  }

  /** All of these positions hold nothing any more, and that is counted. */
  isHole(from: number, to: number): boolean {
    return this.#checkpoint.holes.countWithin(from, to) === to - from;
  }

  /** The segment behind this one; null at the end. */
  after(segment: Segment): Segment | null {
    return this.#list.find((candidate) => candidate.ordinal > segment.ordinal) ?? null;
  }

  /** @throws the system's error; then nothing of the batch is on the disk */
  append(batch: SealedBatch): WrittenFrame {
    let segment = this.#tailFor(batch);
    let offset = segment.dataEnd;
    let frame: Frame;
    try {
      frame = appendFrame(this.#core, segment, batch, this.#endPosition);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EFBIG" || segment.total.batches === 0) throw error;
      // The system allows no file as large as a segment: go on in the next.
      closeSegment(this.#core, segment);
      segment = this.#tailFor(batch);
      offset = segment.dataEnd;
      frame = appendFrame(this.#core, segment, batch, this.#endPosition);
    }
    this.#endPosition = segment.endPosition;
    return { segment, offset, frame };
  }

  /** Bytes that a batch may take on the disk, with all that must be made for it. */
  bytesFor(batch: SealedBatch): number {
    const headBytes = this.#openTail(batch.bytes.length) === null ? HEAD_BYTES_GUESS : 0;
    return batch.bytes.length + FRAME_FIXED_BYTES + batch.countsByFeed.length * PAIR_BYTES + headBytes;
  }

  /** Everything below a position is delivered, given up or lost. @param at the segment it lies in; null: at the end */
  settleUpTo(position: number, at: Segment | null): void {
    let settled = position;
    // Positions come twice where a checkpoint was lost once: what lies in later segments must not be passed over.
    for (const { ordinal, basePosition } of this.#list) {
      if (at !== null && ordinal > at.ordinal) settled = Math.min(settled, basePosition);
    }
    if (settled <= this.#checkpoint.settled) return;
    this.#checkpoint.settled = settled;
    this.#checkpoint.holes.forgetBelow(settled);
    this.saveCheckpoint();
  }

  /** The records of a hole are lost and counted: the next start does not count them again. */
  addHole({ from, to }: Hole): void {
    this.#checkpoint.holes.add(from, to);
    this.saveCheckpoint();
  }

  /** Tries again what could not be written. */
  retryCheckpoint(): void {
    if (this.#isCheckpointStale) this.saveCheckpoint();
  }

  /** Writes the checkpoint; what cannot be written is tried again at the next occasion. */
  saveCheckpoint(): void {
    const { options, troubles } = this.#core;
    try {
      this.#writeCheckpoint();
      this.#isCheckpointStale = false;
      this.#noRoomSinceMs = -1;
      troubles.end("checkpoint");
    } catch (error) {
      this.#isCheckpointStale = true;
      if (errorCode(error) !== "ENOSPC") this.#noRoomSinceMs = -1;
      else if (this.#noRoomSinceMs < 0) this.#noRoomSinceMs = options.clock.monotonicMs();
      troubles.begin("checkpoint", `Cannot write a checkpoint of the spool: ${errorCode(error)}`);
    }
  }

  /** Removes the segments at the front that nobody needs: delivered, given up or lost, up to the one being read. */
  removeFinished(reading: Segment | null): void {
    while (this.#list.length > 0) {
      const first = this.#list[0];
      if (first.inHand > 0 || first.handOvers > 0 || !first.unread.isEmpty) return;
      const isDone = first !== reading || first.isClosed || first.dataEnd > EMPTY_SEGMENT_MAX_BYTES;
      if (!isDone) return;
      this.removeSegment(first);
    }
  }

  /** Nothing is stored: removes the last file too. */
  removeAll(): void {
    for (const segment of [...this.#list]) if (segment.handOvers === 0) this.removeSegment(segment);
  }

  /** Takes the segment out of the log and removes its file, unless it is still being handed over: then it is called again. */
  removeSegment(segment: Segment): void {
    const at = this.#list.indexOf(segment);
    if (at >= 0) this.#list.splice(at, 1);
    segment.isClosed = true;
    if (segment.handOvers > 0) return;
    const { path, fileBytes } = segment;
    const file = { path, folder: this.#parts.folder, bytes: fileBytes, settle: () => this.#makeCheckpointDurable() };
    this.#core.remover.remove(file);
  }

  /** Cuts off what was given up of a segment whose first batches are still needed. */
  cut(segment: Segment, onGone: () => void): void {
    const { path, dataEnd, fileBytes } = segment;
    this.#core.remover.remove({
      path,
      folder: this.#parts.folder,
      bytes: fileBytes - dataEnd,
      keptBytes: dataEnd,
      settle: () => this.#makeCheckpointDurable(),
      onGone: () => {
        segment.fileBytes = dataEnd;
        onGone();
      },
    });
  }

  /** At the start: removes files of which nothing is left, once the checkpoint says what was found missing (`isChanged`). */
  adopt(done: readonly SegmentFile[], isChanged: boolean): void {
    const { remover, room, syncer } = this.#core;
    room.usedBytes += this.#checkpoint.fileBytes;
    if (isChanged || !this.#checkpoint.isStored) this.saveCheckpoint();
    else syncer.note(this.#checkpoint.path, "file");
    // The process before may have been killed before it had synced what we build upon.
    for (const segment of this.#list) syncer.note(segment.path, "file");
    this.#noteFolders();
    for (const { path, fileBytes } of done) {
      room.usedBytes += fileBytes;
      const folder = path.slice(0, path.lastIndexOf("/"));
      remover.remove({ path, folder, bytes: fileBytes, settle: () => this.#makeCheckpointDurable() });
    }
  }

  /** Writes the footer of the last segment, so that the next start need not read it through. */
  close(): void {
    const last = this.#list.at(-1);
    if (last !== undefined && last.total.batches > 0) closeSegment(this.#core, last);
    if (this.#list.length > 0) this.saveCheckpoint();
  }

  /** Its files are closed until they are used again. */
  releaseFiles(): void {
    for (const segment of this.#list) this.#core.files.release(segment.path);
    this.#core.files.release(this.#checkpoint.path);
  }

  #noteFolders(): void {
    const { folder } = this.#parts;
    const { options, syncer } = this.#core;
    for (const path of [options.directory, dirname(folder), folder]) syncer.note(path, "folder");
  }

  async #makeCheckpointDurable(): Promise<boolean> {
    if (this.#isCheckpointStale) this.saveCheckpoint();
    if (this.#isCheckpointStale) return this.#isOutOfRoom();
    return this.#core.syncer.syncPath(this.#checkpoint.path);
  }

  /** On a disk that stays full the room for the checkpoint comes from removing: a crash then costs a wrong count, no record. */
  #isOutOfRoom(): boolean {
    const nowMs = this.#core.options.clock.monotonicMs();
    return this.#noRoomSinceMs >= 0 && nowMs - this.#noRoomSinceMs >= OUT_OF_ROOM_AFTER_MS;
  }

  #tailFor(batch: SealedBatch): Segment {
    const open = this.#openTail(batch.bytes.length);
    if (open !== null) return open;
    const last = this.#list.at(-1);
    if (last !== undefined) {
      closeSegment(this.#core, last);
      this.#core.files.release(last.path);
    }
    return this.#createTail();
  }

  /** The last segment, when so many more bytes fit. */
  #openTail(bytes: number): Segment | null {
    const last = this.#list.at(-1);
    if (last === undefined || last.isClosed || last.endPosition !== this.#endPosition) return null;
    const fits = last.total.batches === 0 || last.dataEnd + bytes <= this.#core.options.segmentBytes;
    return fits ? last : null;
  }

  #createTail(): Segment {
    const { name, folder } = this.#parts;
    if (!this.#checkpoint.isStored) this.#makeFolder();
    const place = { log: name, folder, basePosition: this.#endPosition };
    let segment: Segment;
    try {
      segment = createSegment(this.#core, place);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      // Somebody removed the folder: what was in it is found missing when it is read.
      this.#core.files.release(this.#checkpoint.path);
      this.#checkpoint.isStored = false;
      this.#core.room.take(-this.#checkpoint.fileBytes);
      this.#checkpoint.fileBytes = 0;
      this.#makeFolder();
      segment = createSegment(this.#core, place);
    }
    segment.ordinal = this.#nextOrdinal++;
    this.#list.push(segment);
    this.#core.syncer.note(folder, "folder");
    return segment;
  }

  /** With the checkpoint in it: later, on a full disk, writing it takes no room. */
  #makeFolder(): void {
    this.#core.options.fileSystem.makeFolder(this.#parts.folder);
    this.#writeCheckpoint();
    this.#noteFolders();
  }

  #writeCheckpoint(): void {
    const { options, syncer, room } = this.#core;
    const bytesBefore = this.#checkpoint.fileBytes;
    this.#checkpoint.end = this.#endPosition;
    try {
      this.#checkpoint.write(options.clock.wallUs());
    } finally {
      room.take(this.#checkpoint.fileBytes - bytesBefore);
    }
    syncer.note(this.#checkpoint.path, "file");
  }
}
