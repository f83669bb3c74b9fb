import type { Json } from "../templates.ts";
import { describeField, listed, wireTypeOf } from "./plan-builder.ts";
import { isIntegerType, type ProtoField, type ProtoMessage } from "./proto-schema.ts";
import { WireType } from "./wire-plan.ts";

/** Messages within messages of a request. */
const MAX_DEPTH = 32;

const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  sfixed32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sint64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
};

/** One place in the JSON text of a message. */
interface Place {
  readonly path: string;
  readonly depth: number;
  readonly problems: string[];
}

/**
 * Encodes a request that is written as JSON: field names as in the `.proto`, enum values by name, 64-bit numbers as numbers or
 * text, bytes as base64. What does not fit the message goes into `problems`, and is left out. Cold path.
 */
export function encodeMessage(message: ProtoMessage, json: Json, problems: string[]): Uint8Array {
  const out: number[] = [];
  encodeFields(out, { message, json }, { path: "", depth: 0, problems });
  return Uint8Array.from(out);
}

function encodeFields(out: number[], { message, json }: { message: ProtoMessage; json: Json }, place: Place): void {
  const { path, depth, problems } = place;
  if (json === null || typeof json !== "object" || Array.isArray(json) || depth > MAX_DEPTH) {
    problems.push(`${path || "request"}: wanted an object for ${message.fullName}`);
    return;
  }
  for (const [name, value] of Object.entries(json as { readonly [key: string]: Json })) {
    const at = { path: path === "" ? name : `${path}.${name}`, depth: depth + 1, problems };
    const field = message.fields.get(name);
    if (field === undefined) {
      problems.push(
        `${at.path}: message ${message.fullName} has no field "${name}": it has ${listed(message.fields.keys())}`,
      );
    } else if (field.isMap || field.type === "group") {
      problems.push(`${at.path}: is ${describeField(field)}, which is not supported`);
    } else if (field.isRepeated !== Array.isArray(value)) {
      problems.push(`${at.path}: ${field.isRepeated ? "wanted a list" : "wanted one value"}`);
    } else {
      const values = Array.isArray(value) ? (value as readonly Json[]) : [value];
      for (const one of values) encodeField(out, { field, json: one }, at);
    }
  }
}

function encodeField(out: number[], { field, json }: { field: ProtoField; json: Json }, place: Place): void {
  const wireType = wireTypeOf(field.type);
  const body: number[] = [];
  if (field.type === "message") encodeFields(body, { message: field.message(), json }, place);
  else if (!encodeScalar(body, field, json)) {
    const names = field.type === "enum" ? `: one of ${listed(field.values.keys())}` : "";
    place.problems.push(`${place.path}: ${JSON.stringify(json)} is no ${field.type}${names}`);
    return;
  }
  writeVarint(out, (BigInt(field.number) << 3n) | BigInt(wireType));
  if (wireType === WireType.bytes) writeVarint(out, BigInt(body.length));
  for (const byte of body) out.push(byte);
}

/** False when the value is none of the field's type. */
function encodeScalar(out: number[], field: ProtoField, json: Json): boolean {
  const { type } = field;
  if (type === "string" || type === "bytes") {
    if (typeof json !== "string") return false;
    for (const byte of Buffer.from(json, type === "string" ? "utf8" : "base64")) out.push(byte);
    return true;
  }
  if (type === "bool") {
    if (typeof json === "boolean") out.push(json ? 1 : 0);
    return typeof json === "boolean";
  }
  if (type === "double" || type === "float") {
    if (typeof json !== "number") return false;
    const bytes =
      type === "double"
        ? new Uint8Array(new Float64Array([json]).buffer)
        : new Uint8Array(new Float32Array([json]).buffer);
    for (const byte of bytes) out.push(byte);
    return true;
  }
  if (type === "enum") {
    const number = typeof json === "string" ? field.values.get(json) : undefined;
    if (number === undefined) return false;
    writeVarint(out, BigInt.asUintN(64, BigInt(number)));
    return true;
  }
  return isIntegerType(type) && encodeInteger(out, type, json);
}

function encodeInteger(out: number[], type: string, json: Json): boolean {
  const isWhole =
    typeof json === "number" ? Number.isSafeInteger(json) : typeof json === "string" && /^-?\d{1,20}$/.test(json);
  if (!isWhole) return false;
  const value = BigInt(json as string | number);
  const [lowest, highest] = RANGES[type];
  if (value < lowest || value > highest) return false;
  if (type.endsWith("fixed32") || type.endsWith("fixed64")) {
    const bits = type.endsWith("32") ? 32 : 64;
    const raw = BigInt.asUintN(bits, value);
    for (let shift = 0; shift < bits; shift += 8) out.push(Number((raw >> BigInt(shift)) & 0xffn));
    return true;
  }
  const isZigzag = type === "sint32" || type === "sint64";
  writeVarint(out, isZigzag ? (value >= 0n ? value * 2n : value * -2n - 1n) : BigInt.asUintN(64, value));
  return true;
}

function writeVarint(out: number[], value: bigint): void {
  let rest = value;
  while (rest > 0x7fn) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
}
