import { findField } from "../../fix/field-reader.ts";
import { type FixFrame, unpackMsgType } from "../../fix/fix-frame.ts";
import { MsgType, Tag } from "../../fix/tags.ts";

/** QuoteStatus (297) of an AI that says no: rejected, not found. */
const REFUSING_QUOTE_STATUSES: ReadonlySet<string> = new Set(["5", "9"]);

/** A message of the LP that refuses one of our requests. */
export interface Refusal {
  /** MDReqID (262), QuoteReqID (131) or BusinessRejectRefID (379); empty when it names none. */
  readonly requestId: string;
  /** RefSeqNum (45); 0 when it names none. */
  readonly refSequence: number;
  /** The LP's reason: its code and its Text (58). */
  readonly text: string;
}

/** Reads Y, j, 3, AG or AI; null for everything else, and for an AI that refuses nothing. */
export function readRefusal(frame: FixFrame): Refusal | null {
  const type = unpackMsgType(frame.msgType);
  if (type === MsgType.marketDataReject) return refusal(frame, Tag.mdReqId, Tag.mdReqRejReason);
  if (type === MsgType.businessReject) return refusal(frame, Tag.businessRejectRefId, Tag.businessRejectReason);
  if (type === MsgType.reject) return refusal(frame, 0, Tag.sessionRejectReason);
  if (type === MsgType.quoteRequestReject) return refusal(frame, Tag.quoteReqId, Tag.quoteRequestRejectReason);
  if (type !== MsgType.quoteStatusReport) return null;
  const isRefusing = REFUSING_QUOTE_STATUSES.has(findField(frame, Tag.quoteStatus) ?? "");
  return isRefusing ? refusal(frame, Tag.quoteReqId, Tag.quoteStatus) : null;
}

function refusal(frame: FixFrame, idTag: number, codeTag: number): Refusal {
  const code = findField(frame, codeTag);
  const refTag = findField(frame, Tag.refTagId);
  const parts = [
    findField(frame, Tag.text) ?? "",
    code === null ? "" : `(${codeTag}=${code}${refTag === null ? "" : `, tag ${refTag}`})`,
  ];
  const text = parts.filter((part) => part !== "").join(" ");
  return {
    requestId: idTag === 0 ? "" : (findField(frame, idTag) ?? ""),
    refSequence: Number(findField(frame, Tag.refSeqNum) ?? 0),
    text: text === "" ? "refused without a reason" : text,
  };
}
