import { appendRecord } from "../../../src/publish/batch-split.ts";
import { RecordBatchBuilder, stampBatch } from "../../../src/publish/record-batch.ts";
import type { SealedBatch } from "../../../src/publish/sealed-batch.ts";
import type { RandomSource } from "../../../src/runtime/clock.ts";
import { below } from "../../harness/fake-disk.ts";

/** Records of one batch at most. */
const RECORDS_MAX = 4;
const VALUE_BYTES_MAX = 700;

/** What a batch of the model is made from. */
export interface ModelBatchPlan {
  readonly id: number;
  readonly timeMs: number;
  readonly feedCount: number;
  /** −1: its records count for no feed. */
  readonly feedIndex: number;
  /** Put behind the value of the first record. */
  readonly extra?: Buffer;
}

/** A stamped batch of a few records that carries its number, so that no two are the same. */
export function sealModelBatch(random: RandomSource, plan: ModelBatchPlan): SealedBatch {
  const { id, timeMs, feedCount, feedIndex } = plan;
  const builder = new RecordBatchBuilder(64 * 1024, feedCount);
  builder.begin(timeMs, 0);
  const count = 1 + below(random, RECORDS_MAX);
  const filler = String.fromCharCode(97 + below(random, 26));
  for (let record = 0; record < count; record++) {
    const text = Buffer.from(`#${id}#${filler.repeat(below(random, VALUE_BYTES_MAX))}`);
    const value = record === 0 && plan.extra !== undefined ? Buffer.concat([text, plan.extra]) : text;
    appendRecord(builder, { timestampMs: timeMs, key: Buffer.from(`k${record}`), value, headers: [] });
    if (feedIndex >= 0) builder.countsByFeed[feedIndex]++;
  }
  const batch = builder.seal("none");
  stampBatch(batch.bytes, { producerId: BigInt(id), epoch: 0 }, 0);
  return batch;
}
