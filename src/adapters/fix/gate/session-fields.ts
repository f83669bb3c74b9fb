import { findField, sliceText } from "../../../fix/field-reader.ts";
import type { FixFrame } from "../../../fix/fix-frame.ts";
import { PackedType, Tag } from "../../../fix/tags.ts";
import type { EngineEnd } from "../engine/fix-engine.ts";
import { expectedByPeer } from "./gate-texts.ts";

/** A whole number above 0 that a double holds. */
const SEQUENCE = /^\d{1,15}$/;

/** MsgType (35) as it stands there, of any length. */
export function msgTypeText(frame: FixFrame): string {
  return sliceText(frame.bytes, frame.msgTypeStart, frame.msgTypeEnd);
}

/** A number of the session in a field: −1 when the field is missing, NaN when it is no number. */
export function readSequence(frame: FixFrame, tag: number): number {
  const text = findField(frame, tag);
  if (text === null) return -1;
  return SEQUENCE.test(text) ? Number(text) : Number.NaN;
}

/** True when the field says Y. */
export function isYes(frame: FixFrame, tag: number): boolean {
  return findField(frame, tag) === "Y";
}

/** How a Logout ends the session, or a Reject that answers our Logon: with the LP's own text. */
export function endOfRefusal(frame: FixFrame): EngineEnd {
  const text = findField(frame, Tag.text) ?? "";
  const expected = expectedByPeer(text);
  return expected < 0 ? { kind: "logon_refused", text } : { kind: "outgoing_too_low", expected, text };
}

/** True for a Reject (3) that is meant for our Logon, as far as it says so. */
export function isRejectOfLogon(frame: FixFrame): boolean {
  if (frame.msgType !== PackedType.reject) return false;
  const refMsgType = findField(frame, Tag.refMsgType);
  return refMsgType === null || refMsgType === "A";
}

/**
 * True when SendingTime (52) is earlier than OrigSendingTime (122), as far as both are written: a stamp in whole seconds is
 * not earlier than the milliseconds within it.
 */
export function isSentBeforeOriginal(frame: FixFrame): boolean {
  const { bytes, origSendingTimeStart, sendingTimeStart } = frame;
  const length = Math.min(frame.origSendingTimeEnd - origSendingTimeStart, frame.sendingTimeEnd - sendingTimeStart);
  for (let at = 0; at < length; at++) {
    const difference = bytes[origSendingTimeStart + at] - bytes[sendingTimeStart + at];
    if (difference !== 0) return difference > 0;
  }
  return false;
}
