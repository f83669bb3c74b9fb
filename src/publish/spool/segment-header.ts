import { crc32c } from "../crc32c.ts";
import type { LogName } from "./batch-log.ts";

// The head of a segment file; little-endian:
//   magic 4 | crc 4 | headerBytes 4 | version 4 | segmentId 8 | basePosition 8 | partition 4 | partitionCount 4 |
//   topicBytes 4 | names 4 | topic | names × (bytes 4 | name)
// It stands there twice, each copy at the border of a page, so that no single damaged page costs the names of the feeds.

const MAGIC = 0x53_4c_50_53;
/** Changed when an older program could not read what a newer one writes. */
export const FORMAT_VERSION = 1;
const FIXED_BYTES = 48;
/** Copies begin at multiples of this. */
const PAGE_BYTES = 4096;
/** The first copy ends before this, and the second begins at the next page: names of feeds are short and few. */
export const HEADER_BYTES_MAX = 1024 * 1024;

const UTF8 = new TextDecoder();

/** What a segment says of itself. */
export interface SegmentHeader {
  readonly version: number;
  /** Unlike that of any other segment of the folder: its time of birth, µs, made unique. */
  readonly segmentId: number;
  readonly log: LogName;
  /** Records of the log before this segment. */
  readonly basePosition: number;
  /** By the feed indices of its frames. */
  readonly feedNames: readonly string[];
}

/** Both copies, and where the first frame begins: behind them. */
export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const topic = Buffer.from(header.log.topic);
  const names = header.feedNames.map((name) => Buffer.from(name));
  const headerBytes = FIXED_BYTES + topic.length + names.reduce((sum, name) => sum + 4 + name.length, 0);
  const copyBytes = Math.ceil(headerBytes / PAGE_BYTES) * PAGE_BYTES;
  const bytes = Buffer.alloc(copyBytes * 2);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(headerBytes, 8);
  bytes.writeUInt32LE(header.version, 12);
  bytes.writeDoubleLE(header.segmentId, 16);
  bytes.writeDoubleLE(header.basePosition, 24);
  bytes.writeInt32LE(header.log.partition, 32);
  bytes.writeInt32LE(header.log.partitionCount, 36);
  bytes.writeUInt32LE(topic.length, 40);
  bytes.writeUInt32LE(names.length, 44);
  topic.copy(bytes, FIXED_BYTES);
  let at = FIXED_BYTES + topic.length;
  for (const name of names) {
    bytes.writeUInt32LE(name.length, at);
    name.copy(bytes, at + 4);
    at += 4 + name.length;
  }
  bytes.writeUInt32LE(crc32c(bytes, 8, headerBytes), 4);
  bytes.copy(bytes, copyBytes, 0, headerBytes);
  return bytes;
}

/** A header and where the frames begin. */
export interface FoundHeader {
  readonly header: SegmentHeader;
  readonly dataStart: number;
}

/**
 * The header at the start of a file, from the first copy that is whole.
 * @param bytes the first bytes of the file, at most twice {@link HEADER_BYTES_MAX}
 * @returns null when neither copy is whole (or `bytes` are too few)
 */
export function decodeSegmentHeader(bytes: Buffer): FoundHeader | null {
  for (let at = 0; at + FIXED_BYTES <= bytes.length; at += PAGE_BYTES) {
    const header = decodeCopy(bytes, at);
    if (header === null) continue;
    const copyBytes = Math.ceil(bytes.readUInt32LE(at + 8) / PAGE_BYTES) * PAGE_BYTES;
    return { header, dataStart: copyBytes * 2 };
  }
  return null;
}

function decodeCopy(bytes: Buffer, at: number): SegmentHeader | null {
  if (bytes.readUInt32LE(at) !== MAGIC) return null;
  const headerBytes = bytes.readUInt32LE(at + 8);
  if (headerBytes < FIXED_BYTES || headerBytes > HEADER_BYTES_MAX || at + headerBytes > bytes.length) return null;
  if (bytes.readUInt32LE(at + 4) !== crc32c(bytes, at + 8, at + headerBytes)) return null;
  const topicBytes = bytes.readUInt32LE(at + 40);
  let next = at + FIXED_BYTES + topicBytes;
  const topic = UTF8.decode(bytes.subarray(at + FIXED_BYTES, next));
  const feedNames: string[] = [];
  for (let i = bytes.readUInt32LE(at + 44); i > 0; i--) {
    const length = bytes.readUInt32LE(next);
    feedNames.push(UTF8.decode(bytes.subarray(next + 4, next + 4 + length)));
    next += 4 + length;
  }
  return {
    version: bytes.readUInt32LE(at + 12),
    segmentId: bytes.readDoubleLE(at + 16),
    basePosition: bytes.readDoubleLE(at + 24),
    log: { topic, partition: bytes.readInt32LE(at + 32), partitionCount: bytes.readInt32LE(at + 36) },
    feedNames,
  };
}
