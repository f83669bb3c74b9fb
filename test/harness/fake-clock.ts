import type { Clock, Timer } from "../../src/runtime/clock.ts";

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
  isCancelled: boolean;
}

/** A clock that stands still until a test moves it; timers fire in order of their due time. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #wallBaseUs: number;
  #order = 0;
  #entries: Entry[] = [];

  constructor(wallStartMs = 1_700_000_000_000) {
    this.#wallBaseUs = wallStartMs * 1000;
  }

  /** How many timers are armed: a test that ends a session expects 0. */
  get armedTimers(): number {
    return this.#entries.length;
  }

  /** Due times of the armed timers, ms from now, ascending. */
  get armedDelaysMs(): number[] {
    return this.#entries.map((entry) => entry.dueMs - this.#nowMs).sort((a, b) => a - b);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallUs(): number {
    return this.#wallBaseUs + Math.floor(this.#nowMs * 1000);
  }

  /** Steps the wall clock alone, as an NTP step does. */
  stepWall(deltaMs: number): void {
    this.#wallBaseUs += deltaMs * 1000;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const entry: Entry = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      callback,
      isCancelled: false,
    };
    this.#entries.push(entry);
    return { cancel: () => this.#cancel(entry) };
  }

  scheduleSoon(callback: () => void): Timer {
    return this.schedule(0, callback);
  }

  /** Moves the time on by `ms`, firing what falls due and letting promises settle after each timer. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const next = this.#takeDue(endMs);
      if (next === null) break;
      this.#nowMs = next.dueMs;
      next.callback();
      await settle();
    }
    this.#nowMs = endMs;
    await settle();
  }

  #takeDue(endMs: number): Entry | null {
    let best: Entry | null = null;
    for (const entry of this.#entries) {
      if (entry.dueMs > endMs) continue;
      if (best === null || entry.dueMs < best.dueMs || (entry.dueMs === best.dueMs && entry.order < best.order)) {
        best = entry;
      }
    }
    if (best !== null) this.#cancel(best);
    return best;
  }

  #cancel(entry: Entry): void {
    entry.isCancelled = true;
    const at = this.#entries.indexOf(entry);
    if (at >= 0) this.#entries.splice(at, 1);
  }
}

/** Lets already resolved promises run their continuations. */
export async function settle(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i++) await Promise.resolve();
}
