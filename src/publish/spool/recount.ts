import type { FileHandles } from "./file-handles.ts";
import type { Frame } from "./frame.ts";
import { scanFrames } from "./frame-scan.ts";
import type { Hole } from "./position-holes.ts";
import { mapPairs, type Segment } from "./segment.ts";
import type { SpoolFileSystem } from "./spool-file-system.ts";
import { Tally } from "./tally.ts";

/** The cursor of a log, as far as one segment goes. */
export interface RecountFrom {
  readonly offset: number;
  readonly position: number;
  /** These positions were counted as lost before. */
  isHole(from: number, to: number): boolean;
}

/** What is still there of a segment that turned out damaged. */
export interface Recount {
  readonly found: Tally;
  /** The next good frame; null when none is left. */
  readonly first: { readonly offset: number; readonly frame: Frame } | null;
  /** The file is not there any more. */
  readonly isGone: boolean;
  /** Positions whose records are gone. */
  readonly holes: readonly Hole[];
}

/** Looks through the rest of a segment for frames that are whole. @throws the system's error, but ENOENT: nothing is there */
export function recount(
  fileSystem: SpoolFileSystem,
  files: FileHandles,
  segment: Segment,
  { offset, position, isHole }: RecountFrom,
): Recount {
  const found = new Tally(segment.unread.counts.length);
  const holes: Hole[] = [];
  let first: Recount["first"] = null;
  let expected = position;
  const visit = (frame: Frame, at: number): void => {
    const end = frame.position + frame.recordCount;
    if (frame.position > expected) holes.push({ from: expected, to: frame.position });
    expected = end;
    if (isHole(frame.position, end)) return;
    mapPairs(frame.pairs, segment.feedMap);
    first ??= { offset: at, frame };
    found.addFrame(frame, 1);
  };
  const file = openIfThere(files, segment.path);
  if (file !== null) {
    const end = Math.min(segment.dataEnd, fileSystem.sizeOf(file));
    scanFrames(fileSystem, file, { from: offset, end, segmentId: segment.id }, visit);
  }
  if (segment.endPosition > expected) holes.push({ from: expected, to: segment.endPosition });
  return { found, first, isGone: file === null, holes };
}

function openIfThere(files: FileHandles, path: string): number | null {
  try {
    return files.use(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
