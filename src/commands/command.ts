import type { Clock, RandomSource } from "../runtime/clock.ts";

/** What a command is given; nothing else of the outside world reaches it. */
export interface CommandContext {
  /** Arguments behind the command's name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly hostName: string;
  /** Who runs the program, as the system numbers users; absent where it does not. */
  readonly userId?: number | undefined;
  /** Aborts on the first SIGTERM or SIGINT. */
  readonly stop: AbortSignal;
  /** Calls back at every SIGHUP from now on; without a listener it ends the process, as it always does. */
  onHangup(listener: () => void): void;
  /** Writes to standard output, for results. */
  print(text: string): void;
  /**
   * Writes to standard output and resolves when it was taken, so that much output never waits in memory for a slow reader;
   * false when the reader went away. Never rejects.
   */
  printAll(text: string): Promise<boolean>;
  /** Writes to standard error, for problems and hints. */
  complain(text: string): void;
  /** Tells which texts are secret, as soon as they are known: a crash leaves them out. */
  protect(redact: (text: string) => string): void;
  /** Width of the terminal on standard output; null when it is none. */
  readonly terminal: { readonly columns: number; readonly rows: number } | null;
  /** Standard error is a terminal: somebody reads the log as it comes. */
  readonly isLogRead?: boolean;
}

/** Exit codes: the same for every command. */
export const ExitCode = {
  ok: 0,
  /** It was tried and failed. */
  failed: 1,
  /** The words or the configuration are off; nothing was tried. */
  usage: 2,
  /** There is nobody to ask. */
  unreachable: 3,
} as const;

/** One word of the command line. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly help: string;
  /** Resolves with the exit code. */
  run(context: CommandContext): Promise<number>;
}
