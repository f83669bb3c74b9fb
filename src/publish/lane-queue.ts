import type { MemoryBudget } from "./memory-budget.ts";
import { stampChecksum } from "./record-batch.ts";
import type { SealedBatch } from "./sealed-batch.ts";
import type { BatchLocation, BatchLog } from "./spool/batch-log.ts";

/** Batches read ahead of the one that is being sent, and kept in memory when a lane goes through the disk. */
const READ_AHEAD = 2;

/** A batch in memory. */
export interface QueuedBatch {
  readonly batch: SealedBatch;
  /** Is on the disk as well, and so outlives the process. */
  readonly isStored: boolean;
  /** Where it can be read again; null when it cannot: it is not on the disk, or a part of a batch that was split. */
  readonly location: BatchLocation | null;
  /** What is delivered for good with this batch; null for what is not on the disk and for the first half of a split batch. */
  readonly settles: { readonly location: BatchLocation; readonly recordCount: number } | null;
}

/** How a sealed batch enters. */
export type QueueWay =
  /** Into memory, behind what is there. */
  | "memory"
  /** Onto the disk; kept in memory only when it is among the next to be sent. */
  | "disk"
  /** Onto the disk, and kept in memory as well while there is room. */
  | "both";

/**
 * The sealed batches of one lane in order, wherever they are: first those in memory (`head`), then those on the disk alone,
 * then those that ought to be on the disk and found no room there (`tail`). Invariants: in `head` the stored ones come
 * first; while one of them is not stored, nothing is on the disk alone; `tail` is empty unless something is.
 */
export class LaneQueue {
  readonly #log: BatchLog | null;
  readonly #budget: MemoryBudget;
  readonly #head: QueuedBatch[] = [];
  readonly #tail: SealedBatch[] = [];
  #memoryBytes = 0;
  #loading: Promise<void> | null = null;
  #isAbandoned = false;
  /** Quotes in the parts of a split batch that are done with, while all of the batch is still on the disk. */
  #doneOfSplit: Int32Array | null = null;

  constructor(log: BatchLog | null, budget: MemoryBudget) {
    this.#log = log;
    this.#budget = budget;
  }

  /** Nothing anywhere. */
  get isEmpty(): boolean {
    return this.memoryBatches === 0 && this.unreadBatches === 0;
  }

  /** Everything that is left is in memory, in the head. */
  get isCaughtUp(): boolean {
    return this.unreadBatches === 0 && this.#tail.length === 0;
  }

  /** Batches on the disk alone. */
  get unreadBatches(): number {
    return this.#log?.unread.batches ?? 0;
  }

  get unreadRecords(): number {
    return this.#log?.unread.records ?? 0;
  }

  get unreadBytes(): number {
    return this.#log?.unread.bytes ?? 0;
  }

  /** Nothing is in memory alone. */
  get isStored(): boolean {
    return this.#tail.length === 0 && this.#head.every((queued) => queued.isStored);
  }

  get memoryBatches(): number {
    return this.#head.length + this.#tail.length;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** The next to be sent; null when it is not in memory: see {@link load}. */
  get first(): QueuedBatch | null {
    return this.#head[0] ?? null;
  }

  /** Takes a sealed batch in behind all others. */
  push(batch: SealedBatch, way: QueueWay): void {
    if (way === "memory" && this.isCaughtUp) this.#pushHead(notStored(batch));
    else if (this.#log === null || !this.flush()) this.#pushUnstored(batch);
    else if (!this.#append(this.#log, batch, way)) this.#pushUnstored(batch);
  }

  /**
   * Brings to the disk what ought to be there, in order, at most about `maxBytes` now. True when nothing is left in memory alone.
   */
  flush(maxBytes = Number.POSITIVE_INFINITY): boolean {
    const log = this.#log;
    if (log === null) return this.memoryBatches === 0;
    let left = maxBytes;
    for (let i = this.#head.findIndex((queued) => !queued.isStored); i >= 0 && i < this.#head.length; i++) {
      const { batch } = this.#head[i];
      if (left <= 0) return false;
      const location = appendTo(log, batch, "in_memory");
      if (location === null) return false;
      this.#head[i] = stored(batch, location);
      left -= batch.bytes.length;
    }
    while (this.#tail.length > 0) {
      const batch = this.#tail[0];
      if (left <= 0 || appendTo(log, batch, "on_disk") === null) return false;
      this.#tail.shift();
      this.#charge(-batch.bytes.length);
      left -= batch.bytes.length;
    }
    return true;
  }

  /** Lets go of all in memory that the disk has, but for the next to be sent. */
  release(): void {
    const keep = READ_AHEAD;
    if (this.#log === null || this.#loading !== null || this.#head.length <= keep) return;
    if (this.#head.some((queued) => !queued.isStored)) return;
    const location = this.#head[keep].location;
    if (location === null) return;
    this.#log.rewind(location);
    for (const { batch } of this.#head.splice(keep)) this.#charge(-batch.bytes.length);
  }

  /** Takes out of memory what is not on the disk and stands behind the first: somebody else delivers it. */
  takeBehindFirst(): SealedBatch[] {
    const from = this.#head.findIndex((queued, index) => index > 0 && !queued.isStored);
    const taken = from < 0 ? [] : this.#head.splice(from).map((queued) => queued.batch);
    for (const batch of taken) this.#charge(-batch.bytes.length);
    return taken;
  }

  /** True for a batch that is in memory and nowhere else. */
  hasUnstored(batch: SealedBatch): boolean {
    return this.#tail.includes(batch) || this.#head.some((queued) => queued.batch === batch && !queued.isStored);
  }

  /** Fills the head from the disk up to `count` batches; resolves with nothing more when the disk has none or cannot be read. */
  load(count = this.#budget.isShort ? 1 : READ_AHEAD): Promise<void> {
    this.#loading ??= this.#load(count).finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  /** The first is delivered or given up. */
  settleFirst(): void {
    this.takeFirst()?.();
  }

  /** Takes the first out of memory; the function it returns settles it on the disk, now or later. Null when there is none. */
  takeFirst(): (() => void) | null {
    const first = this.#head.shift();
    if (first === undefined) return null;
    this.#charge(-first.batch.bytes.length);
    const { settles } = first;
    this.#noteDone(first);
    return () => {
      if (settles !== null) this.#log?.settle(settles.location, settles.recordCount);
    };
  }

  /** The first was split: its parts stand in its place, and the last of them settles it. */
  replaceFirst(parts: readonly SealedBatch[]): void {
    const first = this.#head.shift();
    if (first === undefined) return;
    this.#charge(-first.batch.bytes.length);
    const queued = parts.map((batch, index): QueuedBatch => {
      const settles = index === parts.length - 1 ? first.settles : null;
      return { batch, isStored: first.isStored, location: null, settles };
    });
    this.#head.unshift(...queued);
    for (const { batch } of queued) this.#charge(batch.bytes.length);
  }

  /** Empties memory for good; returns what nobody else has: what is not on the disk. */
  abandon(): SealedBatch[] {
    this.#isAbandoned = true;
    const from = this.#head.find((queued) => queued.settles !== null)?.settles ?? null;
    if (from !== null) this.#log?.rewind(from.location);
    const lost = [...this.#head.filter((queued) => !queued.isStored).map((queued) => queued.batch), ...this.#tail];
    this.#head.length = 0;
    this.#tail.length = 0;
    this.#charge(-this.#memoryBytes);
    return lost;
  }

  /** Once abandoned: quotes that are delivered and yet on the disk, as parts of a batch that is not; taken off per feed index. */
  subtractDone(target: Float64Array): void {
    const done = this.#doneOfSplit;
    if (done === null || !this.#isAbandoned) return;
    for (let feed = 0; feed < done.length; feed++) target[feed] -= done[feed];
  }

  /** Quotes in memory, added per feed index. */
  addInMemory(target: Float64Array): void {
    for (const { batch } of this.#head) addCounts(target, batch.countsByFeed);
    for (const batch of this.#tail) addCounts(target, batch.countsByFeed);
  }

  /** Of those, the quotes that are not on the disk as well. */
  addNotStored(target: Float64Array): void {
    for (const { batch, isStored } of this.#head) if (!isStored) addCounts(target, batch.countsByFeed);
    for (const batch of this.#tail) addCounts(target, batch.countsByFeed);
  }

  #append(log: BatchLog, batch: SealedBatch, way: QueueWay): boolean {
    const isNext = this.#head.length < READ_AHEAD;
    const isKept = log.unread.batches === 0 && (isNext || (way === "both" && !this.#budget.isShort));
    const location = appendTo(log, batch, isKept ? "in_memory" : "on_disk");
    if (location === null) return false;
    if (isKept) this.#pushHead(stored(batch, location));
    return true;
  }

  #noteDone({ batch, isStored, settles }: QueuedBatch): void {
    const isPart = isStored && settles === null;
    if (isPart) this.#doneOfSplit = sumOf(this.#doneOfSplit, batch.countsByFeed);
    else this.#doneOfSplit = null;
  }

  #pushUnstored(batch: SealedBatch): void {
    if (this.isCaughtUp) {
      this.#pushHead(notStored(batch));
      return;
    }
    this.#tail.push(batch);
    this.#charge(batch.bytes.length);
  }

  #pushHead(queued: QueuedBatch): void {
    this.#head.push(queued);
    this.#charge(queued.batch.bytes.length);
  }

  async #load(count: number): Promise<void> {
    while (this.#head.length < count && this.unreadBatches > 0) {
      const loaded = (await this.#log?.readNext()) ?? null;
      if (loaded === null) break;
      if (this.#isAbandoned) {
        this.#log?.rewind(loaded.location);
        break;
      }
      this.#pushHead(stored(loaded.batch, loaded.location));
    }
    // What found no room on the disk follows what was there.
    if (this.unreadBatches === 0) for (const batch of this.#tail.splice(0)) this.#head.push(notStored(batch));
  }

  #charge(bytes: number): void {
    this.#memoryBytes += bytes;
    this.#budget.add(bytes);
  }
}

function notStored(batch: SealedBatch): QueuedBatch {
  return { batch, isStored: false, location: null, settles: null };
}

function stored(batch: SealedBatch, location: BatchLocation): QueuedBatch {
  return { batch, isStored: true, location, settles: { location, recordCount: batch.recordCount } };
}

function sumOf(one: Int32Array | null, other: Int32Array): Int32Array {
  return one === null ? other : other.map((count, feed) => count + one[feed]);
}

function appendTo(log: BatchLog, batch: SealedBatch, keep: "in_memory" | "on_disk"): BatchLocation | null {
  stampChecksum(batch.bytes);
  return log.append(batch, keep);
}

/** Adds quotes per feed index. */
export function addCounts(target: Float64Array, counts: Int32Array): void {
  for (let feed = 0; feed < counts.length; feed++) target[feed] += counts[feed];
}
