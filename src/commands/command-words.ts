import type { Command } from "./command.ts";

/** What may stand behind a command, as its own help text tells. */
export interface CommandWords {
  readonly name: string;
  readonly summary: string;
  /** Words that choose what it does: `ls`, `config`. */
  readonly verbs: readonly string[];
  /** With their dashes. */
  readonly options: readonly string[];
  /** What the words that are no verbs stand for. */
  readonly operands: readonly Operand[];
}

/** A word the user fills in. */
export type Operand = "feed" | "venue" | "file";

const OPERANDS: Readonly<Record<string, Operand>> = { FEED: "feed", NAME: "venue", FILE: "file" };

/**
 * Reads the words of a command from its help: the synopsis lines at its top name verbs and operands, every `--word` of the text is
 * an option. So completion says what help says.
 */
export function commandWords({ name, summary, help }: Command): CommandWords {
  const synopsis = (help.split("\n\n")[0] ?? "").split("\n").filter((line) => line.startsWith(`edge-ingester ${name}`));
  const words = synopsis.map((line) => line.slice(`edge-ingester ${name}`.length).trim());
  const verbs = words.flatMap((line) => /^[a-z]+(?:\|[a-z]+)*(?= |$)/.exec(line)?.[0].split("|") ?? []);
  // What stands behind an option is its value, not a word of its own.
  const bare = words.map((line) => line.replace(/--[a-z-]+(?: [A-Z]+(?:\|[a-z-]+)*)?/g, ""));
  const operands = bare.flatMap((line) =>
    [...line.matchAll(/\b[A-Z]{2,}\b/g)].flatMap(([word]) => OPERANDS[word] ?? []),
  );
  const body = help.split("Examples:")[0];
  const options = [...body.matchAll(/--[a-z][a-z-]*/g)].map(([option]) => option);
  return {
    name,
    summary,
    verbs: [...new Set(verbs)],
    options: [...new Set([...options, "--help"])].sort(),
    operands: [...new Set(operands)],
  };
}
