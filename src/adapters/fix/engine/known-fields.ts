import type { IContainedSet } from "jspurefix/dist/dictionary/contained/contained-set.js";
import { dataEnd, dataTagOf, sohAt, tagEnd, wholeNumber } from "../../../fix/data-fields.ts";
import type { FixFrame } from "../../../fix/fix-frame.ts";

/**
 * A copy of the message without the fields that the dictionary does not declare in it, wherever they stand, and without data
 * fields, which may hold anything. One such field inside of a group would have jspurefix end the group there without a word.
 *
 * @param isNeeded tags that must not be left out
 * @returns null when a needed tag is not declared
 */
export function knownFields(
  frame: FixFrame,
  declared: IContainedSet,
  isNeeded: (tag: number) => boolean,
): Buffer | null {
  const source = frame.bytes.subarray(frame.start, frame.end);
  const copy = Buffer.allocUnsafe(source.length);
  const limit = source.length;
  let length = 0;
  let at = 0;
  while (at < limit) {
    const equals = tagEnd(source, at, limit);
    const tag = equals < 0 ? 0 : wholeNumber(source, at, equals);
    const end = sohAt(source, at, limit) + 1;
    const dataTag = tag > 0 ? dataTagOf(tag) : 0;
    if (dataTag !== 0) {
      const stop = dataEnd(source, equals + 1, limit, dataTag);
      at = stop < 0 ? end : stop + 1;
      continue;
    }
    if (declared.containedTag[tag]) {
      copy.set(source.subarray(at, end), length);
      length += end - at;
    } else if (isNeeded(tag)) {
      return null;
    }
    at = end;
  }
  return copy.subarray(0, length);
}
