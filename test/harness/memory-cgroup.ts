import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = "/sys/fs/cgroup/memory";
const NAME_PREFIX = "edge-ingester-test";
/** More than any group here may have. */
const HOG_BYTES = 2 ** 30;
const KILLED = 137;

let made = 0;

/** Why memory cannot be capped here; null when it can. */
export function whyNoMemoryCgroup(): string | null {
  if (!existsSync(join(ROOT, "memory.limit_in_bytes"))) return "there is no memory controller of cgroup v1";
  try {
    const group = new MemoryCgroup(HOG_BYTES);
    group.close();
    return null;
  } catch (error) {
    return `no cgroup can be made: ${(error as Error).message}`;
  }
}

/** A cgroup of version 1 with a cap on memory; what takes more is killed by the kernel. */
export class MemoryCgroup {
  /** Put before a command, runs it within the group. */
  readonly launcher: readonly string[];
  readonly #folder = join(ROOT, `${NAME_PREFIX}-${process.pid}-${++made}`);

  constructor(limitBytes: number) {
    mkdirSync(this.#folder);
    writeFileSync(join(this.#folder, "memory.limit_in_bytes"), String(limitBytes));
    const script = `echo $$ > ${join(this.#folder, "cgroup.procs")} && exec "$@"`;
    this.launcher = [String(Bun.which("sh")), "-c", script, "sh"];
  }

  /** The most that was used at one time, pages of files among it, bytes. */
  get peakBytes(): number {
    return Number(readFileSync(join(this.#folder, "memory.max_usage_in_bytes"), "utf8"));
  }

  /** Processes killed for want of memory. */
  get kills(): number {
    const text = readFileSync(join(this.#folder, "memory.oom_control"), "utf8");
    return Number(/^oom_kill (\d+)/m.exec(text)?.[1] ?? 0);
  }

  /** The cap proves itself: a process that takes more is killed, and the count says so. */
  async prove(): Promise<void> {
    const before = this.kills;
    const hog = [
      ...this.launcher,
      String(Bun.which("sh")),
      "-c",
      `head -c ${HOG_BYTES} /dev/zero | tail > /dev/null; exit $?`,
    ];
    const code = await Bun.spawn(hog, { stdin: "ignore", stdout: "ignore", stderr: "ignore" }).exited;
    if (code !== KILLED || this.kills === before) throw new Error(`Cannot cap memory: the hog ended with ${code}`);
    writeFileSync(join(this.#folder, "memory.max_usage_in_bytes"), "0");
  }

  /** Removes the group; its processes have ended by then. */
  close(): void {
    rmdirSync(this.#folder);
  }
}
