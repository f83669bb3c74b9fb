// Hot path.
// Where the next message may begin when the bytes in hand are none, and where a bad one really ends.
import { DATA_CUT, dataEnd, dataTagOf, EQUALS, NO_DATA, SOH, sohAt, tagEnd, wholeNumber, ZERO } from "./data-fields.ts";

/** What every message begins with: `8=FIX`. */
const BEGIN = Uint8Array.from([0x38, 0x3d, 0x46, 0x49, 0x58]);
const EIGHT = 0x38;
const ONE = 0x31;

/** The bytes in hand do not tell. */
export const NO_END = -1;

/**
 * The first place at or behind `at` where `8=FIX` stands, or where the bytes end in the middle of it; `end` when there is
 * none. Not bound to a SOH before it: garbage need not end with one, and a false find costs nothing but time, as
 * BodyLength and CheckSum must agree with it.
 */
export function findBegin(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && !(bytes[next] === EIGHT && isBegin(bytes, next, end))) next++;
  return next;
}

/** True when `8=FIX` stands at `at`, as far as there are bytes. */
export function isBegin(bytes: Uint8Array, at: number, end: number): boolean {
  const known = Math.min(BEGIN.length, end - at);
  for (let i = 0; i < known; i++) if (bytes[at + i] !== BEGIN[i]) return false;
  return true;
}

/** Walks over the fields of a message to find where it ends whatever its BodyLength says. Data fields are jumped. */
export class FrameWalk {
  /** Where the walk stands: the start of the first field that was not seen whole. */
  at = 0;

  /**
   * For a message whose rest is awaited: goes on from `at` to the first field that is `8=FIX`, which is another message.
   * In the middle of a value it is mere text.
   *
   * @param end of the bytes in hand
   * @returns where the other message begins, or {@link NO_END}
   */
  findOther(bytes: Uint8Array, end: number): number {
    while (end - this.at >= BEGIN.length) {
      if (isBegin(bytes, this.at, end)) return this.at;
      const data = dataFieldEnd(bytes, this.at, end);
      if (data === DATA_CUT) return NO_END;
      const last = data >= 0 ? data : sohAt(bytes, this.at, end);
      if (last === end) return NO_END;
      this.at = last + 1;
    }
    return NO_END;
  }

  /**
   * For a message known to be bad: goes on from `at` to the end of its field 10, or to the first `8=FIX`, in the middle of
   * a value too, for bytes may be missing before it.
   *
   * @param end of the bytes in hand
   * @param stop where the message says it ends: no data field of it goes farther
   * @returns where the message ends, or {@link NO_END}
   */
  findEnd(bytes: Uint8Array, end: number, stop: number): number {
    while (this.at < end) {
      const data = dataFieldEnd(bytes, this.at, Math.min(end, stop));
      const last = data >= 0 ? data : sohOrBegin(bytes, this.at, end);
      if (last === end) return NO_END;
      if (bytes[last] !== SOH) return last;
      if (isTrailer(bytes, this.at)) return last + 1;
      this.at = last + 1;
    }
    return NO_END;
  }
}

/** Where the data field ends whose length field starts at `at`; otherwise as `dataEnd`. */
function dataFieldEnd(bytes: Uint8Array, at: number, limit: number): number {
  const equals = tagEnd(bytes, at, limit);
  if (equals < 0) return NO_DATA;
  const dataTag = dataTagOf(wholeNumber(bytes, at, equals));
  return dataTag === 0 ? NO_DATA : dataEnd(bytes, equals + 1, limit, dataTag);
}

/** True when the field at `at` is CheckSum (10). */
function isTrailer(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === ONE && bytes[at + 1] === ZERO && bytes[at + 2] === EQUALS;
}

/** The first SOH or whole `8=FIX` at or behind `at`; `end` when there is neither. */
function sohOrBegin(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && bytes[next] !== SOH) {
    if (bytes[next] === EIGHT && end - next >= BEGIN.length && isBegin(bytes, next, end)) return next;
    next++;
  }
  return next;
}
