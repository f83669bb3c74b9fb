import { closeSync, openSync, readFileSync } from "node:fs";
import type { Subprocess } from "bun";

/** How often the log is looked at while a process starts. */
const LOG_POLL_MS = 20;
/** How much of the log's end an error shows. */
const LOG_TAIL_CHARS = 4000;

/** How one Java process is started. */
export interface JavaStartOptions {
  readonly jvmFlags: readonly string[];
  /** Folder of jars, all of them on the class path. */
  readonly libFolder: string;
  readonly mainClass: string;
  readonly args: readonly string[];
  /** Takes both output streams; appended to. */
  readonly logFile: string;
}

/** Starts Java so that it dies with this process whatever ends it, also SIGKILL (Linux: the parent-death signal). */
export function startJava(options: JavaStartOptions): Subprocess {
  if (Bun.which("java") === null) throw new Error("Cannot start Java: `java` (17 or newer) is not on the PATH");
  const log = openSync(options.logFile, "a");
  try {
    const child = Bun.spawn([...parentDeathPrefix(), "java", ...javaArguments(options)], {
      stdin: "ignore",
      stdout: log,
      stderr: log,
    });
    // Neither a test run nor a script is kept alive by a broker nobody stopped.
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** Runs a Java program to its end; throws with the end of its log when the exit code is not 0. */
export async function runJava(options: JavaStartOptions): Promise<void> {
  const child = startJava(options);
  const exitCode = await child.exited;
  if (exitCode !== 0) {
    throw new Error(`Cannot run ${options.mainClass}: exit code ${exitCode}\n${tailOf(options.logFile, 0)}`);
  }
}

/** Where and until when {@link waitForLogLine} looks. */
export interface LogLineWait {
  readonly logFile: string;
  /** What the process had logged before this start is not looked at, characters. */
  readonly fromOffset: number;
  readonly text: string;
  readonly timeoutMs: number;
}

/** Resolves once the log has the text; throws when the process ends first or the time is up. */
export async function waitForLogLine(child: Subprocess, wait: LogLineWait): Promise<void> {
  const deadline = performance.now() + wait.timeoutMs;
  for (;;) {
    if (readFileSync(wait.logFile, "utf8").indexOf(wait.text, wait.fromOffset) >= 0) return;
    if (hasEnded(child)) {
      throw new Error(
        `Cannot start Java: it ended by ${child.signalCode ?? child.exitCode}\n${tailOf(wait.logFile, wait.fromOffset)}`,
      );
    }
    if (performance.now() > deadline) {
      throw new Error(`Cannot see '${wait.text}' in ${wait.timeoutMs} ms\n${tailOf(wait.logFile, wait.fromOffset)}`);
    }
    await Bun.sleep(LOG_POLL_MS);
  }
}

/** True once the process is gone, by exit or by signal. */
export function hasEnded(child: Subprocess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function parentDeathPrefix(): string[] {
  return process.platform === "linux" ? ["setpriv", "--pdeathsig", "KILL"] : [];
}

function javaArguments(options: JavaStartOptions): string[] {
  return [...options.jvmFlags, "-cp", `${options.libFolder}/*`, options.mainClass, ...options.args];
}

function tailOf(logFile: string, fromOffset: number): string {
  return readFileSync(logFile, "utf8").slice(fromOffset).slice(-LOG_TAIL_CHARS);
}
