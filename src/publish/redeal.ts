import { delay } from "../runtime/abortable.ts";
import type { Clock } from "../runtime/clock.ts";
import type { CurrentWait } from "../runtime/current-wait.ts";
import { appendRecord, headerText, recordBytesMax } from "./batch-split.ts";
import type { Lane } from "./lane.ts";
import { addCounts, LaneQueue } from "./lane-queue.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { BATCH_HEADER_BYTES, type Compression, RecordBatchBuilder } from "./record-batch.ts";
import { type BatchRecord, readBatch } from "./record-batch-reader.ts";
import type { SealedBatch } from "./sealed-batch.ts";
import type { BatchLog } from "./spool/batch-log.ts";

/** Source batches that are dealt out before their parts are brought to the disk and they themselves settled. */
const WINDOW_BATCHES = 16;
/** Dealt for so long at a time, then rested for as long, ms: however small the batches are. */
const SLICE_MS = 5;
/** A disk or a memory that takes nothing now is tried again after this, ms. */
const RETRY_MS = 200;

/** What dealing needs. */
export interface RedealTools {
  readonly clock: Clock;
  readonly budget: MemoryBudget;
  readonly compression: Compression;
  readonly batchMaxBytes: number;
  readonly feedNames: readonly string[];
  /** Of the lane that is held meanwhile: by it `/healthz` sees a dealing that hangs. */
  readonly wait: CurrentWait;
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
 * order, by decoding them. A source batch is settled only when its records are on the disk in their new place, or delivered, so a
 * crash costs duplicates and nothing else. Takes at most half of the processor.
 */
export class Redealer {
  readonly #tools: RedealTools;
  readonly #builders = new Map<Lane, RecordBatchBuilder>();
  /** What the builders take of the budget, bytes. */
  #builderBytes = 0;
  /** The log that is being dealt out, when it is no lane's. */
  #source: LaneQueue | null = null;
  /** Of the source batches that were dealt out and are not settled yet. */
  readonly #settles: (() => void)[] = [];
  /** Batches made of them that lanes have in memory alone: the disk did not take them. */
  #unstored: { readonly lane: Lane; readonly batch: SealedBatch }[] = [];

  constructor(tools: RedealTools) {
    this.#tools = tools;
  }

  /** Quotes in its hands, added per feed index. */
  addInHand(target: Float64Array): void {
    for (const { countsByFeed } of this.#builders.values()) addCounts(target, countsByFeed);
    this.#source?.addInMemory(target);
  }

  /** Deals out a log that is no lane's; resolves when that is done and settled, or the signal has aborted. */
  async emptyLog(log: BatchLog): Promise<void> {
    const queue = new LaneQueue(log, this.#tools.budget);
    this.#source = queue;
    if (await this.#empty(queue, () => {})) this.#source = null;
    await this.#settleAll();
  }

  /**
   * Deals out what a lane keeps while it goes on taking records.
   * @param onEmpty is called at the moment nothing is left in the lane: from then on records can go their own way
   */
  async emptyLane(lane: Lane, onEmpty: () => void): Promise<void> {
    const isEmpty = await this.#empty(lane.queue, () => lane.sealOpen(), onEmpty);
    if (isEmpty) await this.#settleAll();
  }

  /** Gives all in its hands to the lanes, which are about to stop. What finds no room on the disk stays where it was. */
  finish(): void {
    this.#flush();
    this.#source?.abandon();
    if (this.#isAllStored) this.#settle();
  }

  /** True when the queue was emptied, in the same turn in which `onEmpty` was called; false when the signal aborted. */
  async #empty(queue: LaneQueue, sealOpen: () => void, onEmpty = () => {}): Promise<boolean> {
    const { clock, signal } = this.#tools;
    let busyMs = 0;
    while (!signal.aborted) {
      const startedMs = this.#noteProgress();
      const isDealt = this.#dealFirst(queue);
      // Not before: sealed at each turn, what comes meanwhile would be as many batches as are dealt out.
      if (queue.isEmpty) sealOpen();
      if (queue.isEmpty) {
        this.#flush();
        onEmpty();
        return true;
      }
      busyMs += clock.monotonicMs() - startedMs;
      if (!isDealt) await this.#wait(queue);
      if (busyMs >= SLICE_MS) {
        await this.#rest(busyMs);
        busyMs = 0;
      }
      if (this.#settles.length >= WINDOW_BATCHES) await this.#settleAll();
    }
    return false;
  }

  /** Nothing can be dealt now: reads on, or waits for disk or memory. */
  async #wait(queue: LaneQueue): Promise<void> {
    const isToRead = queue.first === null;
    if (isToRead) await queue.load();
    if (isToRead && queue.first !== null) return;
    await this.#settleAll();
    await this.#rest(RETRY_MS);
  }

  /** False when nothing could be dealt now. */
  #dealFirst(queue: LaneQueue): boolean {
    if (queue.first === null || this.#tools.budget.isFull) return false;
    const { batch } = queue.first;
    const settle = queue.takeFirst();
    if (settle !== null) this.#settles.push(settle);
    try {
      for (const record of readBatch(batch.bytes).records) this.#deal(record, batch.openedAtMs);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#tools.onUnreadable(batch.countsByFeed, batch.recordCount, error.message);
    }
    this.#chargeBuilders();
    return true;
  }

  #deal(record: BatchRecord, openedAtMs: number): void {
    const { laneOf, feedNames } = this.#tools;
    const builder = this.#builderOf(laneOf(Buffer.from(record.key ?? [])), record);
    if (builder.recordCount === 0) builder.begin(record.timestampMs, openedAtMs);
    appendRecord(builder, record);
    const feed = headerText(record, "symbol") === "" ? -1 : feedNames.indexOf(headerText(record, "source"));
    if (feed >= 0) builder.countsByFeed[feed]++;
  }

  #builderOf(lane: Lane, record: BatchRecord): RecordBatchBuilder {
    const { batchMaxBytes, feedNames } = this.#tools;
    const bytes = recordBytesMax(record);
    const open = this.#builders.get(lane);
    if (open?.hasRoom(bytes) && open.isNear(record.timestampMs)) return open;
    if (open !== undefined) this.#seal(lane, open);
    if (open?.hasRoom(bytes)) return open;
    const builder = new RecordBatchBuilder(Math.max(batchMaxBytes, bytes + BATCH_HEADER_BYTES), feedNames.length);
    this.#builders.set(lane, builder);
    return builder;
  }

  /** Resolves when what was dealt out is on the disk or delivered, and its sources are settled; or the signal has aborted. */
  async #settleAll(): Promise<void> {
    const { sync, signal } = this.#tools;
    this.#flush();
    while (!this.#isAllStored && !signal.aborted) await this.#rest(RETRY_MS);
    this.#noteProgress();
    await sync();
    // Then `finish` has settled what could be.
    if (!signal.aborted) this.#settle();
  }

  #settle(): void {
    for (const settle of this.#settles.splice(0)) settle();
  }

  get #isAllStored(): boolean {
    this.#unstored = this.#unstored.filter(({ lane, batch }) => lane.queue.hasUnstored(batch));
    return this.#unstored.length === 0;
  }

  #flush(): void {
    for (const [lane, builder] of this.#builders) this.#seal(lane, builder);
    this.#builders.clear();
    this.#chargeBuilders();
  }

  #seal(lane: Lane, builder: RecordBatchBuilder): void {
    if (builder.recordCount === 0) return;
    const batch = builder.seal(this.#tools.compression);
    lane.take(batch);
    if (lane.queue.hasUnstored(batch)) this.#unstored.push({ lane, batch });
  }

  #chargeBuilders(): void {
    let bytes = 0;
    for (const builder of this.#builders.values()) bytes += builder.bytes.length;
    this.#tools.budget.add(bytes - this.#builderBytes);
    this.#builderBytes = bytes;
  }

  async #rest(ms: number): Promise<void> {
    const { clock, signal, wait } = this.#tools;
    wait.until(clock.monotonicMs() + ms);
    await delay(ms, signal, clock);
  }

  #noteProgress(): number {
    const nowMs = this.#tools.clock.monotonicMs();
    this.#tools.wait.until(nowMs);
    return nowMs;
  }
}
