// Hot path.
import { ByteKeys, MAX_KEY_BYTES, NO_PLACE } from "./byte-keys.ts";

/** In lists of requests: no request. */
export const NO_REQUEST = -1;

/** Requests there is room for at first, a power of two. */
const REQUESTS_AT_FIRST = 16;

/**
 * Which request each symbol is on now. A request is forgotten when its last symbol is on a newer one, so there are never
 * more than symbols.
 */
export class RequestTable {
  readonly #ids = new ByteKeys(REQUESTS_AT_FIRST);
  /** The request each symbol is on, or {@link NO_REQUEST}. */
  readonly #current: Int32Array;
  /** Symbols on each request; −1 = the place is free. */
  #symbolCounts = new Int32Array(REQUESTS_AT_FIRST).fill(-1);
  /** The symbol of a request that names one only; else −1. */
  #onlySymbols = new Int32Array(REQUESTS_AT_FIRST).fill(-1);

  constructor(symbolCount: number) {
    this.#current = new Int32Array(symbolCount).fill(NO_REQUEST);
  }

  /**
   * Puts these symbols on the request of this id.
   * @throws RangeError when the id is empty or longer than {@link MAX_KEY_BYTES}: it is ours
   */
  bind(id: string, symbols: readonly number[]): void {
    const bytes = Buffer.from(id, "latin1");
    if (bytes.length === 0 || bytes.length > MAX_KEY_BYTES) {
      throw new RangeError(`Cannot bind a request as its id must have 1 to ${MAX_KEY_BYTES} bytes: it is "${id}"`);
    }
    const known = this.#ids.find(0, bytes, 0, bytes.length);
    const request = known === NO_PLACE ? this.#takePlace() : known;
    if (known === NO_PLACE) this.#ids.keep(request);
    this.#onlySymbols[request] = known === NO_PLACE && symbols.length === 1 ? symbols[0] : -1;
    for (const symbol of symbols) {
      if (this.#current[symbol] === request) continue;
      // Counted first, so that a request whose symbols move to itself is never empty.
      this.#symbolCounts[request]++;
      this.#leave(symbol);
      this.#current[symbol] = request;
    }
    if (this.#symbolCounts[request] === 0) this.#forget(request);
  }

  /** Takes its symbols off the request of this id. */
  unbind(id: string): void {
    const bytes = Buffer.from(id, "latin1");
    const request = this.#ids.find(0, bytes, 0, bytes.length);
    if (request === NO_PLACE) return;
    for (let symbol = 0; symbol < this.#current.length; symbol++) {
      if (this.#current[symbol] === request) this.#current[symbol] = NO_REQUEST;
    }
    this.#forget(request);
  }

  /** The request of this id, or {@link NO_REQUEST}. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.#ids.find(0, bytes, start, end);
  }

  /** The request the symbol is on, or {@link NO_REQUEST}. */
  requestOf(symbol: number): number {
    return this.#current[symbol];
  }

  /** The symbol of a request that names one only, if it is still on it; else −1. */
  onlySymbolOf(request: number): number {
    const symbol = this.#onlySymbols[request];
    return symbol >= 0 && this.#current[symbol] === request ? symbol : -1;
  }

  #leave(symbol: number): void {
    const request = this.#current[symbol];
    if (request === NO_REQUEST) return;
    this.#symbolCounts[request]--;
    if (this.#symbolCounts[request] === 0) this.#forget(request);
  }

  #forget(request: number): void {
    this.#ids.remove(request);
    this.#symbolCounts[request] = -1;
  }

  #takePlace(): number {
    let place = this.#symbolCounts.indexOf(-1);
    if (place < 0) {
      place = this.#symbolCounts.length;
      this.#symbolCounts = doubled(this.#symbolCounts);
      this.#onlySymbols = doubled(this.#onlySymbols);
      this.#ids.grow();
    }
    this.#symbolCounts[place] = 0;
    return place;
  }
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2).fill(-1);
  larger.set(array);
  return larger;
}
