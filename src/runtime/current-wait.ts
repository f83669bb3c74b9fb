/** Something that goes on and ends by itself, whatever happens: it has a time limit that it keeps. */
export interface TimeLimit {
  /** Monotonic ms by which it has ended; may move while it goes on. */
  readonly deadlineMs: number;
}

/**
 * What one piece of work waits for now. It is how a watchdog tells waiting from hanging: within its time limit a wait is progress,
 * as it will end; one that goes on beyond it hangs, by a defect of ours or of a library.
 */
export class CurrentWait implements TimeLimit {
  #deadlineMs = 0;
  #other: TimeLimit | null = null;

  /** 0 before the first wait. */
  get deadlineMs(): number {
    return this.#other === null ? this.#deadlineMs : this.#other.deadlineMs;
  }

  /** What is waited for now ends by then. Give the time now for what ought to end at once. */
  until(deadlineMs: number): void {
    this.#other = null;
    this.#deadlineMs = deadlineMs;
  }

  /** What is waited for now is what somebody else does or waits for. */
  follow(other: TimeLimit): void {
    this.#other = other;
  }
}
