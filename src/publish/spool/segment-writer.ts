import type { SealedBatch } from "../sealed-batch.ts";
import type { LogName } from "./batch-log.ts";
import { encodeFrame, type Frame, frameBytes, frameOf, pairsOf } from "./frame.ts";
import { segmentFileName } from "./log-folder.ts";
import { Segment } from "./segment.ts";
import { encodeFooter } from "./segment-footer.ts";
import { encodeSegmentHeader, FORMAT_VERSION } from "./segment-header.ts";
import type { SpoolCore } from "./spool-core.ts";
import { writeFully } from "./write-fully.ts";

/** Names tried for a new segment when its own is taken (by a file that was renamed by hand). */
const NAME_TRIES_MAX = 100;

/** Where a new segment begins. */
export interface NewSegment {
  readonly log: LogName;
  readonly folder: string;
  readonly basePosition: number;
}

/** Makes the file of a new segment. Its head is written with the first frame. @throws the system's error */
export function createSegment(core: SpoolCore, { log, folder, basePosition }: NewSegment): Segment {
  const id = core.nextSegmentId();
  const path = createFile(core, folder, basePosition);
  const header = encodeSegmentHeader({
    version: FORMAT_VERSION,
    segmentId: id,
    log,
    basePosition,
    feedNames: core.feedNames,
  });
  const parts = { path, id, basePosition, dataStart: header.length, feedMap: null };
  const segment = new Segment(parts, core.feedNames.length);
  segment.head = header;
  segment.fileBytes = 0;
  return segment;
}

function createFile(core: SpoolCore, folder: string, basePosition: number): string {
  for (let tries = 0; ; tries++) {
    const path = `${folder}/${segmentFileName(basePosition, tries)}`;
    try {
      core.files.create(path);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || tries >= NAME_TRIES_MAX) throw error;
    }
  }
}

/**
 * Writes a batch behind the last frame. When the disk does not take all of it, none of it stays (or what stays lies
 * behind the last frame, where nobody reads it, and is cut off before the next is written).
 * @throws the system's error
 */
export function appendFrame(core: SpoolCore, segment: Segment, batch: SealedBatch, position: number): Frame {
  const { fileSystem } = core.options;
  const file = core.files.use(segment.path);
  const frame = frameOf(batch, segment.id, position);
  try {
    if (segment.hasTail) fileSystem.truncate(file, segment.head === null ? segment.dataEnd : 0);
    segment.hasTail = false;
    if (segment.head !== null) writeFully(fileSystem, file, segment.head, 0);
    writeFully(fileSystem, file, encodeFrame(frame), segment.dataEnd);
    writeFully(fileSystem, file, batch.bytes, segment.dataEnd + frame.headerBytes);
  } catch (error) {
    cutTail(core, segment, file);
    throw error;
  }
  segment.head = null;
  core.syncer.note(segment.path, "file");
  if (segment.oldestMs < 0) segment.oldestMs = frame.firstTimeMs;
  segment.newestMs = Math.max(segment.newestMs, frame.lastTimeMs);
  segment.total.addFrame(frame, 1);
  segment.endPosition = position + frame.recordCount;
  segment.dataEnd += frameBytes(frame);
  setFileBytes(core, segment, segment.dataEnd);
  return frame;
}

/** No frame comes any more: writes the footer, without which the next start reads the segment through. Never throws. */
export function closeSegment(core: SpoolCore, segment: Segment): void {
  if (segment.isClosed) return;
  segment.isClosed = true;
  if (segment.head !== null || segment.hasTail) return;
  const footer = encodeFooter(segment.footer(pairsOf(segment.total.counts)));
  let file: number | null = null;
  try {
    file = core.files.use(segment.path);
    writeFully(core.options.fileSystem, file, footer, segment.dataEnd);
    setFileBytes(core, segment, segment.dataEnd + footer.length);
    core.syncer.note(segment.path, "file");
  } catch (error) {
    core.room.noteFailure(error);
    if (file !== null) cutTail(core, segment, file);
  }
}

function cutTail(core: SpoolCore, segment: Segment, file: number): void {
  try {
    core.options.fileSystem.truncate(file, segment.head === null ? segment.dataEnd : 0);
    segment.hasTail = false;
  } catch (error) {
    segment.hasTail = true;
    core.room.noteFailure(error);
  }
}

function setFileBytes(core: SpoolCore, segment: Segment, bytes: number): void {
  core.room.take(bytes - segment.fileBytes);
  segment.fileBytes = bytes;
}
