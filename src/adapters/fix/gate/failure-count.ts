import type { EngineFailures } from "../engine/fix-engine.ts";

/** Counts what handlers throw and keeps the first. */
export class FailureCount implements EngineFailures {
  #count = 0;
  #first: unknown = null;

  get count(): number {
    return this.#count;
  }

  get first(): unknown {
    return this.#first;
  }

  note(error: unknown): void {
    if (this.#count === 0) this.#first = error;
    this.#count++;
  }
}
