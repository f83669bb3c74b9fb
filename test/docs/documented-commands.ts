import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

/** One command line as a page shows it. */
export interface DocumentedCommand {
  /** Page and line number, for the test's output. */
  readonly at: string;
  /** `build.sh` or `edge-ingester`. */
  readonly program: "build.sh" | "edge-ingester";
  readonly args: readonly string[];
  /** What stands before the command, and what was exported above it in the same block. */
  readonly env: Readonly<Record<string, string>>;
}

/** One page people read. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** README, CHANGELOG and everything in docs. */
export function readPages(): Page[] {
  const docs = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  return ["README.md", "CHANGELOG.md", ...docs.sort()].map((path) => {
    return { path, text: readFileSync(join(ROOT, path), "utf8") };
  });
}

/** The command lines of a page: of its bash blocks, of its indented blocks, and between single backticks. */
export function commandsOf({ path, text }: Page): DocumentedCommand[] {
  const commands: DocumentedCommand[] = [];
  let fence = "";
  let exported: Record<string, string> = {};
  for (const [index, line] of text.split("\n").entries()) {
    const at = `${path}:${index + 1}`;
    const opened = /^```(\w*)/.exec(line);
    if (opened !== null) {
      fence = fence === "" ? opened[1] || "text" : "";
      exported = {};
      continue;
    }
    const isIndented = fence === "" && line.startsWith("    ");
    if (fence === "bash" || isIndented) {
      const { command, assigned, isExport } = readLine(line.trim(), at, exported);
      if (command !== null) commands.push(command);
      else if (isExport || isIndented) exported = { ...exported, ...assigned };
      continue;
    }
    if (line.trim() !== "") exported = {};
    if (fence !== "") continue;
    for (const [, code = ""] of line.matchAll(/`([^`]+)`/g)) {
      const { command } = readLine(code, at, {});
      // The name alone is a mention, not a command.
      if (command !== null && command.args.length > 0) commands.push(command);
    }
  }
  return commands;
}

/** The example lines of a help text. */
export function examplesOf(name: string, help: string): DocumentedCommand[] {
  const [, examples = ""] = help.split(/^Examples?:\n/m);
  return examples.split("\n").flatMap((line) => {
    const { command } = readLine(line.trim(), `help of ${name}`, {});
    return command === null ? [] : [command];
  });
}

/** Assignments, then a command of ours; what follows a pipe is another program's. */
function readLine(line: string, at: string, exported: Readonly<Record<string, string>>) {
  const words = (line.split(" | ")[0] ?? "").split(/\s+/).filter((word) => word !== "");
  const isExport = words[0] === "export";
  if (isExport) words.shift();
  const assigned: Record<string, string> = {};
  for (let match = assignmentOf(words[0]); match !== null; match = assignmentOf(words[0])) {
    assigned[match[1] ?? ""] = match[2] ?? "";
    words.shift();
  }
  const [first = "", ...args] = words;
  const program = programOf(first);
  const command: DocumentedCommand | null =
    program === null ? null : { at, program, args, env: { ...exported, ...assigned } };
  return { command, assigned: words.length === 0 ? assigned : {}, isExport };
}

function assignmentOf(word: string | undefined): RegExpExecArray | null {
  return /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(word ?? "");
}

function programOf(word: string): DocumentedCommand["program"] | null {
  if (word === "./build.sh") return "build.sh";
  return word === "edge-ingester" || word === "dist/edge-ingester" ? "edge-ingester" : null;
}
