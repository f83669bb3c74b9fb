import { appendRecord } from "../../src/publish/batch-split.ts";
import { RecordBatchBuilder, stampBatch } from "../../src/publish/record-batch.ts";
import type { SealedBatch } from "../../src/publish/sealed-batch.ts";
import { type LogName, type Spool, UNASSIGNED } from "../../src/publish/spool/batch-log.ts";
import { createNodeFileSystem } from "../../src/publish/spool/node-file-system.ts";
import { openSpool } from "../../src/publish/spool/spool.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";

/** Time of the first batch. */
export const START_MS = 1_700_000_000_000;
/** Between two batches. */
export const MINUTE_MS = 60_000;
/** The log with most in it. */
export const QUOTES: LogName = { topic: "quotes", partition: 3, partitionCount: 12 };
const WAITING: LogName = { topic: "quotes", partition: UNASSIGNED, partitionCount: 0 };
const EVENTS: LogName = { topic: "events", partition: 0, partitionCount: 1 };
/** Batches in the log of quotes: one a minute, two records each; three batches fill a segment. */
export const QUOTE_BATCHES = 10;
const SEGMENT_BYTES = 10_000;

/** Makes a spool with three logs: quotes of a partition, quotes not dealt out yet, events. */
export async function fillSpool(directory: string): Promise<void> {
  const spool = openAt(directory);
  for (let minute = 0; minute < QUOTE_BATCHES; minute++) {
    spool.log(QUOTES).append(sealAt(minute, ["binance", "kraken"][minute % 2]), "on_disk");
  }
  spool.log(WAITING).append(sealAt(2, "kraken"), "on_disk");
  spool.log(EVENTS).append(sealAt(3, null), "on_disk");
  await spool.close();
}

/** A spool for two feeds in small segments. */
export function openAt(directory: string): Spool {
  return openSpool({
    fileSystem: createNodeFileSystem(),
    clock: new SystemClock(),
    directory,
    maxBytes: 1e9,
    minFreeBytes: 0,
    whenFull: "drop_oldest",
    yieldLast: [],
    maxAgeMs: 0,
    fsyncMs: 100,
    segmentBytes: SEGMENT_BYTES,
    feedNames: ["binance", "kraken"],
    onLoss: (loss) => {
      throw new Error(`Records are lost: ${loss.recordCount}`);
    },
    onLostBatch: () => undefined,
    onTrouble: () => undefined,
  });
}

/** Two records of one minute, each worth about 250 bytes. */
export function sealAt(minute: number, source: string | null): SealedBatch {
  const timestampMs = START_MS + minute * MINUTE_MS;
  const builder = new RecordBatchBuilder(64 * 1024, 2);
  builder.begin(timestampMs, 0);
  for (let record = 0; record < 2; record++) {
    const value = `{"minute":${minute},"price":1.10,"record":${record},"pad":"${"x".repeat(200)}"}`;
    const headers = source === null ? [] : [{ key: "source", value: Buffer.from(source) }];
    appendRecord(builder, { timestampMs, key: Buffer.from(`${source}:BTC`), value: Buffer.from(value), headers });
    if (source !== null) builder.countsByFeed[source === "binance" ? 0 : 1]++;
  }
  const batch = builder.seal("none");
  stampBatch(batch.bytes, { producerId: -1n, epoch: -1 }, -1);
  return batch;
}
