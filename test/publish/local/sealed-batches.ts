import { appendRecord } from "../../../src/publish/batch-split.ts";
import { RecordBatchBuilder, stampBatch } from "../../../src/publish/record-batch.ts";
import type { SealedBatch } from "../../../src/publish/sealed-batch.ts";

/** A stamped, uncompressed batch with these values, as a lane hands it to a local sink. */
export function sealValues(values: readonly string[], timestampMs = 1_700_000_000_000): SealedBatch {
  const builder = new RecordBatchBuilder(8 * 1024 * 1024, 1);
  builder.begin(timestampMs, 0);
  for (const value of values) {
    appendRecord(builder, {
      timestampMs,
      key: Buffer.from("binance:BTCUSDT"),
      value: Buffer.from(value),
      headers: [
        { key: "source", value: Buffer.from("binance") },
        { key: "seq", value: Buffer.from("7") },
      ],
    });
    builder.countsByFeed[0]++;
  }
  const batch = builder.seal("none");
  stampBatch(batch.bytes, { producerId: 1n, epoch: 0 }, 0);
  return batch;
}

/** A batch of `count` quotes of about `bytes` bytes each, numbered from `first`. */
export function sealQuotes(first: number, count: number, bytes = 500, timestampMs = 1_700_000_000_000): SealedBatch {
  const values = Array.from({ length: count }, (_, i) => JSON.stringify({ n: first + i, pad: "x".repeat(bytes) }));
  return sealValues(values, timestampMs);
}
