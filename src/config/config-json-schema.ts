import { documentVariables, type VariableDoc } from "./config-docs.ts";
import { secretFileName } from "./variable-catalog.ts";

/** What stands for the feed's name in {@link documentVariables}. */
const FEED_PLACEHOLDER = "<FEED>";
/** What a feed's name looks like in the name of a variable. */
const FEED_PATTERN = "[A-Z][A-Z0-9_]*";

/** One variable as JSON Schema has it: every value is text. */
interface VariableSchema {
  readonly type: "string";
  readonly minLength: 1;
  readonly description: string;
  readonly default?: string;
  readonly examples?: readonly string[];
  readonly writeOnly?: true;
}

/** The text of the JSON Schema of the configuration: an object with one member for each environment variable that is set. */
export function renderConfigSchema(): string {
  const properties: Record<string, VariableSchema> = {};
  const patternProperties: Record<string, VariableSchema> = {};
  for (const { variables } of documentVariables()) {
    for (const variable of variables) {
      for (const { name, schema } of schemasOf(variable)) {
        if (name.startsWith(FEED_PLACEHOLDER)) {
          // Transports may differ in a limit: the first that has the variable describes it.
          patternProperties[`^${FEED_PATTERN}${name.slice(FEED_PLACEHOLDER.length)}$`] ??= schema;
        } else properties[name] = schema;
      }
    }
  }
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Environment variables of edge-ingester",
    description: "Members whose name begins with that of a feed, in upper case and with _ for -, configure that feed.",
    type: "object",
    properties,
    patternProperties,
    additionalProperties: false,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function schemasOf(variable: VariableDoc): { name: string; schema: VariableSchema }[] {
  const { name, isSecret, description, form, example, defaultText, defaultNote } = variable;
  const note = defaultNote === null ? "" : ` Default: ${defaultNote}.`;
  const schema: VariableSchema = {
    type: "string",
    minLength: 1,
    description: `${description} Form: ${form}.${note}`,
    ...(defaultText === null ? {} : { default: defaultText }),
    ...(example === null ? {} : { examples: [example] }),
    ...(isSecret ? { writeOnly: true } : {}),
  };
  if (!isSecret) return [{ name, schema }];
  const file: VariableSchema = {
    type: "string",
    minLength: 1,
    description: `Path of a file that holds ${name}, instead of it.`,
  };
  return [
    { name, schema },
    { name: secretFileName(name), schema: file },
  ];
}
