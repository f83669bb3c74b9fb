import fc from "fast-check";
import protobuf from "protobufjs";
import { schemaOf } from "../../../src/adapters/grpc/proto-model.ts";
import type { ProtoMessage } from "../../../src/venues/grpc/proto-schema.ts";

const INTEGERS: readonly (readonly [string, bigint, bigint])[] = [
  ["int32", -(2n ** 31n), 2n ** 31n - 1n],
  ["sint32", -(2n ** 31n), 2n ** 31n - 1n],
  ["sfixed32", -(2n ** 31n), 2n ** 31n - 1n],
  ["uint32", 0n, 2n ** 32n - 1n],
  ["fixed32", 0n, 2n ** 32n - 1n],
  ["int64", -(2n ** 63n), 2n ** 63n - 1n],
  ["sint64", -(2n ** 63n), 2n ** 63n - 1n],
  ["sfixed64", -(2n ** 63n), 2n ** 63n - 1n],
  ["uint64", 0n, 2n ** 64n - 1n],
  ["fixed64", 0n, 2n ** 64n - 1n],
];

/** Every integer type with its range. */
export const INTEGER_RANGES: ReadonlyMap<string, readonly [bigint, bigint]> = new Map(
  INTEGERS.map(([type, lowest, highest]) => [type, [lowest, highest]]),
);

/** A field of a message that was made up. */
interface RandomField {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly label: "" | "optional " | "repeated ";
}

/** A schema of made-up messages `M0`, `M1` …, each of which may hold those with higher numbers. */
export interface RandomSchema {
  readonly text: string;
  readonly messages: readonly (readonly RandomField[])[];
}

const MESSAGES = 3;

const numberOfField = fc.oneof(
  fc.integer({ min: 1, max: 15 }),
  fc.integer({ min: 16, max: 300 }),
  fc.integer({ min: 2000, max: 18_000 }),
);

function fieldsArbitrary(index: number): fc.Arbitrary<RandomField[]> {
  const inner = Array.from({ length: MESSAGES - index - 1 }, (_, i) => `M${index + i + 1}`);
  const typed = fc.constantFrom(...INTEGERS.map(([type]) => type), "bool", "string", "bytes", "Kind", ...inner);
  const field = fc.record({ number: numberOfField, type: typed, label: fc.constantFrom("", "optional ", "repeated ") });
  return fc.uniqueArray(field, { minLength: 1, maxLength: 8, selector: ({ number }) => number }).map((fields) =>
    fields.map(({ number, type, label }, i) => {
      // Repeated numbers are packed, which nothing here reads.
      const isList = label === "repeated " && (type === "string" || type === "bytes" || type.startsWith("M"));
      return { name: `f${i}`, number, type, label: label === "repeated " && !isList ? "" : label } as RandomField;
    }),
  );
}

/** Any such schema. */
export const randomSchema: fc.Arbitrary<RandomSchema> = fc
  .tuple(...Array.from({ length: MESSAGES }, (_, index) => fieldsArbitrary(index)))
  .map((messages) => {
    const bodies = messages.map((fields, index) => {
      const lines = fields.map(({ name, number, type, label }) => `  ${label}${type} ${name} = ${number};`);
      return `message M${index} {\n${lines.join("\n")}\n}`;
    });
    const text = `syntax = "proto3";\npackage r;\nenum Kind { ZERO = 0; ONE = 1; FAR = 70000; BELOW = -5; }\n${bodies.join("\n")}
service S { rpc Get(M0) returns (stream M0); }`;
    return { text, messages };
  });

function valueArbitrary(schema: RandomSchema, type: string): fc.Arbitrary<unknown> {
  const range = INTEGER_RANGES.get(type);
  if (range !== undefined) {
    const [min, max] = range;
    const edges = fc.constantFrom(min, max, 0n, 1n, max / 2n);
    const value = fc.oneof(edges, fc.bigInt({ min, max }), fc.bigInt({ min: 0n, max: 1000n }));
    return value.map(String);
  }
  if (type === "bool") return fc.boolean();
  if (type === "string") return fc.string({ unit: "binary", maxLength: 20 });
  if (type === "bytes") return fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("base64"));
  if (type === "Kind") return fc.constantFrom("ZERO", "ONE", "FAR", "BELOW");
  return messageArbitrary(schema, Number(type.slice(1)));
}

/** The JSON of any message `M<index>`. */
export function messageArbitrary(schema: RandomSchema, index: number): fc.Arbitrary<Record<string, unknown>> {
  const fields = schema.messages[index].map(({ name, type, label }) => {
    const one = valueArbitrary(schema, type);
    const value = label === "repeated " ? fc.array(one, { maxLength: 4 }) : one;
    return [name, fc.option(value, { nil: undefined })] as const;
  });
  return fc.record(Object.fromEntries(fields)).map((message) => {
    return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined));
  });
}

/** The same schema as protobufjs and as our compiler have it. */
export function compileSchema({ text }: RandomSchema): { type: protobuf.Type; message: ProtoMessage } {
  const root = new protobuf.Root();
  protobuf.parse(text, root, { keepCase: true });
  root.resolveAll();
  const method = schemaOf(protobuf, root, "random").services.get("r.S")?.get("Get");
  if (method === undefined) throw new Error("no method");
  return { type: root.lookupType("r.M0"), message: method.response };
}
