import type { Instrument } from "./model.ts";

/** Which instruments to show. */
export interface Found {
  readonly shown: readonly Instrument[];
  /** Matches that are not shown. */
  readonly leftOut: number;
}

/**
 * The instruments that match every word of the search, in source or symbol, whatever separates its parts: `btcusd` finds
 * `BTC/USD` and `BTC-USD`. All of them when there is no word.
 */
export function findInstruments(all: Iterable<Instrument>, search: string, limit: number): Found {
  const words = search
    .split(/\s+/)
    .map(bare)
    .filter((word) => word !== "");
  const shown: Instrument[] = [];
  let leftOut = 0;
  for (const instrument of all) {
    const source = bare(instrument.source);
    const symbol = bare(instrument.symbol);
    if (!words.every((word) => source.includes(word) || symbol.includes(word))) continue;
    if (shown.length < limit) shown.push(instrument);
    else leftOut++;
  }
  return { shown, leftOut };
}

function bare(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
}
