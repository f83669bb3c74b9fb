import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { eclipseCompiler } from "./fix-peers-install.ts";

const EXAMPLES_FOLDER = join(import.meta.dir, "../../examples/consume");
const JAVA_FOLDER = join(EXAMPLES_FOLDER, "java");
const PYTHON_FOLDER = join(EXAMPLES_FOLDER, "python");
/** How long Maven, or pip, may take; a network that swallows packets must not hold a test run up for ever. */
const FETCH_TIMEOUT_MS = 600_000;

/** The command of each example of docs/consume.md; what follows are its arguments. */
export interface Consumers {
  readonly java: readonly string[];
  readonly python: readonly string[];
  readonly typescript: readonly string[];
}

let installed: Promise<Consumers> | null = null;

/**
 * Makes the examples ready: fetches the Java client through Maven and the Python one through pip, in the versions the
 * examples name, and compiles Java, when this machine has not done so yet. Two runs at once are safe: each fills a folder of
 * its own and the first to finish renames it into place.
 */
export function installConsumers(): Promise<Consumers> {
  installed ??= install();
  return installed;
}

async function install(): Promise<Consumers> {
  const cacheFolder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "edge-ingester");
  mkdirSync(cacheFolder, { recursive: true });
  const pom = join(JAVA_FOLDER, "pom.xml");
  const sources = readdirSync(join(JAVA_FOLDER, "src")).map((name) => join(JAVA_FOLDER, "src", name));
  const requirements = join(PYTHON_FOLDER, "requirements.txt");
  const jarsFolder = join(cacheFolder, `consume-jars-${digestOf([pom])}`);
  const classesFolder = join(cacheFolder, `consume-java-${digestOf([pom, ...sources])}`);
  const pythonFolder = join(cacheFolder, `consume-python-${pythonVersion()}-${digestOf([requirements])}`);
  await fillOnce(jarsFolder, (draft) => {
    const maven = ["mvn", "-B", "-q", "-f", pom, "dependency:copy-dependencies", `-DoutputDirectory=${draft}`];
    // Maven's own repository is not safe against two writers.
    return run(["flock", join(cacheFolder, "maven.lock"), ...maven, "-DincludeScope=runtime"]);
  });
  await fillOnce(classesFolder, async (draft) => {
    const options = ["-17", "-proc:none", "-encoding", "UTF-8", "-cp", jarsIn(jarsFolder), "-d", draft];
    await run([...(await eclipseCompiler()), ...options, ...sources]);
  });
  await fillOnce(pythonFolder, (draft) =>
    run(["python3", "-m", "pip", "install", "--quiet", "--no-compile", "--target", draft, "-r", requirements]),
  );
  const quick = [
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xshare:auto",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
  ];
  return {
    java: ["java", ...quick, "-cp", [classesFolder, jarsIn(jarsFolder)].join(":"), "Consume"],
    python: ["env", `PYTHONPATH=${pythonFolder}`, "python3", join(PYTHON_FOLDER, "consume.py")],
    typescript: [process.execPath, join(EXAMPLES_FOLDER, "typescript/consume.ts")],
  };
}

/** What is compiled for one version of Python does not load in another. */
function pythonVersion(): string {
  const { success, stdout } = Bun.spawnSync(["python3", "-c", "import platform; print(platform.python_version())"]);
  if (!success) throw new Error("Cannot make the examples ready: `python3` is not on the PATH");
  return stdout.toString().trim();
}

function jarsIn(folder: string): string {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .join(":");
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

async function run(command: readonly string[]): Promise<void> {
  console.error(`consumers: ${command.slice(0, 4).join(" ")} … (once)`);
  const child = Bun.spawn([...command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: FETCH_TIMEOUT_MS,
  });
  const output = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) === 0) return;
  const ended = child.signalCode ?? child.exitCode;
  throw new Error(`Cannot make the examples ready: ${command[0]} ended by ${ended}\n${output.join("")}`);
}

function digestOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files.toSorted()) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 8);
}

// `./build.sh test` runs this file alone, so that no test waits for the network.
if (import.meta.main) {
  await installConsumers();
  console.error("consumers: the examples of docs/consume.md are ready");
}
