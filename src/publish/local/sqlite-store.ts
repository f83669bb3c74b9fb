import { Database, type Statement } from "bun:sqlite";
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { IngestError } from "../../domain/ingest-error.ts";
import type { BatchRecord } from "../record-batch-reader.ts";
import { PAGE_BYTES, planSqliteSize, type SqliteSize } from "./sqlite-size.ts";

/** Marks the file as ours: "edge" in ASCII. */
const APPLICATION_ID = 0x65646765;
/** Version of the table, in `user_version`. */
const SCHEMA_VERSION = 1;
/** Pages a file that is larger than its budget gives back per step. */
const VACUUM_PAGES = 256;

const SCHEMA = `CREATE TABLE records (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  topic TEXT NOT NULL,
  key TEXT,
  value TEXT,
  headers TEXT NOT NULL,
  timestamp_ms INTEGER NOT NULL
)`;

const UTF8 = new TextDecoder();
const OPEN_BRACE = 0x7b;

/** The SQLite file behind `SINK=sqlite`: one table of records, kept within a number of bytes. Synchronous. */
export class SqliteStore {
  readonly size: SqliteSize;
  readonly #path: string;
  readonly #database: Database;
  /** Holds the lock that keeps a second ingester off the file; the kernel frees it when the process dies. */
  readonly #owner: Database;
  readonly #insert: Statement;
  readonly #prune: Statement;
  readonly #pageCount: Statement<{ page_count: number }, []>;
  readonly #freePages: Statement<{ freelist_count: number }, []>;

  /**
   * Opens or creates the file and its directory.
   * @throws IngestError naming SQLITE_FILE, with `retry: "never"` when the file is not to be had as it is
   */
  static open(path: string, maxBytes: number): SqliteStore {
    const fullPath = resolve(path);
    let owner: Database | null = null;
    let database: Database | null = null;
    try {
      mkdirSync(dirname(fullPath), { recursive: true });
      owner = takeOwnership(fullPath);
      database = new Database(fullPath, { create: true });
      return new SqliteStore(fullPath, { database, owner, size: planSqliteSize(maxBytes) });
    } catch (error) {
      database?.close();
      owner?.close();
      throw openError(fullPath, error);
    }
  }

  private constructor(path: string, parts: { database: Database; owner: Database; size: SqliteSize }) {
    const { database, size } = parts;
    this.#path = path;
    this.#database = database;
    this.#owner = parts.owner;
    this.size = size;
    prepareFile(database, size);
    // The bytes go in as they are: SQLite takes them for UTF-8 without a copy through a JavaScript string.
    this.#insert = database.prepare(
      "INSERT INTO records (topic, key, value, headers, timestamp_ms) VALUES (?1, CAST(?2 AS TEXT), CASE ?6 WHEN 1 THEN CAST(?3 AS TEXT) ELSE ?3 END, ?4, ?5)",
    );
    this.#prune = database.prepare(
      "DELETE FROM records WHERE id IN (SELECT id FROM records ORDER BY id LIMIT ?1) AND timestamp_ms < ?2",
    );
    this.#pageCount = database.prepare("PRAGMA page_count");
    this.#freePages = database.prepare("PRAGMA freelist_count");
  }

  /** Bytes of the write-ahead log. */
  get walBytes(): number {
    return statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Pages of the main file that hold something. */
  get usedPages(): number {
    return this.#filePages - (this.#freePages.get()?.freelist_count ?? 0);
  }

  /** True when the file is larger than its budget: it was opened with a smaller one than before. */
  get isOversized(): boolean {
    return this.#filePages > this.size.mainPages;
  }

  get #filePages(): number {
    return this.#pageCount.get()?.page_count ?? 0;
  }

  /** Writes the records in one transaction, all or none; throws SQLite's error otherwise. */
  insert(topic: string, records: readonly BatchRecord[]): void {
    this.#inTransaction(() => {
      for (const { key, value, headers, timestampMs } of records) {
        const isText = value !== null && value[0] === OPEN_BRACE ? 1 : 0;
        this.#insert.run(topic, key, value, headersText(headers), timestampMs, isText);
      }
    });
  }

  /** Deletes those of the oldest `count` records that are older than `beforeMs`; returns how many. */
  prune(count: number, beforeMs: number): number {
    let deleted = 0;
    this.#inTransaction(() => {
      deleted = this.#prune.run(count, beforeMs).changes;
    });
    return deleted;
  }

  /** Gives some free pages of an oversized file back to the disk. */
  shrink(): void {
    this.#database.run(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
    this.#database.run(`PRAGMA max_page_count = ${this.size.mainPages}`);
  }

  /** Copies the write-ahead log into the main file and empties it, unless a reader is in the way. */
  checkpoint(): void {
    this.#database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  /** Writes everything into the main file and frees the files. */
  close(): void {
    this.#insert.finalize();
    this.#prune.finalize();
    this.#pageCount.finalize();
    this.#freePages.finalize();
    this.#database.close();
    this.#owner.close();
  }

  #inTransaction(work: () => void): void {
    this.#database.run("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.run("COMMIT");
    } catch (error) {
      // SQLite rolls some failures back by itself.
      if (this.#database.inTransaction) this.#database.run("ROLLBACK");
      throw error;
    }
  }
}

/** An exclusive lock on a file of its own, so that readers of the records are not locked out. */
function takeOwnership(path: string): Database {
  const owner = new Database(`${path}-owner`, { create: true });
  try {
    owner.run("PRAGMA busy_timeout = 0");
    owner.run("BEGIN EXCLUSIVE");
    return owner;
  } catch (error) {
    owner.close();
    if (sqliteCode(error) !== "SQLITE_BUSY") throw error;
    throw refusal(path, "another ingester has it open", error);
  }
}

function prepareFile(database: Database, size: SqliteSize): void {
  // A wait for a lock would stop the event loop; a locked file is tried again by the lane.
  database.run("PRAGMA busy_timeout = 0");
  database.run(`PRAGMA page_size = ${PAGE_BYTES}`);
  // Takes effect on a new file alone; pages are reused, and given back only after the budget was made smaller.
  database.run("PRAGMA auto_vacuum = INCREMENTAL");
  checkOwnFile(database);
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = NORMAL");
  database.run(`PRAGMA wal_autocheckpoint = ${size.checkpointPages}`);
  database.run(`PRAGMA journal_size_limit = ${size.walBytesMax}`);
  database.run(`PRAGMA max_page_count = ${size.mainPages}`);
  if (pragma(database, "user_version") === SCHEMA_VERSION) return;
  database.run("BEGIN IMMEDIATE");
  database.run(SCHEMA);
  database.run(`PRAGMA application_id = ${APPLICATION_ID}`);
  database.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  database.run("COMMIT");
}

function checkOwnFile(database: Database): void {
  const isEmpty = database.query("SELECT 1 FROM sqlite_schema LIMIT 1").get() === null;
  if (isEmpty) return;
  if (pragma(database, "application_id") !== APPLICATION_ID) {
    throw refusal(database.filename, "it is the database of another program");
  }
  const version = pragma(database, "user_version");
  if (version !== SCHEMA_VERSION)
    throw refusal(database.filename, `its version is ${version}, wanted ${SCHEMA_VERSION}`);
}

function pragma(database: Database, name: "application_id" | "user_version"): number {
  const row = database.query<Record<string, number>, []>(`PRAGMA ${name}`).get();
  return row?.[name] ?? 0;
}

function headersText(headers: BatchRecord["headers"]): string {
  const fields: Record<string, string> = {};
  for (const { key, value } of headers) fields[key] = UTF8.decode(value);
  return JSON.stringify(fields);
}

/** SQLite's name of a failure, for instance `SQLITE_FULL`; empty when it is no failure of SQLite. */
export function sqliteCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && code.startsWith("SQLITE_") ? code : "";
}

function openError(path: string, error: unknown): IngestError {
  if (error instanceof IngestError) return error;
  const code = sqliteCode(error);
  if (code === "SQLITE_BUSY") return transient(path, "another program holds a lock on it", error);
  if (code === "SQLITE_FULL" || code.startsWith("SQLITE_IOERR"))
    return transient(path, "the disk is full or fails", error);
  if (code === "SQLITE_NOTADB" || code === "SQLITE_CORRUPT")
    return refusal(path, "the file is not a sound database", error);
  const reason = error instanceof Error ? error.message : String(error);
  return refusal(path, reason, error);
}

function refusal(path: string, state: string, cause?: unknown): IngestError {
  return new IngestError(`Cannot use SQLITE_FILE "${path}": ${state}`, { code: "sink_failed", retry: "never", cause });
}

function transient(path: string, state: string, cause: unknown): IngestError {
  return new IngestError(`Cannot open SQLITE_FILE "${path}": ${state}`, {
    code: "sink_failed",
    retry: "backoff",
    cause,
  });
}
