/** Bytes and messages kept at most; older ones are answered by a gap fill. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_MESSAGES = 16_384;
const INITIAL_BYTES = 64 * 1024;

/** The latest messages that may have to be sent again, by number; bounded, and cheap to add to. */
export class SentHistory {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  /** Bytes ever written, padding at the ring's end included: where the next message begins. */
  #written = 0;
  readonly #numbers = new Float64Array(MAX_MESSAGES).fill(-1);
  readonly #starts = new Float64Array(MAX_MESSAGES);
  readonly #lengths = new Int32Array(MAX_MESSAGES);

  /** Keeps a copy of `bytes[start, end)`. */
  keep(sequence: number, bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length > MAX_BYTES) return;
    if (this.#bytes.length < MAX_BYTES && this.#written + length > this.#bytes.length) this.#grow(length);
    const capacity = this.#bytes.length;
    let at = this.#written % capacity;
    if (at + length > capacity) {
      this.#written += capacity - at;
      at = 0;
    }
    bytes.copy(this.#bytes, at, start, end);
    const slot = sequence % MAX_MESSAGES;
    this.#numbers[slot] = sequence;
    this.#starts[slot] = this.#written;
    this.#lengths[slot] = length;
    this.#written += length;
  }

  /** A copy of the message with this number; null when it was not kept, or not for so long. */
  find(sequence: number): Buffer | null {
    const slot = sequence % MAX_MESSAGES;
    if (this.#numbers[slot] !== sequence) return null;
    const capacity = this.#bytes.length;
    if (this.#starts[slot] < this.#written - capacity) return null;
    const at = this.#starts[slot] % capacity;
    return Buffer.from(this.#bytes.subarray(at, at + this.#lengths[slot]));
  }

  /** The lowest number that may still be found when `sequence` is the latest. */
  oldest(sequence: number): number {
    return Math.max(1, sequence - MAX_MESSAGES + 1);
  }

  clear(): void {
    this.#numbers.fill(-1);
  }

  /** Only before the ring has turned for the first time, so positions stay as they are. */
  #grow(length: number): void {
    const wanted = Math.max(this.#bytes.length * 2, this.#written + length);
    const larger = Buffer.allocUnsafe(Math.min(MAX_BYTES, wanted));
    this.#bytes.copy(larger, 0, 0, Math.min(this.#written, this.#bytes.length));
    this.#bytes = larger;
  }
}
