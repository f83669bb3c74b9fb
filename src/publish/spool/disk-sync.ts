import type { Clock, Timer } from "../../runtime/clock.ts";
import type { FileHandles } from "./file-handles.ts";
import type { SpoolFileSystem } from "./spool-file-system.ts";
import type { SpoolTroubles } from "./spool-troubles.ts";
import { errorCode } from "./write-fully.ts";

/** Calls to the disk at once: each takes a thread of the pool that all of the program shares. */
const SYNCS_AT_ONCE = 3;

/** What syncing needs. */
export interface DiskSyncOptions {
  readonly fileSystem: SpoolFileSystem;
  readonly files: FileHandles;
  readonly clock: Clock;
  readonly troubles: SpoolTroubles;
  /** What was written is on the disk after at most this (and the time the disk takes), ms. */
  readonly everyMs: number;
}

/** Brings files and folders to the disk off the event loop: soon after they were written, never one twice at once. */
export class DiskSync {
  /** Duration of the last sync of a file, ms. */
  lastSyncMs = 0;
  readonly #options: DiskSyncOptions;
  /** Paths with something new, in order of their first change. */
  readonly #dirty = new Map<string, "file" | "folder">();
  readonly #running = new Map<string, Promise<boolean>>();
  /** When each of them began, monotonic ms; in order. */
  readonly #begun = new Map<string, number>();
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(options: DiskSyncOptions) {
    this.#options = options;
  }

  /** Since when the longest of the syncs that run now runs, monotonic ms; −1 when none does. */
  get syncingSinceMs(): number {
    const first = this.#begun.values().next();
    return first.done === true ? -1 : first.value;
  }

  /** A file was written, or names of a folder were made or removed. */
  note(path: string, kind: "file" | "folder"): void {
    if (this.#isClosed) return;
    this.#dirty.set(path, kind);
    this.#timer ??= this.#options.clock.schedule(this.#options.everyMs, () => {
      this.#timer = null;
      void this.sync().then(() => this.#rearm());
    });
  }

  /** The file is to be removed: it need not be on the disk any more. */
  forget(path: string): void {
    this.#dirty.delete(path);
  }

  /** Resolves when all that was noted before is on the disk, or could not be brought there (trouble is told). */
  async sync(): Promise<void> {
    const paths = [...this.#dirty.keys(), ...this.#running.keys()];
    const works: Promise<void>[] = [];
    let next = 0;
    const work = async () => {
      while (next < paths.length) await this.syncPath(paths[next++]);
    };
    for (let i = 0; i < Math.min(SYNCS_AT_ONCE, paths.length); i++) works.push(work());
    await Promise.all(works);
  }

  /** Brings one file or folder to the disk; true when nothing of it is missing there. Never rejects. */
  async syncPath(path: string): Promise<boolean> {
    let isOnDisk = true;
    const before = this.#running.get(path);
    if (before !== undefined) {
      isOnDisk = await before;
      // Begun since we were asked: it brings all that was noted until then.
      const since = this.#running.get(path);
      if (since !== undefined) return since;
    }
    const kind = this.#dirty.get(path);
    if (kind === undefined) return isOnDisk;
    this.#dirty.delete(path);
    const work = this.#run(path, kind).finally(() => {
      this.#running.delete(path);
      this.#begun.delete(path);
    });
    this.#running.set(path, work);
    return work;
  }

  /** Syncs no more by itself. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  async #run(path: string, kind: "file" | "folder"): Promise<boolean> {
    const { fileSystem, files, clock, troubles } = this.#options;
    const startedMs = clock.monotonicMs();
    this.#begun.set(path, startedMs);
    try {
      if (kind === "folder") await fileSystem.syncFolderSoon(path);
      else {
        await files.during(path, (file) => fileSystem.syncSoon(file));
        this.lastSyncMs = clock.monotonicMs() - startedMs;
      }
      troubles.end("sync");
      return true;
    } catch (error) {
      // Removed by another hand: recovery finds out what that costs.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
      if (!this.#dirty.has(path)) this.note(path, kind);
      troubles.begin("sync", `Cannot bring the spool to the disk: ${errorCode(error)}`);
      return false;
    }
  }

  #rearm(): void {
    const next = this.#dirty.entries().next();
    if (next.done !== true) this.note(next.value[0], next.value[1]);
  }
}
