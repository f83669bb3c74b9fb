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

/**
 * Finds places by the bytes of a key and the number of its owner, making no string. The caller numbers the places; keys
 * come and go for the life of a session, so chains through the places stand for the slots of an open table: taking one
 * out leaves no trace.
 */
export class ByteKeys {
  #width = WIDTH_AT_FIRST;
  #bytes: Uint8Array;
  /** 0 = the place has no key. */
  #lengths: Uint8Array;
  #owners: Int32Array;
  #hashes: Int32Array;
  /** The next place with the same hash bits, or {@link NO_PLACE}. */
  #next: Int32Array;
  /** The first place of each chain. As many as there are places, so that chains stay short. */
  #heads: Int32Array;
  #wanted: Uint8Array = NO_BYTES;
  #wantedStart = 0;
  #wantedLength = 0;
  #wantedOwner = 0;
  #wantedHash = 0;

  /** @param places how many there are at first, a power of two */
  constructor(places: number) {
    this.#bytes = new Uint8Array(places * this.#width);
    this.#lengths = new Uint8Array(places);
    this.#owners = new Int32Array(places);
    this.#hashes = new Int32Array(places);
    this.#next = new Int32Array(places).fill(NO_PLACE);
    this.#heads = new Int32Array(places).fill(NO_PLACE);
  }

  /**
   * The place of this owner's key, or {@link NO_PLACE}; the empty key is never found. What was looked for is remembered for
   * {@link keep}, as long as the bytes stay.
   */
  find(owner: number, bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    this.#wanted = bytes;
    this.#wantedStart = start;
    this.#wantedLength = length;
    if (length <= 0) return NO_PLACE;
    const hash = hashOf(owner, bytes, start, end);
    this.#wantedOwner = owner;
    this.#wantedHash = hash;
    let place = this.#heads[hash & (this.#heads.length - 1)];
    while (place !== NO_PLACE) {
      const isHere =
        this.#hashes[place] === hash &&
        this.#lengths[place] === length &&
        this.#owners[place] === owner &&
        this.#isKey(place, bytes, start);
      if (isHere) return place;
      place = this.#next[place];
    }
    return NO_PLACE;
  }

  /** Gives `place`, which has none, the key that was looked for last and not found; at most {@link MAX_KEY_BYTES}. */
  keep(place: number): void {
    const length = this.#wantedLength;
    if (length <= 0) return;
    if (length > this.#width) this.#widen(length);
    const shift = place * this.#width;
    const from = this.#wanted;
    const start = this.#wantedStart;
    for (let i = 0; i < length; i++) this.#bytes[shift + i] = from[start + i];
    this.#lengths[place] = length;
    this.#owners[place] = this.#wantedOwner;
    this.#hashes[place] = this.#wantedHash;
    this.#link(place);
  }

  /** Takes the key of `place` away, if it has one. */
  remove(place: number): void {
    if (this.#lengths[place] === 0) return;
    this.#lengths[place] = 0;
    const chain = this.#hashes[place] & (this.#heads.length - 1);
    const following = this.#next[place];
    let at = this.#heads[chain];
    if (at === place) {
      this.#heads[chain] = following;
      return;
    }
    while (this.#next[at] !== place) at = this.#next[at];
    this.#next[at] = following;
  }

  /** True when `place` has a key. */
  has(place: number): boolean {
    return this.#lengths[place] !== 0;
  }

  /** A copy of the key of `place`, for people and tests. */
  keyAt(place: number): Uint8Array {
    const first = place * this.#width;
    return this.#bytes.slice(first, first + this.#lengths[place]);
  }

  /** Makes room for twice as many places. */
  grow(): void {
    const places = this.#lengths.length * 2;
    this.#bytes = copied(this.#bytes, new Uint8Array(places * this.#width));
    this.#lengths = copied(this.#lengths, new Uint8Array(places));
    this.#owners = copied(this.#owners, new Int32Array(places));
    this.#hashes = copied(this.#hashes, new Int32Array(places));
    this.#next = new Int32Array(places).fill(NO_PLACE);
    this.#heads = new Int32Array(places).fill(NO_PLACE);
    for (let place = 0; place < places; place++) if (this.#lengths[place] !== 0) this.#link(place);
  }

  #link(place: number): void {
    const chain = this.#hashes[place] & (this.#heads.length - 1);
    this.#next[place] = this.#heads[chain];
    this.#heads[chain] = place;
  }

  #isKey(place: number, bytes: Uint8Array, start: number): boolean {
    const first = place * this.#width;
    const length = this.#lengths[place];
    for (let i = 0; i < length; i++) if (this.#bytes[first + i] !== bytes[start + i]) return false;
    return true;
  }

  #widen(length: number): void {
    const before = this.#width;
    while (this.#width < length) this.#width *= 2;
    const wider = new Uint8Array(this.#lengths.length * this.#width);
    for (let place = 0; place < this.#lengths.length; place++) {
      wider.set(this.#bytes.subarray(place * before, (place + 1) * before), place * this.#width);
    }
    this.#bytes = wider;
  }
}

function copied<T extends Uint8Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function hashOf(owner: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = Math.imul(HASH_START ^ owner, HASH_PRIME);
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], HASH_PRIME);
  return hash ^ (hash >>> 15);
}
