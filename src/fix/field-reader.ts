import { dataEnd, dataTagOf, sohAt, tagEnd, wholeNumber } from "./data-fields.ts";
import type { FixFrame } from "./fix-frame.ts";

// Reading of single fields on the cold path: logons, logouts, rejects, what is printed.

/** The text of `bytes[start, end)`, a character per byte (ISO 8859-1); empty when `start` is −1. */
export function sliceText(bytes: Uint8Array, start: number, end: number): string {
  if (start < 0) return "";
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

/** The value of the first field with this tag, header and trailer included; null when the message has none. */
export function findField(frame: FixFrame, tag: number): string | null {
  for (const [fieldTag, start, end] of walkFields(frame)) {
    if (fieldTag === tag) return sliceText(frame.bytes, start, end);
  }
  return null;
}

/** Every field of the message in order. Bytes that are no `tag=value` have tag 0 and are the value as a whole. */
export function readFields(frame: FixFrame): [tag: number, value: string][] {
  return Array.from(walkFields(frame), ([tag, start, end]) => [tag, sliceText(frame.bytes, start, end)]);
}

/** Tag, start and end of the value of each field; data fields are jumped over by their length. */
function* walkFields(frame: FixFrame): Generator<[tag: number, start: number, end: number]> {
  const { bytes, end: limit } = frame;
  let at = frame.start;
  /** Where the data field ends that must come next; −1 = none. */
  let data = -1;
  while (at < limit) {
    const equals = tagEnd(bytes, at, limit);
    const tag = equals < 0 ? 0 : wholeNumber(bytes, at, equals);
    const start = tag > 0 ? equals + 1 : at;
    const end = data >= 0 ? data : sohAt(bytes, start, limit);
    yield tag > 0 ? [tag, start, end] : [0, at, end];
    const dataTag = tag > 0 && data < 0 ? dataTagOf(tag) : 0;
    data = dataTag === 0 ? -1 : dataEnd(bytes, start, limit, dataTag);
    at = end + 1;
  }
}
