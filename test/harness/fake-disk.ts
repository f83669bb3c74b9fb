import type { RandomSource } from "../../src/runtime/clock.ts";

/** What a disk writes as a whole or not at all. */
export const BLOCK_BYTES = 512;

/** How much of what was not synced is on the disk after a power cut. */
type Survival = "nothing" | "everything" | "a_beginning" | "anything";

const SURVIVALS: readonly Survival[] = ["nothing", "everything", "a_beginning", "anything", "anything"];

type Change =
  | { readonly kind: "write"; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly length: number };

/** Bytes that grow and shrink; what was never written is zeros. */
class Extent {
  #buffer: Buffer;
  #length: number;

  constructor(content: Uint8Array) {
    this.#buffer = Buffer.from(content);
    this.#length = content.length;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  apply(change: Change): void {
    if (change.kind === "truncate") this.#resize(change.length);
    else {
      this.#resize(Math.max(this.#length, change.position + change.bytes.length));
      this.#buffer.set(change.bytes, change.position);
    }
  }

  #resize(length: number): void {
    if (length > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(length, this.#buffer.length * 2));
      larger.set(this.bytes);
      this.#buffer = larger;
    } else if (length < this.#length) this.#buffer.fill(0, length, this.#length);
    this.#length = length;
  }
}

/** A file as programs see it, what of it is on the disk for good, and all that was done to it since. */
export class DiskFile {
  readonly #content: Extent;
  readonly #durable: Extent;
  readonly #unsynced: Change[];
  #syncedChanges = 0;

  constructor(durable: Uint8Array = new Uint8Array(0), unsynced: readonly Change[] = []) {
    this.#durable = new Extent(durable);
    this.#content = new Extent(durable);
    this.#unsynced = [...unsynced];
    for (const change of unsynced) this.#content.apply(change);
  }

  get content(): Buffer {
    return this.#content.bytes;
  }

  get length(): number {
    return this.#content.length;
  }

  /** All changes ever made, synced or not. */
  get changeCount(): number {
    return this.#syncedChanges + this.#unsynced.length;
  }

  write(position: number, bytes: Uint8Array): void {
    this.#change({ kind: "write", position, bytes: Uint8Array.from(bytes) });
  }

  truncate(length: number): void {
    this.#change({ kind: "truncate", length });
  }

  /** The first `changeCount` of all changes are on the disk for good. */
  makeDurable(changeCount: number): void {
    const synced = this.#unsynced.splice(0, Math.max(0, changeCount - this.#syncedChanges));
    for (const change of synced) this.#durable.apply(change);
    this.#syncedChanges += synced.length;
  }

  /** The file after a process died: all that was written is there. */
  afterKill(): DiskFile {
    return new DiskFile(this.#durable.bytes, this.#unsynced);
  }

  /** The file after a power cut: each block as it was at some moment since the last sync, and so is the length. */
  afterPowerCut(random: RandomSource): DiskFile {
    const survival = pick(random, SURVIVALS);
    const steps = this.#unsynced.length;
    const common = survival === "nothing" ? 0 : survival === "everything" ? steps : below(random, steps + 1);
    const stepOf = () => (survival === "anything" ? below(random, steps + 1) : common);
    const versions = this.#versions();
    let length = versions[stepOf()].length;
    // A file grows block by block.
    if (survival === "anything" && length > this.#durable.length && random() < 0.5) {
      const blocks = Math.floor((length - this.#durable.length) / BLOCK_BYTES);
      length -= below(random, blocks + 1) * BLOCK_BYTES;
    }
    const content = Buffer.alloc(length);
    for (let at = 0; at < length; at += BLOCK_BYTES) {
      // What a version did not reach yet is zeros.
      content.set(versions[stepOf()].subarray(at, Math.min(at + BLOCK_BYTES, length)), at);
    }
    return new DiskFile(content);
  }

  /** The content before the first change that is not synced, and after each. */
  #versions(): Buffer[] {
    const versions = [Buffer.from(this.#durable.bytes)];
    const extent = new Extent(this.#durable.bytes);
    for (const change of this.#unsynced) {
      extent.apply(change);
      versions.push(Buffer.from(extent.bytes));
    }
    return versions;
  }

  #change(change: Change): void {
    this.#content.apply(change);
    this.#unsynced.push(change);
  }
}

/** What a name stands for. */
export type DiskNode = DiskFile | DiskFolder;

/** Names that change together (a rename is one change); null: removed. */
type NameChange = readonly (readonly [string, DiskNode | null])[];

/** A folder as programs see it, the names that are on the disk for good, and the changes since. */
export class DiskFolder {
  readonly names = new Map<string, DiskNode>();
  #durable = new Map<string, DiskNode>();
  #unsynced: NameChange[] = [];
  #syncedChanges = 0;

  /** All changes ever made, synced or not. */
  get changeCount(): number {
    return this.#syncedChanges + this.#unsynced.length;
  }

  change(change: NameChange): void {
    applyNames(this.names, change);
    this.#unsynced.push(change);
  }

  /** The first `changeCount` of all changes are on the disk for good. */
  makeDurable(changeCount: number): void {
    const synced = this.#unsynced.splice(0, Math.max(0, changeCount - this.#syncedChanges));
    for (const change of synced) applyNames(this.#durable, change);
    this.#syncedChanges += synced.length;
  }

  afterKill(): DiskFolder {
    const copies = new Map<DiskNode, DiskNode>();
    const copyOf = (node: DiskNode): DiskNode => {
      const copy = copies.get(node) ?? node.afterKill();
      copies.set(node, copy);
      return copy;
    };
    const folder = new DiskFolder();
    for (const [name, node] of this.names) folder.names.set(name, copyOf(node));
    for (const [name, node] of this.#durable) folder.#durable.set(name, copyOf(node));
    folder.#unsynced = this.#unsynced.map((change) =>
      change.map(([name, node]) => [name, node === null ? null : copyOf(node)] as const),
    );
    return folder;
  }

  /** The folder after a power cut: of the changes since the last sync some, in their order. */
  afterPowerCut(random: RandomSource): DiskFolder {
    const survival = pick(random, SURVIVALS);
    const steps = this.#unsynced.length;
    const common = survival === "nothing" ? 0 : survival === "everything" ? steps : below(random, steps + 1);
    const names = new Map(this.#durable);
    this.#unsynced.forEach((change, step) => {
      if (survival === "anything" ? random() < 0.5 : step < common) applyNames(names, change);
    });
    const folder = new DiskFolder();
    for (const [name, node] of names) {
      const survivor = node.afterPowerCut(random);
      folder.names.set(name, survivor);
      folder.#durable.set(name, survivor);
    }
    return folder;
  }
}

/** A whole number in [0, limit). */
export function below(random: RandomSource, limit: number): number {
  return Math.floor(random() * limit);
}

/** One of several. */
export function pick<T>(random: RandomSource, choices: readonly T[]): T {
  return choices[below(random, choices.length)];
}

/** The same in any order. (Sorting by chance would not do: how often a sort compares is the engine's own business.) */
export function shuffle<T>(random: RandomSource, items: readonly T[]): T[] {
  const shuffled = [...items];
  for (let left = shuffled.length - 1; left > 0; left--) {
    const other = below(random, left + 1);
    [shuffled[left], shuffled[other]] = [shuffled[other], shuffled[left]];
  }
  return shuffled;
}

function applyNames(names: Map<string, DiskNode>, change: NameChange): void {
  for (const [name, node] of change) {
    if (node === null) names.delete(name);
    else names.set(name, node);
  }
}
