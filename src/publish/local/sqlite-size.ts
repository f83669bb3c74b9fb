/** Page size of the database, bytes; SQLite's own default, set explicitly. */
export const PAGE_BYTES = 4096;
/** The write-ahead log gets a quarter of the budget, at most this many bytes. */
const WAL_BYTES_MAX = 16 * 1024 * 1024;
/** The smallest budget with room for a useful file beside its log. */
export const SQLITE_BYTES_MIN = 1024 * 1024;

/** How one budget for all files of a database is shared out, bytes and pages. */
export interface SqliteSize {
  /** SQLite itself refuses to let the main file grow beyond this. */
  readonly mainPages: number;
  /** Above this share of the main file in use, the oldest records go… */
  readonly pruneAbovePages: number;
  /** …until this is left. */
  readonly pruneToPages: number;
  /** The log is copied into the main file from this size on. */
  readonly checkpointPages: number;
  /** A log beyond this means that a reader keeps it from being copied: nothing is written until it is gone. */
  readonly walBytesMax: number;
  /** Bound of one transaction. */
  readonly batchBytesMax: number;
}

/** Shares out `maxBytes`, which is at least {@link SQLITE_BYTES_MIN}, over the main file and its write-ahead log. */
export function planSqliteSize(maxBytes: number): SqliteSize {
  const walBytes = Math.min(WAL_BYTES_MAX, Math.floor(maxBytes / 4));
  const mainPages = Math.floor((maxBytes - walBytes) / PAGE_BYTES);
  return {
    mainPages,
    pruneAbovePages: Math.floor(mainPages * 0.9),
    pruneToPages: Math.floor(mainPages * 0.85),
    checkpointPages: Math.floor(walBytes / 4 / PAGE_BYTES),
    walBytesMax: Math.floor(walBytes / 2),
    batchBytesMax: Math.floor(walBytes / 4),
  };
}
