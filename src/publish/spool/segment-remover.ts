import type { DiskRoom } from "./disk-room.ts";
import type { DiskSync } from "./disk-sync.ts";
import type { FileHandles } from "./file-handles.ts";
import type { SpoolFileSystem } from "./spool-file-system.ts";
import type { SpoolTroubles } from "./spool-troubles.ts";
import { errorCode } from "./write-fully.ts";

/** A file that is done with, or the end of one. */
export interface RemovedFile {
  readonly path: string;
  readonly folder: string;
  /** Noted as leaving from now on, given back when it is gone. */
  readonly bytes: number;
  /** Only what lies behind this goes, not the file. */
  readonly keptBytes?: number;
  /** It is gone. */
  onGone?(): void;
  /** Brings the knowledge that nothing of the file is wanted any more to the disk; false: not now. */
  settle(): Promise<boolean>;
}

/** What removing needs. */
export interface SegmentRemoverOptions {
  readonly fileSystem: SpoolFileSystem;
  readonly files: FileHandles;
  readonly syncer: DiskSync;
  readonly troubles: SpoolTroubles;
  readonly room: DiskRoom;
}

/** Removes files off the event loop, one after the other, each only when the checkpoint that says so is on the disk. */
export class SegmentRemover {
  readonly #options: SegmentRemoverOptions;
  /** Bounded by the segments of the spool. */
  #waiting: RemovedFile[] = [];
  #work: Promise<void> | null = null;

  constructor(options: SegmentRemoverOptions) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#work === null;
  }

  remove(file: RemovedFile): void {
    this.#options.room.leavingBytes += file.bytes;
    this.#waiting.push(file);
    this.start();
  }

  /** Tries again what could not be removed. */
  start(): void {
    if (this.#work !== null || this.#waiting.length === 0) return;
    this.#work = this.#removeAll().then(() => {
      this.#work = null;
    });
  }

  /** Resolves when each waiting file was tried once. */
  async finish(): Promise<void> {
    await this.#work;
    this.start();
    await this.#work;
  }

  async #removeAll(): Promise<void> {
    const failed: RemovedFile[] = [];
    for (let file = this.#waiting.shift(); file !== undefined; file = this.#waiting.shift()) {
      if (!(await this.#remove(file))) failed.push(file);
    }
    this.#waiting = failed;
  }

  async #remove(file: RemovedFile): Promise<boolean> {
    const { fileSystem, files, syncer, troubles, room } = this.#options;
    if (!(await file.settle())) return false;
    try {
      if (file.keptBytes !== undefined) fileSystem.truncate(files.use(file.path), file.keptBytes);
      else {
        syncer.forget(file.path);
        files.release(file.path);
        await fileSystem.removeSoon(file.path);
      }
    } catch (error) {
      troubles.begin("remove", `Cannot remove files of the spool: ${errorCode(error)}`);
      return false;
    }
    troubles.end("remove");
    room.giveBack(file.bytes);
    if (file.keptBytes === undefined) syncer.note(file.folder, "folder");
    else syncer.note(file.path, "file");
    file.onGone?.();
    return true;
  }
}
