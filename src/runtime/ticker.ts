import type { Clock, Timer } from "./clock.ts";

/** Called on every tick. `lostMs` is the time, beyond one interval, in which this process did not run; mostly 0. */
export type TickListener = (nowMs: number, lostMs: number) => void;

/** A tick later than this was not a busy loop: the process was stopped, or the machine slept, ms. */
const LOST_AFTER_MS = 1000;

/**
 * One timer for all watchdogs of the process, armed only while somebody listens. It tells a silent venue from a process
 * that did not run itself (SIGSTOP, suspend, a frozen VM): the time that was lost is handed on and must not be counted
 * as silence.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #listeners = new Set<TickListener>();
  #timer: Timer | null = null;
  #lastMs = 0;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** Calls back on every tick until the returned function is called. */
  add(listener: TickListener): () => void {
    this.#listeners.add(listener);
    if (this.#timer === null) {
      this.#lastMs = this.#clock.monotonicMs();
      this.#arm();
    }
    return () => this.#remove(listener);
  }

  #remove(listener: TickListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #arm(): void {
    this.#timer = this.#clock.schedule(this.#intervalMs, () => this.#tick());
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    const lateMs = nowMs - this.#lastMs - this.#intervalMs;
    this.#lastMs = nowMs;
    this.#arm();
    const lostMs = lateMs > LOST_AFTER_MS ? lateMs : 0;
    for (const listener of this.#listeners) listener(nowMs, lostMs);
  }
}
