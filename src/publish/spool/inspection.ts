import { FileHandles } from "./file-handles.ts";
import { type Frame, frameBytes, isBatchGood } from "./frame.ts";
import { scanFrames } from "./frame-scan.ts";
import { type FoundLog, type FoundSegment, recoverLog } from "./recovery.ts";
import type { SpoolFileSystem } from "./spool-file-system.ts";
import { type Survey, survey } from "./survey.ts";
import { readFullySoon } from "./write-fully.ts";

/** A service that runs takes files away while they are looked at: a look that missed one is taken again, this often. */
const LOOKS_MAX = 5;

/** A spool as it lies on the disk; nothing is held in memory but a few numbers per segment. */
export interface Inspection {
  readonly fileSystem: SpoolFileSystem;
  readonly files: FileHandles;
  readonly survey: Survey;
  /** Those with anything left to deliver or anything wrong, by topic and partition. */
  readonly logs: readonly FoundLog[];
}

/**
 * Looks at a spool and changes nothing, whether a service uses it or not.
 * @throws the system's error when the directory cannot be read
 */
export function inspectSpool(fileSystem: SpoolFileSystem, directory: string): Inspection {
  for (let look = 1; ; look++) {
    const inspection = lookAt(fileSystem, directory);
    const isWhole = inspection.survey.leftAlone.length === 0 && inspection.logs.every(({ trouble }) => trouble === "");
    if (isWhole || look >= LOOKS_MAX) return inspection;
  }
}

function lookAt(fileSystem: SpoolFileSystem, directory: string): Inspection {
  const files = new FileHandles(fileSystem);
  const found = survey({ fileSystem, files, directory });
  const logs: FoundLog[] = [];
  for (const [key, log] of found.logs) {
    const recovered = recoverLog({ fileSystem, files, directory, wallUs: 0 }, key, log);
    const isEmpty = recovered.segments.every(({ unread }) => unread.isEmpty);
    const isSound = recovered.damagedRecords + recovered.missingRecords === 0 && recovered.trouble === "";
    if (!isEmpty || !isSound) logs.push(recovered);
  }
  files.releaseAll();
  const order = ({ log }: FoundLog) => log.name;
  logs.sort((a, b) => order(a).topic.localeCompare(order(b).topic) || order(a).partition - order(b).partition);
  return { fileSystem, files, survey: found, logs };
}

/** What stands in a segment: a batch that came back as it went, or a place where there is none. */
export type SegmentPiece =
  | { readonly kind: "batch"; readonly frame: Frame; readonly offset: number; readonly bytes: Buffer }
  | {
      readonly kind: "damage";
      readonly offset: number;
      readonly bytes: number;
      /** Records the head of a damaged batch tells; null where even that is gone. */
      readonly recordCount: number | null;
    };

/**
 * Everything of a segment that is still to be delivered, in order, one batch in memory at a time.
 * @throws the system's error
 */
export async function* piecesOf(
  { fileSystem, files }: Inspection,
  { checkpoint }: FoundLog,
  segment: FoundSegment,
): AsyncGenerator<SegmentPiece> {
  const { path } = segment.file;
  const frames: { readonly frame: Frame; readonly offset: number }[] = [];
  const range = { from: segment.start.offset, end: segment.dataEnd, segmentId: segment.file.header.segmentId };
  scanFrames(fileSystem, files.use(path), range, (frame, offset) => frames.push({ frame, offset }));
  let at = segment.start.offset;
  for (const { frame, offset } of frames) {
    if (offset > at) yield { kind: "damage", offset: at, bytes: offset - at, recordCount: null };
    at = offset + frameBytes(frame);
    const end = frame.position + frame.recordCount;
    // Delivered, or given up and counted.
    if (end <= checkpoint.settled || checkpoint.holes.countWithin(frame.position, end) > 0) continue;
    const bytes = await readBatchBytes({ fileSystem, files }, path, { offset, frame });
    if (isBatchGood(bytes, frame)) yield { kind: "batch", frame, offset, bytes };
    else yield { kind: "damage", offset, bytes: frameBytes(frame), recordCount: frame.recordCount };
  }
  // A closed segment ends where its footer says, one that was being written wherever the process stopped.
  const end = segment.file.footer === null ? segment.file.fileBytes : segment.dataEnd;
  if (end > at) yield { kind: "damage", offset: at, bytes: end - at, recordCount: null };
  files.release(path);
}

async function readBatchBytes(
  { fileSystem, files }: Pick<Inspection, "fileSystem" | "files">,
  path: string,
  { offset, frame }: { readonly offset: number; readonly frame: Frame },
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(frame.batchBytes);
  const read = (file: number) => readFullySoon(fileSystem, file, bytes, offset + frame.headerBytes);
  return bytes.subarray(0, await files.during(path, read));
}
