import { readFields } from "../../fix/field-reader.ts";
import type { FixFrame } from "../../fix/fix-frame.ts";
import { unpackMsgType } from "../../fix/fix-frame.ts";
import type { FixField } from "../../venues/compiled-fix-venue.ts";

/** One message of a client, copied out of its frame. */
export interface InboundMessage {
  readonly msgType: string;
  readonly sequence: number;
  readonly isPossDup: boolean;
  /** All fields, header and trailer included, in order. */
  readonly fields: readonly FixField[];
}

/** A copy of what a frame holds. */
export function readMessage(frame: FixFrame): InboundMessage {
  return {
    msgType: unpackMsgType(frame.msgType),
    sequence: frame.sequence,
    isPossDup: frame.isPossDup,
    fields: readFields(frame),
  };
}

/** The value of the first field with this tag; null when there is none. */
export function textOf(message: InboundMessage, tag: number): string | null {
  return message.fields.find((field) => field[0] === tag)?.[1] ?? null;
}

/** The values of every field with this tag, in order: the entries of a group of one field. */
export function textsOf(message: InboundMessage, tag: number): string[] {
  return message.fields.filter((field) => field[0] === tag).map((field) => field[1]);
}

/** The whole number of a field; `otherwise` when it is absent or no number. */
export function numberOf(message: InboundMessage, tag: number, otherwise: number): number {
  const text = textOf(message, tag);
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : otherwise;
}

/** `8=FIX.4.4|9=…|`, for people and tests. */
export function readableText(message: InboundMessage): string {
  return message.fields.map(([tag, value]) => `${tag}=${value}|`).join("");
}
