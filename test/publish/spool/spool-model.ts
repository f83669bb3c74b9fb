import { BATCH_HEADER_BYTES } from "../../../src/publish/record-batch.ts";
import type { SealedBatch } from "../../../src/publish/sealed-batch.ts";
import type { BatchLocation, LoadedBatch, LogName, SpoolLossReason } from "../../../src/publish/spool/batch-log.ts";

/** What became of a batch. */
type Fate = "stored" | "settled" | SpoolLossReason;

/** One batch as the model knows it. */
export interface ModelBatch {
  /** Unlike any other; stands in the batch itself. */
  readonly id: number;
  readonly batch: SealedBatch;
  readonly timeMs: number;
  /** Those of its feed; 0 when it has none, or when the disk cannot tell any more whose they are. */
  quotes: number;
  /** Null until the log told: the process died before `append` returned. */
  location: BatchLocation | null;
  fate: Fate;
  /** On the disk for good; otherwise a power cut may take it. */
  isSynced: boolean;
  /** Its end (settled, lost) is on the disk for good; otherwise it may come again after a power cut. */
  isFateSynced: boolean;
  /** The process died, or the disk failed, while it was written: it may be there or not. */
  isDoubtful: boolean;
  /** The same while its end was written. */
  isFateDoubtful: boolean;
  /** A power cut took it: it can never be read again, and may be told as lost until that is on the disk. */
  isErased: boolean;
}

/** The plain truth about one log: a list and a cursor. */
export class ModelLog {
  readonly name: LogName;
  /** The feed whose quotes this log alone has; empty: its records count for no feed. */
  readonly feed: string;
  batches: ModelBatch[] = [];
  /** Index of the first batch the lane has not in its hands. */
  cursor = 0;

  constructor(name: LogName, feed: string) {
    this.name = name;
    this.feed = feed;
  }

  /** In the lane's hands, oldest first. */
  get inHand(): ModelBatch[] {
    return this.batches.slice(0, this.cursor).filter(isStored);
  }

  get unread(): ModelBatch[] {
    return this.batches.slice(this.cursor).filter(isStored);
  }

  get stored(): ModelBatch[] {
    return this.batches.filter(isStored);
  }

  /** Takes note of a batch the log took. */
  append(added: ModelBatch, keep: "in_memory" | "on_disk"): void {
    const isAtEnd = this.unread.length === 0;
    const last = this.batches.findLast(({ isErased }) => !isErased);
    if (last?.location != null && added.location !== null && added.location.position < endOf(last)) {
      throw new Error(`Batch ${added.id} has position ${added.location.position}, before the end of batch ${last.id}`);
    }
    this.batches.push(added);
    if (isAtEnd && keep === "in_memory") this.cursor = this.batches.length;
  }

  /** Checks a batch that was read against the one that must come. */
  read(loaded: LoadedBatch): void {
    const next = this.unread[0];
    if (next === undefined) throw new Error(`${this.text} gave a batch, and none is unread`);
    const given = idOf(loaded.batch);
    if (given !== next.id) throw new Error(`${this.text} gave batch ${given}, batch ${next.id} is next`);
    this.checkSame(next, loaded);
    next.location = loaded.location;
    this.cursor = this.batches.indexOf(next) + 1;
  }

  /** Checks that a batch came back from the disk as it went. */
  checkSame({ batch, id, location }: ModelBatch, loaded: LoadedBatch): void {
    const same =
      batch.bytes.equals(loaded.batch.bytes) &&
      batch.recordCount === loaded.batch.recordCount &&
      batch.uncompressedBytes === loaded.batch.uncompressedBytes &&
      (location === null || location.position === loaded.location.position);
    if (!same) throw new Error(`${this.text} gave batch ${id} otherwise than it was`);
  }

  rewind(to: ModelBatch): void {
    this.cursor = this.batches.indexOf(to);
  }

  settle(last: ModelBatch): void {
    const end = this.batches.indexOf(last) + 1;
    for (const batch of this.batches.slice(0, end).filter(isStored)) endBatch(batch, "settled");
    this.cursor = Math.max(this.cursor, end);
  }

  /** The oldest unread batches, as many as make up `recordCount` records; null when none do. */
  oldestOf(recordCount: number): ModelBatch[] | null {
    const { unread } = this;
    let count = 0;
    for (let records = 0; records < recordCount && count < unread.length; count++) {
      records += unread[count].batch.recordCount;
    }
    const oldest = unread.slice(0, count);
    return recordsOf(oldest) === recordCount ? oldest : null;
  }

  /** The oldest unread batches are lost. */
  lose(lost: readonly ModelBatch[], reason: SpoolLossReason): void {
    for (const batch of lost) {
      endBatch(batch, reason);
      this.cursor = this.batches.indexOf(batch) + 1;
    }
  }

  get text(): string {
    return `${this.name.topic}/${this.name.partition}-of-${this.name.partitionCount}`;
  }
}

/** Position behind a batch. */
export function endOf({ location, batch }: ModelBatch): number {
  return (location?.position ?? Number.NaN) + batch.recordCount;
}

/** Records of several batches together. */
export function recordsOf(batches: readonly ModelBatch[]): number {
  return batches.reduce((sum, { batch }) => sum + batch.recordCount, 0);
}

/** Quotes of several batches together. */
export function quotesOf(batches: readonly ModelBatch[]): number {
  return batches.reduce((sum, { quotes }) => sum + quotes, 0);
}

/** The number that stands in a batch of the model: the last record's value begins with it. */
export function idOf({ bytes }: Pick<SealedBatch, "bytes">): number {
  // Not in the header, whose checksum may happen to look like a number.
  return Number(/#(\d+)#/.exec(bytes.toString("latin1", BATCH_HEADER_BYTES))?.[1] ?? "-1");
}

function isStored({ fate }: ModelBatch): boolean {
  return fate === "stored";
}

function endBatch(batch: ModelBatch, fate: Fate): void {
  batch.fate = fate;
  batch.isFateSynced = false;
}
