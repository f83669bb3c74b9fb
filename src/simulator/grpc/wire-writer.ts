const INITIAL_BYTES = 512;

/** Writes protobuf messages by hand, apart from the readers of `src/venues/grpc`, so that the two check each other. */
export class WireWriter {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = 0;

  /** The message so far, as a copy. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  /** An unsigned number: uint32, uint64, bool, enum, and those of int32 and int64 that are not below zero. */
  varint(field: number, value: number | bigint): this {
    this.#tag(field, 0);
    this.#varint(BigInt(value));
    return this;
  }

  /** sint32 and sint64. */
  zigzag(field: number, value: bigint): this {
    return this.varint(field, value >= 0n ? value * 2n : value * -2n - 1n);
  }

  /** sfixed64 and fixed64. */
  fixed64(field: number, value: bigint): this {
    this.#tag(field, 1);
    this.#room(8);
    this.#length = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#length);
    return this;
  }

  string(field: number, text: string): this {
    return this.bytes(field, Buffer.from(text, "utf8"));
  }

  /** Bytes, and messages within messages. */
  bytes(field: number, content: Uint8Array): this {
    this.#tag(field, 2);
    this.#varint(BigInt(content.length));
    this.#room(content.length);
    this.#bytes.set(content, this.#length);
    this.#length += content.length;
    return this;
  }

  #tag(field: number, wireType: number): void {
    this.#varint(BigInt(field * 8 + wireType));
  }

  #varint(value: bigint): void {
    this.#room(10);
    let rest = value;
    while (rest > 0x7fn) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe((this.#length + bytes) * 2);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
