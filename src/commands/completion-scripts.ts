import type { CommandWords, Operand } from "./command-words.ts";

/** What a completion script is made from. None of its texts holds a quote, a `$` or a backslash. */
export interface CompletionInput {
  readonly commands: readonly CommandWords[];
  readonly feeds: readonly string[];
  readonly venues: readonly string[];
}

/** A script for bash 4 and later, with or without the bash-completion package. */
export function renderBash({ commands, feeds, venues }: CompletionInput): string {
  const cases = commands.map((command) => {
    const words = [...command.verbs, ...operandWords(command, { feeds, venues }), ...command.options];
    return `    ${command.name}) words='${words.join(" ")}'; files=${command.operands.includes("file") ? "yes" : "no"} ;;`;
  });
  return `# bash completion for edge-ingester
_edge_ingester() {
  local current=\${COMP_WORDS[COMP_CWORD]} words='' files=no
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W '${commands.map(({ name }) => name).join(" ")}' -- "$current")
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
  esac
  # An option's value, most often a file.
  case \${COMP_WORDS[COMP_CWORD-1]} in
    --*) [[ $current == -* ]] || files=yes ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if [[ $files == yes && $current != -* ]]; then
    compopt -o filenames 2>/dev/null
    local file
    while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$current")
  fi
}
complete -F _edge_ingester edge-ingester
`;
}

/** A script for zsh's completion system. */
export function renderZsh({ commands, feeds, venues }: CompletionInput): string {
  const described = commands.map(({ name, summary }) => `    '${name}:${summary}'`);
  const cases = commands.map((command) => {
    const words = [...command.verbs, ...operandWords(command, { feeds, venues })];
    const lines = [
      ...(words.length > 0 ? [`compadd -- ${words.join(" ")}`] : []),
      `[[ $PREFIX == -* ]] && compadd -- ${command.options.join(" ")}`,
      ...(command.operands.includes("file") ? ["_files"] : ["[[ $words[CURRENT-1] == --* ]] && _files"]),
    ];
    return `    ${command.name})\n${lines.map((line) => `      ${line}`).join("\n")}\n      ;;`;
  });
  return `#compdef edge-ingester
_edge_ingester() {
  local -a commands
  commands=(
${described.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _edge-ingester ]]; then
  _edge_ingester "$@"
else
  compdef _edge_ingester edge-ingester
fi
`;
}

/** A script for fish 3 and later. */
export function renderFish({ commands, feeds, venues }: CompletionInput): string {
  const lines = ["# fish completion for edge-ingester", "complete -c edge-ingester -f"];
  for (const command of commands) {
    lines.push(`complete -c edge-ingester -n __fish_use_subcommand -a ${command.name} -d '${command.summary}'`);
  }
  for (const command of commands) {
    const when = `complete -c edge-ingester -n '__fish_seen_subcommand_from ${command.name}'`;
    const words = [...command.verbs, ...operandWords(command, { feeds, venues })];
    if (words.length > 0) lines.push(`${when} -a '${words.join(" ")}'`);
    if (command.operands.includes("file")) lines.push(`${when} -F`);
    for (const option of command.options) lines.push(`${when} -l ${option.slice(2)}`);
  }
  return `${lines.join("\n")}\n`;
}

function operandWords(
  { operands }: CommandWords,
  { feeds, venues }: Pick<CompletionInput, "feeds" | "venues">,
): readonly string[] {
  const words: Readonly<Record<Operand, readonly string[]>> = { feed: feeds, venue: venues, file: [] };
  return operands.flatMap((operand) => words[operand]);
}
