import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

const PEERS_FOLDER = join(import.meta.dir, "fix-peers");
const JAVA_FOLDER = join(PEERS_FOLDER, "quickfixj");
const GO_FOLDER = join(PEERS_FOLDER, "quickfix-go");
/** How long Maven, or Go, may take; a network that swallows packets must not hold a test run up for ever. */
const FETCH_TIMEOUT_MS = 600_000;
/** The compiler of Eclipse: a runtime without javac is enough. */
const COMPILER_CLASS = "org.eclipse.jdt.internal.compiler.batch.Main";

/** The FIX engines of other makers, ready to run. */
export interface FixPeers {
  /** For `java -cp`: QuickFIX/J and our own program (`peer.PeerProgram`, `peer.ParseBench`). */
  readonly classpath: string;
  /** Our program on quickfix-go. */
  readonly goProgram: string;
}

let installed: Promise<FixPeers> | null = null;

/**
 * Returns the peers, fetching QuickFIX/J through Maven and quickfix-go through Go's own proxy, and compiling our programs
 * against them, when this machine has not done so yet. Two runs at once are safe: each fills a folder of its own and the
 * first to finish renames it into place.
 */
export function installFixPeers(): Promise<FixPeers> {
  installed ??= install();
  return installed;
}

/** The class path of QuickFIX/J and of `peer.ParseBench <file of messages> [seconds per round]`. */
export async function javaClasspath(): Promise<string> {
  return (await installFixPeers()).classpath;
}

/** The command that compiles Java where there is a runtime alone; what follows are its arguments. */
export async function eclipseCompiler(): Promise<readonly string[]> {
  const jarsFolder = jarsFolderIn(cacheFolderMade());
  await fetchJarsOnce(jarsFolder);
  return ["java", "-cp", join(jarsFolder, "*"), COMPILER_CLASS];
}

function cacheFolderMade(): string {
  const cacheFolder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "edge-ingester");
  mkdirSync(cacheFolder, { recursive: true });
  return cacheFolder;
}

function jarsFolderIn(cacheFolder: string): string {
  return join(cacheFolder, `fix-peers-jars-${digestOf([join(JAVA_FOLDER, "pom.xml")])}`);
}

async function install(): Promise<FixPeers> {
  const cacheFolder = cacheFolderMade();
  const jarsFolder = jarsFolderIn(cacheFolder);
  const classesFolder = join(cacheFolder, `fix-peers-java-${digestOf(filesIn(JAVA_FOLDER))}`);
  const goFolder = join(cacheFolder, `fix-peers-go-${digestOf(filesIn(GO_FOLDER))}`);
  await Promise.all([
    fetchJarsOnce(jarsFolder).then(() => fillOnce(classesFolder, (draft) => compileJava(draft, jarsFolder))),
    fillOnce(goFolder, compileGo),
  ]);
  const jars = readdirSync(jarsFolder).filter((name) => !name.startsWith("ecj-"));
  return {
    classpath: [classesFolder, ...jars.map((name) => join(jarsFolder, name))].join(":"),
    goProgram: join(goFolder, "quickfix-go-peer"),
  };
}

function fetchJarsOnce(jarsFolder: string): Promise<void> {
  return fillOnce(jarsFolder, (draft) => fetchJars(draft, join(dirname(jarsFolder), "maven.lock")));
}

/** Fills a folder that is not there yet, by way of a draft beside it. */
async function fillOnce(folder: string, fill: (draft: string) => Promise<void>): Promise<void> {
  if (existsSync(folder)) return;
  const draft = mkdtempSync(`${folder}.draft-`);
  try {
    await fill(draft);
    renameSync(draft, folder);
  } catch (error) {
    // Another run was first: its copy is as good as ours.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Maven's own repository is not safe against two writers, so `flock` lets them in one by one. */
async function fetchJars(draft: string, lockFile: string): Promise<void> {
  console.error("fix peers: fetching QuickFIX/J with Maven (once, about 9 MB)");
  const maven = ["mvn", "-B", "-q", "-f", join(JAVA_FOLDER, "pom.xml"), "dependency:copy-dependencies"];
  await run(["flock", lockFile, ...maven, `-DoutputDirectory=${draft}`, "-DincludeScope=runtime"], JAVA_FOLDER);
}

async function compileJava(draft: string, jarsFolder: string): Promise<void> {
  const classpath = readdirSync(jarsFolder).map((name) => join(jarsFolder, name));
  const options = ["-17", "-proc:none", "-encoding", "UTF-8", "-cp", classpath.join(":"), "-d", draft];
  await run(["java", "-cp", classpath.join(":"), COMPILER_CLASS, ...options, join(JAVA_FOLDER, "src")], draft);
}

async function compileGo(draft: string): Promise<void> {
  console.error("fix peers: fetching and compiling quickfix-go with Go (once, about 3 MB)");
  await run(["go", "build", "-trimpath", "-o", join(draft, "quickfix-go-peer"), "."], GO_FOLDER);
}

async function run(command: readonly string[], folder: string): Promise<void> {
  for (const tool of command.slice(0, command[0] === "flock" ? 3 : 1)) {
    if (!tool.includes("/") && Bun.which(tool) === null)
      throw new Error(`Cannot make the FIX peers ready: \`${tool}\` is not on the PATH`);
  }
  const child = Bun.spawn([...command], {
    cwd: folder,
    // No C compiler is needed, and no newer Go than the one at hand is fetched.
    env: { ...process.env, CGO_ENABLED: "0", GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: FETCH_TIMEOUT_MS,
  });
  const output = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) {
    const ended = child.signalCode ?? child.exitCode;
    throw new Error(`Cannot make the FIX peers ready: ${command[0]} ended by ${ended}\n${output.join("")}`);
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function digestOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(file.slice(PEERS_FOLDER.length)).update(readFileSync(file));
  return hash.digest("hex").slice(0, 8);
}

// `./build.sh test` runs this file alone, so that no test waits for the network.
if (import.meta.main) {
  await installFixPeers();
  console.error("fix peers: QuickFIX/J and quickfix-go are ready");
}
