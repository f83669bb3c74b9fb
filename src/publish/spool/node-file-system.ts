import {
  close,
  closeSync,
  fdatasync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  open,
  openSync,
  read,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  statfsSync,
  unlink,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { lockHolder, releaseLock, takeLock } from "../../files/process-lock.ts";
import type { SpoolFileSystem } from "./spool-file-system.ts";

/** No topic of Kafka has a `~` in its name, so no folder of a log is called this. */
const LOCK_NAME = "~lock";
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const WRITABLE_BY_ALL = 0o002;
/** Codes of a folder that is not there, or not empty: nothing to do. */
const FINE_TO_KEEP: readonly string[] = ["ENOENT", "ENOTEMPTY", "EEXIST"];

/** The disk of the machine. Positions are always given: no call depends on where another has left a file. */
export function createNodeFileSystem(): SpoolFileSystem {
  return {
    claimFolder,
    releaseFolder: (path) => releaseLock(join(path, LOCK_NAME)),
    makeFolder: (path) => void mkdirSync(path, { recursive: true, mode: FOLDER_MODE }),
    list,
    open: (path, mode) => openSync(path, mode === "create" ? "wx+" : "r+", FILE_MODE),
    close: closeSync,
    sizeOf: (file) => fstatSync(file).size,
    write: writeSync,
    read: readSync,
    readSoon,
    syncSoon: (file) => promiseOf((done) => fdatasync(file, done)),
    syncFolderSoon,
    truncate: ftruncateSync,
    rename: renameSync,
    removeSoon: (path) => promiseOf((done) => unlink(path, (error) => done(isAbsent(error) ? null : error))),
    removeFolder,
    freeBytes,
  };
}

/** The id of the process that uses the spool in this folder; null when none does. */
export function spoolHolder(path: string): number | null {
  return lockHolder(join(path, LOCK_NAME));
}

function claimFolder(path: string): number | null {
  const firstMade = mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
  if (firstMade !== undefined) makeNamesDurable(path, firstMade);
  const facts = lstatSync(path);
  // Whoever can turn the folder into another, or write in it, decides what goes to Kafka.
  if (facts.isSymbolicLink()) throw new Error("it is a symbolic link");
  if (!facts.isDirectory()) throw new Error("it is not a folder");
  if ((facts.mode & WRITABLE_BY_ALL) !== 0) throw new Error("everybody may write in it");
  return takeLock(join(path, LOCK_NAME));
}

/** Brings the names of new folders to the disk: of the last one, and of those above it that were made with it. */
function makeNamesDurable(path: string, firstMade: string): void {
  for (let made = resolve(path); made.length >= firstMade.length; made = dirname(made)) {
    const above = openSync(dirname(made), "r");
    try {
      fsyncSync(above);
    } finally {
      closeSync(above);
    }
  }
}

function list(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true }).map((entry) => ({
      name: entry.name,
      isFolder: entry.isDirectory(),
    }));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

// biome-ignore lint/complexity/useMaxParams: those of pread(2)
function readSoon(file: number, into: Uint8Array, at: number, length: number, position: number): Promise<number> {
  return new Promise((done, fail) => {
    read(file, into, at, length, position, (error, count) => (error === null ? done(count) : fail(error)));
  });
}

function syncFolderSoon(path: string): Promise<void> {
  return new Promise((done, fail) => {
    open(path, "r", (openError, folder) => {
      if (openError !== null) return fail(openError);
      fsync(folder, (syncError) => {
        close(folder, (closeError) => {
          const error = syncError ?? closeError;
          if (error == null) done();
          else fail(error);
        });
      });
    });
  });
}

function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!FINE_TO_KEEP.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

function promiseOf(call: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((done, fail) => {
    call((error) => (error == null ? done() : fail(error)));
  });
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === "ENOENT";
}
