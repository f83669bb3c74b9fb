import type { Clock, RandomSource, Timer } from "../runtime/clock.ts";
import type { Simulator } from "./simulator.ts";

/** A fault comes this long after the last one: at least, and by chance up to so much more, ms. */
const MIN_PAUSE_MS = 2000;
const PAUSE_RANGE_MS = 3000;
/** How long a venue stays silent, or turns clients away, ms. */
const SILENCE_MS = 6000;
const REFUSAL_MS = 2500;
/** Largest hole in a venue's numbers. */
const MAX_GAP = 50;

/** What a fault did, for the board and the log. */
export interface Fault {
  readonly venue: string;
  readonly what: string;
}

interface FaultKind {
  readonly what: string;
  readonly weight: number;
  /** @returns what ends the fault again, after how long; null when it is over at once */
  apply(simulator: Simulator, random: RandomSource): { afterMs: number; undo: () => void } | null;
}

const KINDS: readonly FaultKind[] = [
  {
    what: "sequence gap",
    weight: 1,
    apply(simulator, random) {
      const symbol = simulator.symbols[Math.floor(random() * simulator.symbols.length)];
      simulator.skipSequence(symbol, 1 + Math.floor(random() * MAX_GAP));
      return null;
    },
  },
  {
    what: "close in good order",
    weight: 2,
    apply(simulator) {
      simulator.disconnect();
      return null;
    },
  },
  {
    what: "connection reset",
    weight: 2,
    apply(simulator) {
      simulator.disconnectHard();
      return null;
    },
  },
  {
    what: "garbage",
    weight: 2,
    apply(simulator) {
      simulator.sendGarbage();
      return null;
    },
  },
  {
    what: "reconnect notice",
    weight: 1,
    apply(simulator) {
      simulator.requestReconnect();
      return null;
    },
  },
  {
    what: "silence",
    weight: 2,
    apply(simulator) {
      simulator.goSilent("all");
      return { afterMs: SILENCE_MS, undo: () => simulator.resume() };
    },
  },
  {
    what: "reset and handshakes refused with 429",
    weight: 1,
    apply(simulator) {
      simulator.rejectHandshakes(429, { "Retry-After": "1" });
      simulator.disconnectHard();
      return { afterMs: REFUSAL_MS, undo: () => simulator.acceptHandshakes() };
    },
  },
];

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
    const simulator = this.#simulators[Math.floor(this.#random() * this.#simulators.length)];
    const kind = this.#drawKind();
    const lasting = kind.apply(simulator, this.#random);
    if (lasting !== null) this.#after(lasting.afterMs, lasting.undo);
    this.#onFault({ venue: simulator.venue, what: kind.what });
  }

  #drawKind(): FaultKind {
    let left = this.#random() * KINDS.reduce((sum, kind) => sum + kind.weight, 0);
    for (const kind of KINDS) {
      left -= kind.weight;
      if (left < 0) return kind;
    }
    return KINDS[0];
  }

  #after(delayMs: number, callback: () => void): void {
    const timer = this.#clock.schedule(delayMs, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
  }
}
