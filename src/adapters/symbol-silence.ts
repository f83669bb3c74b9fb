import type { Instrument } from "../domain/instrument.ts";

/** The clock of one instrument's last quote. */
interface SymbolClock {
  readonly instrument: Instrument;
  lastQuoteTimeUs: number;
  quietSinceMs: number;
  isReported: boolean;
}

/** Finds symbols that are silent while their feed is not; each silence is told once. */
export class SymbolSilence {
  readonly #limitMs: number;
  #clocks: readonly SymbolClock[] = [];

  /** @param limitMs silence that is told, ms; 0 = none ever is */
  constructor(instruments: readonly Instrument[], limitMs: number, nowMs: number) {
    this.#limitMs = limitMs;
    this.follow(instruments, nowMs);
  }

  /** From now on these are the symbols; the clocks of those that stay run on. */
  follow(instruments: readonly Instrument[], nowMs: number): void {
    const known = new Map(this.#clocks.map((clock) => [clock.instrument, clock]));
    this.#clocks = instruments.map(
      (instrument) =>
        known.get(instrument) ?? {
          instrument,
          lastQuoteTimeUs: instrument.lastQuoteTimeUs,
          quietSinceMs: nowMs,
          isReported: false,
        },
    );
  }

  /** This much time does not count as silence of any symbol, ms. */
  skip(ms: number): void {
    for (const clock of this.#clocks) clock.quietSinceMs += ms;
  }

  /**
   * Looks at every symbol and calls back for each that has just become silent.
   *
   * @param lostMs time that does not count as silence: this process did not run
   */
  observe(nowMs: number, lostMs: number, onSilent: (instrument: Instrument, silentMs: number) => void): void {
    if (this.#limitMs === 0) return;
    for (const clock of this.#clocks) {
      if (clock.lastQuoteTimeUs !== clock.instrument.lastQuoteTimeUs) {
        clock.lastQuoteTimeUs = clock.instrument.lastQuoteTimeUs;
        clock.quietSinceMs = nowMs;
        clock.isReported = false;
        continue;
      }
      clock.quietSinceMs += lostMs;
      const silentMs = nowMs - clock.quietSinceMs;
      if (clock.isReported || silentMs < this.#limitMs) continue;
      clock.isReported = true;
      onSilent(clock.instrument, silentMs);
    }
  }
}
