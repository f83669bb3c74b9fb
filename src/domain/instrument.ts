/**
 * One instrument of one feed: who it is, and the small state the hot path keeps for it.
 * Made once when the feed is configured and reused by every session; all fields keep one shape.
 */
export class Instrument {
  /** Dense number over the whole process, from 0: the index into the pipeline's own tables. */
  readonly id: number;
  /** Dense number of the feed over the process, from 0. */
  readonly feedIndex: number;
  /** The feed's name, for instance `binance`: `source` in the record. */
  readonly source: string;
  /** The symbol as configured, for instance `BTCUSDT`: `sourceSymbol` in the record. */
  readonly symbol: string;

  /** Our number of the last quote accepted, +1 each, 0 before the first (`instrumentSequence`). */
  sequence = 0;
  /** Wall clock of the last accepted quote, µs since the epoch, 0 before the first. */
  lastQuoteTimeUs = 0;
  /** The session epoch that may publish this instrument; an older session's quotes are superseded (make before break). */
  ownerEpoch = 0;

  /** Venue sequence: digits above the lowest nine, and the lowest nine. −1 before the first and after a reset. */
  venueSequenceHigh = -1;
  venueSequenceLow = -1;
  /** The number before the last gap, for the event that tells of it. */
  gapFromHigh = -1;
  gapFromLow = -1;
  /** Regressions in a row: a venue that renumbered without saying so is believed after a few. */
  regressionRun = 0;

  constructor(identity: { id: number; feedIndex: number; source: string; symbol: string }) {
    this.id = identity.id;
    this.feedIndex = identity.feedIndex;
    this.source = identity.source;
    this.symbol = identity.symbol;
  }
}
