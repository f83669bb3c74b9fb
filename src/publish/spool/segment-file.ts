import type { LogName } from "./batch-log.ts";
import type { FileHandles } from "./file-handles.ts";
import type { Frame } from "./frame.ts";
import { scanFrames } from "./frame-scan.ts";
import { decodeFooter, footerBytesAtEnd, type SegmentFooter } from "./segment-footer.ts";
import { decodeSegmentHeader, HEADER_BYTES_MAX, type SegmentHeader } from "./segment-header.ts";
import type { SpoolFileSystem } from "./spool-file-system.ts";
import { readFully } from "./write-fully.ts";

/** Read at first: holds both copies of most headers, and most footers. */
const HEAD_READ_BYTES = 16 * 1024;
const FOOT_READ_BYTES = 4 * 1024;

/** A file that may be a segment, and whose folder it lies in. */
export interface SegmentPlace {
  readonly path: string;
  /** Whose it is when it does not say so itself any more. */
  readonly folderName: LogName;
}

/** A segment file as its head and its end describe it. */
export interface SegmentFile {
  readonly path: string;
  readonly fileBytes: number;
  readonly header: SegmentHeader;
  readonly dataStart: number;
  /** The header is gone: what it says was worked out, but for the names of the feeds. */
  readonly isGuessed: boolean;
  /** Null: not closed, or its end is damaged. */
  readonly footer: SegmentFooter | null;
}

/**
 * Reads head and end of a segment file.
 * @returns null when no record can be had from it: it is empty, or nothing in it is whole
 * @throws the system's error
 */
export function readSegmentFile(
  fileSystem: SpoolFileSystem,
  files: FileHandles,
  place: SegmentPlace,
): SegmentFile | null {
  const { path } = place;
  const file = files.use(path);
  const fileBytes = fileSystem.sizeOf(file);
  const known = readHeader(fileSystem, file, fileBytes);
  const found = known ?? guessHeader(fileSystem, file, { ...place, fileBytes });
  if (found === null) return null;
  const { header, dataStart } = found;
  const isGuessed = known === null;
  return { path, fileBytes, header, dataStart, isGuessed, footer: readFooter(fileSystem, file, { header, fileBytes }) };
}

function readHeader(fileSystem: SpoolFileSystem, file: number, fileBytes: number) {
  const head = readPart(fileSystem, file, 0, Math.min(fileBytes, HEAD_READ_BYTES));
  const found = decodeSegmentHeader(head);
  if (found !== null || fileBytes <= HEAD_READ_BYTES) return found;
  return decodeSegmentHeader(readPart(fileSystem, file, 0, Math.min(fileBytes, 2 * HEADER_BYTES_MAX)));
}

/** Both copies of the header are damaged: what the folder and the frames say will do, but for the names of the feeds. */
function guessHeader(fileSystem: SpoolFileSystem, file: number, place: SegmentPlace & { readonly fileBytes: number }) {
  let first: { readonly frame: Frame; readonly offset: number } | null = null;
  scanFrames(fileSystem, file, { from: 0, end: place.fileBytes, segmentId: null }, (frame, offset) => {
    first ??= { frame, offset };
  });
  if (first === null) return null;
  const { frame, offset } = first as { readonly frame: Frame; readonly offset: number };
  const { segmentId, position } = frame;
  const header = { version: 1, segmentId, log: place.folderName, basePosition: position, feedNames: [] };
  return { header, dataStart: offset };
}

function readFooter(
  fileSystem: SpoolFileSystem,
  file: number,
  { header, fileBytes }: { readonly header: SegmentHeader; readonly fileBytes: number },
): SegmentFooter | null {
  const read = (bytes: number) => {
    const length = Math.min(bytes, fileBytes);
    return readPart(fileSystem, file, fileBytes - length, length);
  };
  let end = read(FOOT_READ_BYTES);
  const footerBytes = footerBytesAtEnd(end);
  if (footerBytes > end.length && footerBytes <= HEADER_BYTES_MAX) end = read(footerBytes);
  return decodeFooter(end, header.segmentId, fileBytes);
}

function readPart(fileSystem: SpoolFileSystem, file: number, from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, readFully(fileSystem, file, bytes, from));
}
