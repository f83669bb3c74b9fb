import { renderConfigHelp } from "../config/config-docs.ts";
import { type Command, ExitCode } from "./command.ts";

/** `edge-ingester help`, over the commands that are shown. */
export function createHelpCommand(commands: readonly Command[]): Command {
  const width = Math.max(...commands.map((command) => command.name.length));
  const list = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`).join("\n");
  const overview = `edge-ingester: market data from venues to Kafka

Usage: edge-ingester [COMMAND] [OPTIONS]

${list}
  ${"help".padEnd(width)}  This text; 'help COMMAND' or 'COMMAND --help' for one command, 'help config' for the variables

Configured by environment variables alone. Exit codes: 0 done, 1 failed, 2 wrong words or configuration, 3 nobody to ask.
`;
  return {
    name: "help",
    summary: "Explain a command or the configuration",
    help: overview,
    async run(context) {
      const [topic, extra] = context.args;
      if (extra !== undefined) {
        context.complain(`Cannot explain '${extra}' as well: one command at a time\n`);
        return ExitCode.usage;
      }
      if (topic === undefined) context.print(overview);
      else if (topic === "config") context.print(renderConfigHelp());
      else {
        const command = commands.find((candidate) => candidate.name === topic);
        if (command === undefined) {
          context.complain(`Cannot explain '${topic}': there is no such command. See 'edge-ingester help'\n`);
          return ExitCode.usage;
        }
        context.print(command.help);
      }
      return ExitCode.ok;
    },
  };
}
