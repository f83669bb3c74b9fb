import { close, closeSync, constants, fdatasync, fstatSync, openSync, readSync, renameSync, writeSync } from "node:fs";
import { encodeSlot, newestSlot, SEQUENCE_FILE_BYTES, type SequenceRecord, slotOffset } from "./sequence-slots.ts";

/** Read and write, made when absent; never through a link that somebody else has laid there. */
const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;

/** What an open found. */
export interface OpenedFile {
  readonly file: SequenceFile;
  /** Null: the file is new, or could not be used and was set aside. */
  readonly record: SequenceRecord | null;
  /** Why what was there was set aside, for people; null when it was not. */
  readonly setAside: string | null;
}

/**
 * The file of one feed's numbers: two slots, and always one of them safe on the disk. A slot that has reached the disk is
 * left alone until the other one has too, so a write torn by a power cut costs at most the newest numbers.
 */
export class SequenceFile {
  readonly #fd: number;
  #slot: 0 | 1;
  #generation: number;
  /** Writes since the slot last reached the disk. */
  #unsynced = 0;
  #syncing: Promise<void> | null = null;

  private constructor(fd: number, slot: 0 | 1, generation: number) {
    this.#fd = fd;
    this.#slot = slot;
    this.#generation = generation;
  }

  /** @throws the system's error when the file can be neither read nor made */
  static open(path: string, identity: string): OpenedFile {
    const fd = openSync(path, OPEN_FLAGS, 0o600);
    try {
      const { bytes, size } = readAll(fd);
      const newest = newestSlot(bytes);
      if (newest?.record.identity === identity) {
        const { slot, record } = newest;
        // What was read may lie in memory alone: it counts as not yet safe, so the other slot is the one to write next.
        return { file: new SequenceFile(fd, slot === 0 ? 1 : 0, record.generation), record, setAside: null };
      }
      if (size === 0) return { file: new SequenceFile(fd, 0, 0), record: null, setAside: null };
      const setAside =
        newest === null ? "it holds no numbers that can be trusted" : "its numbers are another session's";
      renameSync(path, `${path}.set-aside`);
      const fresh = openSync(path, OPEN_FLAGS, 0o600);
      closeSync(fd);
      return { file: new SequenceFile(fresh, 0, 0), record: null, setAside };
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** True while the disk is being waited for: what can wait is written afterwards. */
  get isSyncing(): boolean {
    return this.#syncing !== null;
  }

  /**
   * Writes the numbers so that they survive the end of this process; `sync` makes them survive the machine's.
   *
   * @throws the system's error when the disk does not take them
   */
  write(record: Omit<SequenceRecord, "generation">): void {
    const slot = encodeSlot({ generation: this.#generation + 1, ...record });
    if (slot === null) throw new Error("the comp ids are too long for the file");
    this.#unsynced++;
    const count = writeSync(this.#fd, slot, 0, slot.length, slotOffset(this.#slot));
    if (count < slot.length) throw new Error(`the disk took ${count} of ${slot.length} bytes`);
    this.#generation++;
  }

  /** Waits for the disk; rejects with the system's error. One that is under way is waited for. */
  sync(): Promise<void> {
    this.#syncing ??= this.#sync().finally(() => {
      this.#syncing = null;
    });
    return this.#syncing;
  }

  /** Waits for the disk, then lets go of the file. */
  async close(): Promise<void> {
    try {
      await this.#syncing;
      await this.#sync();
    } finally {
      await closeFile(this.#fd);
    }
  }

  async #sync(): Promise<void> {
    const writes = this.#unsynced;
    if (writes === 0) return;
    await syncFile(this.#fd);
    this.#unsynced -= writes;
    // Written to while we waited: the slot is not the safe one yet.
    if (this.#unsynced === 0) this.#slot = this.#slot === 0 ? 1 : 0;
  }
}

function readAll(fd: number): { bytes: Uint8Array; size: number } {
  const bytes = new Uint8Array(SEQUENCE_FILE_BYTES);
  const { size } = fstatSync(fd);
  const count = readSync(fd, bytes, 0, bytes.length, 0);
  return { bytes: bytes.subarray(0, count), size };
}

function syncFile(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(fd, (error) => (error === null || error === undefined ? resolve() : reject(error)));
  });
}

function closeFile(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    close(fd, (error) => (error === null || error === undefined ? resolve() : reject(error)));
  });
}
