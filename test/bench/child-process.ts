/** A process of the bench whose output is read line by line. */
export interface Child {
  readonly pid: number;
  readonly lines: AsyncIterator<string>;
  stop(): Promise<void>;
}

/** Starts a process with no environment but `env`; the other output is passed on or dropped. */
export function start(command: string[], env: Record<string, string>, output: "stdout" | "stderr"): Child {
  const child = Bun.spawn(command, {
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...env },
    stdin: "ignore",
    stdout: output === "stdout" ? "pipe" : "ignore",
    stderr: output === "stderr" ? "pipe" : "inherit",
  });
  const stream = (output === "stdout" ? child.stdout : child.stderr) as ReadableStream<Uint8Array>;
  return {
    pid: child.pid,
    lines: readLines(stream),
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** The first line that satisfies; keeps reading (and forgetting) the rest, so that the pipe never fills. */
export async function firstLine(child: Child, want: (line: string) => boolean): Promise<string> {
  for (;;) {
    const { value, done } = await child.lines.next();
    if (done === true) throw new Error("Cannot measure: the process ended before it was ready");
    if (!want(value)) continue;
    void drain(child);
    return value;
  }
}

async function drain(child: Child): Promise<void> {
  while ((await child.lines.next()).done !== true);
}
