// Hot path.
// From a decoded quote to bytes in the open batch of its lane: ownership, venue sequence, our numbers, envelope.
import type { FeedEventSink } from "../domain/feed-event.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { QuoteSink, QuoteView } from "../domain/quote.ts";
import type { Lane } from "../publish/lane.ts";
import { LatencyHistogram } from "../runtime/latency-histogram.ts";
import type { SequenceRule } from "../venues/compiled-venue.ts";
import { EnvelopeEncoder } from "./envelope.ts";
import { GapLog, type VenueHole } from "./gap-log.ts";
import { createTemplate, type InstrumentTemplate, type RecordIdentity } from "./instrument-template.ts";
import type { Ledger } from "./ledger.ts";
import { checkVenueSequence, resetVenueSequence, SequenceVerdict } from "./venue-sequence.ts";

/** What the pipeline counts for one feed. */
export class FeedCounters {
  /** Our last number of the source (`sequenceNumber`). */
  sequence = 0;
  duplicates = 0;
  regressions = 0;
  gaps = 0;
  /** Quotes of a session that a newer one has replaced. */
  superseded = 0;
  /** Wall clock of the last accepted quote, µs; 0 before the first. */
  lastQuoteTimeUs = 0;
  /** Venue's stamp to our receipt. */
  readonly venueLatency = new LatencyHistogram();
  readonly rule: SequenceRule;

  constructor(rule: SequenceRule) {
    this.rule = rule;
  }
}

/** What the pipeline needs around it. */
export interface QuotePipelineOptions {
  readonly identity: RecordIdentity;
  readonly rawPayload: "on" | "off";
  readonly ledger: Ledger;
  readonly events: FeedEventSink;
  /** Rule of each feed, by feed index. */
  readonly rules: readonly SequenceRule[];
  /** The lane of a record key on the quotes topic. */
  laneFor(key: Buffer): Lane;
  /** The instrument's data cannot be trusted: ask the venue for a new snapshot. */
  onUntrusted(instrument: Instrument, reason: string): void;
}

/** Takes every decoded quote of every feed. One per process. */
export class QuotePipeline implements QuoteSink {
  readonly counters: readonly FeedCounters[];
  readonly #options: QuotePipelineOptions;
  readonly #encoder: EnvelopeEncoder;
  readonly #gapLog: GapLog;
  readonly #ledger: Ledger;
  /** By instrument id. */
  readonly #templates: InstrumentTemplate[] = [];
  readonly #lanes: Lane[] = [];

  constructor(options: QuotePipelineOptions) {
    this.#options = options;
    this.#encoder = new EnvelopeEncoder(options.rawPayload);
    this.#gapLog = new GapLog(options.events);
    this.#ledger = options.ledger;
    this.counters = options.rules.map((rule) => new FeedCounters(rule));
  }

  /** Makes the instrument known; before its first quote, and once the lanes can be told. */
  register(instrument: Instrument): void {
    const template = createTemplate(instrument, this.#options.identity);
    this.#templates[instrument.id] = template;
    this.#lanes[instrument.id] = this.#options.laneFor(template.key);
  }

  /** The lanes of keys have changed: from now on quotes go to those of today. */
  reassignLanes(): void {
    for (const { instrument, key } of this.#templates) this.#lanes[instrument.id] = this.#options.laneFor(key);
  }

  accept(quote: QuoteView): void {
    const instrument = quote.instrument;
    if (instrument === null) return;
    const counters = this.counters[instrument.feedIndex];
    if (quote.epoch < instrument.ownerEpoch) {
      counters.superseded++;
      return;
    }
    const verdict = checkVenueSequence(counters.rule, instrument, quote);
    if (verdict === SequenceVerdict.duplicate) {
      counters.duplicates++;
      return;
    }
    if (verdict === SequenceVerdict.regression) {
      counters.regressions++;
      return;
    }
    instrument.ownerEpoch = quote.epoch;
    if (verdict === SequenceVerdict.gap) this.#onGap(quote, instrument, counters);
    this.#publish(quote, instrument, counters);
  }

  /**
   * The stream of these instruments was broken: the next quote of each says so and starts the venue's numbers anew.
   * An instrument that never had a quote has no gap.
   */
  interrupt(instruments: readonly Instrument[], reason: "disconnect" | "stale", timeUs: number): void {
    for (const instrument of instruments) {
      if (reason === "disconnect") resetVenueSequence(instrument);
      if (instrument.sequence > 0) this.#gapLog.note(instrument, reason, timeUs);
    }
  }

  /** An adapter has found a hole in the venue's numbers: told before any later quote, and by the next quote itself. */
  reportGap(gap: VenueHole): void {
    if (gap.instruments.length === 0) return;
    this.counters[gap.instruments[0].feedIndex].gaps++;
    this.#gapLog.noteVenueGap(gap);
  }

  /** Quotes that were already in a batch are lost for good: the next quote of the instrument says so. */
  noteLost(source: string, symbol: string, from: number, to: number, timeUs: number): void {
    for (const template of this.#templates) {
      const instrument = template.instrument;
      if (instrument.source === source && instrument.symbol === symbol)
        this.#gapLog.noteLost(instrument, from, to, timeUs);
    }
  }

  /** Publishes the runs of dropped quotes that no later quote has closed yet. Called about once a second. */
  flushDropped(timeUs: number): void {
    this.#gapLog.flushDropped(timeUs);
  }

  #publish(quote: QuoteView, instrument: Instrument, counters: FeedCounters): void {
    const template = this.#templates[instrument.id];
    const lane = this.#lanes[instrument.id];
    counters.sequence++;
    instrument.sequence++;
    this.#ledger.accepted[instrument.feedIndex]++;
    const gap = this.#gapLog.isQuiet ? null : this.#gapLog.bytesFor(instrument);
    const bytes = this.#encoder.encode(quote, template, counters.sequence, gap);
    const batch = lane.reserve(bytes, Math.floor(quote.receivedTimeUs / 1000));
    if (batch === null) {
      this.#drop(instrument, bytes > lane.recordBytesMax ? "record_too_large" : "memory_full", quote.receivedTimeUs);
      return;
    }
    if (gap !== null) this.#gapLog.clear(instrument, quote.receivedTimeUs);
    this.#encoder.write(template, quote.receivedTimeUs, batch);
    batch.countsByFeed[instrument.feedIndex]++;
    lane.kick();
    counters.lastQuoteTimeUs = quote.receivedTimeUs;
    instrument.lastQuoteTimeUs = quote.receivedTimeUs;
    if (quote.venueTimeMs >= 0) counters.venueLatency.record(quote.receivedTimeUs - quote.venueTimeMs * 1000);
  }

  #drop(instrument: Instrument, reason: "memory_full" | "record_too_large", timeUs: number): void {
    this.#ledger.drop(reason, instrument.feedIndex, 1);
    this.#gapLog.noteDropped(instrument, reason, timeUs);
  }

  #onGap(quote: QuoteView, instrument: Instrument, counters: FeedCounters): void {
    counters.gaps++;
    this.#gapLog.noteSequence(instrument, quote.receivedTimeUs);
    if (counters.rule.onGap === "resubscribe") this.#options.onUntrusted(instrument, "sequence gap");
  }
}
