import type { SpoolStatus } from "../../src/domain/spool-status.ts";
import { readBatch } from "../../src/publish/record-batch-reader.ts";
import type { SealedBatch } from "../../src/publish/sealed-batch.ts";
import type {
  BatchLocation,
  BatchLog,
  LoadedBatch,
  LogBacklog,
  LogName,
  Spool,
} from "../../src/publish/spool/batch-log.ts";

/** What is given up at a time when there is no room. */
const DROPPED_BATCHES = 3;

interface Entry {
  readonly batch: SealedBatch;
  readonly location: BatchLocation;
}

/** A log in memory that keeps the contract of {@link BatchLog} to the letter and complains when its user does not. */
export class FakeLog implements BatchLog {
  readonly name: LogName;
  readonly entries: Entry[] = [];
  /** So many bytes fit from now on. */
  roomBytes = Number.POSITIVE_INFINITY;
  isReadable = true;
  /** What a read waits for. */
  slowness: () => Promise<void> = () => Promise.resolve();
  settled = 0;
  /** So many batches turn out damaged when they are read. */
  damaged = 0;
  /** The log has no room: true when some was made. */
  onFull: () => boolean = () => false;
  /** A batch is lost, damaged or given up. */
  onLost: (batch: SealedBatch) => void = () => {};
  #position = 0;
  #cursor = 0;
  #isReading = false;

  constructor(name: LogName) {
    this.name = name;
  }

  get stored(): LogBacklog {
    return backlogOf(this.entries);
  }

  get unread(): LogBacklog {
    return backlogOf(this.#unreadEntries());
  }

  get oldestUnreadMs(): number {
    const first = this.#unreadEntries()[0];
    return first === undefined ? -1 : readBatch(first.batch.bytes).records[0].timestampMs;
  }

  append(batch: SealedBatch, keep: "in_memory" | "on_disk"): BatchLocation | null {
    if (!readBatch(batch.bytes).isCrcGood) throw new Error("append: the batch has no good CRC");
    while (batch.bytes.length > this.roomBytes) if (!this.onFull()) return null;
    this.roomBytes -= batch.bytes.length;
    const location = { position: this.#position, segment: 0, offset: 0 };
    const isAtEnd = this.#unreadEntries().length === 0;
    // The lane goes on to stamp its own copy.
    this.entries.push({ batch: { ...batch, bytes: Buffer.from(batch.bytes) }, location });
    this.#position += batch.recordCount;
    if (keep === "in_memory") {
      if (!isAtEnd) throw new Error("append: kept in memory although others wait on the disk");
      this.#cursor = this.#position;
    }
    return location;
  }

  async readNext(): Promise<LoadedBatch | null> {
    if (this.#isReading) throw new Error("readNext: two calls at a time");
    this.#isReading = true;
    await this.slowness();
    this.#isReading = false;
    for (; this.isReadable && this.damaged > 0 && this.#unreadEntries().length > 0; this.damaged--) this.giveUp(1);
    const next = this.#unreadEntries()[0];
    if (next === undefined || !this.isReadable) return null;
    this.#cursor = next.location.position + next.batch.recordCount;
    return { batch: { ...next.batch, bytes: Buffer.from(next.batch.bytes) }, location: next.location };
  }

  rewind(location: BatchLocation): void {
    if (location.position > this.#cursor) throw new Error("rewind: forward");
    this.#cursor = location.position;
  }

  settle(location: BatchLocation, recordCount: number): void {
    const end = location.position + recordCount;
    if (end > this.#cursor) throw new Error("settle: beyond the cursor");
    if (location.position < this.settled) throw new Error("settle: backwards");
    this.settled = end;
    while (this.entries.length > 0 && this.entries[0].location.position < end) this.entries.shift();
  }

  addUnreadCounts(target: Float64Array): void {
    for (const { batch } of this.#unreadEntries()) {
      for (let feed = 0; feed < target.length; feed++) target[feed] += batch.countsByFeed[feed];
    }
  }

  /** Loses the first unread batches; the bytes they took. */
  giveUp(count: number): number {
    const lost = this.#unreadEntries().slice(0, count);
    let bytes = 0;
    for (const entry of lost) {
      this.entries.splice(this.entries.indexOf(entry), 1);
      this.#cursor = entry.location.position + entry.batch.recordCount;
      bytes += entry.batch.bytes.length;
    }
    for (const { batch } of lost) this.onLost(batch);
    return bytes;
  }

  /** What a process finds that starts now: the one before has ended, or was killed. */
  afterRestart(): FakeLog {
    const log = new FakeLog(this.name);
    for (const { batch, location } of this.entries) {
      const bytes = Buffer.from(batch.bytes);
      log.entries.push({ batch: { ...batch, bytes }, location });
    }
    log.settled = this.settled;
    log.#position = this.#position;
    log.restart();
    return log;
  }

  /** A restart: what is not settled is unread again. */
  restart(): void {
    this.#cursor = this.settled;
  }

  #unreadEntries(): Entry[] {
    return this.entries.filter((entry) => entry.location.position >= this.#cursor);
  }
}

/** A disk in memory. */
export class FakeSpool implements Spool {
  readonly feedNames: readonly string[];
  readonly recoveredByFeed: Float64Array;
  readonly all: FakeLog[];
  /** Of every log made from now on. */
  roomBytes = Number.POSITIVE_INFINITY;
  syncs = 0;
  /** A log without room takes some of whoever has the oldest batches. */
  isDroppingOldest = false;
  onLost: (batch: SealedBatch) => void = () => {};
  /** What a sync of the disk waits for. */
  slowness: () => Promise<void> = () => Promise.resolve();

  /** @param all logs of an earlier life */
  constructor(feedNames: readonly string[], all: FakeLog[] = []) {
    this.feedNames = feedNames;
    this.all = all;
    for (const log of all) {
      log.restart();
      this.#adopt(log);
    }
    this.recoveredByFeed = this.unreadByFeed();
  }

  log(name: LogName): FakeLog {
    const found = this.all.find(
      ({ name: other }) =>
        other.topic === name.topic &&
        other.partition === name.partition &&
        other.partitionCount === name.partitionCount,
    );
    if (found !== undefined) return found;
    const log = new FakeLog(name);
    log.roomBytes = this.roomBytes;
    this.#adopt(log);
    this.all.push(log);
    return log;
  }

  logs(): FakeLog[] {
    return this.all.filter((log) => log.entries.length > 0);
  }

  unreadByFeed(): Float64Array {
    const counts = new Float64Array(this.feedNames.length);
    for (const log of this.all) log.addUnreadCounts(counts);
    return counts;
  }

  status(): SpoolStatus {
    throw new Error("FakeSpool has no status");
  }

  async sync(): Promise<void> {
    this.syncs++;
    await this.slowness();
  }

  /** Every log takes so many bytes from now on. */
  setRoom(bytes: number): void {
    this.roomBytes = bytes;
    for (const log of this.all) log.roomBytes = bytes;
  }

  async close(): Promise<void> {}

  #adopt(log: FakeLog): void {
    log.onLost = (batch) => this.onLost(batch);
    log.onFull = () => {
      if (!this.isDroppingOldest) return false;
      const [oldest] = this.all
        .filter(({ oldestUnreadMs }) => oldestUnreadMs >= 0)
        .toSorted((one, other) => one.oldestUnreadMs - other.oldestUnreadMs);
      log.roomBytes += oldest?.giveUp(DROPPED_BATCHES) ?? 0;
      return oldest !== undefined;
    };
  }
}

function backlogOf(entries: readonly Entry[]): LogBacklog {
  return {
    batches: entries.length,
    records: entries.reduce((sum, { batch }) => sum + batch.recordCount, 0),
    bytes: entries.reduce((sum, { batch }) => sum + batch.bytes.length, 0),
  };
}
