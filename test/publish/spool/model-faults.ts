import type { RandomSource } from "../../../src/runtime/clock.ts";
import { pick } from "../../harness/fake-disk.ts";
import type { FileCall, FileCallKind, FileFault } from "../../harness/fake-file-system.ts";

const CRASHES: readonly FileFault[] = ["crash_before", "crash_amid", "crash_after"];
const FAILING: readonly FileCallKind[] = [
  "write",
  "write",
  "open",
  "makeFolder",
  "syncSoon",
  "syncFolderSoon",
  "readSoon",
  "removeSoon",
  "truncate",
];

/** What goes wrong with the disk during a life, drawn by chance. */
export class ModelFaults {
  /** The process dies at this call. */
  crashAt = Number.POSITIVE_INFINITY;
  /** Errors the disk gave so far. */
  count = 0;
  readonly #random: RandomSource;
  readonly #trace: (line: string) => void;
  /** Calls that fail now, as often as `#share` says. */
  #failing: readonly FileCallKind[] = [];
  #share = 0;

  constructor({ random, trace }: { readonly random: RandomSource; trace(line: string): void }) {
    this.#random = random;
    this.#trace = trace;
  }

  /** Other calls fail from now on, or none. */
  change(): void {
    const isOn = this.#failing.length === 0 && this.#random() < 0.5;
    this.#failing = isOn ? [pick(this.#random, FAILING), pick(this.#random, FAILING)] : [];
    this.#share = this.#random();
    this.#trace(`faults: ${isOn ? `${this.#failing.join()} ${this.#share.toFixed(2)}` : "none"}`);
  }

  /** No call fails any more. */
  end(): void {
    this.#failing = [];
  }

  /** What happens to a call. */
  draw(call: FileCall): FileFault | null {
    if (call.index >= this.crashAt) {
      const crash = pick(this.#random, CRASHES);
      this.#trace(`  ${crash} at call ${call.index}: ${call.kind} ${call.path}`);
      return crash;
    }
    if (this.#failing.includes(call.kind) && this.#random() < this.#share) {
      this.count++;
      const fault = this.#random() < 0.7 ? "EIO" : "ENOSPC";
      this.#trace(`  ${fault} at ${call.kind} ${call.path}`);
      return fault;
    }
    return call.kind === "write" && this.#random() < 0.1 ? "short" : null;
  }
}
