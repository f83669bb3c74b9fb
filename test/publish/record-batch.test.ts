import { expect, test } from "bun:test";
import fc from "fast-check";
import { appendRecord, recordBytesMax, splitBatch } from "../../src/publish/batch-split.ts";
import { type Compression, nextSequence, RecordBatchBuilder, stampBatch } from "../../src/publish/record-batch.ts";
import { readBatch } from "../../src/publish/record-batch-reader.ts";

const COMPRESSIONS: readonly Compression[] = ["none", "gzip", "zstd"];

function record(value: string, timestampMs = 1_700_000_000_000, source = "a") {
  return {
    timestampMs,
    key: Buffer.from(`${source}:X`),
    value: Buffer.from(value),
    headers: [{ key: "source", value: Buffer.from(source) }],
  };
}

function build(values: readonly string[], compression: Compression) {
  const builder = new RecordBatchBuilder(1_000_000, 2);
  for (const [i, value] of values.entries()) {
    if (builder.recordCount === 0) builder.begin(1_700_000_000_000, 5);
    appendRecord(builder, record(value, 1_700_000_000_000 + i, i % 2 === 0 ? "a" : "b"));
    builder.countsByFeed[i % 2]++;
  }
  return builder.seal(compression);
}

test("a sealed and stamped batch reads back whole, in every compression", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string(), { minLength: 1, maxLength: 60 }),
      fc.constantFrom(...COMPRESSIONS),
      (values, compression) => {
        const sealed = build(values, compression);
        stampBatch(sealed.bytes, { producerId: 4_000_000_000n, epoch: 3 }, 77);
        const batch = readBatch(sealed.bytes);
        expect(batch.isCrcGood).toBe(true);
        expect(batch.producerId).toBe(4_000_000_000n);
        expect(batch.producerEpoch).toBe(3);
        expect(batch.baseSequence).toBe(77);
        expect(batch.records.map((r) => Buffer.from(r.value ?? []).toString())).toEqual([...values]);
        expect(batch.records.map((r) => r.timestampMs)).toEqual(values.map((_, i) => 1_700_000_000_000 + i));
        expect([...sealed.countsByFeed]).toEqual([Math.ceil(values.length / 2), Math.floor(values.length / 2)]);
      },
    ),
  );
});

test("the header holds length, count, last offset delta and stamps where Kafka looks for them", () => {
  const { bytes } = build(["x", "y", "z"], "none");
  expect(bytes.readInt32BE(8)).toBe(bytes.length - 12);
  expect(bytes[16]).toBe(2);
  expect(bytes.readInt32BE(23)).toBe(2);
  expect(bytes.readBigInt64BE(27)).toBe(1_700_000_000_000n);
  expect(bytes.readBigInt64BE(35)).toBe(1_700_000_000_002n);
  expect(bytes.readInt32BE(57)).toBe(3);
});

test("a flipped bit anywhere behind the CRC field is seen", () => {
  const { bytes } = build(["some value", "another"], "none");
  stampBatch(bytes, { producerId: 1n, epoch: 0 }, 0);
  for (let at = 21; at < 61; at++) {
    const copy = Buffer.from(bytes);
    copy[at] ^= 0x10;
    const isSeen = (() => {
      try {
        return !readBatch(copy).isCrcGood;
      } catch (error) {
        return error instanceof RangeError || error instanceof Error;
      }
    })();
    expect(isSeen).toBe(true);
  }
});

test("the builder grows up to its bound and then has no room", () => {
  const builder = new RecordBatchBuilder(100_000, 1);
  const one = record("v".repeat(1000));
  builder.begin(one.timestampMs, 0);
  let count = 0;
  while (builder.hasRoom(recordBytesMax(one))) {
    appendRecord(builder, one);
    count++;
  }
  expect(count).toBeGreaterThan(90);
  expect(builder.bytes.length).toBeLessThanOrEqual(100_000);
  expect(builder.seal("zstd").recordCount).toBe(count);
  expect(builder.hasRoom(recordBytesMax(one))).toBe(true);
});

test("splitBatch() keeps every record, their order and the counts by feed", () => {
  const values = Array.from({ length: 9 }, (_, i) => `value ${i}`);
  const [first, second] = splitBatch(build(values, "zstd"), "zstd", ["a", "b"]);
  const texts = [first, second].flatMap((half) =>
    readBatch(half.bytes).records.map((r) => Buffer.from(r.value ?? []).toString()),
  );
  expect(texts).toEqual(values);
  expect([...first.countsByFeed]).toEqual([3, 2]);
  expect([...second.countsByFeed]).toEqual([2, 2]);
});

test("nextSequence() wraps as Kafka does", () => {
  expect(nextSequence(0, 5)).toBe(5);
  expect(nextSequence(2147483647, 1)).toBe(0);
  expect(nextSequence(2147483640, 10)).toBe(2);
});
