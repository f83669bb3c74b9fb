import { hostname } from "node:os";
import { COMMANDS } from "./commands/catalog.ts";
import { type CommandContext, ExitCode } from "./commands/command.ts";
import { runCommand } from "./commands/run.ts";
import { versionCommand } from "./commands/version.ts";
import { SystemClock } from "./runtime/system-clock.ts";
import { RESTORE_TERMINAL } from "./telemetry/terminal-board.ts";

// The only file that reads argv and the environment, hears signals and ends the process.

async function main(argv: readonly string[]): Promise<number> {
  const [first, ...rest] = argv;
  if (first === "--version" || first === "-v") return await versionCommand.run(createContext(rest));
  if (first === undefined) return await runCommand.run(createContext([]));
  const name = first === "--help" || first === "-h" ? "help" : first;
  const command = COMMANDS.find((candidate) => candidate.name === name);
  const context = createContext(rest);
  if (command === undefined) {
    context.complain(`Cannot run '${first}': there is no such command. See 'edge-ingester help'\n`);
    return ExitCode.usage;
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    context.print(command.help);
    return ExitCode.ok;
  }
  return await command.run(context);
}

function createContext(args: readonly string[]): CommandContext {
  const { stdout } = process;
  return {
    args,
    env: process.env,
    clock: new SystemClock(),
    random: Math.random,
    hostName: hostname(),
    userId: process.geteuid?.(),
    stop: stopSignal(),
    onHangup: (listener) => void process.on("SIGHUP", listener),
    print: (text) => void stdout.write(text),
    printAll: (text) =>
      new Promise((resolve) => {
        stdout.write(text, (error) => resolve(error === null || error === undefined));
      }),
    complain: (text) => void process.stderr.write(text),
    protect: (redact) => {
      redactCrash = redact;
    },
    isLogRead: process.stderr.isTTY === true,
    // A terminal that does not know its size says 0.
    terminal: stdout.isTTY ? { columns: stdout.columns || 100, rows: stdout.rows || 40 } : null,
  };
}

/** Aborts on the first signal; the second ends the process at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const [name, number] of [
    ["SIGTERM", 15],
    ["SIGINT", 2],
  ] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) {
        if (process.stdout.isTTY) process.stdout.write(RESTORE_TERMINAL);
        process.exit(128 + number);
      }
      controller.abort();
    });
  }
  return controller.signal;
}

/** Set once the secrets are known. */
let redactCrash = (text: string): string => text;

/** A bug, never trouble from outside: say what, and stop rather than go on in an unknown state. */
function crash(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${JSON.stringify({ level: "error", event: "crashed", message: redactCrash(text) })}\n`);
  process.exit(ExitCode.failed);
}

process.on("uncaughtException", crash);
process.on("unhandledRejection", crash);
// A reader that went away (`| head`) is the sink's business, not a crash.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") crash(error);
});
process.exit(await main(process.argv.slice(2)));
