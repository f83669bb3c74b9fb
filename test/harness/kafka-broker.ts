import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { hasEnded, startJava, waitForLogLine } from "./java-process.ts";
import { KAFKA_LOG_FLAGS, KAFKA_QUICK_START_FLAGS, KAFKA_READY_LINE, type KafkaInstallation } from "./kafka-install.ts";

/** How long a broker may take from start to ready on a busy machine. */
const READY_TIMEOUT_MS = 60_000;
const REMOVE_ATTEMPTS_MAX = 20;
const REMOVE_RETRY_MS = 25;

/** `quick-start` for tests; `throughput` lets Java compile fully, for measurements against the broker. */
export type KafkaTuning = "quick-start" | "throughput";

/** What one broker process is started with. */
export interface KafkaBrokerOptions {
  readonly installation: KafkaInstallation;
  /** Holds the configuration, the log and the data; removed by `stop()`. */
  readonly folder: string;
  readonly configuration: string;
  readonly tuning: KafkaTuning;
}

/** One broker process with its data, which outlives the process until `stop()`. */
export class KafkaBroker {
  readonly #options: KafkaBrokerOptions;
  readonly #logFile: string;
  #process: Subprocess | null = null;

  constructor(options: KafkaBrokerOptions) {
    this.#options = options;
    this.#logFile = join(options.folder, "broker.log");
  }

  /** The process id of the running broker; null when there is none. */
  get pid(): number | null {
    return this.#process === null || hasEnded(this.#process) ? null : this.#process.pid;
  }

  /** Prepares the folder and resolves once the broker serves on all its listeners. */
  async start(): Promise<void> {
    const { folder, configuration, installation } = this.#options;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "server.properties"), configuration);
    writeFileSync(this.#logFile, "");
    cpSync(installation.formattedFolder, join(folder, "log"), { recursive: true });
    await this.#run();
  }

  /** SIGKILL; the data stays for `restart()`. */
  async kill(): Promise<void> {
    if (this.#process === null) return;
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  /** SIGTERM and a wait for the end: leaders move, logs are flushed. The data stays for `restart()`. */
  async shutdown(): Promise<void> {
    if (this.#process === null) return;
    this.#process.kill("SIGTERM");
    await this.#process.exited;
  }

  /** SIGSTOP: sockets stay open and nothing answers. */
  pause(): void {
    this.#running().kill("SIGSTOP");
  }

  /** SIGCONT after `pause()`. */
  resume(): void {
    this.#running().kill("SIGCONT");
  }

  /** Ends the process in order when it still runs, then starts it on the same ports and data. */
  async restart(): Promise<void> {
    await this.shutdown();
    await this.#run();
  }

  /** Ends the process at once and removes its data. May be called again. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#options.folder, { recursive: true, force: true });
  }

  /** The same as `stop()`, without waiting, for the end of this process. */
  stopNow(): void {
    this.#process?.kill("SIGKILL");
    // A dying broker may still write for some ms; what is left after all tries the next run removes.
    for (let attempt = 0; attempt < REMOVE_ATTEMPTS_MAX && existsSync(this.#options.folder); attempt++) {
      if (attempt > 0) Bun.sleepSync(REMOVE_RETRY_MS);
      Bun.spawnSync(["rm", "-rf", this.#options.folder], { stdout: "ignore", stderr: "ignore" });
    }
  }

  async #run(): Promise<void> {
    const { folder, installation, tuning } = this.#options;
    const fromOffset = readFileSync(this.#logFile, "utf8").length;
    this.#process = startJava({
      jvmFlags: [...jvmFlags(tuning, installation.classArchiveFile), ...KAFKA_LOG_FLAGS],
      libFolder: installation.libFolder,
      mainClass: "kafka.Kafka",
      args: [join(folder, "server.properties")],
      logFile: this.#logFile,
    });
    const wait = { logFile: this.#logFile, fromOffset, text: KAFKA_READY_LINE, timeoutMs: READY_TIMEOUT_MS };
    await waitForLogLine(this.#process, wait);
  }

  #running(): Subprocess {
    if (this.#process === null || hasEnded(this.#process)) throw new Error("Cannot signal Kafka: it does not run");
    return this.#process;
  }
}

function jvmFlags(tuning: KafkaTuning, classArchiveFile: string): readonly string[] {
  if (tuning === "throughput") return ["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:-UsePerfData"];
  const archive = existsSync(classArchiveFile) ? [`-XX:SharedArchiveFile=${classArchiveFile}`] : [];
  return [...KAFKA_QUICK_START_FLAGS, ...archive];
}
