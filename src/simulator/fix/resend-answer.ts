import { readFields } from "../../fix/field-reader.ts";
import { FixFrame } from "../../fix/fix-frame.ts";
import { MsgType, Tag } from "../../fix/tags.ts";
import type { FixField } from "../../venues/compiled-fix-venue.ts";
import type { SentHistory } from "./sent-history.ts";

/** How an LP answers a ResendRequest. */
export type ResendPolicy =
  /** Market data is sent again, the rest is filled. */
  | "replay"
  /** All is filled: what was lost is lost. */
  | "gapFill"
  /** Not at all. */
  | "ignore";

/** One message of an answer: numbered as it was, and marked as a possible duplicate. */
export interface ResentMessage {
  readonly msgType: string;
  readonly sequence: number;
  /** OrigSendingTime (122); null: the present time. */
  readonly origSendingTime: string | null;
  readonly body: readonly FixField[];
}

/** Tags of the header that are made anew, and of the trailer. */
const NOT_BODY: ReadonlySet<number> = new Set([
  Tag.beginString,
  Tag.bodyLength,
  Tag.msgType,
  Tag.msgSeqNum,
  Tag.senderCompId,
  Tag.senderSubId,
  Tag.targetCompId,
  Tag.targetSubId,
  Tag.sendingTime,
  Tag.possDupFlag,
  Tag.origSendingTime,
  Tag.checkSum,
]);

/** The messages that answer a request for the numbers `from … to`: what was kept again, everything else filled. */
export function answerResend(
  history: SentHistory,
  { from, to, policy }: { from: number; to: number; policy: ResendPolicy },
): ResentMessage[] {
  const answer: ResentMessage[] = [];
  if (policy === "ignore" || from > to) return answer;
  let gapStart = from;
  const first = policy === "replay" ? Math.max(from, history.oldest(to)) : to + 1;
  for (let sequence = first; sequence <= to; sequence++) {
    const kept = history.find(sequence);
    if (kept === null) continue;
    if (gapStart < sequence) answer.push(gapFill(gapStart, sequence));
    answer.push(resent(kept, sequence));
    gapStart = sequence + 1;
  }
  if (gapStart <= to) answer.push(gapFill(gapStart, to + 1));
  return answer;
}

/** A message that was kept, as it is sent again. */
export function resent(kept: Buffer, sequence: number): ResentMessage {
  const frame = new FixFrame();
  frame.bytes = kept;
  frame.end = kept.length;
  const fields = readFields(frame);
  const textOf = (tag: number) => fields.find((field) => field[0] === tag)?.[1] ?? null;
  return {
    msgType: textOf(Tag.msgType) ?? "",
    sequence,
    origSendingTime: textOf(Tag.sendingTime),
    body: fields.filter(([tag]) => !NOT_BODY.has(tag)),
  };
}

function gapFill(from: number, next: number): ResentMessage {
  const body: FixField[] = [
    [Tag.gapFillFlag, "Y"],
    [Tag.newSeqNo, String(next)],
  ];
  return { msgType: MsgType.sequenceReset, sequence: from, origSendingTime: null, body };
}
