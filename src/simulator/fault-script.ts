import type { Clock, RandomSource, Timer } from "../runtime/clock.ts";
import { drawOne, type FaultKind } from "./fault-kind.ts";
import type { Simulator } from "./simulator.ts";

/** A fault comes this long after the last one: at least, and by chance up to so much more, ms. */
const MIN_PAUSE_MS = 2000;
const PAUSE_RANGE_MS = 3000;
/** What a fault did, for the board and the log. */
export interface Fault {
  readonly venue: string;
  readonly what: string;
}

/** Does one thing wrong every few seconds, by a seeded chance, until stopped. */
export class FaultScript {
  readonly #simulators: readonly Simulator[];
  readonly #random: RandomSource;
  readonly #clock: Clock;
  readonly #onFault: (fault: Fault) => void;
  readonly #timers = new Set<Timer>();

  constructor(
    simulators: readonly Simulator[],
    options: { clock: Clock; random: RandomSource; onFault: (fault: Fault) => void },
  ) {
    this.#simulators = simulators;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#onFault = options.onFault;
  }

  start(): void {
    this.#after(MIN_PAUSE_MS + this.#random() * PAUSE_RANGE_MS, () => {
      this.start();
      this.#strike();
    });
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #strike(): void {
    const simulator = drawOne(this.#simulators, this.#random);
    const kind = this.#drawKind(simulator.faults);
    const lasting = kind.apply(this.#random);
    if (lasting !== null) this.#after(lasting.afterMs, lasting.undo);
    this.#onFault({ venue: simulator.venue, what: kind.what });
  }

  #drawKind(kinds: readonly FaultKind[]): FaultKind {
    let left = this.#random() * kinds.reduce((sum, kind) => sum + kind.weight, 0);
    for (const kind of kinds) {
      left -= kind.weight;
      if (left < 0) return kind;
    }
    return kinds[0];
  }

  #after(delayMs: number, callback: () => void): void {
    const timer = this.#clock.schedule(delayMs, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
  }
}
