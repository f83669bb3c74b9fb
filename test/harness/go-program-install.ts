import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** How long Go may take; a network that swallows packets must not hold a test run up for ever. */
const FETCH_TIMEOUT_MS = 600_000;

/**
 * Returns the path of the program that the Go module in `test/harness/<name>` makes, fetching what it imports through Go's
 * own proxy and compiling it when this machine has not done so yet. Two runs at once are safe: each fills a folder of
 * its own and the first to finish renames it into place.
 */
export async function installGoProgram(name: string): Promise<string> {
  const sourceFolder = join(import.meta.dir, name);
  const cacheFolder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "edge-ingester");
  mkdirSync(cacheFolder, { recursive: true });
  const hash = createHash("sha256");
  for (const file of readdirSync(sourceFolder).sort()) hash.update(file).update(readFileSync(join(sourceFolder, file)));
  const folder = join(cacheFolder, `${name}-${hash.digest("hex").slice(0, 8)}`);
  const program = join(folder, name);
  if (existsSync(folder)) return program;
  const draft = mkdtempSync(`${folder}.draft-`);
  try {
    await compile(sourceFolder, join(draft, name));
    renameSync(draft, folder);
  } catch (error) {
    // Another run was first: its copy is as good as ours.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return program;
}

async function compile(sourceFolder: string, program: string): Promise<void> {
  console.error(`${program}: fetching what it imports and compiling it with Go (once)`);
  if (Bun.which("go") === null) throw new Error(`Cannot make ${program} ready: \`go\` is not on the PATH`);
  const child = Bun.spawn(["go", "build", "-trimpath", "-o", program, "."], {
    cwd: sourceFolder,
    // No C compiler is needed, and no newer Go than the one at hand is fetched.
    env: { ...process.env, CGO_ENABLED: "0", GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: FETCH_TIMEOUT_MS,
  });
  const output = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) === 0) return;
  throw new Error(
    `Cannot make ${program} ready: go ended by ${child.signalCode ?? child.exitCode}\n${output.join("")}`,
  );
}
