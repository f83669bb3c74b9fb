import type { RandomSource } from "../runtime/clock.ts";

/** One thing a venue can do wrong, for the fault script of a demo. */
export interface FaultKind {
  readonly what: string;
  /** How often it is drawn, against the others'. */
  readonly weight: number;
  /** Returns what ends the fault again, and after how long; null when it is over at once. */
  apply(random: RandomSource): { readonly afterMs: number; readonly undo: () => void } | null;
}

/** A fault that is over at once. */
export function passingFault(what: string, weight: number, strike: (random: RandomSource) => void): FaultKind {
  return {
    what,
    weight,
    apply(random) {
      strike(random);
      return null;
    },
  };
}

/** A fault that lasts for `afterMs`. */
export function lastingFault(
  what: string,
  weight: number,
  fault: { readonly afterMs: number; readonly strike: () => void; readonly undo: () => void },
): FaultKind {
  return {
    what,
    weight,
    apply() {
      fault.strike();
      return fault;
    },
  };
}

/** One of several, by chance. */
export function drawOne<T>(items: readonly T[], random: RandomSource): T {
  return items[Math.floor(random() * items.length)];
}
