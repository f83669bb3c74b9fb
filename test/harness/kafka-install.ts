import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { pickFreePorts } from "./free-ports.ts";
import { runJava, startJava, waitForLogLine } from "./java-process.ts";
import { KAFKA_TEST_USER, renderKafkaConfiguration } from "./kafka-configuration.ts";

const POM_FILE = join(import.meta.dir, "kafka", "pom.xml");
/** Every test cluster has this id: each lives alone on its own ports. */
export const KAFKA_CLUSTER_ID = "ZWRnZS1pbmdlc3Rlci10ZQ";
/** How long Maven may take; a network that swallows packets must not hold a test run up for ever. */
const FETCH_TIMEOUT_MS = 600_000;
/** How long the first start, on a cold machine, may take. */
const FIRST_START_TIMEOUT_MS = 120_000;

/** Logged by the broker once every listener answers and the controller lets it serve. */
export const KAFKA_READY_LINE = "Kafka Server started";

/** Flags for a broker that is up soon and small; the peak speed of its code does not matter. */
export const KAFKA_QUICK_START_FLAGS: readonly string[] = [
  ...["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto"],
];

/** Flags that send warnings, and the one line that says "ready", to standard error. */
export const KAFKA_LOG_FLAGS: readonly string[] = [
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
  "-Dorg.slf4j.simpleLogger.showDateTime=true",
  "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
];

/** A Kafka ready to be started, in the cache of this user. */
export interface KafkaInstallation {
  readonly version: string;
  readonly folder: string;
  readonly libFolder: string;
  /** A formatted, never used log folder with the SCRAM users in it; copied for each broker. */
  readonly formattedFolder: string;
  /** Class data archive: brings the start from 2.2 s to 0.8 s. Java ignores it where it does not fit. */
  readonly classArchiveFile: string;
}

/**
 * Returns the pinned Kafka, fetching it through Maven when this machine has none yet. Two runs at once are safe: each
 * fills a folder of its own and the first to finish renames it into place.
 */
export async function installKafka(): Promise<KafkaInstallation> {
  const pom = readFileSync(POM_FILE, "utf8");
  const version = /<kafka\.version>([^<]+)</.exec(pom)?.[1];
  if (version === undefined) throw new Error(`Cannot read the Kafka version: ${POM_FILE} has no kafka.version`);
  const digest = createHash("sha256").update(pom).digest("hex").slice(0, 8);
  const cacheFolder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "edge-ingester");
  const installation = installationIn(join(cacheFolder, `kafka-${version}-${digest}`), version);
  if (!existsSync(installation.folder)) await buildInstallation(installation, cacheFolder);
  if (!existsSync(installation.classArchiveFile)) await archiveClasses(installation);
  return installation;
}

function installationIn(folder: string, version: string): KafkaInstallation {
  return {
    version,
    folder,
    libFolder: join(folder, "lib"),
    formattedFolder: join(folder, "formatted"),
    classArchiveFile: join(folder, "classes.jsa"),
  };
}

async function buildInstallation(installation: KafkaInstallation, cacheFolder: string): Promise<void> {
  mkdirSync(cacheFolder, { recursive: true });
  const draftFolder = mkdtempSync(`${installation.folder}.draft-`);
  try {
    const draft = installationIn(draftFolder, installation.version);
    console.error(`kafka: fetching Apache Kafka ${installation.version} with Maven (once, about 45 MB)`);
    await fetchJars(draft, join(cacheFolder, "maven.lock"));
    await formatTemplate(draft);
    renameUnlessThere(draftFolder, installation.folder);
  } finally {
    rmSync(draftFolder, { recursive: true, force: true });
  }
}

/** Maven's own repository is not safe against two writers, so `flock` lets them in one by one. */
async function fetchJars(installation: KafkaInstallation, lockFile: string): Promise<void> {
  for (const tool of ["mvn", "flock"]) {
    if (Bun.which(tool) === null) throw new Error(`Cannot fetch Kafka: \`${tool}\` is not on the PATH`);
  }
  const maven = ["mvn", "-B", "-q", "-f", POM_FILE, "dependency:copy-dependencies"];
  const options = [`-DoutputDirectory=${installation.libFolder}`, "-DincludeScope=runtime"];
  const child = Bun.spawn(["flock", lockFile, ...maven, ...options], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: FETCH_TIMEOUT_MS,
  });
  const output = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) {
    throw new Error(
      `Cannot fetch Kafka ${installation.version}: Maven ended by ${child.signalCode ?? child.exitCode}\n${output.join("")}`,
    );
  }
}

/** Formats one empty log folder with the SCRAM users; each broker starts from a copy, which saves a second of Java. */
async function formatTemplate(installation: KafkaInstallation): Promise<void> {
  await inWorkFolder(async (workFolder) => {
    const propertiesFile = await writePlainConfiguration(workFolder);
    const { username, password } = KAFKA_TEST_USER;
    const users = ["SCRAM-SHA-256", "SCRAM-SHA-512"].map((each) => `${each}=[name=${username},password=${password}]`);
    await runJava({
      jvmFlags: [...KAFKA_QUICK_START_FLAGS, ...KAFKA_LOG_FLAGS],
      libFolder: installation.libFolder,
      mainClass: "kafka.tools.StorageTool",
      args: ["format", "-t", KAFKA_CLUSTER_ID, "-c", propertiesFile, ...users.flatMap((user) => ["--add-scram", user])],
      logFile: join(workFolder, "format.log"),
    });
    cpSync(join(workFolder, "log"), installation.formattedFolder, { recursive: true });
  });
}

/** Runs one broker up and down and keeps the classes it loaded. Java wants the jars where they were then. */
async function archiveClasses(installation: KafkaInstallation): Promise<void> {
  console.error("kafka: archiving its classes for quick starts (once)");
  await inWorkFolder(async (workFolder) => {
    const propertiesFile = await writePlainConfiguration(workFolder);
    cpSync(installation.formattedFolder, join(workFolder, "log"), { recursive: true });
    const draftFile = join(workFolder, "classes.jsa");
    const logFile = join(workFolder, "train.log");
    const child = startJava({
      jvmFlags: [...KAFKA_QUICK_START_FLAGS, ...KAFKA_LOG_FLAGS, `-XX:ArchiveClassesAtExit=${draftFile}`],
      libFolder: installation.libFolder,
      mainClass: "kafka.Kafka",
      args: [propertiesFile],
      logFile,
    });
    await waitForLogLine(child, { logFile, fromOffset: 0, text: KAFKA_READY_LINE, timeoutMs: FIRST_START_TIMEOUT_MS });
    child.kill("SIGTERM");
    await child.exited;
    const besideFile = `${installation.classArchiveFile}.${process.pid}`;
    copyFileSync(draftFile, besideFile);
    renameSync(besideFile, installation.classArchiveFile);
  });
}

async function writePlainConfiguration(workFolder: string): Promise<string> {
  const [port, controllerPort] = (await pickFreePorts(2)) as [number, number];
  const propertiesFile = join(workFolder, "server.properties");
  const text = renderKafkaConfiguration({
    dataFolder: workFolder,
    controllerPort,
    listeners: [{ listener: "plain", port, advertisedPort: port }],
    partitionsDefault: 1,
    certificates: null,
    brokerProperties: {},
  });
  writeFileSync(propertiesFile, text);
  return propertiesFile;
}

async function inWorkFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "edge-ingester-kafka-install-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function renameUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    // Another run was first: its copy is as good as ours.
    if (!existsSync(to)) throw error;
  }
}

// `./build.sh test` runs this file alone, so that no test waits for the network.
if (import.meta.main) {
  const installation = await installKafka();
  console.error(`kafka: ${installation.version} is ready`);
}
