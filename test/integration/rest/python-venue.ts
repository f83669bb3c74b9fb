import { join } from "node:path";
import type { Subprocess } from "bun";

const PROGRAM = join(import.meta.dir, "rest_venue.py");

/** What the venue has seen. */
export interface VenueTally {
  readonly count: number;
  readonly connections: number;
  readonly under_way_max: number;
  readonly too_early: number;
  readonly redirected: number;
}

/** True where there is no Python to run the venue with; on a build machine that is a fault. */
export function skipsPython(): boolean {
  if (Bun.which("python3") !== null) return false;
  if (process.env["CI"] === "true") throw new Error("Cannot run the REST integration tests: python3 is not there");
  return true;
}

/** A REST venue that is not Bun's: Python's http.server in a process of its own. */
export class PythonVenue {
  readonly port: number;
  readonly #process: Subprocess<"pipe", "pipe", "inherit">;
  readonly #lines: AsyncIterator<string>;

  private constructor(port: number, process: Subprocess<"pipe", "pipe", "inherit">, lines: AsyncIterator<string>) {
    this.port = port;
    this.#process = process;
    this.#lines = lines;
  }

  /** Starts one; on port 0 any free one is taken. */
  static async start(port = 0): Promise<PythonVenue> {
    const process = Bun.spawn(["python3", PROGRAM, String(port)], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    const lines = readLines(process.stdout);
    const { value } = await lines.next();
    return new PythonVenue(Number(value), process, lines);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** From now on every request is answered so; resolves when the venue knows. */
  async setMode(mode: string): Promise<void> {
    this.#process.stdin.write(`${mode}\n`);
    await this.#process.stdin.flush();
    await this.#lines.next();
  }

  async tally(): Promise<VenueTally> {
    return (await fetch(`${this.url}/tally`, { keepalive: false })).json() as Promise<VenueTally>;
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(signal);
  }

  /** Ends it without a chance to say goodbye. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}
