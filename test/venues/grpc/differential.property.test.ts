import { expect, test } from "bun:test";
import fc from "fast-check";
import protobuf from "protobufjs";
import { decodeMessage } from "../../../src/venues/grpc/message-decoder.ts";
import { encodeMessage } from "../../../src/venues/grpc/message-encoder.ts";
import type { Json } from "../../../src/venues/templates.ts";
import { compileSchema, messageArbitrary, randomSchema } from "./random-messages.ts";

/** Random messages of a random schema. */
const cases = randomSchema.chain((schema) =>
  fc.record({
    schema: fc.constant(schema),
    messages: fc.array(messageArbitrary(schema, 0), { minLength: 1, maxLength: 5 }),
  }),
);

const AS_TEXT = { longs: String, enums: String, bytes: String, defaults: false } as const;

/** protobufjs leaves nothing out that was on the wire; what protobuf leaves out is filled in by us, so fill it in there too. */
function reference(type: protobuf.Type, bytes: Uint8Array): unknown {
  return withDefaults(type, type.toObject(type.decode(bytes), AS_TEXT));
}

function withDefaults(type: protobuf.Type, object: Record<string, unknown>): Record<string, unknown> {
  const filled: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    const value = object[field.name];
    const { resolvedType } = field;
    if (resolvedType instanceof protobuf.Type) {
      if (field.repeated && Array.isArray(value)) {
        if (value.length > 0) filled[field.name] = value.map((each) => withDefaults(resolvedType, each));
      } else if (value !== undefined) filled[field.name] = withDefaults(resolvedType, value as Record<string, unknown>);
    } else if (field.repeated) {
      if (Array.isArray(value) && value.length > 0) filled[field.name] = value;
    } else if (value !== undefined) filled[field.name] = typeof value === "number" ? String(value) : value;
    else if (!field.hasPresence) filled[field.name] = defaultOf(field);
  }
  return filled;
}

function defaultOf(field: protobuf.Field): unknown {
  if (field.type === "bool") return false;
  if (field.type === "string" || field.type === "bytes") return "";
  return field.resolvedType instanceof protobuf.Enum ? "ZERO" : "0";
}

test("decodeMessage() reads what protobufjs writes as protobufjs reads it", () => {
  fc.assert(
    fc.property(cases, ({ schema, messages }) => {
      const { type, message } = compileSchema(schema);
      for (const json of messages) {
        const bytes = type.encode(type.fromObject(json)).finish();
        expect(decodeMessage(message, bytes) as unknown).toEqual(reference(type, bytes));
      }
    }),
    { numRuns: 150 },
  );
});

test("encodeMessage() writes what protobufjs reads", () => {
  fc.assert(
    fc.property(cases, ({ schema, messages }) => {
      const { type, message } = compileSchema(schema);
      for (const json of messages) {
        const problems: string[] = [];
        const bytes = encodeMessage(message, json as Json, problems);
        expect(problems).toEqual([]);
        expect(type.toObject(type.decode(bytes), AS_TEXT)).toEqual(type.toObject(type.fromObject(json), AS_TEXT));
      }
    }),
    { numRuns: 150 },
  );
});

test("decodeMessage() never throws, whatever the bytes", () => {
  fc.assert(
    fc.property(randomSchema, fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (schema, inputs) => {
      const { message } = compileSchema(schema);
      for (const bytes of inputs) {
        const decoded = decodeMessage(message, bytes);
        expect(decoded === null || typeof decoded === "object").toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});
