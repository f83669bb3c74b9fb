import type * as z from "zod";
import { FEED_TRANSPORTS, FEED_VARIABLES, type FeedTransport } from "./feed-variables.ts";
import { PROCESS_GROUPS } from "./process-variables.ts";
import { readSeedFeeds, type SeedFeed } from "./seed-feeds.ts";
import { type VariableMeta, variableMeta } from "./variable.ts";
import { secretFileName } from "./variable-catalog.ts";

/** One variable as the documentation lists it; `<FEED>` stands for the feed's name. */
export interface VariableDoc extends VariableMeta {
  readonly name: string;
  readonly isSecret: boolean;
}

/** One titled part of the list. */
export interface VariableDocGroup {
  readonly title: string;
  readonly variables: readonly VariableDoc[];
}

const FEED_TITLES: Readonly<Record<FeedTransport, string>> = {
  websocket: "WebSocket feeds",
  fix: "FIX feeds",
  rest: "REST feeds",
  grpc: "gRPC feeds",
};

/** Every variable there is, in groups, taken from the schemas. */
export function documentVariables(): readonly VariableDocGroup[] {
  const [first, ...others] = FEED_TRANSPORTS.map((transport) => ({
    title: FEED_TITLES[transport],
    variables: documentShape("<FEED>_", FEED_VARIABLES[transport]),
  }));
  // The same in every respect, limits and defaults too.
  const common = first.variables.filter((variable) =>
    others.every(({ variables }) => variables.some((other) => Bun.deepEquals(variable, other))),
  );
  const names = new Set(common.map(({ name }) => name));
  return [
    ...PROCESS_GROUPS.map(({ title, schema }) => ({ title, variables: documentShape("", schema) })),
    { title: "Every feed", variables: common },
    ...[first, ...others].map(({ title, variables }) => ({
      title,
      variables: variables.filter(({ name }) => !names.has(name)),
    })),
  ];
}

/** The text of `docs/configuration.md`. */
export function renderConfigMarkdown(): string {
  const parts = [MARKDOWN_INTRO];
  for (const group of documentVariables()) {
    parts.push(`## ${group.title}\n`, "| Variable | Form | Default | Meaning |", "| --- | --- | --- | --- |");
    for (const variable of group.variables) parts.push(markdownRow(variable));
    parts.push("");
  }
  parts.push(
    SEED_INTRO,
    "| Feed | Transport | Runs by default | Other than the defaults above |",
    "| --- | --- | --- | --- |",
  );
  for (const seed of readSeedFeeds()) parts.push(markdownSeed(seed));
  return `${parts.join("\n")}\n`;
}

/** The same for a terminal: `edge-ingester help config`. */
export function renderConfigHelp(): string {
  const parts = ["Everything is set by environment variables; <FEED> is a feed's name in upper case, with - as _.", ""];
  for (const group of documentVariables()) {
    parts.push(group.title, "");
    for (const variable of group.variables) {
      parts.push(`  ${shownName(variable)}`);
      parts.push(
        ...wrap(plain(`${variable.description} Form: ${variable.form}. Default: ${defaultWords(variable)}.`), 6),
      );
    }
    parts.push("");
  }
  return parts.join("\n");
}

/** Breaks text into lines of at most 100 characters, each indented. */
export function wrap(text: string, indent: number, mark = ""): string[] {
  const lead = " ".repeat(indent) + mark;
  const lines: string[] = [];
  let line = lead;
  for (const word of text.split(" ")) {
    if (line.length + word.length > 100 && line !== lead) {
      lines.push(line.trimEnd());
      line = lead;
    }
    line += `${word} `;
  }
  lines.push(line.trimEnd());
  return lines;
}

const MARKDOWN_INTRO = `# Configuration

<!-- Generated from the schema in src/config by scripts/generate-docs.ts: do not edit. -->

The program is configured by environment variables alone. It reads them once, at start, reports everything that is wrong
at once, and ends with status 2 before it opens a socket. \`edge-ingester check\` does only that, and prints the
configuration in effect with the origin of each value; \`edge-ingester help config\` prints this list.
\`config/env.example\` holds every variable with its default, ready to copy.

- \`<FEED>\` stands for the name of a feed in upper case with \`-\` as \`_\`: \`LP_ALPHA_ENABLED\` belongs to \`lp-alpha\`.
- Spaces around a value are dropped, except in secrets. An empty value is an error: leave the variable out to have its default.
- Lists have commas between their items. Words such as \`true\` or \`zstd\` may be written in any case.
- Times are whole milliseconds, sizes are bytes.
- A secret \`X\` can be read from a file instead: set \`X_FILE\` to its path. One line end at the end of the file is dropped.
  Setting both is an error.
- A variable that begins like ours and is none of ours (\`KAFKA_BROKER\`), one of a built-in venue that no feed uses, and a
  near miss of a name (\`LOGLEVEL\`) are errors, with a suggestion: a typing mistake must not be a silent default.
  Variables of Apache Kafka's own scripts, such as \`KAFKA_HOME\` and \`KAFKA_OPTS\`, are let pass. On Kubernetes a service
  called \`kafka\` injects \`KAFKA_…\` variables: set \`enableServiceLinks: false\`.
- \`BUN_OPTIONS\`, \`BUN_INSPECT\`, \`BUN_INSPECT_PRELOAD\` and \`NODE_TLS_REJECT_UNAUTHORIZED=0\` are refused: they change what the
  executable does before it reads its configuration. \`BUN_BE_BUN=1\` turns it into Bun itself and cannot be refused:
  unset it in the service's unit.
- Secrets are never printed; of URLs the user part and the query are hidden.
`;

const SEED_INTRO = `## Seed feeds

These feeds are known without further settings. Each of their values can be overridden by its variable. FEEDS says
which run; \`<FEED>_ENABLED=true\` runs one that FEEDS does not list, and \`lp-alpha\` runs only with it: it stands for an LP
whose address and names only you know (\`docs/add-a-fix-lp.md\`).
`;

function documentShape(prefix: string, schema: z.ZodObject): VariableDoc[] {
  return Object.entries(schema.shape).map(([key, variable]) => {
    const meta = variableMeta(variable);
    return { ...meta, name: prefix + key, isSecret: meta.display === "secret" };
  });
}

function markdownRow(variable: VariableDoc): string {
  const fallback = variable.defaultText === null ? defaultWords(variable) : `\`${variable.defaultText}\``;
  return `| \`${variable.name}\` | ${formWords(variable)} | ${fallback} | ${meaning(variable)} |`;
}

function formWords(variable: VariableDoc): string {
  return variable.isSecret ? "**secret**" : variable.form;
}

function meaning(variable: VariableDoc): string {
  if (variable.isSecret)
    return `${variable.description} Or \`${secretFileName(variable.name)}\`: path of a file with it.`;
  return variable.example === null ? variable.description : `${variable.description} Example: \`${variable.example}\``;
}

function defaultWords(variable: VariableDoc): string {
  return variable.defaultText ?? variable.defaultNote ?? "none";
}

function markdownSeed(seed: SeedFeed): string {
  const values = [...seed.defaults].map(([key, text]) => `\`${key}=${text}\``).join(", ");
  return `| \`${seed.name}\` | ${seed.transport} | ${seed.isEnabled ? "yes" : "no"} | ${values} |`;
}

function shownName(variable: VariableDoc): string {
  return variable.isSecret ? `${variable.name}, or ${secretFileName(variable.name)} (secret)` : variable.name;
}

function plain(markdown: string): string {
  return markdown.replaceAll("`", "");
}
