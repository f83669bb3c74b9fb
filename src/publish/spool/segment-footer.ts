import { crc32c } from "../crc32c.ts";
import { PAIR_BYTES, readPairs, writePairs } from "./frame.ts";

// The end of a segment that is closed; little-endian:
//   magic 4 | crc 4 | footerBytes 4 | batches 4 | segmentId 8 | records 8 | bytes 8 | endPosition 8 | oldestMs 8 | newestMs 8 |
//   dataEnd 8 | pairs 4 | reserved 4 | pairs × (feed 4 | quotes 4) | footerBytes 4 | magic 4
// It is found from the end of the file. A segment without one is read through, frame by frame.

const MAGIC = 0x45_4c_50_53;
const FIXED_BYTES = 80;
const TAIL_BYTES = 8;

/** All frames of a segment, summed up. */
export interface SegmentFooter {
  readonly segmentId: number;
  readonly batches: number;
  readonly records: number;
  /** Of the frames, with their headers. */
  readonly bytes: number;
  /** Records of the log before what comes after this segment. */
  readonly endPosition: number;
  /** First record of the first frame; newest record of all. */
  readonly oldestMs: number;
  readonly newestMs: number;
  /** Where the last frame ends and this begins. */
  readonly dataEnd: number;
  readonly pairs: Int32Array;
}

/** The footer as bytes. */
export function encodeFooter(footer: SegmentFooter): Buffer {
  const pairCount = footer.pairs.length / 2;
  const footerBytes = FIXED_BYTES + pairCount * PAIR_BYTES + TAIL_BYTES;
  const bytes = Buffer.alloc(footerBytes);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(footerBytes, 8);
  bytes.writeUInt32LE(footer.batches, 12);
  bytes.writeDoubleLE(footer.segmentId, 16);
  bytes.writeDoubleLE(footer.records, 24);
  bytes.writeDoubleLE(footer.bytes, 32);
  bytes.writeDoubleLE(footer.endPosition, 40);
  bytes.writeDoubleLE(footer.oldestMs, 48);
  bytes.writeDoubleLE(footer.newestMs, 56);
  bytes.writeDoubleLE(footer.dataEnd, 64);
  bytes.writeUInt32LE(pairCount, 72);
  writePairs(footer.pairs, bytes, FIXED_BYTES);
  bytes.writeUInt32LE(footerBytes, footerBytes - TAIL_BYTES);
  bytes.writeUInt32LE(MAGIC, footerBytes - 4);
  bytes.writeUInt32LE(crc32c(bytes, 8, footerBytes), 4);
  return bytes;
}

/** How long the footer is of which a file's last bytes are these; 0 when it has none. */
export function footerBytesAtEnd(bytes: Buffer): number {
  if (bytes.length < FIXED_BYTES + TAIL_BYTES || bytes.readUInt32LE(bytes.length - 4) !== MAGIC) return 0;
  return bytes.readUInt32LE(bytes.length - TAIL_BYTES);
}

/**
 * The footer at the end of a file.
 * @param bytes the last bytes of the file, @param fileBytes all of them
 * @returns null when there is none, it is damaged, not of this segment, or `bytes` are too few
 */
export function decodeFooter(bytes: Buffer, segmentId: number, fileBytes: number): SegmentFooter | null {
  const footerBytes = footerBytesAtEnd(bytes);
  const at = bytes.length - footerBytes;
  if (footerBytes < FIXED_BYTES + TAIL_BYTES || at < 0) return null;
  if (bytes.readUInt32LE(at) !== MAGIC || bytes.readUInt32LE(at + 8) !== footerBytes) return null;
  if (bytes.readUInt32LE(at + 4) !== crc32c(bytes, at + 8, bytes.length)) return null;
  const pairCount = bytes.readUInt32LE(at + 72);
  if (footerBytes !== FIXED_BYTES + pairCount * PAIR_BYTES + TAIL_BYTES) return null;
  const footer: SegmentFooter = {
    segmentId: bytes.readDoubleLE(at + 16),
    batches: bytes.readUInt32LE(at + 12),
    records: bytes.readDoubleLE(at + 24),
    bytes: bytes.readDoubleLE(at + 32),
    endPosition: bytes.readDoubleLE(at + 40),
    oldestMs: bytes.readDoubleLE(at + 48),
    newestMs: bytes.readDoubleLE(at + 56),
    dataEnd: bytes.readDoubleLE(at + 64),
    pairs: readPairs(bytes, at + FIXED_BYTES, pairCount),
  };
  return footer.segmentId === segmentId && footer.dataEnd + footerBytes === fileBytes ? footer : null;
}
