import { mixSeed } from "./seeded-random.ts";

/** How one instrument is quoted: everything in whole units, so that prices stay exact. */
export interface MarketSpec {
  /** The venue's own spelling. */
  readonly symbol: string;
  /** Decimals in which the venue writes prices, and prices are counted here. */
  readonly priceDecimals: number;
  /** Smallest step of the price, in units of 10^-priceDecimals. */
  readonly tickUnits: number;
  /** Where the walk begins, in ticks. */
  readonly startTicks: number;
  readonly sizeDecimals: number;
  /** Largest size, in units of 10^-sizeDecimals. */
  readonly maxSizeUnits: number;
}

/** The walk stays within this share of its start, so that prices remain plausible for ever. */
const WALK_BAND = 0.2;
/** Widest spread, ticks. */
const MAX_SPREAD_TICKS = 4;
/** Sequence numbers rise by 1 to this many where a venue skips numbers. */
const MAX_SEQUENCE_STEP = 5;
/** First numbers lie in this range above these: ten digits for a long time, and never alike nor like a time in seconds. */
const NUMBER_RANGE = 1_000_000_000;
const FIRST_SEQUENCE = 3_000_000_000;
const FIRST_UPDATE = 7_500_000_000;

/**
 * One instrument of a simulated venue: a seeded random walk of best bid and ask. It depends on the seed and the symbol alone:
 * the n-th quote of a symbol is the same in every run, however many other symbols there are.
 */
export class Market {
  readonly spec: MarketSpec;
  readonly symbol: string;
  /** The venue's quote topic of this symbol. */
  readonly topic: string;
  bidTicks: number;
  spreadTicks = 1;
  bidSizeUnits = 1;
  askSizeUnits = 1;
  /** The venue's number of the last message about this instrument, over all its channels. */
  sequence: number;
  /** Number of the last quote, +1 each (Bybit's `u`, of which 1 would mean a restart of the venue). */
  updates: number;
  /** Quotes of this instrument sent, over all sessions. */
  sent = 0;
  /** Wall clock of the last change, whole µs; rises with every change, so that venues without numbers can be put in order. */
  timeUs = 0;
  /** Monotonic clock of the last change, ms. */
  changedAtMs = 0;
  #state: number;
  readonly #lowTicks: number;
  readonly #highTicks: number;

  constructor(spec: MarketSpec, topic: string, seed: number) {
    this.spec = spec;
    this.symbol = spec.symbol;
    this.topic = topic;
    this.bidTicks = spec.startTicks;
    this.#lowTicks = Math.max(1, Math.floor(spec.startTicks * (1 - WALK_BAND)));
    this.#highTicks = Math.ceil(spec.startTicks * (1 + WALK_BAND)) + MAX_SPREAD_TICKS;
    // Zero is the one state from which xorshift never leaves.
    this.#state = mixSeed(seed, spec.symbol) || 1;
    this.sequence = FIRST_SEQUENCE + (this.#next() % NUMBER_RANGE);
    this.updates = FIRST_UPDATE + (this.#next() % NUMBER_RANGE);
    this.#drawSizes();
  }

  /** The next quote: sizes always change, the price about every second time. */
  step(wallUs: number, monotonicMs: number): void {
    const chance = this.#next();
    if ((chance & 1) === 1) {
      const move = 1 + ((chance >>> 2) & 1);
      this.bidTicks += (chance & 2) === 0 ? move : -move;
      this.spreadTicks = 1 + ((chance >>> 4) % MAX_SPREAD_TICKS);
      if (this.bidTicks < this.#lowTicks) this.bidTicks = this.#lowTicks;
      else if (this.bidTicks > this.#highTicks) this.bidTicks = this.#highTicks;
    }
    this.#drawSizes();
    this.renumber(wallUs, monotonicMs);
  }

  /** New numbers and times for a quote whose prices are made elsewhere. */
  renumber(wallUs: number, monotonicMs: number): void {
    this.sequence += 1 + (this.updates % MAX_SEQUENCE_STEP);
    this.updates++;
    this.timeUs = wallUs > this.timeUs ? wallUs : this.timeUs + 1;
    this.changedAtMs = monotonicMs;
  }

  /** Best bid in units of 10^-priceDecimals. */
  get bidPriceUnits(): number {
    return this.bidTicks * this.spec.tickUnits;
  }

  /** Best ask in units of 10^-priceDecimals; always above the bid. */
  get askPriceUnits(): number {
    return (this.bidTicks + this.spreadTicks) * this.spec.tickUnits;
  }

  #drawSizes(): void {
    this.bidSizeUnits = 1 + (this.#next() % this.spec.maxSizeUnits);
    this.askSizeUnits = 1 + (this.#next() % this.spec.maxSizeUnits);
  }

  /** xorshift32: cheap enough for a million quotes a second. */
  #next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }
}
