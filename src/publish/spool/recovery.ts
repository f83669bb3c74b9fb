import { CHECKPOINT_NAME, Checkpoint } from "./checkpoint.ts";
import type { FileHandles } from "./file-handles.ts";
import type { Frame } from "./frame.ts";
import { scanFrames } from "./frame-scan.ts";
import { Segment } from "./segment.ts";
import type { SegmentFile } from "./segment-file.ts";
import type { SpoolFileSystem } from "./spool-file-system.ts";
import type { SurveyedLog } from "./survey.ts";
import { Tally } from "./tally.ts";
import { errorCode } from "./write-fully.ts";

/** The first frame of a log that is not settled, in its first segment. */
export interface LogStart {
  readonly offset: number;
  readonly position: number;
  /** Of its first record; −1: none is left. */
  readonly timeMs: number;
}

/** A segment of which something is left to deliver. */
export interface FoundSegment {
  readonly file: SegmentFile;
  /** All frames, and those not settled yet; by the feed indices of the segment. */
  readonly total: Tally;
  readonly unread: Tally;
  readonly endPosition: number;
  readonly dataEnd: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  /** Of the first frame not settled. */
  readonly start: LogStart;
}

/** One log as it lies on the disk. */
export interface FoundLog {
  readonly log: SurveyedLog;
  readonly folder: string;
  readonly checkpoint: Checkpoint;
  readonly segments: readonly FoundSegment[];
  /** All delivered or given up: to be removed. */
  readonly done: readonly SegmentFile[];
  /** Records between frames of a segment that is not closed. */
  readonly damagedRecords: number;
  /** Records between segments, and behind the last. */
  readonly missingRecords: number;
  /** The checkpoint in memory says more than the file. */
  readonly isChanged: boolean;
  /** Why the checkpoint could not be read; empty when it could. */
  readonly trouble: string;
}

/** Where to look. */
export interface RecoveryOptions {
  readonly fileSystem: SpoolFileSystem;
  readonly files: FileHandles;
  readonly directory: string;
  /** Now, by the wall clock. */
  readonly wallUs: number;
}

/**
 * Works out what is left of a log: by checkpoint and footers alone, but for the segment that the checkpoint lies in, those
 * not closed and those with holes, which are read through header by header. Changes nothing on the disk; what it finds
 * missing becomes a hole of the checkpoint in memory.
 */
export function recoverLog(options: RecoveryOptions, key: string, log: SurveyedLog): FoundLog {
  const folder = `${options.directory}/${key}`;
  const place = { path: `${folder}/${CHECKPOINT_NAME}`, logKey: key };
  const checkpoint = new Checkpoint(options.fileSystem, options.files, place);
  let trouble = "";
  let isKnown = false;
  let hasUnknownEnd = false;
  try {
    isKnown = checkpoint.load();
  } catch (error) {
    hasUnknownEnd = true;
    trouble = `Cannot read a checkpoint of the spool: ${errorCode(error)}`;
  }
  if (!isKnown) checkpoint.settled = log.files[0]?.header.basePosition ?? 0;
  const segments: FoundSegment[] = [];
  const done: SegmentFile[] = [];
  let damagedRecords = 0;
  let missingRecords = 0;
  let expected = checkpoint.settled;
  for (const file of log.files) {
    let found: MeasuredSegment | null = null;
    try {
      found = measure(options, file, checkpoint);
    } catch (error) {
      trouble = `Cannot read a segment of the spool: ${errorCode(error)}`;
      continue;
    }
    missingRecords += takeHole(checkpoint, expected, file.header.basePosition);
    for (const hole of found.holes)
      damagedRecords += takeHole(checkpoint, Math.max(hole.from, checkpoint.settled), hole.to);
    expected = Math.max(expected, found.segment.endPosition);
    if (found.segment.unread.isEmpty && found.segment.endPosition <= checkpoint.settled) done.push(file);
    else if (found.segment.unread.isEmpty && file !== log.files.at(-1)) done.push(file);
    else segments.push(found.segment);
  }
  missingRecords += takeHole(checkpoint, expected, checkpoint.end);
  if (hasUnknownEnd) beginAbove(checkpoint, expected, options.wallUs);
  const isChanged = !isKnown || damagedRecords > 0 || missingRecords > 0;
  return { log, folder, checkpoint, segments, done, damagedRecords, missingRecords, isChanged, trouble };
}

/**
 * A checkpoint that cannot be read now may be readable again later: no batch may get a position that it calls settled. No log
 * ever had as many records as there were µs since 1970.
 */
function beginAbove(checkpoint: Checkpoint, found: number, wallUs: number): void {
  checkpoint.holes.add(found, wallUs);
  checkpoint.end = Math.max(checkpoint.end, wallUs);
}

/** Notes that [from, to) is not there; how many of its records were not known to be lost. */
function takeHole(checkpoint: Checkpoint, from: number, to: number): number {
  if (to <= from) return 0;
  const lost = to - from - checkpoint.holes.countWithin(from, to);
  if (lost > 0) checkpoint.holes.add(from, to);
  return lost;
}

interface MeasuredSegment {
  readonly segment: FoundSegment;
  readonly holes: readonly { readonly from: number; readonly to: number }[];
}

function measure(options: RecoveryOptions, file: SegmentFile, checkpoint: Checkpoint): MeasuredSegment {
  const { footer, header, dataStart } = file;
  const { settled, holes } = checkpoint;
  if (footer !== null) {
    const total = tallyOfFooter(file);
    const isUntouched =
      header.basePosition >= settled && holes.countWithin(header.basePosition, footer.endPosition) === 0;
    if (isUntouched || footer.endPosition <= settled) {
      const unread = isUntouched ? total.copy() : new Tally(total.counts.length);
      const start = { offset: dataStart, position: header.basePosition, timeMs: footer.oldestMs };
      return { segment: { ...footer, file, total, unread, start }, holes: [] };
    }
  }
  return readThrough(options, file, checkpoint);
}

function tallyOfFooter({ footer, header }: SegmentFile): Tally {
  const tally = new Tally(header.feedNames.length);
  if (footer === null) return tally;
  tally.batches = footer.batches;
  tally.records = footer.records;
  tally.bytes = footer.bytes;
  const { pairs } = footer;
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i] < tally.counts.length) tally.counts[pairs[i]] = pairs[i + 1];
  return tally;
}

function readThrough(options: RecoveryOptions, file: SegmentFile, checkpoint: Checkpoint): MeasuredSegment {
  const { fileSystem, files } = options;
  const { header, dataStart, footer, path } = file;
  const total = new Tally(header.feedNames.length);
  const unread = new Tally(header.feedNames.length);
  const holes: { from: number; to: number }[] = [];
  let start: LogStart | null = null;
  let expected = header.basePosition;
  let oldestMs = -1;
  let newestMs = -1;
  const visit = (frame: Frame, offset: number): void => {
    const { position, recordCount } = frame;
    const end = position + recordCount;
    if (position > expected) holes.push({ from: expected, to: position });
    expected = end;
    newestMs = Math.max(newestMs, frame.lastTimeMs);
    total.addFrame(frame, 1);
    if (end <= checkpoint.settled || checkpoint.holes.countWithin(position, end) === recordCount) return;
    start ??= { offset, position, timeMs: frame.firstTimeMs };
    if (oldestMs < 0) oldestMs = frame.firstTimeMs;
    unread.addFrame(frame, 1);
  };
  const end = footer?.dataEnd ?? file.fileBytes;
  const range = { from: dataStart, end, segmentId: header.segmentId };
  const { dataEnd } = scanFrames(fileSystem, files.use(path), range, visit);
  files.release(path);
  if (footer !== null && footer.endPosition > expected) holes.push({ from: expected, to: footer.endPosition });
  const endPosition = footer?.endPosition ?? expected;
  const segment: FoundSegment = {
    file,
    total: footer === null ? total : tallyOfFooter(file),
    unread,
    endPosition,
    dataEnd: footer?.dataEnd ?? dataEnd,
    oldestMs,
    newestMs,
    start: start ?? { offset: footer?.dataEnd ?? dataEnd, position: endPosition, timeMs: -1 },
  };
  return { segment, holes };
}

/** The segment as the log keeps it, by the spool's feed indices. */
export function toSegment(found: FoundSegment, feedNames: readonly string[]): Segment {
  const { file, total, unread } = found;
  const names = file.header.feedNames;
  const map = Int32Array.from(names, (name) => feedNames.indexOf(name));
  const isSame = names.length >= feedNames.length && feedNames.every((name, feed) => name === names[feed]);
  const { header, path, dataStart, fileBytes } = file;
  const parts = {
    path,
    id: header.segmentId,
    basePosition: header.basePosition,
    dataStart,
    feedMap: isSame ? null : map,
  };
  const segment = new Segment(parts, feedNames.length);
  segment.endPosition = found.endPosition;
  segment.dataEnd = found.dataEnd;
  segment.fileBytes = fileBytes;
  segment.oldestMs = found.oldestMs;
  segment.newestMs = found.newestMs;
  addMapped(segment.total, total, map);
  addMapped(segment.unread, unread, map);
  // Another table of feeds cannot count ours.
  segment.isClosed = !isSame;
  segment.hasTail = fileBytes > found.dataEnd;
  return segment;
}

function addMapped(target: Tally, source: Tally, map: Int32Array): void {
  target.batches = source.batches;
  target.records = source.records;
  target.bytes = source.bytes;
  for (let i = 0; i < map.length; i++) if (map[i] >= 0) target.counts[map[i]] += source.counts[i];
}
