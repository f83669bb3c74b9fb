import { BINARY, emptyFolder } from "../e2e/binary.ts";

/** How long the simulator may take to say where it listens, ms. */
const READY_LIMIT_MS = 10_000;

/** A simulated venue in a process of its own, so that its work is not the test's. */
export interface SimulatorProcess {
  readonly url: string;
  readonly symbols: readonly string[];
  /** What a feed must be set to so that it reads this venue: variables without their prefix, beside SYMBOLS. */
  readonly settings: Readonly<Record<string, string>>;
  /** Ends it; resolves when it is gone. */
  stop(): Promise<void>;
}

/** Starts `edge-ingester simulate` with these arguments; resolves once it listens. */
export async function startSimulatorProcess(args: readonly string[]): Promise<SimulatorProcess> {
  const child = Bun.spawn([BINARY, "simulate", ...args], {
    cwd: emptyFolder(),
    env: {},
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  const stop = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  const limit = setTimeout(() => child.kill("SIGKILL"), READY_LIMIT_MS);
  const decoder = new TextDecoder();
  let text = "";
  const reader = child.stdout.getReader();
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`Cannot start the simulator with '${args.join(" ")}': it ended before it listened`);
    text += decoder.decode(value, { stream: true });
  }
  clearTimeout(limit);
  const { url, symbols, settings } = JSON.parse(text.slice(0, text.indexOf("\n")));
  return { url, symbols, settings, stop };
}
