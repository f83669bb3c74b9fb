// Hot path.
import { dataEnd, dataTagOf, EQUALS, SOH, ZERO } from "./data-fields.ts";
import { type FixFrame, TIME_UNREAD } from "./fix-frame.ts";

/** `Y`. */
const YES = 0x59;
/** Digits that cannot leave the whole numbers a double holds exactly: ten to the fifteenth is below 2^53. */
const SAFE_DIGITS = 15;
/** More digits than this are refused, leading zeros and all: no venue counts that far. */
const SEQUENCE_DIGITS_MAX = 20;

/** Sets every header field of the frame back to absent. */
function clearHeader(frame: FixFrame): void {
  frame.msgType = 0;
  frame.msgTypeStart = -1;
  frame.msgTypeEnd = -1;
  frame.sequence = -1;
  frame.sequenceStart = -1;
  frame.sequenceEnd = -1;
  frame.isPossDup = false;
  frame.isPossResend = false;
  frame.senderStart = -1;
  frame.senderEnd = -1;
  frame.targetStart = -1;
  frame.targetEnd = -1;
  frame.sendingTimeStart = -1;
  frame.sendingTimeEnd = -1;
  frame.sendingTimeMs = TIME_UNREAD;
  frame.origSendingTimeStart = -1;
  frame.origSendingTimeEnd = -1;
}

/**
 * Reads the header of a message whose length and checksum are right into `frame`, from the field behind BodyLength (9) to
 * the first field that is none of the standard header's (FIX 4.4 vol 2; FIXT 1.1 adds 1128, 1129 and 1156). MsgType (35)
 * must be the first of them. A field that comes twice counts as it stood last.
 *
 * @param at the field behind BodyLength
 * @param tail where `10=` stands; a SOH is before it
 * @returns false when the message cannot be read: no MsgType first, no MsgSeqNum (34), a tag that is no number
 */
export function readHeader(frame: FixFrame, at: number, tail: number): boolean {
  const { bytes } = frame;
  clearHeader(frame);
  if (bytes[at] !== 0x33 || bytes[at + 1] !== 0x35 || bytes[at + 2] !== EQUALS) return false;
  let next = at;
  while (next < tail) {
    const start = next;
    let tag = 0;
    let byte = bytes[next];
    while (byte !== EQUALS) {
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9) return false;
      tag = tag * 10 + digit;
      byte = bytes[++next];
    }
    if (next === start) return false;
    const value = ++next;
    while (bytes[next] !== SOH) next++;
    if (!setField(frame, tag, value, next)) {
      frame.bodyStart = start;
      frame.bodyEnd = tail;
      return frame.sequenceStart >= 0;
    }
    if (tag === 90 || tag === 212) {
      const end = dataEnd(bytes, value, tail, dataTagOf(tag));
      if (end >= 0) next = end;
    }
    next++;
  }
  frame.bodyStart = tail;
  frame.bodyEnd = tail;
  return frame.sequenceStart >= 0;
}

/** Keeps one header field; false when the tag is none of the header's. */
function setField(frame: FixFrame, tag: number, start: number, end: number): boolean {
  switch (tag) {
    case 34:
      frame.sequenceStart = start;
      frame.sequenceEnd = end;
      frame.sequence = sequenceNumber(frame.bytes, start, end);
      return true;
    case 35:
      setMsgType(frame, start, end);
      return true;
    case 43:
      frame.isPossDup = end === start + 1 && frame.bytes[start] === YES;
      return true;
    case 49:
      frame.senderStart = start;
      frame.senderEnd = end;
      return true;
    case 52:
      frame.sendingTimeStart = start;
      frame.sendingTimeEnd = end;
      return true;
    case 56:
      frame.targetStart = start;
      frame.targetEnd = end;
      return true;
    case 97:
      frame.isPossResend = end === start + 1 && frame.bytes[start] === YES;
      return true;
    case 122:
      frame.origSendingTimeStart = start;
      frame.origSendingTimeEnd = end;
      return true;
    default:
      return isOtherHeaderTag(tag);
  }
}

/** The header's fields that nothing here reads. */
function isOtherHeaderTag(tag: number): boolean {
  if (tag < 200) {
    return (
      tag === 50 ||
      tag === 57 ||
      tag === 90 ||
      tag === 91 ||
      tag === 115 ||
      tag === 116 ||
      tag === 128 ||
      tag === 129 ||
      (tag >= 142 && tag <= 145)
    );
  }
  return (
    tag === 212 ||
    tag === 213 ||
    tag === 347 ||
    tag === 369 ||
    tag === 370 ||
    (tag >= 627 && tag <= 630) ||
    tag === 1128 ||
    tag === 1129 ||
    tag === 1156
  );
}

function setMsgType(frame: FixFrame, start: number, end: number): void {
  const { bytes } = frame;
  frame.msgTypeStart = start;
  frame.msgTypeEnd = end;
  if (end === start + 1) frame.msgType = bytes[start];
  else frame.msgType = end === start + 2 ? (bytes[start] << 8) | bytes[start + 1] : 0;
}

/** The whole number of MsgSeqNum (34); −1 when it is none, or 2^53 and above. */
function sequenceNumber(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0 || length > SEQUENCE_DIGITS_MAX) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  // Behind the fifteenth digit the value may have been rounded, but never from above 2^53 to below it.
  return length <= SAFE_DIGITS || value <= Number.MAX_SAFE_INTEGER ? value : -1;
}
