import type { FieldDictionary } from "../adapters/fix/engine/field-dictionary.ts";
import type { LoggedMessage } from "../fix/log-reader.ts";
import { Tag } from "../fix/tags.ts";

/** Values that are never shown: passwords, and RawData (96), which holds signatures and in some logons passwords. */
const SECRET_TAGS: ReadonlySet<number> = new Set([
  Tag.rawData,
  Tag.password,
  Tag.newPassword,
  Tag.encryptedPassword,
  Tag.encryptedNewPassword,
]);
/** The trailer, which ends every group. */
const TRAILER_TAGS: ReadonlySet<number> = new Set([Tag.signature, Tag.signatureLength, Tag.checkSum]);
const REDACTED = "[redacted]";

/** One field as it is shown. */
export interface FieldView {
  /** 0 = no field: the bytes as they stand. */
  readonly tag: number;
  /** Null when no dictionary has it. */
  readonly name: string | null;
  readonly value: string;
  /** What the value means; null when the dictionary does not say. */
  readonly meaning: string | null;
  /** The entries of the group that this field counts. */
  readonly entries?: FieldView[][];
}

/** One message as it is shown; what a header field says is empty when it is absent. */
export interface MessageView {
  readonly sendingTime: string;
  readonly msgType: string;
  readonly name: string;
  readonly sequence: string;
  readonly sender: string;
  readonly target: string;
  readonly problems: readonly string[];
  readonly fields: readonly FieldView[];
}

/** A group that is open while fields are put in their places. */
interface OpenGroup {
  readonly entries: FieldView[][];
  readonly mayHold: (tag: number) => boolean;
  /** Tag an entry begins with; 0 until the first one begins. */
  firstTag: number;
}

/** Names and groups the fields of a message by the dictionary, and leaves out what is secret. */
export function viewMessage(message: LoggedMessage, dictionary: FieldDictionary): MessageView {
  const readValue = (tag: number) => message.fields.find(([found]) => found === tag)?.[1] ?? "";
  const msgType = readValue(Tag.msgType);
  return {
    sendingTime: readValue(Tag.sendingTime),
    msgType,
    name: dictionary.messageName(msgType) ?? "unknown",
    sequence: readValue(Tag.msgSeqNum),
    sender: readValue(Tag.senderCompId),
    target: readValue(Tag.targetCompId),
    problems: describeProblems(message),
    fields: groupFields(message, msgType, dictionary),
  };
}

function describeProblems({ isWhole, faults }: LoggedMessage): string[] {
  if (!isWhole) return ["the message is cut"];
  return faults.map(
    ({ what, stated, counted }) => `${what} is ${stated === "" ? "missing" : stated}, counted ${counted}`,
  );
}

function groupFields(message: LoggedMessage, msgType: string, dictionary: FieldDictionary): FieldView[] {
  const fields: FieldView[] = [];
  const open: OpenGroup[] = [];
  let isSecret = false;
  for (const [tag, value] of message.fields) {
    // Bytes that are no field belong to the value before them.
    isSecret = tag === 0 ? isSecret : SECRET_TAGS.has(tag);
    const mayHold = /^\d{1,6}$/.test(value) && Number(value) > 0 ? dictionary.groupOf(msgType, tag) : null;
    const view: FieldView = {
      tag,
      name: dictionary.fieldName(tag),
      value: isSecret ? REDACTED : value,
      meaning: isSecret ? null : dictionary.meaning(tag, value),
      ...(mayHold === null ? {} : { entries: [] }),
    };
    (placeOf(tag, open, (other) => dictionary.isDeclared(msgType, other)) ?? fields).push(view);
    if (mayHold !== null && view.entries !== undefined) open.push({ entries: view.entries, mayHold, firstTag: 0 });
  }
  return fields;
}

/**
 * The entry a field belongs into; null when it is in no group. A field that the dictionary does not know in this message
 * stays where it is met: venues add fields of their own to entries.
 */
function placeOf(tag: number, open: OpenGroup[], isDeclared: (tag: number) => boolean): FieldView[] | null {
  for (let group = open.at(-1); group !== undefined; group = open.at(-1)) {
    const isOutside = TRAILER_TAGS.has(tag) || (!group.mayHold(tag) && isDeclared(tag));
    if (!isOutside) {
      if (group.firstTag === 0) group.firstTag = tag;
      if (tag === group.firstTag) group.entries.push([]);
      return group.entries[group.entries.length - 1];
    }
    open.pop();
  }
  return null;
}
