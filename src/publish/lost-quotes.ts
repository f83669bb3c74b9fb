import type { DropReason } from "../domain/feed-event.ts";
import { headerText } from "./batch-split.ts";
import { readBatch } from "./record-batch-reader.ts";

/** Accepted quotes of one instrument and one session that are lost for good. */
export interface LostQuotes {
  readonly source: string;
  readonly symbol: string;
  readonly session: string;
  readonly reason: DropReason;
  readonly count: number;
  readonly fromSequence: number;
  readonly toSequence: number;
}

interface Run {
  readonly source: string;
  readonly symbol: string;
  readonly session: string;
  count: number;
  readonly from: number;
  to: number;
}

/** Reads out of a lost batch of quotes which instruments lost which of our numbers. @throws RangeError when it cannot be read */
export function lostQuotes(bytes: Buffer, reason: DropReason): LostQuotes[] {
  const runs = new Map<string, Run>();
  for (const record of readBatch(bytes).records) {
    const source = headerText(record, "source");
    const symbol = headerText(record, "symbol");
    const session = headerText(record, "session");
    const sequence = Number(headerText(record, "seq"));
    const key = `${session}:${source}:${symbol}`;
    const run = runs.get(key);
    if (run === undefined) runs.set(key, { source, symbol, session, count: 1, from: sequence, to: sequence });
    else {
      run.count++;
      run.to = sequence;
    }
  }
  return [...runs.values()].map(({ from, to, ...run }) => ({ ...run, reason, fromSequence: from, toSequence: to }));
}

/** The same for a batch that may be damaged, or be none of quotes: then nothing. */
export function readLostQuotes(bytes: Buffer, reason: DropReason): LostQuotes[] {
  try {
    return lostQuotes(bytes, reason).filter((lost) => lost.symbol !== "");
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}
