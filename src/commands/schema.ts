import recordSchema from "../../config/record.schema.json" with { type: "json" };
import { renderConfigSchema } from "../config/config-json-schema.ts";
import { renderVenueProfileSchema } from "../venues/profile-schema.ts";
import { type Command, ExitCode } from "./command.ts";
import { parseOptions } from "./parse-options.ts";

const SCHEMAS: ReadonlyMap<string, () => string> = new Map([
  ["config", renderConfigSchema],
  ["profile", renderVenueProfileSchema],
  ["record", () => `${JSON.stringify(recordSchema, null, 2)}\n`],
]);

/** `edge-ingester schema`. */
export const schemaCommand: Command = {
  name: "schema",
  summary: "JSON Schema of the configuration, a venue profile or the record",
  help: `edge-ingester schema config|profile|record

Prints a JSON Schema (draft 2020-12):

config   the environment variables, as one object with a member for each
profile  a venue profile, the file <FEED>_PROFILE names
record   the value of a record: quotes, events, rejected messages; as JSON and as CloudEvents

Exit code: 0 printed, 2 the words are wrong.

Examples:
  edge-ingester schema record
  edge-ingester schema profile
`,
  async run(context) {
    const options = parseOptions(context.args, {}, 1);
    if ("problem" in options) {
      context.complain(`${options.problem}\n`);
      return ExitCode.usage;
    }
    const render = SCHEMAS.get(options.words[0] ?? "");
    if (render === undefined) {
      context.complain(schemaCommand.help);
      return ExitCode.usage;
    }
    context.print(render());
    return ExitCode.ok;
  },
};
