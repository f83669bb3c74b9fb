import { crc32c } from "./crc32c.ts";
import { BATCH_HEADER_BYTES, OFFSET_ATTRIBUTES, OFFSET_RECORD_COUNT } from "./record-batch.ts";

// Reads our own sealed batches back: for local sinks, for splitting, for tests. Cold path.

/** One record of a batch; the byte fields are views into the (decompressed) batch. */
export interface BatchRecord {
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly { readonly key: string; readonly value: Uint8Array }[];
  /** The whole record without its length prefix: attributes to last header. */
  readonly body: Uint8Array;
}

/** Everything a batch says, with its records. */
export interface ReadBatch {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly isCrcGood: boolean;
  readonly records: readonly BatchRecord[];
}

const UTF8 = new TextDecoder();

/**
 * Reads a whole batch of magic 2 (none, gzip or zstd).
 * @throws RangeError when the bytes are not a well-formed batch
 */
export function readBatch(bytes: Buffer): ReadBatch {
  if (bytes.length < BATCH_HEADER_BYTES || bytes[16] !== 2) throw new RangeError("Cannot read batch: not magic 2");
  const baseTimestampMs = Number(bytes.readBigInt64BE(27));
  const payload = decompress(
    bytes.subarray(BATCH_HEADER_BYTES) as Buffer<ArrayBuffer>,
    bytes[OFFSET_ATTRIBUTES + 1] & 7,
  );
  const count = bytes.readInt32BE(OFFSET_RECORD_COUNT);
  const records: BatchRecord[] = [];
  const cursor = new Cursor(payload);
  for (let i = 0; i < count; i++) records.push(readRecord(cursor, baseTimestampMs));
  if (cursor.at !== payload.length) throw new RangeError("Cannot read batch: bytes left behind the last record");
  return {
    producerId: bytes.readBigInt64BE(43),
    producerEpoch: bytes.readInt16BE(51),
    baseSequence: bytes.readInt32BE(53),
    isCrcGood: bytes.readUInt32BE(17) === crc32c(bytes, OFFSET_ATTRIBUTES, bytes.length),
    records,
  };
}

/** Calls back for every record of a batch, in order. */
export function forEachRecord(bytes: Buffer, visit: (record: BatchRecord) => void): void {
  for (const record of readBatch(bytes).records) visit(record);
}

function decompress(payload: Buffer<ArrayBuffer>, codec: number): Uint8Array {
  switch (codec) {
    case 0:
      return payload;
    case 1:
      return Bun.gunzipSync(payload);
    case 4:
      return Bun.zstdDecompressSync(payload);
    default:
      throw new RangeError(`Cannot read batch: compression codec is ${codec}`);
  }
}

function readRecord(cursor: Cursor, baseTimestampMs: number): BatchRecord {
  const body = cursor.slice(cursor.varint());
  const inner = new Cursor(body);
  inner.at = 1;
  const timestampMs = baseTimestampMs + inner.varint();
  inner.varint();
  const key = inner.nullableSlice();
  const value = inner.nullableSlice();
  const headerCount = inner.varint();
  const headers: { key: string; value: Uint8Array }[] = [];
  for (let i = 0; i < headerCount; i++) {
    const name = UTF8.decode(inner.slice(inner.varint()));
    headers.push({ key: name, value: inner.nullableSlice() ?? new Uint8Array(0) });
  }
  return { timestampMs, key, value, headers, body };
}

class Cursor {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Zigzag varint; timestamps may be wider than 32 bits, so doubles do the work. */
  varint(): number {
    let zigzag = 0;
    for (let scale = 1; ; scale *= 128) {
      if (this.at >= this.bytes.length || scale > 2 ** 49) throw new RangeError("Cannot read batch: broken varint");
      const byte = this.bytes[this.at++];
      zigzag += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  slice(length: number): Uint8Array {
    if (length < 0 || this.at + length > this.bytes.length) throw new RangeError("Cannot read batch: cut short");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  nullableSlice(): Uint8Array | null {
    const length = this.varint();
    return length === -1 ? null : this.slice(length);
  }
}
