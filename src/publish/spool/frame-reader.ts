import type { FileHandles } from "./file-handles.ts";
import { decodeFrame, FRAME_FIXED_BYTES, type Frame, headerBytesAt } from "./frame.ts";
import { mapPairs } from "./segment.ts";
import type { SpoolFileSystem } from "./spool-file-system.ts";
import { readFully, readFullySoon } from "./write-fully.ts";

/** Read behind a batch: the next header is nearly always in it, so a batch costs one call. */
const LOOK_AHEAD_BYTES = 1024;

/** Where a frame is expected. */
export interface FramePlace {
  readonly path: string;
  readonly segmentId: number;
  /** Makes the feed indices of the frames the spool's own. */
  readonly feedMap: Int32Array | null;
  readonly at: number;
  /** Frames end at or before this. */
  readonly end: number;
  /** Its header, when it was read with the frame before. */
  readonly known: Frame | null;
}

/** What stood there. */
export type FoundFrame =
  /** `bytes` are the batch, in a buffer of its own, not checked. */
  | { readonly kind: "frame"; readonly frame: Frame; readonly bytes: Buffer; readonly next: Frame | null }
  /** No good header. */
  | { readonly kind: "no_frame" }
  /** The file ends before it should, or is gone. */
  | { readonly kind: "cut" }
  /** The disk does not answer well: perhaps later. */
  | { readonly kind: "trouble"; readonly error: unknown };

/** Reads a frame off the event loop. Never rejects. */
export async function readFrameAt(
  fileSystem: SpoolFileSystem,
  files: FileHandles,
  place: FramePlace,
): Promise<FoundFrame> {
  try {
    return await files.during(place.path, (file) => readFrame(fileSystem, file, place));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? { kind: "cut" } : { kind: "trouble", error };
  }
}

/** The frame at a place, read at once; null when the disk does not give it: reading it will tell the trouble. */
export function peekFrame(fileSystem: SpoolFileSystem, files: FileHandles, place: FramePlace): Frame | "none" | null {
  const bytes = Buffer.allocUnsafe(Math.min(LOOK_AHEAD_BYTES, place.end - place.at));
  try {
    const count = readFully(fileSystem, files.use(place.path), bytes, place.at);
    const headerBytes = headerBytesAt(bytes.subarray(0, count), 0);
    // More feeds than were looked for: that is a matter for reading it whole.
    if (headerBytes > count) return null;
    const frame = decodeFrame(bytes.subarray(0, count), 0, place.segmentId);
    if (frame !== null) mapPairs(frame.pairs, place.feedMap);
    return frame ?? "none";
  } catch {
    return null;
  }
}

async function readFrame(fileSystem: SpoolFileSystem, file: number, place: FramePlace): Promise<FoundFrame> {
  const frame = place.known ?? (await readHeader(fileSystem, file, place));
  if (frame === null) return { kind: "no_frame" };
  const batchAt = place.at + frame.headerBytes;
  const { batchBytes } = frame;
  if (batchAt + batchBytes > place.end) return { kind: "no_frame" };
  const buffer = Buffer.allocUnsafeSlow(Math.min(batchBytes + LOOK_AHEAD_BYTES, place.end - batchAt));
  const count = await readFullySoon(fileSystem, file, buffer, batchAt);
  if (count < batchBytes) return { kind: "cut" };
  const next = decodeFrame(buffer.subarray(0, count), batchBytes, place.segmentId);
  if (next !== null) mapPairs(next.pairs, place.feedMap);
  return { kind: "frame", frame, bytes: buffer.subarray(0, batchBytes), next };
}

async function readHeader(fileSystem: SpoolFileSystem, file: number, place: FramePlace): Promise<Frame | null> {
  let wanted = LOOK_AHEAD_BYTES;
  for (;;) {
    const bytes = Buffer.allocUnsafe(Math.min(wanted, place.end - place.at));
    const count = await readFullySoon(fileSystem, file, bytes, place.at);
    const headerBytes = headerBytesAt(bytes.subarray(0, count), 0);
    if (headerBytes <= wanted || count < FRAME_FIXED_BYTES || wanted > LOOK_AHEAD_BYTES) {
      const frame = decodeFrame(bytes.subarray(0, count), 0, place.segmentId);
      if (frame !== null) mapPairs(frame.pairs, place.feedMap);
      return frame;
    }
    wanted = headerBytes;
  }
}
