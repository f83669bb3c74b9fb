import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The compiled executable under test; `build.sh test` makes it first. `EDGE_INGESTER_BINARY` names another one. */
export const BINARY = process.env["EDGE_INGESTER_BINARY"] ?? join(import.meta.dir, "../../dist/edge-ingester");

/** What one run of the binary gave. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The binary as a running process. */
export interface Running {
  readonly pid: number;
  /** Resolves with the first line of standard error that satisfies. */
  waitForLog(event: string): Promise<Record<string, unknown>>;
  /** The lines of standard error so far that tell of one of these events. */
  linesOf(...events: string[]): string[];
  signal(name: "SIGTERM" | "SIGINT" | "SIGHUP" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void;
  /** Resolves when it has ended. */
  readonly ended: Promise<Ran>;
}

/** A folder of its own with nothing in it. */
export function emptyFolder(): string {
  return mkdtempSync(join(tmpdir(), "edge-ingester-e2e-"));
}

/**
 * Starts the binary in a folder with exactly this environment.
 * @param launcher a command that becomes the binary, after it has set limits or namespaces; none when empty
 */
export function startBinary(
  args: readonly string[],
  env: Record<string, string> = {},
  folder = emptyFolder(),
  launcher: readonly string[] = [],
): Running {
  if (!existsSync(BINARY)) throw new Error(`Cannot test ${BINARY}: it is not built; run './build.sh build'`);
  const command = [...launcher, BINARY, ...args];
  const child = Bun.spawn(command, { cwd: folder, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const log = new LineLog();
  const stdout = new Response(child.stdout).text();
  const stderr = log.read(child.stderr);
  const ended = (async (): Promise<Ran> => {
    const [out, err, code] = [await stdout, await stderr, await child.exited];
    return { code, stdout: out, stderr: err };
  })();
  return {
    pid: child.pid,
    waitForLog: (event) => log.waitFor(event),
    linesOf: (...events) => log.linesOf(events),
    signal: (name) => child.kill(name),
    ended,
  };
}

/** Runs the binary to its end. */
export async function runBinary(
  args: readonly string[],
  env: Record<string, string> = {},
  folder?: string,
): Promise<Ran> {
  return await startBinary(args, env, folder).ended;
}

/** Follows a stream of log lines. */
export class LineLog {
  #text = "";
  #waiters: { event: string; resolve: (line: Record<string, unknown>) => void; reject: (error: Error) => void }[] = [];

  async read(stream: ReadableStream<Uint8Array>): Promise<string> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#text += decoder.decode(chunk, { stream: true });
      this.#look();
    }
    for (const { event, reject } of this.#waiters)
      reject(new Error(`No log line '${event}' before the end:\n${this.#text}`));
    return this.#text;
  }

  linesOf(events: readonly string[]): string[] {
    const lines = this.#text.split("\n").slice(0, -1);
    return lines.filter((line) => events.some((event) => line.includes(`"event":"${event}"`)));
  }

  waitFor(event: string): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ event, resolve, reject });
      this.#look();
    });
  }

  #look(): void {
    const lines = this.#text.split("\n").slice(0, -1);
    this.#waiters = this.#waiters.filter(({ event, resolve }) => {
      const line = lines.find((candidate) => candidate.includes(`"event":"${event}"`));
      if (line !== undefined) resolve(JSON.parse(line));
      return line === undefined;
    });
  }
}
