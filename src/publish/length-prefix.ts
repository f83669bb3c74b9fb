import { varintBytes, writeVarint } from "./byte-writer.ts";

/** A zigzag varint as bytes of its own, as Kafka records have it. Cold path: the quote encoder writes its own in place. */
export function varint(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(varintBytes(value));
  writeVarint(bytes, 0, value);
  return bytes;
}

/** Bytes behind their length; null is length −1 and nothing. */
export function withLength(bytes: Uint8Array | null): Buffer {
  return bytes === null ? varint(-1) : Buffer.concat([varint(bytes.length), bytes]);
}
