import { IngestError } from "../../domain/ingest-error.ts";
import { delay } from "../../runtime/abortable.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { BatchTransport, ProducerIdentity, SendResult } from "../batch-transport.ts";
import { type BatchRecord, forEachRecord } from "../record-batch-reader.ts";
import type { SealedBatch } from "../sealed-batch.ts";
import { ACKED, LOCAL_PARTITIONS, LOCAL_PRODUCER, STOPPED } from "./local-sink.ts";
import { SqliteStore, sqliteCode } from "./sqlite-store.ts";

/** Between two looks at the age of the oldest records, ms. */
const LOOK_EVERY_MS = 10_000;
/** Records deleted per step, and the pause between steps, ms: short enough for timers to keep their time. */
const PRUNE_RECORDS = 200;
const PRUNE_PAUSE_MS = 2;
/** How often one batch may make room for itself when the file is at its bound. */
const MAKE_ROOM_TRIES = 8;
/** Wait before a file that could not be opened is tried again, ms. */
const OPEN_RETRY_MS = 1000;

/** What a {@link SqliteTransport} needs. */
export interface SqliteTransportOptions {
  readonly path: string;
  /** Bound of the database file and its write-ahead log together, bytes; at least 1 MiB. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly clock: Clock;
}

/**
 * `SINK=sqlite`: every record of every topic in one table of a SQLite file, each batch in one transaction. The file
 * stays within a size and the records within an age: the oldest go first, a few at a time.
 */
export class SqliteTransport implements BatchTransport {
  /** Records deleted because of the bounds. */
  prunedRecords = 0;
  readonly #options: SqliteTransportOptions;
  #store: SqliteStore | null = null;
  #timer: Timer | null = null;
  #isPruning = false;
  #trouble = "Cannot write to SQLITE_FILE: it is not open yet";

  constructor(options: SqliteTransportOptions) {
    this.#options = options;
  }

  get trouble(): string {
    return this.#trouble;
  }

  /** @throws IngestError when the file can never be used as it is (another program's, in use, no permission) */
  async start(_topics: readonly string[], signal: AbortSignal): Promise<void> {
    const { path, maxBytes, clock } = this.#options;
    while (!signal.aborted) {
      try {
        this.#store = SqliteStore.open(path, maxBytes);
        this.#trouble = "";
        this.#maintain();
        return;
      } catch (error) {
        if (!(error instanceof IngestError)) throw error;
        this.#trouble = error.message;
        if (error.retry === "never") throw error;
      }
      await delay(OPEN_RETRY_MS, signal, clock);
    }
    throw signal.reason;
  }

  partitionCount(): number {
    return LOCAL_PARTITIONS;
  }

  async acquireProducer(): Promise<ProducerIdentity> {
    return LOCAL_PRODUCER;
  }

  async send(topic: string, _partition: number, batch: SealedBatch): Promise<SendResult> {
    const store = this.#store;
    if (store === null) return STOPPED;
    if (batch.uncompressedBytes > store.size.batchBytesMax && batch.recordCount > 1) {
      return { outcome: "too_large", code: "too_large", message: "Cannot write batch: too large for SQLITE_MAX_BYTES" };
    }
    const records = readRecords(batch);
    if (records === null) return { outcome: "rejected", code: "unreadable_batch", message: "Cannot read the batch" };
    try {
      if (!isLogWithinBounds(store))
        return this.#failed("reader_holds_log", "a reader keeps its log from being emptied");
      this.#insert(store, topic, records);
    } catch (error) {
      const code = sqliteCode(error);
      if (code === "") throw error;
      return this.#failed(code, stateOf(code));
    }
    this.#trouble = "";
    if (store.usedPages > store.size.pruneAbovePages && !this.#isPruning) this.#scheduleStep({ isPruning: true });
    return ACKED;
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    const store = this.#store;
    this.#store = null;
    store?.close();
  }

  /** A file at its bound makes room at once; a full disk does not get better by that. */
  #insert(store: SqliteStore, topic: string, records: readonly BatchRecord[]): void {
    for (let attempt = 1; ; attempt++) {
      try {
        store.insert(topic, records);
        return;
      } catch (error) {
        const isAtBound = sqliteCode(error) === "SQLITE_FULL" && store.usedPages > store.size.pruneToPages;
        if (!isAtBound || attempt > MAKE_ROOM_TRIES) throw error;
        const deleted = store.prune(records.length + PRUNE_RECORDS, Number.MAX_SAFE_INTEGER);
        if (deleted === 0) throw error;
        this.prunedRecords += deleted;
      }
    }
  }

  #failed(code: string, state: string): SendResult {
    this.#trouble = `Cannot write to SQLITE_FILE "${this.#options.path}": ${state}`;
    return { outcome: "retry", code: code.toLowerCase(), message: this.#trouble };
  }

  #scheduleStep({ isPruning }: { isPruning: boolean }): void {
    this.#timer?.cancel();
    this.#isPruning = isPruning;
    this.#timer = this.#options.clock.schedule(isPruning ? PRUNE_PAUSE_MS : LOOK_EVERY_MS, () => this.#maintain());
  }

  #maintain(): void {
    const store = this.#store;
    if (store === null) return;
    let hasMore = false;
    try {
      hasMore = this.#step(store);
    } catch (error) {
      // A locked file or a full disk: the next look tries again, and writing tells the trouble.
      if (sqliteCode(error) === "") throw error;
    }
    this.#scheduleStep({ isPruning: hasMore });
  }

  /** Deletes a few records that are too old, or too many; true when there is more to do. */
  #step(store: SqliteStore): boolean {
    const { clock, maxAgeMs } = this.#options;
    // Deleting writes to the log too.
    if (!isLogWithinBounds(store)) return false;
    const limitPages = this.#isPruning ? store.size.pruneToPages : store.size.pruneAbovePages;
    const isTooLarge = store.usedPages > limitPages;
    const beforeMs = isTooLarge ? Number.MAX_SAFE_INTEGER : Math.floor(clock.wallUs() / 1000) - maxAgeMs;
    const deleted = store.prune(PRUNE_RECORDS, beforeMs);
    this.prunedRecords += deleted;
    if (store.isOversized) store.shrink();
    return deleted === PRUNE_RECORDS || (deleted > 0 && isTooLarge) || store.isOversized;
  }
}

/** A long read keeps SQLite from emptying its log, which then grows without bound: stop writing before it does. */
function isLogWithinBounds(store: SqliteStore): boolean {
  if (store.walBytes <= store.size.walBytesMax) return true;
  store.checkpoint();
  return store.walBytes <= store.size.walBytesMax;
}

function stateOf(code: string): string {
  if (code === "SQLITE_FULL") return "the disk is full";
  if (code.startsWith("SQLITE_IOERR")) return `the disk fails (${code})`;
  if (code.startsWith("SQLITE_BUSY") || code === "SQLITE_LOCKED") return "another program holds a lock on it";
  return `SQLite answers ${code}`;
}

function readRecords(batch: SealedBatch): BatchRecord[] | null {
  const records: BatchRecord[] = [];
  try {
    forEachRecord(batch.bytes, (record) => records.push(record));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return records;
}
