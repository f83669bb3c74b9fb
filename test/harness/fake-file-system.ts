import type { FolderEntry, SpoolFileSystem } from "../../src/publish/spool/spool-file-system.ts";
import type { RandomSource } from "../../src/runtime/clock.ts";
import { below, DiskFile, DiskFolder, type DiskNode, shuffle } from "./fake-disk.ts";

/** Every call the spool makes on a disk. */
export type FileCallKind = keyof SpoolFileSystem;

/** One call, before it acts. */
export interface FileCall {
  readonly kind: FileCallKind;
  readonly path: string;
  /** Calls before it since the system came up. */
  readonly index: number;
}

/** What goes wrong with a call: an error of the system, a write cut short, or the end of the process. */
export type FileFault = "ENOSPC" | "EIO" | "EROFS" | "short" | "crash_before" | "crash_amid" | "crash_after";

/** What is wanted of the fake disk. */
export interface FakeFileSystemOptions {
  readonly random: RandomSource;
  /** Bytes of all files together; without a bound when absent. */
  readonly capacityBytes?: number;
}

/** No open file has this number. */
const NO_FILE = -1;
const NEVER = new Promise<never>(() => undefined);

interface OpenFile {
  readonly path: string;
  readonly file: DiskFile;
  /** Calls off the event loop that have not come back. */
  pending: number;
}

/** A call off the event loop. */
interface PendingCall {
  finish(): void;
}

/**
 * A disk in memory that forgets what was not synced, tears what was half written, is full or broken when told to, and
 * ends the process at any call. Everything drawn by chance comes from `random`, so a seed repeats it.
 *
 * Code cannot be stopped in the middle: when the process is dead its calls succeed and change nothing, and those off the event
 * loop never come back. A test looks at `isCrashed` and listens to the dead no more.
 */
export class FakeFileSystem implements SpoolFileSystem {
  /** Asked before every call; null: it works. */
  fault: (call: FileCall) => FileFault | null = () => null;
  capacityBytes: number;
  /** Calls off the event loop come back when {@link release} says so; otherwise after a few turns of the microtask queue. */
  isHolding = false;
  /** Calls since the system came up. */
  calls = 0;
  isCrashed = false;
  /** What no program may do: use a file that is closed, or close one while a call on it is under way. */
  readonly misuses: string[] = [];
  readonly #random: RandomSource;
  #root = new DiskFolder();
  readonly #open = new Map<number, OpenFile>();
  #nextFile = 3;
  #pending: PendingCall[] = [];

  constructor({ random, capacityBytes = Number.POSITIVE_INFINITY }: FakeFileSystemOptions) {
    this.#random = random;
    this.capacityBytes = capacityBytes;
  }

  get openFiles(): number {
    return this.#open.size;
  }

  get pendingCalls(): number {
    return this.#pending.length;
  }

  get usedBytes(): number {
    return this.#walk().reduce((sum, [, file]) => sum + file.length, 0);
  }

  /** Paths of all files, sorted. */
  files(): string[] {
    return this.#walk()
      .map(([path]) => path)
      .sort();
  }

  /** What a file holds now. */
  contentOf(path: string): Buffer {
    return this.#fileAt(path).content;
  }

  /** A disk with the same on it, for a look at what a process would find. */
  copy(): FakeFileSystem {
    const system = new FakeFileSystem({ random: this.#random, capacityBytes: this.capacityBytes });
    system.#root = this.#root.afterKill();
    return system;
  }

  /** Ends the process now. */
  crash(): void {
    this.isCrashed = true;
    this.#pending = [];
  }

  /** What the next process finds after a kill: all that was written, synced or not. */
  afterKill(): FakeFileSystem {
    this.crash();
    return this.copy();
  }

  /** What the next process finds after a power cut. */
  afterPowerCut(): FakeFileSystem {
    this.crash();
    const system = new FakeFileSystem({ random: this.#random, capacityBytes: this.capacityBytes });
    system.#root = this.#root.afterPowerCut(this.#random);
    return system;
  }

  /** Lets one call off the event loop come back, any of them; false when there is none. */
  release(): boolean {
    if (this.#pending.length === 0) return false;
    const [call] = this.#pending.splice(below(this.#random, this.#pending.length), 1);
    call.finish();
    return true;
  }

  /** Never held by another process: what held it before is dead. */
  claimFolder(path: string): number | null {
    this.makeFolder(path);
    // Once and for all, unlike the folders within.
    const parts = partsOf(path);
    for (let depth = 0; depth < parts.length; depth++) {
      const above = this.#nodeAt(parts.slice(0, depth).join("/"));
      if (above instanceof DiskFolder) above.makeDurable(above.changeCount);
    }
    return null;
  }

  releaseFolder(_path: string): void {}

  makeFolder(path: string): void {
    this.#act("makeFolder", path, undefined, () => {
      let folder = this.#root;
      for (const name of partsOf(path)) {
        if (!folder.names.has(name)) folder.change([[name, new DiskFolder()]]);
        const next = folder.names.get(name);
        if (!(next instanceof DiskFolder)) throw systemError("ENOTDIR", path);
        folder = next;
      }
    });
  }

  list(path: string): FolderEntry[] {
    return this.#act<FolderEntry[]>("list", path, [], () => {
      const node = this.#nodeAt(path);
      if (node === null) return [];
      if (node instanceof DiskFile) throw systemError("ENOTDIR", path);
      const entries = [...node.names].map(([name, child]) => ({ name, isFolder: child instanceof DiskFolder }));
      // In no order, as a real disk lists them.
      return shuffle(this.#random, entries);
    });
  }

  open(path: string, mode: "existing" | "create"): number {
    return this.#act("open", path, NO_FILE, () => {
      if (mode === "create") {
        const { folder, name } = this.#place(path);
        if (folder.names.has(name)) throw systemError("EEXIST", path);
        folder.change([[name, new DiskFile()]]);
      }
      const file = this.#nextFile++;
      this.#open.set(file, { path, file: this.#fileAt(path), pending: 0 });
      return file;
    });
  }

  close(file: number): void {
    const { path, pending } = this.#opened(file);
    if (pending > 0 && !this.isCrashed) this.misuses.push(`close of ${path} while a call on it is under way`);
    this.#act("close", path, undefined, () => void this.#open.delete(file));
  }

  sizeOf(file: number): number {
    const { path, file: node } = this.#opened(file);
    return this.#act("sizeOf", path, 0, () => node.length);
  }

  write(file: number, bytes: Uint8Array, from: number, length: number, position: number): number {
    const { path, file: node } = this.#opened(file);
    return this.#act("write", path, length, (share) => {
      const taken = Math.min(Math.ceil(length * share), Math.max(0, this.#endMax(node) - position));
      if (taken === 0 && length > 0) throw systemError("ENOSPC", path);
      node.write(position, bytes.subarray(from, from + taken));
      return taken;
    });
  }

  read(file: number, into: Uint8Array, at: number, length: number, position: number): number {
    const { path, file: node } = this.#opened(file);
    return this.#act("read", path, 0, () => copyOut(node, into.subarray(at, at + length), position));
  }

  readSoon(file: number, into: Uint8Array, at: number, length: number, position: number): Promise<number> {
    const opened = this.#opened(file);
    const target = into.subarray(at, at + length);
    return this.#actSoon("readSoon", opened, 0, () => copyOut(opened.file, target, position));
  }

  syncSoon(file: number): Promise<void> {
    const opened = this.#opened(file);
    const { changeCount } = opened.file;
    return this.#actSoon("syncSoon", opened, undefined, () => opened.file.makeDurable(changeCount), "late");
  }

  syncFolderSoon(path: string): Promise<void> {
    const folder = this.#nodeAt(path);
    if (this.isCrashed) return NEVER;
    if (!(folder instanceof DiskFolder)) return Promise.reject(systemError("ENOENT", path));
    const { changeCount } = folder;
    return this.#actSoon("syncFolderSoon", { path }, undefined, () => folder.makeDurable(changeCount), "late");
  }

  truncate(file: number, length: number): void {
    const { path, file: node } = this.#opened(file);
    this.#act("truncate", path, undefined, () => node.truncate(length));
  }

  rename(from: string, to: string): void {
    this.#act("rename", from, undefined, () => {
      const source = this.#place(from);
      const target = this.#place(to);
      if (source.folder !== target.folder) throw systemError("EXDEV", from);
      const node = source.folder.names.get(source.name);
      if (node === undefined) throw systemError("ENOENT", from);
      source.folder.change([
        [source.name, null],
        [target.name, node],
      ]);
    });
  }

  removeSoon(path: string): Promise<void> {
    return this.#actSoon("removeSoon", { path }, undefined, () => {
      if (this.#nodeAt(path) === null) return;
      const { folder, name } = this.#place(path);
      folder.change([[name, null]]);
    });
  }

  removeFolder(path: string): void {
    this.#act("removeFolder", path, undefined, () => {
      const node = this.#nodeAt(path);
      if (!(node instanceof DiskFolder) || node.names.size > 0) return;
      const { folder, name } = this.#place(path);
      folder.change([[name, null]]);
    });
  }

  freeBytes(path: string): number {
    return this.#act("freeBytes", path, 0, () => Math.max(0, this.capacityBytes - this.usedBytes));
  }

  /** @param whenDead what a dead process is told @param work its share is 1, or less for a write that is cut short */
  #act<T>(kind: FileCallKind, path: string, whenDead: T, work: (share: number) => T): T {
    if (this.isCrashed) return whenDead;
    const fault = this.fault({ kind, path, index: this.calls++ });
    if (fault === null) return work(1);
    if (fault === "short") return work(this.#shareOf(kind));
    if (!fault.startsWith("crash")) throw systemError(fault, path);
    if (fault === "crash_after") work(1);
    if (fault === "crash_amid") work(this.#shareOf(kind));
    this.crash();
    return whenDead;
  }

  /** Only a write can be half done; often little of it is. */
  #shareOf(kind: FileCallKind): number {
    return kind === "write" ? this.#random() ** 3 : 1;
  }

  /** @param moment when it acts: at any time until it comes back, or only then */
  #actSoon<T>(
    kind: FileCallKind,
    target: { readonly path: string; pending?: number },
    whenDead: T,
    work: () => T,
    moment: "any" | "late" = "any",
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // Nobody waits any more when the process is dead.
    if (this.isCrashed) return promise;
    const attempt = () => this.#act(kind, target.path, whenDead, work);
    const early = moment === "any" && this.#random() < 0.5 ? outcomeOf(attempt) : null;
    target.pending = (target.pending ?? 0) + 1;
    this.#hold(() => {
      const outcome = early ?? outcomeOf(attempt);
      target.pending = (target.pending ?? 1) - 1;
      if (this.isCrashed) return;
      if ("error" in outcome) reject(outcome.error);
      else resolve(outcome.value);
    });
    return promise;
  }

  #walk(): [string, DiskFile][] {
    const found: [string, DiskFile][] = [];
    const folders: [string, DiskFolder][] = [["", this.#root]];
    for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
      const [path, folder] = next;
      for (const [name, node] of folder.names) {
        if (node instanceof DiskFolder) folders.push([`${path}/${name}`, node]);
        else found.push([`${path}/${name}`, node]);
      }
    }
    return found;
  }

  /** Up to where a file may be written before the disk is full. */
  #endMax({ length }: DiskFile): number {
    if (this.capacityBytes === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    return length + Math.max(0, this.capacityBytes - this.usedBytes);
  }

  #hold(finish: () => void): void {
    const call: PendingCall = { finish };
    this.#pending.push(call);
    if (!this.isHolding) void this.#finishSoon(call, below(this.#random, 4));
  }

  async #finishSoon(call: PendingCall, turns: number): Promise<void> {
    for (let turn = 0; turn <= turns; turn++) await Promise.resolve();
    const at = this.#pending.indexOf(call);
    if (at < 0) return;
    this.#pending.splice(at, 1);
    call.finish();
  }

  #opened(file: number): OpenFile {
    const opened = this.#open.get(file);
    if (opened !== undefined) return opened;
    if (this.isCrashed) return { path: "", file: new DiskFile(), pending: 0 };
    this.misuses.push(`use of file ${file}, which is closed`);
    throw systemError("EBADF", String(file));
  }

  #fileAt(path: string): DiskFile {
    const node = this.#nodeAt(path);
    if (node === null) throw systemError("ENOENT", path);
    if (node instanceof DiskFolder) throw systemError("EISDIR", path);
    return node;
  }

  #place(path: string): { readonly folder: DiskFolder; readonly name: string } {
    const parts = partsOf(path);
    const folder = this.#nodeAt(parts.slice(0, -1).join("/"));
    if (!(folder instanceof DiskFolder)) throw systemError("ENOENT", path);
    return { folder, name: parts[parts.length - 1] };
  }

  #nodeAt(path: string): DiskNode | null {
    let node: DiskNode = this.#root;
    for (const name of partsOf(path)) {
      const next: DiskNode | undefined = node instanceof DiskFolder ? node.names.get(name) : undefined;
      if (next === undefined) return null;
      node = next;
    }
    return node;
  }
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

function outcomeOf<T>(work: () => T): Outcome<T> {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

function copyOut(file: DiskFile, into: Uint8Array, position: number): number {
  const end = Math.min(file.length, position + into.length);
  if (end <= position) return 0;
  into.set(file.content.subarray(position, end));
  return end - position;
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: '${path}'`), { code });
}
