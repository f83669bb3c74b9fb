/*
 * What a `.proto` file says, in a form of our own: whoever reads the file (or asks a server by reflection) hands this on, so that
 * the compiler of field plans needs no protobuf library.
 */

/** Integers of 32 and 64 bits as protobuf writes them. */
export const INTEGER_TYPES = [
  "int32",
  "int64",
  "uint32",
  "uint64",
  "sint32",
  "sint64",
  "fixed32",
  "fixed64",
  "sfixed32",
  "sfixed64",
] as const;

/** See {@link INTEGER_TYPES}. */
export type IntegerType = (typeof INTEGER_TYPES)[number];

/** What a field holds. `group` (proto2) is known and cannot be used. */
export type FieldType = IntegerType | "bool" | "float" | "double" | "string" | "bytes" | "enum" | "message" | "group";

/** One field of a message. */
export interface ProtoField {
  readonly name: string;
  readonly number: number;
  readonly type: FieldType;
  readonly isRepeated: boolean;
  readonly isMap: boolean;
  /** True when "not there" differs from zero or empty: messages, `optional`, members of a oneof, proto2. */
  readonly hasPresence: boolean;
  /** Of a `message` field; looked up when asked for, as messages may hold each other. */
  readonly message: () => ProtoMessage;
  /** Of an `enum` field: number of every name. Empty otherwise. */
  readonly values: ReadonlyMap<string, number>;
}

/** One message. */
export interface ProtoMessage {
  /** Without leading dot, for instance `google.protobuf.Timestamp`. */
  readonly fullName: string;
  readonly fields: ReadonlyMap<string, ProtoField>;
}

/** One method of a service. */
export interface ProtoMethod {
  readonly name: string;
  readonly request: ProtoMessage;
  readonly response: ProtoMessage;
  readonly isRequestStream: boolean;
  readonly isResponseStream: boolean;
}

/** All services that were found; each by its full name. */
export interface ProtoSchema {
  /** Where it comes from, for errors. */
  readonly origin: string;
  readonly services: ReadonlyMap<string, ReadonlyMap<string, ProtoMethod>>;
}

/** True for the types that are whole numbers. */
export function isIntegerType(type: FieldType): type is IntegerType {
  return (INTEGER_TYPES as readonly string[]).includes(type);
}
