import type { Clock, Timer } from "./clock.ts";

/**
 * Gives each waiter one turn of the event loop of its own, in order. Sockets under a flood stop reading and wait here:
 * however many they are, between two timers at most one of them is read, so that timers keep their time.
 */
export class TurnQueue {
  readonly #clock: Clock;
  /** Bounded by the sockets of the process: each waits at most once. */
  readonly #waiters = new Set<() => void>();
  #timer: Timer | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls back once when the turn has come; a callback that waits already keeps its place. */
  wait(callback: () => void): void {
    this.#waiters.add(callback);
    if (this.#timer === null) this.#timer = this.#clock.scheduleSoon(() => this.#next());
  }

  /** Leaves the queue; does nothing for a callback that does not wait. */
  leave(callback: () => void): void {
    this.#waiters.delete(callback);
    if (this.#waiters.size > 0 || this.#timer === null) return;
    this.#timer.cancel();
    this.#timer = null;
  }

  #next(): void {
    this.#timer = null;
    for (const callback of this.#waiters) {
      this.#waiters.delete(callback);
      if (this.#waiters.size > 0) this.#timer = this.#clock.scheduleSoon(() => this.#next());
      callback();
      return;
    }
  }
}
