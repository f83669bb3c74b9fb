import { encodeMessage, SOH, sendingTime, withCheckSum } from "../../../harness/fix-wire.ts";

/** Fields of the standard header, which keep their places when a body is exchanged. */
const HEADER_TAGS = new Set([8, 9, 35, 34, 43, 49, 50, 52, 56, 57, 97, 115, 116, 122, 128, 129, 144, 145]);
/** Body of a snapshot that stands for an order: what an initiator of market data is sent. */
const SNAPSHOT_FIELDS = ["262=ID", "55=INTC", "268=1", "269=0", "270=1.5", "271=100"];
/** The same in another order; a group stays together. */
const SNAPSHOT_FIELDS_REORDERED = ["55=INTC", "268=1", "269=0", "270=1.5", "271=100", "262=ID"];

/** A time, and its distance from now in seconds. */
const TIME = /<TIME([+-]\d+)?>/g;
/** The definitions' own runner stretches them so, as 121 s that lose a millisecond on the way are no 121 s. */
const OFFSET_FACTOR = 1.1;
/** `.123` behind the seconds. */
const MILLISECONDS_LENGTH = 4;

/** How the orders (D) of a definition are sent. */
export type OrderMapping =
  /** As a snapshot (W): the definition is about the session, and an initiator of market data gets no orders. */
  | "as snapshot"
  /** As they are: the definition is about their fields. */
  | "as order";

/**
 * The bytes of a line the definition's tester sends: times put in, BodyLength (9) and CheckSum (10) reckoned where the line
 * has none. What the line has wrong stays wrong: a CheckSum that is given, a BodyLength that is so much too long or short
 * (the definitions reckon with times of whole seconds).
 */
export function mirroredMessage(line: string, nowMs: number, mapping: OrderMapping): Buffer {
  const text = line.replace(TIME, (_, offset: string | undefined) =>
    sendingTime(nowMs, Number(offset ?? 0) * OFFSET_FACTOR),
  );
  const fields = text.split(SOH).filter((field) => field !== "");
  // A message with a sum of its own, or one that begins otherwise, is meant to be garbled just so.
  if (fields.some((field) => field.startsWith("10=")) || !text.startsWith("8=FIX")) return garbled(text, fields);
  const beginString = fields[0].slice("8=".length);
  const given = fields[1].startsWith("9=") ? Number(fields[1].slice("9=".length)) : null;
  const original = fields.slice(given === null ? 1 : 2);
  const sent = mapping === "as snapshot" ? orderAsSnapshot(original) : original;
  if (given === null) return encodeMessage(beginString, sent);
  const length = given + lengthOf(sent) - lengthOf(original) + MILLISECONDS_LENGTH * (line.match(TIME)?.length ?? 0);
  return withCheckSum(Buffer.from(`8=${beginString}${SOH}9=${length}${SOH}${sent.join(SOH)}${SOH}`, "latin1"));
}

function garbled(text: string, fields: readonly string[]): Buffer {
  const bytes = Buffer.from(text, "latin1");
  return fields.some((field) => field.startsWith("10=")) ? bytes : withCheckSum(bytes);
}

function orderAsSnapshot(fields: readonly string[]): readonly string[] {
  if (!fields.includes("35=D")) return fields;
  const header = fields.filter((field) => HEADER_TAGS.has(tagOf(field)));
  const body = fields.filter((field) => !HEADER_TAGS.has(tagOf(field)));
  const isReordered = tagOf(body[0]) !== 11;
  const renamed = header.map((field) => (field === "35=D" ? "35=W" : field));
  return [...renamed, ...(isReordered ? SNAPSHOT_FIELDS_REORDERED : SNAPSHOT_FIELDS)];
}

function tagOf(field: string): number {
  return Number(field.slice(0, field.indexOf("=")));
}

function lengthOf(fields: readonly string[]): number {
  return fields.reduce((sum, field) => sum + field.length + 1, 0);
}
