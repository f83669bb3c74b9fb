// Hot path.

/** {@link UnfinishedSymbols.take}: there is none. */
const NO_SYMBOL = -1;
/** In place of the position of a symbol: it is finished. */
const FINISHED = -1;

/** Symbols whose update was cut into fragments (893), the last of which has not come; with the request it is of. */
export class UnfinishedSymbols {
  /** The first `#count` are unfinished. */
  readonly #symbols: Int32Array;
  /** Where each symbol stands in `#symbols`, or {@link FINISHED}. */
  readonly #positions: Int32Array;
  /** By symbol. */
  readonly #requests: Int32Array;
  #count = 0;

  constructor(symbolCount: number) {
    this.#symbols = new Int32Array(symbolCount);
    this.#positions = new Int32Array(symbolCount).fill(FINISHED);
    this.#requests = new Int32Array(symbolCount);
  }

  /** True when every update is whole. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** The update of this symbol goes on. */
  add(symbol: number, request: number): void {
    this.#requests[symbol] = request;
    if (this.#positions[symbol] !== FINISHED) return;
    this.#positions[symbol] = this.#count;
    this.#symbols[this.#count++] = symbol;
  }

  /** The update of this symbol is whole, or of no interest any more. */
  remove(symbol: number): void {
    const position = this.#positions[symbol];
    if (position === FINISHED) return;
    const last = this.#symbols[--this.#count];
    this.#symbols[position] = last;
    this.#positions[last] = position;
    this.#positions[symbol] = FINISHED;
  }

  /** Removes one symbol of this request and returns it; below 0 when there is none. */
  take(request: number): number {
    for (let position = this.#count - 1; position >= 0; position--) {
      const symbol = this.#symbols[position];
      if (this.#requests[symbol] !== request) continue;
      this.remove(symbol);
      return symbol;
    }
    return NO_SYMBOL;
  }
}
