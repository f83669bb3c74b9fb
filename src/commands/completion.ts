import { readSeedFeeds } from "../config/seed-feeds.ts";
import { venueNames } from "../venues/built-in-venues.ts";
import { type Command, ExitCode } from "./command.ts";
import { type CommandWords, commandWords } from "./command-words.ts";
import { type CompletionInput, renderBash, renderFish, renderZsh } from "./completion-scripts.ts";
import { parseOptions } from "./parse-options.ts";

const RENDERERS: ReadonlyMap<string, (input: CompletionInput) => string> = new Map([
  ["bash", renderBash],
  ["zsh", renderZsh],
  ["fish", renderFish],
]);

/** `edge-ingester completion`, over the other commands that are shown. */
export function createCompletionCommand(commands: readonly Command[]): Command {
  const command: Command = {
    name: "completion",
    summary: "Print a completion script for bash, zsh or fish",
    help: `edge-ingester completion bash|zsh|fish

Prints a script that completes commands, their words and options, and the names of feeds and built-in venues. It is made
from the help texts of this very program.

bash  source <(edge-ingester completion bash), or write it to /etc/bash_completion.d/edge-ingester
zsh   write it to a file _edge-ingester in a directory of $fpath
fish  write it to ~/.config/fish/completions/edge-ingester.fish

Exit code: 0 printed, 2 the words are wrong.

Examples:
  edge-ingester completion bash
  edge-ingester completion zsh
  edge-ingester completion fish
`,
    async run(context) {
      const options = parseOptions(context.args, {}, 1);
      if ("problem" in options) {
        context.complain(`${options.problem}\n`);
        return ExitCode.usage;
      }
      const render = RENDERERS.get(options.words[0] ?? "");
      if (render === undefined) {
        context.complain(command.help);
        return ExitCode.usage;
      }
      const shown = [...commands, command].map(commandWords);
      context.print(render({ commands: [...shown, helpWords(shown)], feeds: feedNames(), venues: venueNames() }));
      return ExitCode.ok;
    },
  };
  return command;
}

function helpWords(commands: readonly CommandWords[]): CommandWords {
  const summary = "Explain a command or the configuration";
  return { name: "help", summary, verbs: [...commands.map(({ name }) => name), "config"], options: [], operands: [] };
}

function feedNames(): string[] {
  return [...new Set([...readSeedFeeds().map(({ name }) => name), ...venueNames()])].sort();
}
