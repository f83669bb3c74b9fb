import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const PEER_FOLDER = join(import.meta.dir, "grpc-peer");
/** How long Go may take; a network that swallows packets must not hold a test run up for ever. */
const FETCH_TIMEOUT_MS = 600_000;

let installed: Promise<string> | null = null;

/**
 * Returns the path of our program on grpc-go, fetching grpc-go through Go's own proxy and compiling it when this machine
 * has not done so yet. Two runs at once are safe: each fills a folder of its own and the first to finish renames it into place.
 */
export function installGrpcPeer(): Promise<string> {
  installed ??= install();
  return installed;
}

async function install(): Promise<string> {
  const cacheFolder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "edge-ingester");
  mkdirSync(cacheFolder, { recursive: true });
  const hash = createHash("sha256");
  for (const name of readdirSync(PEER_FOLDER).sort()) hash.update(name).update(readFileSync(join(PEER_FOLDER, name)));
  const folder = join(cacheFolder, `grpc-peer-${hash.digest("hex").slice(0, 8)}`);
  const program = join(folder, "grpc-peer");
  if (existsSync(folder)) return program;
  const draft = mkdtempSync(`${folder}.draft-`);
  try {
    await compile(draft);
    renameSync(draft, folder);
  } catch (error) {
    // Another run was first: its copy is as good as ours.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return program;
}

async function compile(draft: string): Promise<void> {
  console.error("grpc peer: fetching and compiling grpc-go with Go (once, about 10 MB)");
  if (Bun.which("go") === null) throw new Error("Cannot make the gRPC peer ready: `go` is not on the PATH");
  const child = Bun.spawn(["go", "build", "-trimpath", "-o", join(draft, "grpc-peer"), "."], {
    cwd: PEER_FOLDER,
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
    `Cannot make the gRPC peer ready: go ended by ${child.signalCode ?? child.exitCode}\n${output.join("")}`,
  );
}

// `./build.sh test` runs this file alone, so that no test waits for the network.
if (import.meta.main) {
  await installGrpcPeer();
  console.error("grpc peer: grpc-go is ready");
}
