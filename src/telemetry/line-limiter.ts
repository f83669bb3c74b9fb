import type { Clock } from "../runtime/clock.ts";

/** Lines of one cause that are written per window. */
export const LINES_PER_WINDOW = 10;
/** Length of the window, monotonic ms. */
export const WINDOW_MS = 10_000;
/** Causes told apart at a time; more than that share one limit. */
export const CAUSES_MAX = 256;
/** The cause that stands for all beyond `CAUSES_MAX`. */
const OTHER_CAUSES = "other";

interface Cause {
  windowEndMs: number;
  written: number;
  leftOut: number;
}

/** Lines that were not written because their cause had used up its window. */
export interface LeftOutLines {
  readonly cause: string;
  readonly count: number;
}

/** Lets at most {@link LINES_PER_WINDOW} lines of one cause pass per {@link WINDOW_MS}, and counts the others. */
export class LineLimiter {
  readonly #clock: Clock;
  readonly #causes = new Map<string, Cause>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True when a line of this cause may be written now. */
  allows(causeName: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const cause = this.#find(causeName, nowMs);
    if (nowMs >= cause.windowEndMs) {
      cause.windowEndMs = nowMs + WINDOW_MS;
      cause.written = 0;
    }
    if (cause.written >= LINES_PER_WINDOW) {
      cause.leftOut++;
      return false;
    }
    cause.written++;
    return true;
  }

  /** True while a count waits for its window to end. */
  get hasLeftOut(): boolean {
    for (const cause of this.#causes.values()) if (cause.leftOut > 0) return true;
    return false;
  }

  /** What was left out in the windows that are over; with `all` also in those still open. Each count is given once. */
  takeLeftOut(which: "ended" | "all"): LeftOutLines[] {
    const nowMs = this.#clock.monotonicMs();
    const taken: LeftOutLines[] = [];
    for (const [name, cause] of this.#causes) {
      if (which === "ended" && nowMs < cause.windowEndMs) continue;
      if (cause.leftOut > 0) taken.push({ cause: name, count: cause.leftOut });
      this.#causes.delete(name);
    }
    return taken;
  }

  #find(name: string, nowMs: number): Cause {
    const known = this.#causes.get(name);
    if (known !== undefined) return known;
    if (this.#causes.size >= CAUSES_MAX) this.#forgetEnded(nowMs);
    const kept = this.#causes.size >= CAUSES_MAX ? OTHER_CAUSES : name;
    const shared = this.#causes.get(kept);
    if (shared !== undefined) return shared;
    const cause: Cause = { windowEndMs: nowMs + WINDOW_MS, written: 0, leftOut: 0 };
    this.#causes.set(kept, cause);
    return cause;
  }

  #forgetEnded(nowMs: number): void {
    for (const [name, cause] of this.#causes) {
      if (nowMs >= cause.windowEndMs && cause.leftOut === 0) this.#causes.delete(name);
    }
  }
}
