import { type Frame, frameBytes } from "./frame.ts";
import { scanFrames } from "./frame-scan.ts";
import type { Inspection } from "./inspection.ts";
import type { FoundLog, FoundSegment } from "./recovery.ts";

/** What is given up of a log by hand. */
export interface LogDrop {
  readonly found: FoundLog;
  /** Everything below this position goes. */
  readonly settled: number;
  readonly records: number;
  readonly bytes: number;
}

/**
 * Which of a log's records go when all batches older than `beforeMs` do: those before the first batch that stays.
 * Changes nothing. @throws the system's error
 */
export function planDrop(inspection: Inspection, found: FoundLog, beforeMs: number): LogDrop {
  let records = 0;
  let bytes = 0;
  for (const [index, segment] of found.segments.entries()) {
    if (segment.newestMs < beforeMs) {
      records += segment.unread.records;
      bytes += segment.unread.bytes;
      continue;
    }
    const border = planWithin(inspection, found, { segment, beforeMs });
    const later = found.segments.slice(index + 1);
    // Positions come twice where a checkpoint was lost once: what lies in later segments stays.
    if (later.some(({ file }) => file.header.basePosition < border.settled)) {
      return { found, settled: segment.file.header.basePosition, records, bytes };
    }
    return { found, settled: border.settled, records: records + border.records, bytes: bytes + border.bytes };
  }
  const ends = found.segments.map(({ endPosition }) => endPosition);
  return { found, settled: Math.max(found.checkpoint.end, found.checkpoint.settled, ...ends), records, bytes };
}

/** Of the segment that holds the first batch that stays. */
function planWithin(
  { fileSystem, files }: Inspection,
  { checkpoint }: FoundLog,
  { segment, beforeMs }: { readonly segment: FoundSegment; readonly beforeMs: number },
): Omit<LogDrop, "found"> {
  let settled = segment.start.position;
  let records = 0;
  let bytes = 0;
  let isBehindBorder = false;
  const range = { from: segment.start.offset, end: segment.dataEnd, segmentId: segment.file.header.segmentId };
  scanFrames(fileSystem, files.use(segment.file.path), range, (frame: Frame) => {
    const end = frame.position + frame.recordCount;
    isBehindBorder ||= frame.lastTimeMs >= beforeMs;
    if (isBehindBorder) return;
    settled = end;
    if (end <= checkpoint.settled || checkpoint.holes.countWithin(frame.position, end) > 0) return;
    records += frame.recordCount;
    bytes += frameBytes(frame);
  });
  files.release(segment.file.path);
  return { settled, records, bytes };
}

/**
 * Drops what was planned: first the checkpoint says so for good, then the files go.
 * @param nowUs wall clock, µs
 * @throws the system's error; then everything that was not dropped is still delivered
 */
export async function carryOutDrop(inspection: Inspection, drop: LogDrop, nowUs: number): Promise<void> {
  const { fileSystem, files } = inspection;
  const { checkpoint, folder, segments, done } = drop.found;
  checkpoint.settled = Math.max(checkpoint.settled, drop.settled);
  checkpoint.end = Math.max(checkpoint.end, checkpoint.settled, ...segments.map(({ endPosition }) => endPosition));
  checkpoint.holes.forgetBelow(checkpoint.settled);
  checkpoint.write(nowUs);
  await files.during(checkpoint.path, (file) => fileSystem.syncSoon(file));
  await fileSystem.syncFolderSoon(folder);
  const gone = segments.filter(({ endPosition }) => endPosition <= drop.settled).map(({ file }) => file);
  files.releaseAll();
  for (const { path } of [...done, ...gone]) await fileSystem.removeSoon(path);
  await fileSystem.syncFolderSoon(folder);
}
