import { dataEnd, dataTagOf, SOH, sohAt, tagEnd, wholeNumber } from "../../../fix/data-fields.ts";
import type { FixFrame } from "../../../fix/fix-frame.ts";

const SPACE = 0x20;

/**
 * A copy of the message in which SOH is the delimiter and nothing else: those inside of data fields are spaces. jspurefix
 * ends a data field at the first SOH, whatever its length field says.
 */
export function withoutInnerSoh(frame: FixFrame): Buffer {
  const copy = Buffer.from(frame.bytes.subarray(frame.start, frame.end));
  const limit = copy.length;
  let at = 0;
  while (at < limit) {
    const equals = tagEnd(copy, at, limit);
    const end = sohAt(copy, at, limit);
    const dataTag = equals < 0 ? 0 : dataTagOf(wholeNumber(copy, at, equals));
    at = end + 1;
    if (dataTag === 0) continue;
    const stop = dataEnd(copy, equals + 1, limit, dataTag);
    if (stop < 0) continue;
    for (let inner = at; inner < stop; inner++) if (copy[inner] === SOH) copy[inner] = SPACE;
    at = stop + 1;
  }
  return copy;
}
