import Ajv2020, { type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import recordSchema from "../../config/record.schema.json" with { type: "json" };

const SCHEMA_ID = "record";

const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats(ajv);
ajv.addSchema(recordSchema, SCHEMA_ID);

/** One validator for each kind of record the published schema knows. */
const kinds: readonly (readonly [kind: string, isValid: ValidateFunction])[] = recordSchema.anyOf.map(({ $ref }) => [
  $ref.slice("#/$defs/".length),
  ajv.compile({ $ref: `${SCHEMA_ID}${$ref}` }),
]);

/**
 * Which of the published schema's records this value is: `quote`, `droppedCloudEvent`, …
 * @throws Error with the complaints of the closest kind when it is none
 */
export function recordKindOf(value: unknown): string {
  const found = kinds.filter(([, isValid]) => isValid(value)).map(([kind]) => kind);
  if (found.length === 1) return found[0];
  if (found.length > 1) throw new Error(`The value is several kinds of record: ${found.join(", ")}`);
  const [closest] = kinds.toSorted(([, a], [, b]) => (a.errors?.length ?? 0) - (b.errors?.length ?? 0));
  const complaints = closest[1].errors?.map(({ instancePath, message }) => `${instancePath} ${message}`).join(", ");
  throw new Error(`The value is no record, not even ${closest[0]}: ${complaints}\n${JSON.stringify(value)}`);
}
