/** One field of a message: a number, or the bytes of a string or message. */
export interface WireField {
  readonly field: number;
  readonly value: bigint | Buffer;
}

/** The fields of a request; null when it is no protobuf message. Numbers are taken as they stand on the wire. */
export function readWireFields(message: Uint8Array): WireField[] | null {
  const bytes = Buffer.from(message);
  const fields: WireField[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; shift < 70n && at < bytes.length; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return null;
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag === null || tag < 8n) return null;
    const field = Number(tag >> 3n);
    const wireType = Number(tag & 7n);
    const number = wireType === 0 || wireType === 2 ? varint() : null;
    if (number === null) return null;
    if (wireType === 0) {
      fields.push({ field, value: number });
      continue;
    }
    if (number > BigInt(bytes.length - at)) return null;
    fields.push({ field, value: bytes.subarray(at, at + Number(number)) });
    at += Number(number);
  }
  return fields;
}

/** The strings in a repeated field. */
export function stringsOf(message: Uint8Array, field: number): string[] {
  const fields = readWireFields(message) ?? [];
  return fields.flatMap((each) =>
    each.field === field && Buffer.isBuffer(each.value) ? [each.value.toString("utf8")] : [],
  );
}
