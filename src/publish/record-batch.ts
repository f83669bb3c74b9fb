import { crc32c } from "./crc32c.ts";
import type { SealedBatch } from "./sealed-batch.ts";

// Kafka record batch, magic 2 (Apache Kafka documentation, "Record Batch"); all numbers big-endian:
//   baseOffset 8 | batchLength 4 | partitionLeaderEpoch 4 | magic 1 | crc 4 | attributes 2 | lastOffsetDelta 4 |
//   baseTimestamp 8 | maxTimestamp 8 | producerId 8 | producerEpoch 2 | baseSequence 4 | recordCount 4 | records

/** Bytes before the first record. */
export const BATCH_HEADER_BYTES = 61;
const OFFSET_BATCH_LENGTH = 8;
const OFFSET_LEADER_EPOCH = 12;
const OFFSET_MAGIC = 16;
const OFFSET_CRC = 17;
/** The CRC covers everything from here on. */
export const OFFSET_ATTRIBUTES = 21;
const OFFSET_LAST_DELTA = 23;
const OFFSET_BASE_TIMESTAMP = 27;
const OFFSET_MAX_TIMESTAMP = 35;
const OFFSET_PRODUCER_ID = 43;
const OFFSET_PRODUCER_EPOCH = 51;
const OFFSET_BASE_SEQUENCE = 53;
/** Where the record count stands. */
export const OFFSET_RECORD_COUNT = 57;
const TWO_POW_32 = 0x1_0000_0000;
/** Buffers start small and double: a quiet lane costs little. */
const FIRST_CAPACITY_BYTES = 32 * 1024;

/** Compression of a batch by its attribute bits; `none` for local sinks. */
export type Compression = "none" | "gzip" | "zstd";

const ATTRIBUTE_BITS: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, zstd: 4 };

/** A record's stamp is written as a 32-bit difference to the batch's first: one farther away needs a batch of its own. */
const TIMESTAMP_DELTA_MAX_MS = 0x7fff_ffff;

/** Batches smaller than this are not worth compressing: a compressor's start costs more than the bytes saved. */
const COMPRESS_FROM_BYTES = 1024;

/**
 * The open batch of one lane: records are written straight into its buffer by the envelope encoder, which asks for
 * room with {@link hasRoom}, writes from `position` on and tells the end by {@link commit}.
 */
export class RecordBatchBuilder {
  bytes: Buffer<ArrayBuffer>;
  /** Where the next record begins. */
  position = BATCH_HEADER_BYTES;
  recordCount = 0;
  /** Stamp of the first record, ms; record stamps are written as differences to it. */
  baseTimestampMs = 0;
  maxTimestampMs = 0;
  /** Monotonic ms of the first record. */
  openedAtMs = 0;
  /** Quotes per feed index. */
  countsByFeed: Int32Array;
  #maxBytes: number;

  /** @param maxBytes bound of header and records before compression @param feedCount length of `countsByFeed` */
  constructor(maxBytes: number, feedCount: number) {
    this.#maxBytes = maxBytes;
    this.bytes = Buffer.allocUnsafeSlow(Math.min(FIRST_CAPACITY_BYTES, maxBytes));
    this.countsByFeed = new Int32Array(feedCount);
  }

  /** Bound of header and records before compression. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** From the next batch on no batch is larger than this: the topic takes none. */
  lowerMaxBytes(maxBytes: number): void {
    this.#maxBytes = Math.min(this.#maxBytes, maxBytes);
  }

  /** Makes room for one more record of `recordBytes` (grows the buffer); false when the batch must be sealed first. */
  hasRoom(recordBytes: number): boolean {
    const needed = this.position + recordBytes;
    if (needed > this.#maxBytes) return false;
    if (needed > this.bytes.length) this.#grow(needed);
    return true;
  }

  /** False when a record of this time cannot stand in the batch beside its first. */
  isNear(timestampMs: number): boolean {
    return this.recordCount === 0 || Math.abs(timestampMs - this.baseTimestampMs) <= TIMESTAMP_DELTA_MAX_MS;
  }

  /** Opens the batch for its first record. */
  begin(timestampMs: number, monotonicMs: number): void {
    this.baseTimestampMs = timestampMs;
    this.maxTimestampMs = timestampMs;
    this.openedAtMs = monotonicMs;
  }

  /** Takes note of a record written up to `end`. */
  commit(end: number, timestampMs: number): void {
    this.position = end;
    this.recordCount++;
    if (timestampMs > this.maxTimestampMs) this.maxTimestampMs = timestampMs;
  }

  /** Closes the batch into bytes of its own and empties the builder for the next. Producer fields are not stamped yet. */
  seal(compression: Compression): SealedBatch {
    const uncompressedBytes = this.position - BATCH_HEADER_BYTES;
    const applied = uncompressedBytes < COMPRESS_FROM_BYTES ? "none" : compression;
    const records = compressRecords(this.bytes.subarray(BATCH_HEADER_BYTES, this.position), applied);
    const bytes = Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES + records.length);
    bytes.set(records, BATCH_HEADER_BYTES);
    writeBatchHeader(bytes, {
      compression: applied,
      recordCount: this.recordCount,
      baseTimestampMs: this.baseTimestampMs,
      maxTimestampMs: this.maxTimestampMs,
    });
    const sealed: SealedBatch = {
      bytes,
      recordCount: this.recordCount,
      uncompressedBytes,
      countsByFeed: this.countsByFeed,
      openedAtMs: this.openedAtMs,
    };
    this.countsByFeed = new Int32Array(this.countsByFeed.length);
    this.position = BATCH_HEADER_BYTES;
    this.recordCount = 0;
    return sealed;
  }

  #grow(needed: number): void {
    let capacity = this.bytes.length;
    while (capacity < needed) capacity *= 2;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(capacity, this.#maxBytes)));
    this.bytes.copy(larger, 0, 0, this.position);
    this.bytes = larger;
  }
}

function compressRecords(records: Uint8Array<ArrayBuffer>, compression: Compression): Uint8Array {
  switch (compression) {
    case "none":
      return records;
    case "gzip":
      return Bun.gzipSync(records, { level: 1 });
    case "zstd":
      return Bun.zstdCompressSync(records, { level: 1 });
  }
}

/** What the header says beside its constants. */
export interface BatchHeader {
  readonly compression: Compression;
  readonly recordCount: number;
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
}

/** Writes the 61 bytes before the records; producer fields −1 and CRC 0 until {@link stampBatch}. */
export function writeBatchHeader(bytes: Buffer, header: BatchHeader): void {
  bytes.fill(0, 0, OFFSET_BATCH_LENGTH);
  bytes.writeInt32BE(bytes.length - OFFSET_LEADER_EPOCH, OFFSET_BATCH_LENGTH);
  bytes.writeInt32BE(-1, OFFSET_LEADER_EPOCH);
  bytes[OFFSET_MAGIC] = 2;
  bytes.writeUInt32BE(0, OFFSET_CRC);
  bytes.writeInt16BE(ATTRIBUTE_BITS[header.compression], OFFSET_ATTRIBUTES);
  bytes.writeInt32BE(header.recordCount - 1, OFFSET_LAST_DELTA);
  writeTimestamp(bytes, OFFSET_BASE_TIMESTAMP, header.baseTimestampMs);
  writeTimestamp(bytes, OFFSET_MAX_TIMESTAMP, header.maxTimestampMs);
  bytes.fill(0xff, OFFSET_PRODUCER_ID, OFFSET_RECORD_COUNT);
  bytes.writeInt32BE(header.recordCount, OFFSET_RECORD_COUNT);
}

/** Puts producer id, epoch and base sequence on a sealed batch and its CRC over all that follows the CRC field. */
export function stampBatch(bytes: Buffer, producer: { producerId: bigint; epoch: number }, baseSequence: number): void {
  bytes.writeBigInt64BE(producer.producerId, OFFSET_PRODUCER_ID);
  bytes.writeInt16BE(producer.epoch, OFFSET_PRODUCER_EPOCH);
  bytes.writeInt32BE(baseSequence, OFFSET_BASE_SEQUENCE);
  bytes.writeUInt32BE(crc32c(bytes, OFFSET_ATTRIBUTES, bytes.length), OFFSET_CRC);
}

/** Gives a batch that has no checksum yet one, for the disk; producer fields stay as they are. */
export function stampChecksum(bytes: Buffer): void {
  // A good checksum may be 0 as well: then it is computed again and comes out the same.
  if (bytes.readUInt32BE(OFFSET_CRC) === 0) {
    bytes.writeUInt32BE(crc32c(bytes, OFFSET_ATTRIBUTES, bytes.length), OFFSET_CRC);
  }
}

/** The sequence after `count` records from `sequence` on; Kafka's wrap at 2^31 − 1 back to 0. */
export function nextSequence(sequence: number, count: number): number {
  const limit = 0x8000_0000;
  const next = sequence + count;
  return next >= limit ? next - limit : next;
}

function writeTimestamp(bytes: Buffer, at: number, timestampMs: number): void {
  bytes.writeUInt32BE(Math.floor(timestampMs / TWO_POW_32), at);
  bytes.writeUInt32BE(timestampMs % TWO_POW_32, at + 4);
}
