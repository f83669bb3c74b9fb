import type { Enum, Field, Method, NamespaceBase, ReflectionObject, Root, Service, Type } from "protobufjs";
import type { FieldType, ProtoField, ProtoMessage, ProtoMethod, ProtoSchema } from "../../venues/grpc/proto-schema.ts";

const SCALARS: ReadonlySet<string> = new Set([
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
  "bool",
  "float",
  "double",
  "string",
  "bytes",
]);

/** The classes of protobufjs, which is loaded late. */
export type Protobuf = typeof import("protobufjs");

/** The services of a root whose references have been resolved. */
export function schemaOf(protobuf: Protobuf, root: Root, origin: string): ProtoSchema {
  const reader = new ModelReader(protobuf);
  const services = new Map<string, ReadonlyMap<string, ProtoMethod>>();
  for (const object of allOf(root)) {
    if (!(object instanceof protobuf.Service)) continue;
    services.set(nameOf(object), new Map(object.methodsArray.map((method) => [method.name, reader.method(method)])));
  }
  return { origin, services };
}

/** Everything within a root, in the order it was read. */
export function* allOf(namespace: NamespaceBase): Generator<ReflectionObject> {
  const waiting: ReflectionObject[] = [...namespace.nestedArray];
  for (let object = waiting.shift(); object !== undefined; object = waiting.shift()) {
    yield object;
    if ("nestedArray" in object) waiting.push(...(object as NamespaceBase).nestedArray);
  }
}

/** Name of an object without the leading dot. */
export function nameOf(object: ReflectionObject): string {
  return object.fullName.replace(/^\./, "");
}

class ModelReader {
  readonly #protobuf: Protobuf;
  readonly #messages = new Map<Type, ProtoMessage>();

  constructor(protobuf: Protobuf) {
    this.#protobuf = protobuf;
  }

  method(method: Method): ProtoMethod {
    method.resolve();
    const { name, resolvedRequestType, resolvedResponseType, requestStream, responseStream } = method;
    if (resolvedRequestType === null || resolvedResponseType === null) throw new Error(`Bug: ${name} was not resolved`);
    return {
      name,
      request: this.#message(resolvedRequestType),
      response: this.#message(resolvedResponseType),
      isRequestStream: requestStream === true,
      isResponseStream: responseStream === true,
    };
  }

  #message(type: Type): ProtoMessage {
    const known = this.#messages.get(type);
    if (known !== undefined) return known;
    const message = {
      fullName: nameOf(type),
      fields: new Map(type.fieldsArray.map((field) => [field.name, this.#field(field)])),
    };
    this.#messages.set(type, message);
    return message;
  }

  #field(field: Field): ProtoField {
    field.resolve();
    const { resolvedType } = field;
    const type = this.#typeOf(field);
    return {
      name: field.name,
      number: field.id,
      type,
      isRepeated: field.repeated,
      isMap: field.map,
      hasPresence: !field.repeated && !field.map && (type === "message" || Boolean(field.hasPresence)),
      message: () => this.#message(resolvedType as Type),
      values: type === "enum" ? new Map(Object.entries((resolvedType as Enum).values)) : new Map(),
    };
  }

  #typeOf(field: Field): FieldType {
    if (SCALARS.has(field.type)) return field.type as FieldType;
    if (field.resolvedType instanceof this.#protobuf.Enum) return "enum";
    return field.delimited ? "group" : "message";
  }
}

/** A service among what {@link allOf} gives. */
export function isService(protobuf: Protobuf, object: ReflectionObject): object is Service {
  return object instanceof protobuf.Service;
}
