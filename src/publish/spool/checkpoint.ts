import { crc32c } from "../crc32c.ts";
import type { FileHandles } from "./file-handles.ts";
import { HOLES_MAX, PositionHoles } from "./position-holes.ts";
import type { SpoolFileSystem } from "./spool-file-system.ts";
import { readFully, writeFully } from "./write-fully.ts";

// Two slots, written in turn, so that one is whole at any moment; little-endian, 64-bit numbers as doubles:
//   magic 4 | crc 4 | generation 8 | settled 8 | end 8 | holes 4 | reserved 4 | holes × (from 8 | to 8)
// The CRC begins with that of the log's name: a checkpoint that got into another log's folder says nothing there.

const MAGIC = 0x50_4c_50_53;
const FIXED_BYTES = 40;
const SLOT_USED_BYTES = FIXED_BYTES + HOLES_MAX * 16;
/** Slots lie in sectors of their own: a torn sector costs one of them. */
const SLOT_BYTES = 1024;
/** Of the file, from its first day: writing it later needs no room on a full disk. */
const CHECKPOINT_BYTES = SLOT_BYTES + SLOT_USED_BYTES;
/** Its name in the folder of its log. */
export const CHECKPOINT_NAME = "checkpoint";

/** Where a checkpoint lies and whose it is. */
export interface CheckpointPlace {
  readonly path: string;
  readonly logKey: string;
}

/** Up to where everything of a log is delivered. Lost, it costs duplicates and never a record. */
export class Checkpoint {
  readonly path: string;
  /** All records below are delivered or given up. */
  settled = 0;
  /** Records below this were on the disk at some time: the log goes on from here. */
  end = 0;
  readonly holes = new PositionHoles();
  /** The file is there and holds at least one good slot. */
  isStored = false;
  /** Of its file; 0 when there is none. */
  fileBytes = 0;
  readonly #fileSystem: SpoolFileSystem;
  readonly #files: FileHandles;
  readonly #nameCrc: number;
  #generation = 0;

  constructor(fileSystem: SpoolFileSystem, files: FileHandles, place: CheckpointPlace) {
    this.#fileSystem = fileSystem;
    this.#files = files;
    this.path = place.path;
    const name = Buffer.from(place.logKey);
    this.#nameCrc = crc32c(name, 0, name.length);
  }

  /** Takes over what the file says; false when there is none, or it says nothing. @throws the system's error when it cannot be read */
  load(): boolean {
    const bytes = Buffer.alloc(CHECKPOINT_BYTES);
    let length: number;
    try {
      length = readFully(this.#fileSystem, this.#files.use(this.path), bytes, 0);
      this.fileBytes = length;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return false;
    } finally {
      this.#files.release(this.path);
    }
    let best = -1;
    for (const at of [0, SLOT_BYTES]) {
      if (at + SLOT_USED_BYTES > length || !this.#isGood(bytes, at)) continue;
      if (best < 0 || bytes.readDoubleLE(at + 8) > bytes.readDoubleLE(best + 8)) best = at;
    }
    if (best < 0) return false;
    this.#takeOver(bytes, best);
    return true;
  }

  /**
   * Writes the slot that is older; makes the file when there is none.
   * @param firstGeneration where generations begin when none is known: above those of a file that could not be read
   * @throws the system's error
   */
  write(firstGeneration: number): void {
    this.#generation = this.#generation === 0 ? firstGeneration : this.#generation + 1;
    const bytes = Buffer.alloc(SLOT_USED_BYTES);
    const { all } = this.holes;
    bytes.writeUInt32LE(MAGIC, 0);
    bytes.writeDoubleLE(this.#generation, 8);
    bytes.writeDoubleLE(this.settled, 16);
    bytes.writeDoubleLE(this.end, 24);
    bytes.writeUInt32LE(all.length, 32);
    for (const [i, hole] of all.entries()) {
      bytes.writeDoubleLE(hole.from, FIXED_BYTES + i * 16);
      bytes.writeDoubleLE(hole.to, FIXED_BYTES + i * 16 + 8);
    }
    bytes.writeUInt32LE(this.#crcOf(bytes, 0), 4);
    if (!this.isStored) this.#make();
    const at = (this.#generation % 2) * SLOT_BYTES;
    this.#writeAt(this.#files.use(this.path), bytes, at);
    this.isStored = true;
  }

  /** A write that fails may have made the file longer all the same. */
  #writeAt(file: number, bytes: Buffer, at: number): void {
    try {
      writeFully(this.#fileSystem, file, bytes, at);
    } finally {
      this.fileBytes = this.#fileSystem.sizeOf(file);
    }
  }

  #make(): void {
    let file: number;
    try {
      file = this.#files.create(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      file = this.#files.use(this.path);
    }
    this.#writeAt(file, Buffer.alloc(CHECKPOINT_BYTES), 0);
  }

  #takeOver(bytes: Buffer, at: number): void {
    this.isStored = true;
    this.#generation = bytes.readDoubleLE(at + 8);
    this.settled = bytes.readDoubleLE(at + 16);
    this.end = bytes.readDoubleLE(at + 24);
    for (let i = 0; i < bytes.readUInt32LE(at + 32); i++) {
      const hole = at + FIXED_BYTES + i * 16;
      this.holes.add(bytes.readDoubleLE(hole), bytes.readDoubleLE(hole + 8));
    }
  }

  #isGood(bytes: Buffer, at: number): boolean {
    return (
      bytes.readUInt32LE(at) === MAGIC &&
      bytes.readUInt32LE(at + 32) <= HOLES_MAX &&
      bytes.readUInt32LE(at + 4) === this.#crcOf(bytes, at)
    );
  }

  #crcOf(bytes: Buffer, at: number): number {
    return (crc32c(bytes, at + 8, at + SLOT_USED_BYTES) ^ this.#nameCrc) >>> 0;
  }
}
