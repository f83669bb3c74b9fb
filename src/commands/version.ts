import { createHash } from "node:crypto";
import { COMMIT, VERSION } from "../build-info.ts";
import { builtInProfileText, venueNames, venueTransports } from "../venues/built-in-venues.ts";
import { type Command, ExitCode } from "./command.ts";
import { parseOptions } from "./parse-options.ts";

/** `edge-ingester version`. */
export const versionCommand: Command = {
  name: "version",
  summary: "Version, commit, Bun, built-in venues",
  help: `edge-ingester version [--json]

--json also tells the platform of the build, and every built-in venue profile with the SHA-256 of its text, as
'edge-ingester venues show' prints it on request: two programs with the same digest read the venue alike.

Exit code: 0 printed, 2 the words are wrong.

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
    if (options.values.json === true) context.print(`${JSON.stringify(versionFacts())}\n`);
    else context.print(`edge-ingester ${VERSION} (commit ${COMMIT}, Bun ${Bun.version})\n`);
    return ExitCode.ok;
  },
};

function versionFacts() {
  const { platform, arch } = process;
  const transports = venueTransports();
  const profiles = venueNames().map((name) => ({
    name,
    transport: transports.get(name),
    sha256: createHash("sha256")
      .update(builtInProfileText(name) ?? "")
      .digest("hex"),
  }));
  return {
    version: VERSION,
    commit: COMMIT,
    bun: Bun.version,
    build: { platform, arch },
    venues: venueNames(),
    profiles,
  };
}
