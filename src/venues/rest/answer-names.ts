// Hot path.
import { SymbolTable, UNKNOWN_SYMBOL } from "../symbol-table.ts";

/**
 * The venue's own names of symbols, as they were found out by asking for one symbol alone: from the name, byte by byte, to the
 * configured symbol. Kept for the life of the feed; never more than its symbols.
 */
export type LearnedNames = Map<string, string>;

/** Finds the instrument an answer means by a name. State of one session, but for what is learned. */
export class AnswerNames {
  readonly #table: SymbolTable;
  readonly #symbols: readonly string[];
  readonly #learned: LearnedNames;
  readonly #indexes: ReadonlyMap<string, number>;

  /**
   * @param names of the instruments, as they usually stand on the wire; the index is what `find` returns
   * @param symbols the same as configured
   * @throws IngestError `config_invalid` when two names are the same
   */
  constructor(names: readonly string[], symbols: readonly string[], learned: LearnedNames) {
    this.#table = new SymbolTable(names);
    this.#symbols = symbols;
    this.#learned = learned;
    this.#indexes = new Map(symbols.map((symbol, index) => [symbol, index]));
  }

  /** Index of the instrument that `bytes[start, end)` names, or UNKNOWN_SYMBOL. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const index = this.#table.find(bytes, start, end);
    if (index !== UNKNOWN_SYMBOL || this.#learned.size === 0) return index;
    const symbol = this.#learned.get(nameOf(bytes, start, end));
    return symbol === undefined ? UNKNOWN_SYMBOL : (this.#indexes.get(symbol) ?? UNKNOWN_SYMBOL);
  }

  /** `bytes[start, end)` names instrument `index` from now on. */
  learn(bytes: Uint8Array, start: number, end: number, index: number): void {
    const symbol = this.#symbols[index];
    for (const [name, known] of this.#learned) if (known === symbol) this.#learned.delete(name);
    this.#learned.set(nameOf(bytes, start, end), symbol);
  }
}

function nameOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
