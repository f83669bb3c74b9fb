import { expect, test } from "bun:test";
import { join } from "node:path";

/** Time limit of a probe, ms: `docs/operations.md` says 2 s. */
const PROBE_LIMIT_MS = 2000;
/** Longer than the process may take for anything but being blocked, ms. */
const BLOCK_MS = 600_000;

/** What a probe sees: the status, or null when there was no answer in time. */
async function probe(url: string): Promise<number | null> {
  try {
    return (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(PROBE_LIMIT_MS), keepalive: false })).status;
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") return null;
    throw error;
  }
}

test("a probe with a time limit sees a blocked event loop as a failure: no answer comes", async () => {
  const program = join(import.meta.dir, "blocked-loop-program.ts");
  const child = Bun.spawn([process.execPath, program], { stdin: "pipe", stdout: "pipe", stderr: "inherit", env: {} });
  try {
    const { value } = await child.stdout.getReader().read();
    const url = new TextDecoder().decode(value).trim();
    expect(await probe(url)).toBe(200);
    child.stdin.write(`${BLOCK_MS}\n`);
    child.stdin.flush();
    // The line takes a moment to be read: probes are answered until then, and never again.
    let answer = await probe(url);
    for (let i = 0; i < 1000 && answer !== null; i++) answer = await probe(url);
    expect(answer).toBeNull();
    expect(await probe(url)).toBeNull();
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
}, 30_000);
