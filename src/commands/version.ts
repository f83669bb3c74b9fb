import { COMMIT, VERSION } from "../build-info.ts";
import { venueNames } from "../venues/built-in-venues.ts";
import { type Command, ExitCode } from "./command.ts";
import { parseOptions } from "./parse-options.ts";

/** `edge-ingester version`. */
export const versionCommand: Command = {
  name: "version",
  summary: "Version, commit, Bun, built-in venues",
  help: `edge-ingester version [--json]

Examples:
  edge-ingester version
  edge-ingester version --json
`,
  async run(context) {
    const options = parseOptions(context.args, { json: { type: "boolean" } });
    if ("problem" in options) {
      context.complain(`${options.problem}\n`);
      return ExitCode.usage;
    }
    const facts = { version: VERSION, commit: COMMIT, bun: Bun.version, venues: venueNames() };
    if (options.values.json === true) context.print(`${JSON.stringify(facts)}\n`);
    else context.print(`edge-ingester ${VERSION} (commit ${COMMIT}, Bun ${Bun.version})\n`);
    return ExitCode.ok;
  },
};
