import type { DropReason } from "../domain/feed-event.ts";
import type { HeldQuotes } from "../publish/publisher.ts";

/** Every reason, in the order of the ledger's columns. */
export const DROP_REASONS: readonly DropReason[] = [
  "memory_full",
  "record_too_large",
  "broker_rejected",
  "shutdown",
  "spool_full",
  "spool_expired",
  "spool_damaged",
];

/** One feed's account: `accepted + recovered = acked + inMemory + onSpool + dropped`, or the ledger lies. */
export interface LedgerRow {
  readonly source: string;
  readonly accepted: number;
  /** Accepted by an earlier life of the process and found on the spool at the start. */
  readonly recovered: number;
  readonly acked: number;
  /** Counted anew in the lanes, not derived from the other columns. */
  readonly inMemory: number;
  /** On the disk alone; counted anew as well. */
  readonly onSpool: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** 0, or the ledger does not balance. */
  readonly balanceError: number;
}

/** Counts what became of every accepted quote, per feed index. Plain counters: the hot path writes them. */
export class Ledger {
  readonly accepted: Float64Array;
  readonly acked: Float64Array;
  /** Set once, when the spool is opened. */
  readonly recovered: Float64Array;
  readonly #dropped: readonly Float64Array[];
  /** What was last shown as accepted. */
  readonly #shown: Float64Array;
  readonly #feedNames: readonly string[];

  constructor(feedNames: readonly string[]) {
    this.#feedNames = feedNames;
    this.accepted = new Float64Array(feedNames.length);
    this.acked = new Float64Array(feedNames.length);
    this.recovered = new Float64Array(feedNames.length);
    this.#shown = new Float64Array(feedNames.length);
    this.#dropped = DROP_REASONS.map(() => new Float64Array(feedNames.length));
  }

  /** One batch was acknowledged. */
  ack(countsByFeed: Int32Array): void {
    for (let feed = 0; feed < countsByFeed.length; feed++) this.acked[feed] += countsByFeed[feed];
  }

  /** Accepted quotes of one feed are lost. */
  drop(reason: DropReason, feedIndex: number, count: number): void {
    this.#dropped[DROP_REASONS.indexOf(reason)][feedIndex] += count;
  }

  /** All rows, from what the lanes hold right now. */
  rows(held: HeldQuotes): LedgerRow[] {
    return this.#feedNames.map((source, feed) => {
      const dropped = Object.fromEntries(
        DROP_REASONS.map((reason, column) => [reason, this.#dropped[column][feed]]),
      ) as Record<DropReason, number>;
      const lost = DROP_REASONS.reduce((sum, reason) => sum + dropped[reason], 0);
      // Accepted once is accepted for good, also when it is dealt out anew and the disk then fails.
      const accepted = Math.max(this.#shown[feed], this.accepted[feed] - held.notYetAccepted[feed]);
      this.#shown[feed] = accepted;
      const recovered = this.recovered[feed];
      const acked = this.acked[feed];
      const inMemory = held.inMemory[feed] - (this.accepted[feed] - accepted);
      const onSpool = held.onSpool[feed];
      const balanceError = accepted + recovered - acked - inMemory - onSpool - lost;
      return { source, accepted, recovered, acked, inMemory, onSpool, dropped, balanceError };
    });
  }
}
