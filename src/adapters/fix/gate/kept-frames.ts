import type { FixFrame } from "../../../fix/fix-frame.ts";

interface KeptFrame {
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/** Taken entries at the front are let go of when there are so many. */
const COMPACT_AT = 1024;

/** Copies of messages that wait for their turn, in the order of their numbers, each number once; bounded. */
export class KeptFrames {
  readonly #framesMax: number;
  readonly #bytesMax: number;
  #frames: KeptFrame[] = [];
  /** Entries before it were taken. */
  #head = 0;
  #bytes = 0;

  constructor(framesMax: number, bytesMax: number) {
    this.#framesMax = framesMax;
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#frames.length - this.#head;
  }

  /** Lowest number kept; Infinity when none is. */
  get lowest(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.#frames[this.#head].sequence;
  }

  /** Keeps a copy; false when there is no room. Of two with the same number the first stays. */
  add(frame: FixFrame): boolean {
    const at = this.#placeOf(frame.sequence);
    if (at < this.#frames.length && this.#frames[at].sequence === frame.sequence) return true;
    const bytes = frame.end - frame.start;
    if (this.size >= this.#framesMax || this.#bytes + bytes > this.#bytesMax) return false;
    // They come in order, but for what an LP replays out of order: the place is nearly always the end.
    this.#frames.splice(at, 0, { sequence: frame.sequence, bytes: frame.bytes.slice(frame.start, frame.end) });
    this.#bytes += bytes;
    return true;
  }

  /** Takes the message with the lowest number out; there must be one. */
  takeLowest(): Uint8Array {
    const { bytes } = this.#frames[this.#head];
    this.#head++;
    this.#bytes -= bytes.length;
    if (this.#head === this.#frames.length || this.#head === COMPACT_AT) {
      this.#frames = this.#frames.slice(this.#head);
      this.#head = 0;
    }
    return bytes;
  }

  clear(): void {
    this.#frames = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  /** Where a number stands or would stand. */
  #placeOf(sequence: number): number {
    let low = this.#head;
    let high = this.#frames.length;
    if (low === high || this.#frames[high - 1].sequence < sequence) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#frames[middle].sequence < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
