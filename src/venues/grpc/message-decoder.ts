import { IntegerText, integerFormOf, MAX_INTEGER_DIGITS } from "./integer-text.ts";
import { wireTypeOf } from "./plan-builder.ts";
import type { ProtoField, ProtoMessage } from "./proto-schema.ts";
import { WireType } from "./wire-plan.ts";
import { WireScanner } from "./wire-scanner.ts";

/** Messages within messages that are read. */
const MAX_DEPTH = 32;
/** Elements of one list that are read: acks name at most so many instruments. */
const MAX_ELEMENTS = 100_000;

/** A decoded value: numbers are decimal text, enums the name of the value, lists arrays; what protobuf leaves out is filled in. */
export type DecodedValue = string | boolean | DecodedMessage | readonly DecodedValue[];

/** A decoded message; fields that are not there are absent. */
export interface DecodedMessage {
  readonly [field: string]: DecodedValue;
}

/**
 * Decodes a whole message by name, for acks and errors: a handful per session. Reads repeated strings, enums and messages, and
 * of repeated numbers none (nothing needs them); floats neither.
 *
 * @returns null when the bytes are no such message
 */
export function decodeMessage(message: ProtoMessage, bytes: Uint8Array): DecodedMessage | null {
  return decodePart(message, bytes, MAX_DEPTH);
}

function decodePart(message: ProtoMessage, bytes: Uint8Array, depth: number): DecodedMessage | null {
  const fields = [...message.fields.values()].filter(isReadable);
  const scanner = new WireScanner({
    message: {
      dense: [],
      sparse: fields.map((field, slot) => ({
        number: field.number,
        wireType: wireTypeOf(field.type),
        slot,
        child: null,
        list: wireTypeOf(field.type) === WireType.bytes ? slot : -1,
        isFirstOnly: false,
      })),
    },
    slotCount: fields.length,
    listCount: fields.length,
  });
  if (!scanner.scan(bytes, 0, bytes.length)) return null;
  const decoded: Record<string, DecodedValue> = {};
  for (const [slot, field] of fields.entries()) {
    if (scanner.seen[slot] === 0) {
      if (!field.hasPresence && !field.isRepeated) decoded[field.name] = defaultOf(field);
      continue;
    }
    const value = decodeField(field, scanner, { slot, depth });
    if (value === null) return null;
    decoded[field.name] = value;
  }
  return decoded;
}

/** What protobuf leaves out of a message. */
function defaultOf(field: ProtoField): DecodedValue {
  if (field.type === "string" || field.type === "bytes") return "";
  if (field.type === "bool") return false;
  if (field.type !== "enum") return "0";
  for (const [name, number] of field.values) if (number === 0) return name;
  return "0";
}

function isReadable(field: ProtoField): boolean {
  if (field.isMap || field.type === "group" || field.type === "float" || field.type === "double") return false;
  return !field.isRepeated || wireTypeOf(field.type) === WireType.bytes;
}

function decodeField(
  field: ProtoField,
  scanner: WireScanner,
  { slot, depth }: { slot: number; depth: number },
): DecodedValue | null {
  if (wireTypeOf(field.type) !== WireType.bytes) return decodeNumber(field, scanner, slot);
  const { starts, ends, count } = scanner.lists[slot];
  const elements: DecodedValue[] = [];
  for (let i = 0; i < count && i < MAX_ELEMENTS; i++) {
    const part = scanner.bytes.subarray(starts[i], ends[i]);
    if (field.type !== "message") {
      elements.push(Buffer.from(part).toString(field.type === "string" ? "utf8" : "base64"));
      continue;
    }
    const inner = depth === 0 ? null : decodePart(field.message(), part, depth - 1);
    if (inner === null) return null;
    elements.push(inner);
  }
  if (field.isRepeated) return elements;
  // A message that comes in parts is the sum of them.
  if (field.type === "message") return Object.assign({}, ...elements) as DecodedMessage;
  return elements[elements.length - 1];
}

function decodeNumber(field: ProtoField, scanner: WireScanner, slot: number): DecodedValue {
  if (field.type === "bool") return scanner.lows[slot] !== 0 || scanner.highs[slot] !== 0;
  const form = integerFormOf(field.type);
  if (form === null) return "";
  const integer = new IntegerText();
  integer.set(form, scanner.lows[slot], scanner.highs[slot]);
  const digits = Buffer.from(integer.digits.subarray(integer.start, MAX_INTEGER_DIGITS)).toString("latin1");
  const text = integer.isNegative ? `-${digits}` : digits;
  if (field.type !== "enum") return text;
  for (const [name, number] of field.values) if (number === Number(text)) return name;
  return text;
}
