import { writeVarint } from "./byte-writer.ts";
import { varint, withLength } from "./length-prefix.ts";
import { BATCH_HEADER_BYTES, type Compression, RecordBatchBuilder } from "./record-batch.ts";
import { type BatchRecord, readBatch } from "./record-batch-reader.ts";
import type { SealedBatch } from "./sealed-batch.ts";

const UTF8 = new TextDecoder();

/**
 * Two batches that hold the records of one, in order: for a topic that takes no batch as large.
 * @param batch at least two records
 * @param feedNames by feed index, to count each record for its feed again
 */
export function splitBatch(
  batch: SealedBatch,
  compression: Compression,
  feedNames: readonly string[],
): [SealedBatch, SealedBatch] {
  const { records } = readBatch(batch.bytes);
  const middle = Math.ceil(records.length / 2);
  const make = (part: readonly BatchRecord[]): SealedBatch => {
    const builder = copyRecords(part, batch);
    // Only a batch that counts quotes counts them again: events are in nobody's ledger.
    if (batch.countsByFeed.some((count) => count > 0)) countByFeed(part, feedNames, builder.countsByFeed);
    return builder.seal(compression);
  };
  return [make(records.slice(0, middle)), make(records.slice(middle))];
}

function copyRecords(records: readonly BatchRecord[], batch: SealedBatch): RecordBatchBuilder {
  const builder = new RecordBatchBuilder(
    batch.uncompressedBytes + BATCH_HEADER_BYTES + records.length * 8,
    batch.countsByFeed.length,
  );
  for (const record of records) {
    if (builder.recordCount === 0) builder.begin(record.timestampMs, batch.openedAtMs);
    appendRecord(builder, record);
  }
  return builder;
}

function countByFeed(records: readonly BatchRecord[], feedNames: readonly string[], counts: Int32Array): void {
  for (const record of records) {
    const feed = feedNames.indexOf(headerText(record, "source"));
    if (feed >= 0) counts[feed]++;
  }
}

/** Writes one record made from its parts. Cold path: events, rejects and splits; quotes have their own encoder. */
export function appendRecord(builder: RecordBatchBuilder, record: Omit<BatchRecord, "body">): void {
  const body = encodeRecordBody(record, builder.baseTimestampMs, builder.recordCount);
  if (!builder.hasRoom(body.length + 5)) throw new RangeError("Cannot append record: no room was reserved");
  const at = writeVarint(builder.bytes, builder.position, body.length);
  body.copy(builder.bytes, at);
  builder.commit(at + body.length, record.timestampMs);
}

/** An upper bound of the bytes {@link appendRecord} writes. */
export function recordBytesMax(record: Omit<BatchRecord, "body">): number {
  let bytes = 32 + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const header of record.headers) bytes += 10 + Buffer.byteLength(header.key) + header.value.length;
  return bytes;
}

function encodeRecordBody(record: Omit<BatchRecord, "body">, baseTimestampMs: number, offsetDelta: number): Buffer {
  const parts: Uint8Array[] = [
    Buffer.of(0),
    varint(record.timestampMs - baseTimestampMs),
    varint(offsetDelta),
    withLength(record.key),
    withLength(record.value),
    varint(record.headers.length),
  ];
  for (const header of record.headers) parts.push(withLength(Buffer.from(header.key)), withLength(header.value));
  return Buffer.concat(parts);
}

/** A header of a record as text; empty when absent. */
export function headerText(record: BatchRecord, name: string): string {
  const header = record.headers.find((candidate) => candidate.key === name);
  return header === undefined ? "" : UTF8.decode(header.value);
}
