import type { Feed, QuoteCounters } from "../adapters/feed.ts";
import type { InterruptionSink } from "../adapters/feed-parts.ts";
import type { Config } from "../config/config.ts";
import type { FeedEvent } from "../domain/feed-event.ts";
import type { Log } from "../domain/log.ts";
import type { QuoteSink, QuoteView } from "../domain/quote.ts";
import { checkVenueSequence, resetVenueSequence, SequenceVerdict } from "../pipeline/venue-sequence.ts";
import type { Clock, RandomSource } from "../runtime/clock.ts";
import { RequestBudget } from "../runtime/request-budget.ts";
import type { SequenceRule } from "../venues/compiled-venue.ts";
import type { SecretReader } from "./create-adapter.ts";
import { createAdapterParts, createFeeds } from "./create-feeds.ts";
import type { EnabledFeed } from "./prepare-feeds.ts";

/** What a feed on its own needs. */
export interface SoloFeedOptions {
  readonly feed: EnabledFeed;
  readonly config: Config;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly readSecret: SecretReader;
  readonly log: Log;
  /** Each quote the pipeline would accept; the view is borrowed. */
  onQuote(quote: QuoteView): void;
  onEvent(event: FeedEvent): void;
  /** Told as well as kept here. */
  readonly interruptions?: InterruptionSink;
}

/** One feed under its supervisor, without pipeline and sink; not started. */
export function createSoloFeed(options: SoloFeedOptions): Feed {
  const { feed, config, clock, random, readSecret, log } = options;
  const counters = { sequence: 0, duplicates: 0, regressions: 0, gaps: 0 };
  const [solo] = createFeeds([{ ...feed, feedIndex: 0 }], {
    config,
    clock,
    adapterParts: createAdapterParts(config, { clock, budget: new RequestBudget(clock), readSecret, log }),
    random,
    quotes: new SoloSink(feed.venue.sequence, counters, options.onQuote),
    pipeline: {
      counters: [counters],
      interrupt(instruments, reason, timeUs) {
        if (reason === "disconnect") for (const instrument of instruments) resetVenueSequence(instrument);
        options.interruptions?.interrupt(instruments, reason, timeUs);
      },
      reportGap: (gap) => options.interruptions?.reportGap(gap),
    },
    events: {
      publishEvent: (event) => {
        options.onEvent(event);
        return true;
      },
      publishRejected: () => {},
    },
    backpressure: { isPaused: false, onChange: () => () => {} },
  });
  if (solo === undefined) throw new Error("Bug: one feed was asked for and none was made");
  return solo;
}

/** Takes quotes as the pipeline does, all but writing them: superseded ones, duplicates and regressions end here. */
class SoloSink implements QuoteSink {
  readonly #rule: SequenceRule;
  readonly #counters: { -readonly [name in keyof QuoteCounters]: number };
  readonly #onQuote: (quote: QuoteView) => void;

  constructor(
    rule: SequenceRule,
    counters: { -readonly [name in keyof QuoteCounters]: number },
    onQuote: (quote: QuoteView) => void,
  ) {
    this.#rule = rule;
    this.#counters = counters;
    this.#onQuote = onQuote;
  }

  accept(quote: QuoteView): void {
    const { instrument } = quote;
    if (instrument === null || quote.epoch < instrument.ownerEpoch) return;
    const verdict = checkVenueSequence(this.#rule, instrument, quote);
    if (verdict === SequenceVerdict.duplicate) this.#counters.duplicates++;
    else if (verdict === SequenceVerdict.regression) this.#counters.regressions++;
    else {
      if (verdict === SequenceVerdict.gap) this.#counters.gaps++;
      instrument.ownerEpoch = quote.epoch;
      instrument.sequence++;
      instrument.lastQuoteTimeUs = quote.receivedTimeUs;
      this.#counters.sequence++;
      this.#onQuote(quote);
    }
  }
}
