import { decodeFrame, FRAME_FIXED_BYTES, FRAME_MAGIC_BYTES, type Frame, frameBytes, headerBytesAt } from "./frame.ts";
import type { SpoolFileSystem } from "./spool-file-system.ts";
import { readFully } from "./write-fully.ts";

/** Read at a time while small frames follow each other, or a lost one is looked for. */
const CHUNK_BYTES = 64 * 1024;
/** Read at a place that was hopped to, over a batch: most headers fit. */
const HOP_BYTES = 1024;

/** Where to look for frames. */
export interface ScanRange {
  readonly from: number;
  /** Frames end at or before this. */
  readonly end: number;
  /** Null: of whatever segment; the first frame decides. */
  readonly segmentId: number | null;
}

/** What a scan came upon. */
export interface ScanResult {
  /** Where the last frame ended; `from` when there was none. */
  readonly dataEnd: number;
  /** Bad bytes lay before the first frame or between two. */
  readonly hasDamage: boolean;
}

/**
 * Calls back for every frame of a stretch of a file, header by header, hopping over the batches (which are not checked).
 * Where no frame is, the next good header is looked for, byte by byte. A frame that does not fit is the torn end.
 * @throws the system's error
 */
export function scanFrames(
  fileSystem: SpoolFileSystem,
  file: number,
  range: ScanRange,
  visit: (frame: Frame, offset: number) => void,
): ScanResult {
  const window = new Window(fileSystem, file, range.end);
  let { segmentId } = range;
  let dataEnd = range.from;
  let hasDamage = false;
  for (let at = range.from; at + FRAME_FIXED_BYTES <= range.end; ) {
    const frame = window.frameAt(at, segmentId);
    if (frame !== null && at + frameBytes(frame) <= range.end) {
      segmentId = frame.segmentId;
      if (at !== dataEnd) hasDamage = true;
      visit(frame, at);
      at += frameBytes(frame);
      dataEnd = at;
      window.isHopping = frameBytes(frame) > CHUNK_BYTES / 8;
      continue;
    }
    window.isHopping = false;
    at = window.nextMagic(at + 1);
  }
  return { dataEnd, hasDamage };
}

/** A part of the file in memory, moved along. */
class Window {
  readonly #fileSystem: SpoolFileSystem;
  readonly #file: number;
  readonly #end: number;
  /** Frames are large: what follows a header is a batch, which nobody wants to see. */
  isHopping = false;
  #buffer = Buffer.alloc(0);
  #start = 0;

  constructor(fileSystem: SpoolFileSystem, file: number, end: number) {
    this.#fileSystem = fileSystem;
    this.#file = file;
    this.#end = end;
  }

  frameAt(at: number, segmentId: number | null): Frame | null {
    this.#show(at, FRAME_FIXED_BYTES);
    const headerBytes = headerBytesAt(this.#buffer, at - this.#start);
    if (headerBytes === 0) return null;
    this.#show(at, headerBytes);
    return decodeFrame(this.#buffer, at - this.#start, segmentId);
  }

  /** Where the next magic stands, from `at` on; the end when there is none. */
  nextMagic(at: number): number {
    for (let from = at; from + FRAME_FIXED_BYTES <= this.#end; ) {
      this.#show(from, FRAME_FIXED_BYTES);
      const found = this.#buffer.indexOf(FRAME_MAGIC_BYTES, from - this.#start);
      if (found >= 0) return this.#start + found;
      // The magic may lie across the border of two chunks.
      const next = this.#start + this.#buffer.length - FRAME_MAGIC_BYTES.length + 1;
      if (next <= from) break;
      from = next;
    }
    return this.#end;
  }

  #show(at: number, length: number): void {
    if (at >= this.#start && at + length <= this.#start + this.#buffer.length) return;
    const wanted = Math.min(Math.max(this.isHopping ? HOP_BYTES : CHUNK_BYTES, length), this.#end - at);
    const buffer = Buffer.allocUnsafe(Math.max(0, wanted));
    const count = readFully(this.#fileSystem, this.#file, buffer, at);
    this.#buffer = buffer.subarray(0, count);
    this.#start = at;
  }
}
