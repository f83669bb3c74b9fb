// Hot path.
import { IngestError } from "../domain/ingest-error.ts";

/** Not one of ours. */
export const UNKNOWN_SYMBOL = -1;

/** FNV-1a, 32 bits. */
const HASH_START = 0x811c9dc5;
const HASH_PRIME = 0x01000193;

/** Slots per symbol, so that searches stay short. */
const SLOTS_PER_SYMBOL = 4;

/** Finds an instrument by the bytes a venue names it with, making no string. Open addressing, filled once. */
export class SymbolTable {
  readonly #mask: number;
  /** Index of the name in each slot, or UNKNOWN_SYMBOL. */
  readonly #slots: Int32Array;
  readonly #hashes: Int32Array;
  /** Names one after the other; name `i` is `[nameStarts[i], nameStarts[i + 1])`. */
  readonly #names: Uint8Array;
  readonly #nameStarts: Int32Array;

  /**
   * @param names as they stand on the wire; the index is what `find` returns
   * @throws IngestError `config_invalid` when two names are the same
   */
  constructor(names: readonly string[]) {
    const encoded = names.map((name) => Buffer.from(name, "utf8"));
    let size = SLOTS_PER_SYMBOL;
    while (size < names.length * SLOTS_PER_SYMBOL) size *= 2;
    this.#mask = size - 1;
    this.#slots = new Int32Array(size).fill(UNKNOWN_SYMBOL);
    this.#hashes = new Int32Array(names.length);
    this.#names = Buffer.concat(encoded);
    this.#nameStarts = new Int32Array(names.length + 1);
    for (const [index, name] of encoded.entries()) {
      if (this.find(name, 0, name.length) !== UNKNOWN_SYMBOL) {
        throw new IngestError(`Cannot use the symbols as two of them are "${names[index]}" at the venue`, {
          code: "config_invalid",
          retry: "never",
        });
      }
      this.#nameStarts[index + 1] = this.#nameStarts[index] + name.length;
      this.#hashes[index] = hashOf(name, 0, name.length);
      let slot = this.#hashes[index] & this.#mask;
      while (this.#slots[slot] !== UNKNOWN_SYMBOL) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = index;
    }
  }

  /** Index of the name that `bytes[start, end)` is, or {@link UNKNOWN_SYMBOL}. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end);
    let slot = hash & this.#mask;
    // At most a quarter of the slots are taken, so that the loop meets an empty one.
    for (;;) {
      const index = this.#slots[slot];
      if (index === UNKNOWN_SYMBOL) return UNKNOWN_SYMBOL;
      const length = this.#nameStarts[index + 1] - this.#nameStarts[index];
      if (length === end - start && this.#hashes[index] === hash && this.#isName(index, bytes, start)) return index;
      slot = (slot + 1) & this.#mask;
    }
  }

  #isName(index: number, bytes: Uint8Array, start: number): boolean {
    const names = this.#names;
    const first = this.#nameStarts[index];
    const length = this.#nameStarts[index + 1] - first;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== names[first + i]) return false;
    return true;
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = HASH_START | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], HASH_PRIME);
  return hash ^ (hash >>> 15);
}
