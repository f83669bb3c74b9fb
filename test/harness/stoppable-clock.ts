import { FakeClock } from "./fake-clock.ts";

/** A clock for a process that can be stopped (SIGSTOP, suspend): time goes on, and no timer fires meanwhile. */
export class StoppableClock extends FakeClock {
  #lostMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.#lostMs;
  }

  /** The process did not run for this long. */
  lose(ms: number): void {
    this.#lostMs += ms;
    this.stepWall(ms);
  }
}
