import type { FixFrame } from "../../../fix/fix-frame.ts";
import { PackedType, Tag } from "../../../fix/tags.ts";
import { isYes, readSequence } from "./session-fields.ts";

/** Most of a SendingTime (52) that is remembered: more than `20231114-22:13:20.123456789`. */
const TIME_BYTES_MAX = 32;

/**
 * How far the LP has sent again what we asked for, so that an original which its own replay overtook is known for what it is.
 *
 * QuickFIX/J stores a message before it writes it, and answers a ResendRequest from the store on another thread, without
 * the lock that senders hold: on a busy machine 40 with PossDupFlag (43) then comes ahead of 40 without (seen with 2.3.2,
 * about once in 40 holes). The same happens to a Heartbeat and the GapFill that goes over it.
 */
export class LastReplay {
  /** What is sent again below it was not asked for. */
  #from = Number.POSITIVE_INFINITY;
  /** Highest number that was sent again or filled. */
  #through = 0;
  /** SendingTime (52) of what reached so far. */
  readonly #time = new Uint8Array(TIME_BYTES_MAX);
  #timeBytes = 0;

  /** Everything from this number on has been asked for. */
  ask(from: number): void {
    this.#from = Math.min(this.#from, from);
  }

  /** Takes note of a message with PossDupFlag (43); borrowed. */
  note(frame: FixFrame): void {
    const through = throughOf(frame);
    if (through < this.#through || frame.sequence < this.#from) return;
    this.#through = through;
    const { bytes, sendingTimeStart, sendingTimeEnd } = frame;
    this.#timeBytes = Math.min(sendingTimeEnd - sendingTimeStart, TIME_BYTES_MAX);
    this.#time.set(bytes.subarray(Math.max(0, sendingTimeStart), Math.max(0, sendingTimeStart + this.#timeBytes)));
  }

  /**
   * True for a message with a number that has been sent again since, and which was made no later than that: nothing in it
   * is missing. An LP that has lost its numbers gives them to messages of later times.
   */
  hasOvertaken(frame: FixFrame): boolean {
    // A GapFill is made for the occasion: it is never sent again.
    if (frame.sequence > this.#through || frame.msgType === PackedType.sequenceReset) return false;
    const { bytes, sendingTimeStart, sendingTimeEnd } = frame;
    const length = Math.min(sendingTimeEnd - sendingTimeStart, this.#timeBytes);
    if (length === 0) return false;
    for (let at = 0; at < length; at++) {
      const difference = bytes[sendingTimeStart + at] - this.#time[at];
      if (difference !== 0) return difference < 0;
    }
    return true;
  }

  /** The numbers have begun anew. */
  forget(): void {
    this.#from = Number.POSITIVE_INFINITY;
    this.#through = 0;
    this.#timeBytes = 0;
  }
}

/** The last number a message stands for: a GapFill stands for several. */
function throughOf(frame: FixFrame): number {
  if (frame.msgType !== PackedType.sequenceReset || !isYes(frame, Tag.gapFillFlag)) return frame.sequence;
  const newSequence = readSequence(frame, Tag.newSeqNo);
  return newSequence > frame.sequence ? newSequence - 1 : frame.sequence;
}
