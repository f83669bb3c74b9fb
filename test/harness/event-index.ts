import type { KcatRecord } from "./kcat.ts";

/** Our own numbers of one instrument, both ends included. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/** In place of a symbol. */
const EVERY_SYMBOL = "";

/** The events topic, by what the oracle asks of it. */
export class EventIndex {
  readonly #drops = new Map<string, NumberRange[]>();
  /** Those of {@link EventIndex.#drops} that lay on the spool: quotes behind them were written before they were lost. */
  readonly #spoolDrops = new Map<string, NumberRange[]>();
  /** By source: quotes in batches that nobody can read any more. */
  readonly #unreadable = new Map<string, number>();
  readonly #droppedCounts = new Map<string, number>();
  readonly #sequenceGaps = new Set<string>();
  readonly #stopped = new Set<string>();

  constructor(events: readonly KcatRecord[]) {
    const seen = new Set<string>();
    for (const { value } of events) {
      // An event that stands twice, after a restart of its producer, tells of one thing.
      if (value === null || seen.has(value)) continue;
      seen.add(value);
      const { eventType, payload, metadata } = JSON.parse(value);
      // Without a symbol it tells of every symbol of the source.
      const symbol = payload.symbol ?? EVERY_SYMBOL;
      const key = `${metadata.session}/${payload.source}:${symbol}`;
      if (payload.to === "stopped") this.#stopped.add(payload.source);
      if (eventType === "market-data.sequence-gap") this.#sequenceGaps.add(`${key}/${payload.to}`);
      if (eventType !== "market-data.dropped") continue;
      const source = `${metadata.session}/${payload.source}`;
      // What was dropped from the spool may have been accepted by an earlier life, whose numbers these are.
      const life = `${payload.session ?? metadata.session}/${payload.source}:${symbol}`;
      if (payload.fromSequence === undefined) add(this.#unreadable, payload.source, payload.count);
      else {
        append(this.#drops, life, rangeOf(payload));
        if (payload.reason.startsWith("spool_")) append(this.#spoolDrops, life, rangeOf(payload));
      }
      add(this.#droppedCounts, source, payload.count);
    }
  }

  /** Ranges told as dropped, of a `source:symbol`. */
  dropsOf(session: string, key: string): readonly NumberRange[] {
    return this.#drops.get(`${session}/${key}`) ?? [];
  }

  /** Ranges told as dropped from the spool: the quote behind them cannot tell of them. */
  spoolDropsOf(session: string, key: string): readonly NumberRange[] {
    return this.#spoolDrops.get(`${session}/${key}`) ?? [];
  }

  /** Quotes of a source told as lost with batches that were damaged: which ones nobody knows. */
  unreadableOf(source: string): number {
    return this.#unreadable.get(source) ?? 0;
  }

  /** Quotes of a source told as dropped. */
  droppedCount(session: string, source: string): number {
    return this.#droppedCounts.get(`${session}/${source}`) ?? 0;
  }

  /** Whether a feed was stopped in order. */
  hasStopped(source: string): boolean {
    return this.#stopped.has(source);
  }

  /** Whether a jump to this number of the venue was told, of this symbol or of all of its source. */
  hasSequenceGap(session: string, key: string, to: string): boolean {
    const everyKey = `${key.slice(0, key.indexOf(":"))}:${EVERY_SYMBOL}`;
    return [key, everyKey].some((one) => this.#sequenceGaps.has(`${session}/${one}/${to}`));
  }
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function rangeOf(payload: { fromSequence: number; toSequence: number }): NumberRange {
  return { from: payload.fromSequence, to: payload.toSequence };
}

/** True when the ranges together hold every number of the hole. */
export function covers(ranges: readonly NumberRange[], hole: NumberRange): boolean {
  let next = hole.from;
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    if (range.from > next) break;
    next = Math.max(next, range.to + 1);
  }
  return next > hole.to;
}

/** How many numbers after `last` the ranges hold together. */
export function countAfter(ranges: readonly NumberRange[], last: number): number {
  let count = 0;
  let next = last + 1;
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    const start = Math.max(next, from);
    count += Math.max(0, to - start + 1);
    next = Math.max(next, to + 1);
  }
  return count;
}
