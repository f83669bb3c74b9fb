import { sliceText } from "../../../fix/field-reader.ts";
import type { FixFrame } from "../../../fix/fix-frame.ts";
import { formatUtcTimestamp } from "../../../fix/utc-timestamp.ts";
import { GateText } from "./gate-texts.ts";
import type { PeerProblem } from "./peer-check.ts";

/** SendingTime is compared in ms. */
const TIME_DIGITS = 3;

/** What is wrong with the message, as the LP is told. */
export function problemText(problem: PeerProblem): string {
  if (problem === "begin_string") return GateText.beginString;
  return problem === "comp_id" ? GateText.compIdProblem : GateText.sendingTimeAccuracy;
}

/**
 * The same for our own people, with what the message says: which of two clocks is wrong only they can find out.
 *
 * @param wallUs our clock, µs since the epoch
 */
export function problemDetail(frame: FixFrame, problem: PeerProblem, wallUs: number): string {
  const { bytes } = frame;
  const text = problemText(problem);
  if (problem === "begin_string") return `${text}: ${sliceText(bytes, frame.beginStart, frame.beginEnd)}`;
  if (problem === "comp_id") {
    const sender = sliceText(bytes, frame.senderStart, frame.senderEnd);
    return `${text}: the LP calls itself "${sender}", and us "${sliceText(bytes, frame.targetStart, frame.targetEnd)}"`;
  }
  const sent = sliceText(bytes, frame.sendingTimeStart, frame.sendingTimeEnd);
  const first = sliceText(bytes, frame.origSendingTimeStart, frame.origSendingTimeEnd);
  const original = first === "" ? "" : `, and it was first sent at ${first}`;
  return `${text}: the LP's clock says ${sent}, ours ${formatUtcTimestamp(wallUs, TIME_DIGITS)}${original}`;
}
