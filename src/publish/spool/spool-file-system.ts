/** One entry of a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

/**
 * The few calls the spool makes on a disk; the system's own in the program, one that forgets, tears and fails in tests.
 * Synchronous calls throw the system's error (`code` ENOSPC, EIO, …); the others reject with it.
 */
export interface SpoolFileSystem {
  /**
   * Makes the folder, for good, when it is missing and keeps other processes away from it until {@link releaseFolder}.
   * Null when it is ours, else the id of the process that has it. Throws when it cannot be used safely (a symbolic link, writable by all).
   */
  claimFolder(path: string): number | null;
  releaseFolder(path: string): void;
  /** Makes the folder and those above it, readable by us alone (0700); fine when it is there. */
  makeFolder(path: string): void;
  /** Empty when the folder does not exist. */
  list(path: string): FolderEntry[];
  /** Opens for reading and writing; `create` makes a new file (0600) and fails when there is one. */
  open(path: string, mode: "existing" | "create"): number;
  close(file: number): void;
  sizeOf(file: number): number;
  /** Bytes written, perhaps fewer than asked. */
  write(file: number, bytes: Uint8Array, from: number, length: number, position: number): number;
  /** Bytes read, fewer only at the end of the file. */
  read(file: number, into: Uint8Array, at: number, length: number, position: number): number;
  /** The same, off the event loop. */
  readSoon(file: number, into: Uint8Array, at: number, length: number, position: number): Promise<number>;
  /** Brings what is written to the disk (fdatasync), off the event loop. */
  syncSoon(file: number): Promise<void>;
  /** Makes new and removed names of a folder durable, off the event loop. */
  syncFolderSoon(path: string): Promise<void>;
  truncate(file: number, length: number): void;
  rename(from: string, to: string): void;
  /** Removes a file, off the event loop; fine when it is not there. */
  removeSoon(path: string): Promise<void>;
  /** Removes an empty folder; fine when it is not there or not empty. */
  removeFolder(path: string): void;
  /** Bytes that an unprivileged process may still write on the disk of `path`. */
  freeBytes(path: string): number;
}
