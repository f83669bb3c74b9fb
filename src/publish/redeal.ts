import { delay } from "../runtime/abortable.ts";
import type { Clock } from "../runtime/clock.ts";
import { appendRecord, headerText, recordBytesMax } from "./batch-split.ts";
import type { Lane } from "./lane.ts";
import { addCounts, type LaneQueue } from "./lane-queue.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { BATCH_HEADER_BYTES, type Compression, RecordBatchBuilder } from "./record-batch.ts";
import { type BatchRecord, readBatch } from "./record-batch-reader.ts";

/** Source batches that are dealt out before their parts are brought to the disk and they themselves settled. */
const WINDOW_BATCHES = 16;
/** A disk or a memory that takes nothing now is tried again after this, ms. */
const RETRY_MS = 200;

/** What dealing needs. */
export interface RedealTools {
  readonly clock: Clock;
  readonly budget: MemoryBudget;
  readonly compression: Compression;
  readonly batchMaxBytes: number;
  readonly feedNames: readonly string[];
  /** The lane of a key under the partitions that hold now. */
  laneOf(key: Buffer): Lane;
  /** Resolves when the disk has all that was written. */
  sync(): Promise<void>;
  readonly signal: AbortSignal;
  /** A batch passed its checksum and yet cannot be read: it is given up. */
  onUnreadable(countsByFeed: Int32Array, recordCount: number, message: string): void;
}

/**
 * Deals the records of batches that were written for other partitions (or for none known) out to the lanes of today, in
 * order, by decoding them. A source batch is settled only when the disk has its records in their new place, so a crash costs
 * duplicates and nothing else. Takes at most half of the processor.
 */
export class Redealer {
  readonly #tools: RedealTools;
  readonly #builders = new Map<Lane, RecordBatchBuilder>();
  /** Of the source batches that were dealt out and are not settled yet. */
  readonly #settles: (() => void)[] = [];

  constructor(tools: RedealTools) {
    this.#tools = tools;
  }

  /** Quotes in its hands, added per feed index. */
  addInHand(target: Float64Array): void {
    for (const { countsByFeed } of this.#builders.values()) addCounts(target, countsByFeed);
  }

  /**
   * Deals until the queue is empty, or the signal aborts.
   * @param beforeLook runs each time before the queue is looked at: for a lane that still fills an open batch
   */
  async empty(queue: LaneQueue, beforeLook: () => void): Promise<void> {
    const { clock, sync, signal } = this.#tools;
    while (!signal.aborted) {
      beforeLook();
      if (queue.isEmpty && this.#settles.length === 0) return;
      const isDealt = !queue.isEmpty && (await this.#dealFirst(queue));
      if (isDealt && this.#settles.length < WINDOW_BATCHES) continue;
      this.#flush();
      await sync();
      this.#settle();
      if (!isDealt && !queue.isEmpty) await delay(RETRY_MS, signal, clock);
    }
  }

  /** Gives all in its hands to the lanes, which are about to stop. */
  finish(): void {
    this.#flush();
    this.#settle();
  }

  /** False when nothing could be dealt now. */
  async #dealFirst(queue: LaneQueue): Promise<boolean> {
    const { clock, budget, signal } = this.#tools;
    if (queue.first === null) await queue.load();
    if (queue.first === null || budget.isFull || signal.aborted) return false;
    const startedMs = clock.monotonicMs();
    const { batch } = queue.first;
    const settle = queue.takeFirst();
    if (settle !== null) this.#settles.push(settle);
    try {
      for (const record of readBatch(batch.bytes).records) this.#deal(record, batch.openedAtMs);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#tools.onUnreadable(batch.countsByFeed, batch.recordCount, error.message);
    }
    await delay(clock.monotonicMs() - startedMs, signal, clock);
    return true;
  }

  #deal(record: BatchRecord, openedAtMs: number): void {
    const { laneOf, feedNames, batchMaxBytes } = this.#tools;
    const lane = laneOf(Buffer.from(record.key ?? []));
    const bytes = recordBytesMax(record);
    let builder = this.#builders.get(lane);
    if (builder !== undefined && builder.recordCount > 0 && !builder.hasRoom(bytes)) this.#seal(lane, builder);
    if (builder === undefined || !builder.hasRoom(bytes)) {
      builder = new RecordBatchBuilder(Math.max(batchMaxBytes, bytes + BATCH_HEADER_BYTES), feedNames.length);
      this.#builders.set(lane, builder);
    }
    if (builder.recordCount === 0) builder.begin(record.timestampMs, openedAtMs);
    appendRecord(builder, record);
    const feed = headerText(record, "symbol") === "" ? -1 : feedNames.indexOf(headerText(record, "source"));
    if (feed >= 0) builder.countsByFeed[feed]++;
  }

  #flush(): void {
    for (const [lane, builder] of this.#builders) this.#seal(lane, builder);
  }

  #settle(): void {
    for (const settle of this.#settles.splice(0)) settle();
  }

  #seal(lane: Lane, builder: RecordBatchBuilder): void {
    if (builder.recordCount > 0) lane.take(builder.seal(this.#tools.compression));
  }
}
