import { crc32c } from "../crc32c.ts";
import { BATCH_HEADER_BYTES, OFFSET_ATTRIBUTES, OFFSET_RECORD_COUNT } from "../record-batch.ts";
import type { SealedBatch } from "../sealed-batch.ts";

// One batch on the disk; all numbers little-endian, 64-bit ones as doubles (exact to 2^53):
//   magic 4 | crc 4 | headerBytes 4 | batchBytes 4 | recordCount 4 | uncompressedBytes 4 | segmentId 8 | position 8 |
//   firstTimeMs 8 | lastTimeMs 8 | pairs 4 | reserved 4 | pairs × (feed 4 | quotes 4) | the batch
// The CRC covers the header behind it. `segmentId` tells a frame from bytes within a batch that look like one.

const MAGIC = 0x46_4c_50_53;
/** The magic as it lies in a file: what a search for the next frame looks for. */
export const FRAME_MAGIC_BYTES = Buffer.from([0x53, 0x50, 0x4c, 0x46]);
/** Bytes of a frame's header without its pairs. */
export const FRAME_FIXED_BYTES = 64;
/** Bytes of one feed index with its count, here and in the footer. */
export const PAIR_BYTES = 8;
/** No header counts more feeds than this: a broken one must not ask for memory. */
const PAIRS_MAX = 65_536;
/** Larger batches do not exist (Kafka's own lengths are 32-bit; ours are far smaller). */
const BATCH_BYTES_MAX = 0x4000_0000;

const OFFSET_BASE_OFFSET = 0;
const OFFSET_BATCH_LENGTH = 8;
const OFFSET_LEADER_EPOCH = 12;
const OFFSET_BATCH_MAGIC = 16;
const OFFSET_BATCH_CRC = 17;
const OFFSET_BASE_TIMESTAMP = 27;
const OFFSET_MAX_TIMESTAMP = 35;

/** What stands before a batch on the disk. */
export interface Frame {
  readonly headerBytes: number;
  readonly batchBytes: number;
  readonly recordCount: number;
  readonly uncompressedBytes: number;
  readonly segmentId: number;
  /** Records of the log before this batch. */
  readonly position: number;
  readonly firstTimeMs: number;
  readonly lastTimeMs: number;
  /** Feed index of the segment's table, quotes, feed index, quotes, … */
  readonly pairs: Int32Array;
}

/** Header and batch. */
export function frameBytes(frame: Frame): number {
  return frame.headerBytes + frame.batchBytes;
}

/** The frame of a batch that is about to be written. */
export function frameOf(batch: SealedBatch, segmentId: number, position: number): Frame {
  const { bytes, recordCount, uncompressedBytes, countsByFeed } = batch;
  const pairs = pairsOf(countsByFeed);
  return {
    headerBytes: FRAME_FIXED_BYTES + (pairs.length / 2) * PAIR_BYTES,
    batchBytes: bytes.length,
    recordCount,
    uncompressedBytes,
    segmentId,
    position,
    firstTimeMs: Number(bytes.readBigInt64BE(OFFSET_BASE_TIMESTAMP)),
    lastTimeMs: Number(bytes.readBigInt64BE(OFFSET_MAX_TIMESTAMP)),
    pairs,
  };
}

/** The header as bytes. */
export function encodeFrame(frame: Frame): Buffer {
  const bytes = Buffer.allocUnsafe(frame.headerBytes);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(frame.headerBytes, 8);
  bytes.writeUInt32LE(frame.batchBytes, 12);
  bytes.writeUInt32LE(frame.recordCount, 16);
  bytes.writeUInt32LE(frame.uncompressedBytes, 20);
  bytes.writeDoubleLE(frame.segmentId, 24);
  bytes.writeDoubleLE(frame.position, 32);
  bytes.writeDoubleLE(frame.firstTimeMs, 40);
  bytes.writeDoubleLE(frame.lastTimeMs, 48);
  bytes.writeUInt32LE(frame.pairs.length / 2, 56);
  bytes.writeUInt32LE(0, 60);
  writePairs(frame.pairs, bytes, FRAME_FIXED_BYTES);
  bytes.writeUInt32LE(crc32c(bytes, 8, bytes.length), 4);
  return bytes;
}

/**
 * The frame whose header begins at `at`; null when there is none, it is damaged, or `bytes` end before it does.
 * @param segmentId of the segment it must belong to; null: of any
 */
export function decodeFrame(bytes: Buffer, at: number, segmentId: number | null): Frame | null {
  const headerBytes = headerBytesAt(bytes, at);
  if (headerBytes === 0 || at + headerBytes > bytes.length) return null;
  if (bytes.readUInt32LE(at + 4) !== crc32c(bytes, at + 8, at + headerBytes)) return null;
  const id = bytes.readDoubleLE(at + 24);
  if (segmentId !== null && id !== segmentId) return null;
  return {
    headerBytes,
    batchBytes: bytes.readUInt32LE(at + 12),
    recordCount: bytes.readUInt32LE(at + 16),
    uncompressedBytes: bytes.readUInt32LE(at + 20),
    segmentId: id,
    position: bytes.readDoubleLE(at + 32),
    firstTimeMs: bytes.readDoubleLE(at + 40),
    lastTimeMs: bytes.readDoubleLE(at + 48),
    pairs: readPairs(bytes, at + FRAME_FIXED_BYTES, bytes.readUInt32LE(at + 56)),
  };
}

/** How long the header at `at` says it is; 0 when what stands there cannot be a frame's fixed part. */
export function headerBytesAt(bytes: Buffer, at: number): number {
  if (at + FRAME_FIXED_BYTES > bytes.length || bytes.readUInt32LE(at) !== MAGIC) return 0;
  const pairs = bytes.readUInt32LE(at + 56);
  const headerBytes = bytes.readUInt32LE(at + 8);
  const isSound = pairs <= PAIRS_MAX && headerBytes === FRAME_FIXED_BYTES + pairs * PAIR_BYTES;
  return isSound && bytes.readUInt32LE(at + 12) <= BATCH_BYTES_MAX ? headerBytes : 0;
}

/** True when a batch came back from the disk as it went: length, record count and CRC. */
export function isBatchGood(bytes: Buffer, frame: Frame): boolean {
  return (
    bytes.length >= BATCH_HEADER_BYTES &&
    bytes[OFFSET_BATCH_MAGIC] === 2 &&
    // Kafka's CRC does not cover these two; we always write the same.
    bytes.readBigInt64BE(OFFSET_BASE_OFFSET) === 0n &&
    bytes.readInt32BE(OFFSET_LEADER_EPOCH) === -1 &&
    bytes.readInt32BE(OFFSET_BATCH_LENGTH) === bytes.length - 12 &&
    bytes.readInt32BE(OFFSET_RECORD_COUNT) === frame.recordCount &&
    bytes.readUInt32BE(OFFSET_BATCH_CRC) === crc32c(bytes, OFFSET_ATTRIBUTES, bytes.length)
  );
}

/** Counts by index as pairs, zeros left out. */
export function pairsOf(counts: Int32Array): Int32Array {
  let used = 0;
  for (let feed = 0; feed < counts.length; feed++) if (counts[feed] !== 0) used++;
  const pairs = new Int32Array(used * 2);
  for (let feed = 0, at = 0; feed < counts.length; feed++) {
    if (counts[feed] === 0) continue;
    pairs[at++] = feed;
    pairs[at++] = counts[feed];
  }
  return pairs;
}

/** Writes pairs from `at` on. */
export function writePairs(pairs: Int32Array, into: Buffer, at: number): void {
  for (let i = 0; i < pairs.length; i++) into.writeInt32LE(pairs[i], at + i * 4);
}

/** Reads `count` pairs from `at` on; the caller has checked that they are there. */
export function readPairs(bytes: Buffer, at: number, count: number): Int32Array {
  const pairs = new Int32Array(count * 2);
  for (let i = 0; i < pairs.length; i++) pairs[i] = bytes.readInt32LE(at + i * 4);
  return pairs;
}
