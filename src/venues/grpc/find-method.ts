import { distance } from "fastest-levenshtein";
import { IngestError } from "../../domain/ingest-error.ts";
import type { ProtoMethod, ProtoSchema } from "./proto-schema.ts";

/** Names an error lists. */
const NEAR_NAMES = 5;

/**
 * The method that `package.Service/Method` names.
 *
 * @throws IngestError `config_invalid` that lists the near names
 */
export function findMethod(schema: ProtoSchema, name: string): ProtoMethod {
  const [service, method] = name.split("/");
  const methods = schema.services.get(service);
  if (methods === undefined) {
    throw unknown(schema, name, `there is no service ${service}: ${nearNames(service, schema.services.keys())}`);
  }
  const found = methods.get(method);
  if (found === undefined) {
    throw unknown(schema, name, `service ${service} has no method ${method}: ${nearNames(method, methods.keys())}`);
  }
  return found;
}

function unknown({ origin }: ProtoSchema, name: string, why: string): IngestError {
  return new IngestError(`Cannot use the method ${name} of ${origin}: ${why}`, {
    code: "config_invalid",
    retry: "never",
  });
}

/** The names most like a word, nearest first. */
function nearNames(word: string, names: Iterable<string>): string {
  const near = [...names].sort((a, b) => distance(word, a) - distance(word, b));
  if (near.length === 0) return "it has none";
  const more = near.length - NEAR_NAMES;
  return `it has ${near.slice(0, NEAR_NAMES).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
