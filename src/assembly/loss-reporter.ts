import type { DropReason, FeedEvent } from "../domain/feed-event.ts";
import type { Log } from "../domain/log.ts";
import type { Ledger } from "../pipeline/ledger.ts";
import type { QuotePipeline } from "../pipeline/quote-pipeline.ts";
import { type LostQuotes, readLostQuotes } from "../publish/lost-quotes.ts";
import type { SpoolLossReason } from "../publish/spool/batch-log.ts";
import type { SpoolLoss } from "../publish/spool/spool-options.ts";

/** `source` of an event that may concern any of them. */
const ANY_SOURCE = "*";
/** Events that wait for room; beyond it they are counted as lost. */
const UNTOLD_MAX = 1000;

/** Who hears of what is lost. */
export interface LossReporterParts {
  readonly ledger: Ledger;
  readonly pipeline: Pick<QuotePipeline, "noteLost">;
  /** By feed index, sources found on the spool alone among them. */
  readonly feedNames: readonly string[];
  /** This life of the process. */
  readonly session: string;
  nowUs(): number;
  /** False when there was no room. */
  publishEvent(event: FeedEvent): boolean;
  /** A loss that could not be published. */
  onUntold(): void;
}

/**
 * Accepted quotes that are lost after all: counts them, publishes which they were, and lets the next quote of the instrument
 * say so. The spool may find losses before the rest of the program is there: those wait for {@link attach}.
 */
export class LossReporter {
  readonly #log: Log;
  #parts: LossReporterParts | null = null;
  readonly #early: SpoolLoss[] = [];
  /** Events that found no room yet, oldest first. */
  readonly #untold: FeedEvent[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** The rest of the program is there. */
  attach(parts: LossReporterParts): void {
    this.#parts = parts;
    for (const loss of this.#early.splice(0)) this.onSpoolLoss(loss);
  }

  /** Batches of lanes are lost. */
  onDropped(countsByFeed: Int32Array, reason: DropReason, lost: readonly LostQuotes[]): void {
    this.#count(countsByFeed, reason);
    for (const run of lost) this.#tell(run);
  }

  /** Batches on the disk are lost; which quotes they held follows, where that can be told. */
  onSpoolLoss(loss: SpoolLoss): void {
    if (this.#parts === null) {
      this.#early.push(loss);
      return;
    }
    const { topic, reason, recordCount, countsByFeed } = loss;
    this.#log.error({ topic, reason, recordCount }, "spool_records_lost");
    this.#count(countsByFeed, reason);
    // The bytes of what is damaged never follow.
    if (reason !== "spool_damaged") return;
    const { feedNames, nowUs } = this.#parts;
    const event = { type: "market-data.dropped", timeUs: nowUs(), reason } as const;
    let told = 0;
    for (let feed = 0; feed < countsByFeed.length; feed++) {
      const count = countsByFeed[feed];
      if (count === 0) continue;
      told += count;
      this.#publish({ ...event, source: feedNames[feed], count });
    }
    // Not even whose they were is known: what should have been there was not found.
    if (told === 0) this.#publish({ ...event, source: ANY_SOURCE, count: recordCount });
  }

  /** The bytes of a batch that was told by {@link onSpoolLoss}. */
  onLostBatch(bytes: Buffer, reason: SpoolLossReason): void {
    for (const run of readLostQuotes(bytes, reason)) this.#tell(run);
  }

  #count(countsByFeed: Int32Array, reason: DropReason): void {
    for (let feed = 0; feed < countsByFeed.length; feed++) {
      if (countsByFeed[feed] > 0) this.#parts?.ledger.drop(reason, feed, countsByFeed[feed]);
    }
  }

  #tell({ session, ...run }: LostQuotes): void {
    if (this.#parts === null) return;
    const { pipeline, nowUs } = this.#parts;
    const timeUs = nowUs();
    const isOwn = session === this.#parts.session;
    if (isOwn) pipeline.noteLost(run.source, run.symbol, run.fromSequence, run.toSequence, timeUs);
    const whose = isOwn ? {} : { session };
    this.#publish({ type: "market-data.dropped", timeUs, ...whose, ...run });
  }

  /** Tries again to publish what found no room: called about once a second. */
  retell(): void {
    while (this.#untold.length > 0 && this.#parts?.publishEvent(this.#untold[0]) === true) this.#untold.shift();
  }

  #publish(event: FeedEvent): void {
    this.#untold.push(event);
    // Behind others it waits for `retell`: a try for each of many losses would say the first of them again and again.
    if (this.#untold.length === 1) this.retell();
    if (this.#untold.length <= UNTOLD_MAX) return;
    this.#untold.pop();
    this.#parts?.onUntold();
  }
}
