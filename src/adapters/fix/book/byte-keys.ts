// Hot path.

/** Longest key, bytes: MDEntryID (278) and request ids are far shorter; an LP's longer one is refused by the caller. */
export const MAX_KEY_BYTES = 128;

/** In lists of places: no place. */
export const NO_PLACE = -1;

/** FNV-1a, 32 bits. */
const HASH_START = 0x811c9dc5;
const HASH_PRIME = 0x01000193;
/** Bytes of a key there is room for at first; doubled when a longer one comes. */
const WIDTH_AT_FIRST = 16;
const NO_BYTES = new Uint8Array(0);

/** Words at the head of a row; the bytes of the key follow. */
const HASH = 0;
/** The next place with the same hash bits, or {@link NO_PLACE}. */
const NEXT = 1;
const OWNER = 2;
/** Of the key, bytes; 0 = the place has none. */
const LENGTH = 3;
const HEAD_WORDS = 4;
const WORD_BYTES = 4;

/**
 * Finds places by the bytes of a key and the number of its owner, making no string. The caller numbers the places; keys
 * come and go for the life of a session, so chains through the places stand for the slots of an open table: taking one
 * out leaves no trace. All of a place lies in one row, so that finding it costs two lines of cache.
 */
export class ByteKeys {
  #places: number;
  #width = WIDTH_AT_FIRST;
  #rowWords = HEAD_WORDS + WIDTH_AT_FIRST / WORD_BYTES;
  #words: Int32Array<ArrayBuffer>;
  /** The same memory as `#words`. */
  #bytes: Uint8Array<ArrayBuffer>;
  /** The first place of each chain. As many as there are places, so that chains stay short. */
  #heads: Int32Array;
  #wanted: Uint8Array = NO_BYTES;
  #wantedStart = 0;
  #wantedLength = 0;
  #wantedOwner = 0;
  #wantedHash = 0;

  /** @param places how many there are at first, a power of two */
  constructor(places: number) {
    this.#places = places;
    this.#words = new Int32Array(places * this.#rowWords);
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#heads = new Int32Array(places).fill(NO_PLACE);
  }

  /**
   * The place of this owner's key, or {@link NO_PLACE}; the empty key is never found. What was not found is remembered for
   * {@link keep}, as long as the bytes stay.
   */
  find(owner: number, bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length <= 0) {
      this.#wantedLength = 0;
      return NO_PLACE;
    }
    const hash = hashOf(owner, bytes, start, end);
    const words = this.#words;
    let place = this.#heads[hash & (this.#places - 1)];
    while (place !== NO_PLACE) {
      const row = place * this.#rowWords;
      const isHere =
        words[row + HASH] === hash &&
        words[row + LENGTH] === length &&
        words[row + OWNER] === owner &&
        this.#isKey(row, bytes, start);
      if (isHere) return place;
      place = words[row + NEXT];
    }
    this.#wanted = bytes;
    this.#wantedStart = start;
    this.#wantedLength = length;
    this.#wantedOwner = owner;
    this.#wantedHash = hash;
    return NO_PLACE;
  }

  /** Gives `place`, which has none, the key that was looked for last and not found; at most {@link MAX_KEY_BYTES}. */
  keep(place: number): void {
    const length = this.#wantedLength;
    if (length <= 0) return;
    if (length > this.#width) this.#widen(length);
    const row = place * this.#rowWords;
    const target = (row + HEAD_WORDS) * WORD_BYTES;
    const from = this.#wanted;
    const start = this.#wantedStart;
    for (let i = 0; i < length; i++) this.#bytes[target + i] = from[start + i];
    this.#words[row + LENGTH] = length;
    this.#words[row + OWNER] = this.#wantedOwner;
    this.#words[row + HASH] = this.#wantedHash;
    this.#link(place);
  }

  /** Takes the key of `place` away, if it has one. */
  remove(place: number): void {
    const words = this.#words;
    const row = place * this.#rowWords;
    if (words[row + LENGTH] === 0) return;
    words[row + LENGTH] = 0;
    const chain = words[row + HASH] & (this.#places - 1);
    const following = words[row + NEXT];
    let at = this.#heads[chain];
    if (at === place) {
      this.#heads[chain] = following;
      return;
    }
    while (words[at * this.#rowWords + NEXT] !== place) at = words[at * this.#rowWords + NEXT];
    words[at * this.#rowWords + NEXT] = following;
  }

  /** True when `place` has a key. */
  has(place: number): boolean {
    return this.#words[place * this.#rowWords + LENGTH] !== 0;
  }

  /** A copy of the key of `place`, for people and tests. */
  keyAt(place: number): Uint8Array {
    const row = place * this.#rowWords;
    const first = (row + HEAD_WORDS) * WORD_BYTES;
    return this.#bytes.slice(first, first + this.#words[row + LENGTH]);
  }

  /** Makes room for twice as many places. */
  grow(): void {
    const before = this.#words;
    this.#places *= 2;
    this.#words = new Int32Array(before.length * 2);
    this.#words.set(before);
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#heads = new Int32Array(this.#places).fill(NO_PLACE);
    for (let place = 0; place < this.#places; place++) if (this.has(place)) this.#link(place);
  }

  #link(place: number): void {
    const row = place * this.#rowWords;
    const chain = this.#words[row + HASH] & (this.#places - 1);
    this.#words[row + NEXT] = this.#heads[chain];
    this.#heads[chain] = place;
  }

  #isKey(row: number, bytes: Uint8Array, start: number): boolean {
    const own = this.#bytes;
    const first = (row + HEAD_WORDS) * WORD_BYTES;
    const length = this.#words[row + LENGTH];
    for (let i = 0; i < length; i++) if (own[first + i] !== bytes[start + i]) return false;
    return true;
  }

  #widen(length: number): void {
    const before = this.#words;
    const rowBefore = this.#rowWords;
    while (this.#width < length) this.#width *= 2;
    this.#rowWords = HEAD_WORDS + this.#width / WORD_BYTES;
    this.#words = new Int32Array(this.#places * this.#rowWords);
    this.#bytes = new Uint8Array(this.#words.buffer);
    for (let place = 0; place < this.#places; place++) {
      this.#words.set(before.subarray(place * rowBefore, (place + 1) * rowBefore), place * this.#rowWords);
    }
  }
}

function hashOf(owner: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = Math.imul(HASH_START ^ owner, HASH_PRIME);
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], HASH_PRIME);
  return hash ^ (hash >>> 15);
}
