import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SOURCE = join(import.meta.dir, "clock-shim.c");
const NS_PER_MS = 1_000_000n;

/** Why no process can be given another wall clock here; null when one can. */
export function whyNoClockShim(): string | null {
  if (process.platform !== "linux") return "LD_PRELOAD is a thing of Linux";
  return Bun.which("gcc") === null ? "`gcc` is not on the PATH" : null;
}

/** A wall clock of its own for a process that is started with {@link ClockShim.env}. */
export class ClockShim {
  /** What the process needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #file: number;
  #offsetMs = 0;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "edge-ingester-clock-"));
    const library = join(this.#folder, "clock-shim.so");
    const command = ["gcc", "-O2", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"];
    const { exitCode, stderr } = Bun.spawnSync(command, { stdin: "ignore", stderr: "pipe" });
    if (exitCode !== 0) throw new Error(`Cannot compile ${SOURCE}: ${stderr.toString()}`);
    const offsetFile = join(this.#folder, "offset");
    this.#file = openSync(offsetFile, "w+");
    this.offsetMs = 0;
    this.env = { LD_PRELOAD: library, CLOCK_SHIM_FILE: offsetFile };
  }

  /** How far the process's wall clock is ahead of the machine's. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Steps the clock. Eight bytes in one write: the process never sees half of a step. */
  set offsetMs(offsetMs: number) {
    this.#offsetMs = offsetMs;
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(offsetMs) * NS_PER_MS);
    writeSync(this.#file, bytes, 0, bytes.length, 0);
  }

  /** Removes its files; the process has ended by then. */
  close(): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
