import type { SpoolFileSystem } from "./spool-file-system.ts";

/** Files held open at once: a process has few to spend, and a log that rests needs none. */
const OPEN_FILES_MAX = 48;

interface OpenFile {
  readonly file: number;
  /** Calls off the event loop that use it. */
  pins: number;
  isClosing: boolean;
}

/** Open files by path: opened when needed, the one unused for longest closed when there are too many. */
export class FileHandles {
  readonly #fileSystem: SpoolFileSystem;
  readonly #onTrouble: (error: unknown) => void;
  /** In order of use. */
  readonly #open = new Map<string, OpenFile>();

  /** @param onTrouble told of files that could not be closed: what was written to them may be lost */
  constructor(fileSystem: SpoolFileSystem, onTrouble: (error: unknown) => void = ignore) {
    this.#fileSystem = fileSystem;
    this.#onTrouble = onTrouble;
  }

  /** An open file for use before the next turn. @throws the system's error */
  use(path: string): number {
    const open = this.#open.get(path);
    if (open === undefined) return this.#keep(path, this.#fileSystem.open(path, "existing"));
    this.#open.delete(path);
    this.#open.set(path, open);
    open.isClosing = false;
    return open.file;
  }

  /** Makes a new file. @throws the system's error, also when there is such a file */
  create(path: string): number {
    return this.#keep(path, this.#fileSystem.open(path, "create"));
  }

  /** Runs a call off the event loop; the file stays open until it has come back. Rejects with the system's error. */
  async during<T>(path: string, call: (file: number) => Promise<T>): Promise<T> {
    this.use(path);
    const open = this.#open.get(path) as OpenFile;
    open.pins++;
    try {
      return await call(open.file);
    } finally {
      open.pins--;
      if (open.isClosing && open.pins === 0) this.#close(path, open);
    }
  }

  /** Closes the file as soon as nothing uses it. */
  release(path: string): void {
    const open = this.#open.get(path);
    if (open === undefined) return;
    if (open.pins > 0) open.isClosing = true;
    else this.#close(path, open);
  }

  /** Closes every file as soon as nothing uses it. */
  releaseAll(): void {
    for (const path of [...this.#open.keys()]) this.release(path);
  }

  #keep(path: string, file: number): number {
    this.#open.set(path, { file, pins: 0, isClosing: false });
    if (this.#open.size > OPEN_FILES_MAX) this.#closeOldest(path);
    return file;
  }

  #closeOldest(except: string): void {
    for (const [path, open] of this.#open) {
      if (open.pins > 0 || path === except) continue;
      this.#close(path, open);
      return;
    }
  }

  #close(path: string, open: OpenFile): void {
    if (this.#open.get(path) === open) this.#open.delete(path);
    try {
      this.#fileSystem.close(open.file);
    } catch (error) {
      this.#onTrouble(error);
    }
  }
}

/** What is only read loses nothing when it cannot be closed. */
function ignore(): void {}
