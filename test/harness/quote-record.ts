import type { ExpectedQuote } from "../../src/simulator/venue-dialect.ts";
import type { NumberRange } from "./event-index.ts";
import type { KcatRecord } from "./kcat.ts";

/** The note of a record. */
export interface GapMember {
  readonly reasons: readonly string[];
  readonly toVenueSequence?: string;
  readonly fromInstrumentSequence?: number;
  readonly toInstrumentSequence?: number;
}

/** A record of the quotes topic, as far as the oracle looks at it. */
export interface QuoteRecord {
  readonly source: string;
  readonly session: string;
  readonly sequence: number;
  readonly identity: string;
  readonly venueSequence: string | null;
  readonly gap: GapMember | null;
  readonly value: string;
}

/** How many quotes from `from` to `to` had to be published. */
export function countTrue(isWanted: readonly boolean[], from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) if (isWanted[i]) count++;
  return count;
}

/** Where the quote at `at` was sent first, from `next` on: what is published of one that was sent again is all of it. */
export function firstOfSame(isWanted: readonly boolean[], next: number, at: number): number {
  let first = at;
  while (first > next && !isWanted[first]) first--;
  return first;
}

/** Which tops differ from the one before and are those of a sound book. */
export function newTops(sent: readonly ExpectedQuote[]): boolean[] {
  const tops = sent.map((quote) => identityOfIntent({ ...quote, sequence: null }));
  return sent.map(({ bidPrice, askPrice }, i) => {
    const isCrossed = bidPrice !== null && askPrice !== null && Number(bidPrice) > Number(askPrice);
    return !isCrossed && tops[i] !== tops[i - 1];
  });
}

/** A quote of the venue as {@link QuoteRecord.identity} writes it. */
export function identityOfIntent({ sequence, bidPrice, bidSize, askPrice, askSize }: ExpectedQuote): string {
  return `${sequence}|${bidPrice}|${bidSize}|${askPrice}|${askSize}`;
}

/** One record of the quotes topic. */
export function readQuote(record: KcatRecord): QuoteRecord {
  const headers = Object.fromEntries(record.headers);
  const { payload, metadata } = JSON.parse(record.value ?? "null");
  const { venueSequence = null, bidPrice, bidSize, askPrice, askSize } = payload;
  return {
    source: headers["source"],
    session: headers["session"],
    sequence: Number(headers["seq"]),
    identity: `${venueSequence}|${bidPrice}|${bidSize}|${askPrice}|${askSize}`,
    venueSequence,
    gap: metadata.gap ?? null,
    value: record.value ?? "",
  };
}

/** The source of a `source:symbol`. */
export function sourceOf(key: string): string {
  return key.slice(0, key.indexOf(":"));
}

/** The numbers a note tells of. */
export function noteRange({ fromInstrumentSequence, toInstrumentSequence }: GapMember): NumberRange {
  return { from: fromInstrumentSequence ?? 0, to: toInstrumentSequence ?? 0 };
}
