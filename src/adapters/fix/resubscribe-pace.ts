/** The pause before a symbol may be asked for a third time, ms; the second time is at once. It doubles with each. */
const PAUSE_MS_MIN = 1000;
/** The longest pause of one symbol, ms. */
const PAUSE_MS_MAX = 60_000;
/** A symbol that was good for this many pauses is at the beginning again. */
const GOOD_PAUSES = 4;
/** Symbols asked for anew in one second, over the session. */
const RESUBSCRIBES_PER_SECOND = 250;

/** How often one symbol was asked for anew, and when it may be again. */
export interface SymbolPace {
  /** 0 before the first time. */
  pauseMs: number;
  /** Monotonic ms. */
  notBeforeMs: number;
}

/**
 * Keeps resubscriptions from becoming a storm: a symbol that is distrusted again and again is asked for ever more seldom,
 * and all symbols together at most {@link RESUBSCRIBES_PER_SECOND} times a second.
 */
export class ResubscribePace {
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #inWindow = 0;

  /** From when on the symbol may be asked for anew, monotonic ms; in the past when it may now. */
  dueMs(symbol: SymbolPace): number {
    const isFull = this.#inWindow >= RESUBSCRIBES_PER_SECOND;
    return isFull ? Math.max(symbol.notBeforeMs, this.#windowStartMs + 1000) : symbol.notBeforeMs;
  }

  /** The symbol is asked for anew now. */
  note(symbol: SymbolPace, nowMs: number): void {
    if (nowMs >= this.#windowStartMs + 1000) {
      this.#windowStartMs = nowMs;
      this.#inWindow = 0;
    }
    this.#inWindow++;
    const wasGood = nowMs > symbol.notBeforeMs + GOOD_PAUSES * symbol.pauseMs;
    symbol.pauseMs = wasGood ? PAUSE_MS_MIN : Math.min(PAUSE_MS_MAX, symbol.pauseMs * 2);
    symbol.notBeforeMs = nowMs + symbol.pauseMs;
  }
}

/** The pace of a symbol that was never asked for anew. */
export function newPace(): SymbolPace {
  return { pauseMs: 0, notBeforeMs: Number.NEGATIVE_INFINITY };
}
