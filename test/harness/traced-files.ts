import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** Why no process can be traced here; null when one can. */
export function whyNoTrace(): string | null {
  if (Bun.which("strace") === null) return "`strace` is not on the PATH";
  const { exitCode } = Bun.spawnSync(["strace", "-o", "/dev/null", "true"], { stdin: "ignore", stderr: "ignore" });
  return exitCode === 0 ? null : "`strace` may trace nothing here";
}

/** A command that was traced to its end. */
export interface TracedRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Every path a system call named, absolute, once. */
  readonly paths: ReadonlySet<string>;
}

/** Runs a command to its end and notes every file it, or a thread of it, asks the system about. */
export async function traceFiles(
  command: readonly string[],
  options: { readonly cwd: string; readonly env: Record<string, string> },
): Promise<TracedRun> {
  const folder = mkdtempSync(join(tmpdir(), "edge-ingester-trace-"));
  try {
    const trace = ["strace", "-ff", "-qq", "-s", "4096", "-e", "trace=%file", "-o", join(folder, "calls")];
    const env = { PATH: process.env["PATH"] ?? "", ...options.env };
    const child = Bun.spawn([...trace, ...command], { cwd: options.cwd, env, stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    const code = await child.exited;
    const paths = new Set<string>();
    for (const name of readdirSync(folder))
      for (const path of readPaths(readFileSync(join(folder, name), "utf8"), options.cwd)) paths.add(path);
    return { code, stdout, stderr, paths };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function* readPaths(calls: string, cwd: string): Generator<string> {
  for (const line of calls.split("\n")) {
    // The path is the system's answer here.
    if (line.startsWith("getcwd(")) continue;
    // The first text of a call is its path; execve's further ones are arguments.
    const path = /"([^"]*)"/.exec(line)?.[1];
    if (path !== undefined && path !== "") yield isAbsolute(path) ? path : resolve(cwd, path);
  }
}
