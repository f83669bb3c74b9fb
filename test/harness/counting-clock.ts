import type { Clock, Timer } from "../../src/runtime/clock.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";

/** The machine's clock, counting the timers that are armed: real sockets need real time. */
export class CountingClock implements Clock {
  readonly #clock = new SystemClock();
  readonly #armed = new Set<Timer>();

  get armedTimers(): number {
    return this.#armed.size;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallUs(): number {
    return this.#clock.wallUs();
  }

  schedule(delayMs: number, callback: () => void): Timer {
    return this.#track((fire) => this.#clock.schedule(delayMs, fire), callback);
  }

  scheduleSoon(callback: () => void): Timer {
    return this.#track((fire) => this.#clock.scheduleSoon(fire), callback);
  }

  #track(arm: (fire: () => void) => Timer, callback: () => void): Timer {
    const inner = arm(() => {
      this.#armed.delete(timer);
      callback();
    });
    const timer: Timer = {
      cancel: () => {
        this.#armed.delete(timer);
        inner.cancel();
      },
    };
    this.#armed.add(timer);
    return timer;
  }
}
