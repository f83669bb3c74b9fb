import { wrap } from "./config-docs.ts";
import { catalogDefaults, type KnownVariable, secretFileName } from "./variable-catalog.ts";

const INTRO = `# Settings of the edge ingester, for systemd's EnvironmentFile= or \`set -a; . ./env.example\`.
# Generated from the schema by scripts/generate-docs.ts: copy it, do not edit it here.
#
# Every variable is here, with its default, or with an example where it has none. Remove the "#" before a name to set it.
# docs/configuration.md explains the rules.
`;

/** The text of `config/env.example`: every variable of the process and of the seed feeds, commented out, explained. */
export function renderEnvExample(): string {
  const lines = [INTRO];
  let group = "";
  for (const variable of catalogDefaults().values()) {
    if (variable.group !== group) {
      group = variable.group;
      lines.push(`# ---- ${group} ----`, "");
    }
    lines.push(...wrap(explanation(variable), 0, "# "), `#${assignment(variable)}`, "");
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

function explanation(variable: KnownVariable): string {
  const { description, form, defaultNote } = variable.meta;
  const fallback = defaultNote ?? "none, an example is given";
  const words =
    variable.defaultText === null ? `${description} (${form}; default: ${fallback})` : `${description} (${form})`;
  return words.replaceAll("`", "");
}

/** A secret is shown as a file: the better way, and nothing that looks like a password stands in an example. */
function assignment(variable: KnownVariable): string {
  if (variable.meta.display === "secret") {
    const file = variable.name.toLowerCase().replaceAll("_", "-");
    return `${secretFileName(variable.name)}=/etc/edge-ingester/${file}`;
  }
  return `${variable.name}=${variable.defaultText ?? variable.meta.example ?? ""}`;
}
