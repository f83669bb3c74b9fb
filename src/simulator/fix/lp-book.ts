import type { RandomSource } from "../../runtime/clock.ts";
import { Market, type MarketSpec } from "../market.ts";
import { createSeededRandom, mixSeed } from "../seeded-random.ts";

/** An instrument of an LP. */
export interface LpMarketSpec extends MarketSpec {
  /** Sizes are multiples of this, in units of 10^-sizeDecimals. */
  readonly sizeStepUnits: number;
}

/** What keeps the id of an entry (278) over its changes. */
export type EntryIdentity =
  /** Each maker has one entry a side, whose price and size change. */
  | "maker"
  /** Each price has one, whose size changes. */
  | "price"
  /** None: whatever changes is another entry. */
  | "quote";

/** One entry of one side. Never changed: what changes is a new one. */
export interface BookLevel {
  readonly id: string;
  /** The id it had before, when that has changed and the entry has not; null: it is as it was. */
  readonly renamedFrom: string | null;
  readonly maker: string;
  readonly priceUnits: number;
  readonly sizeUnits: number;
}

/** Both sides, best first. */
export interface BookSides {
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

/** A book without entries. */
export const EMPTY_BOOK: BookSides = { bids: [], asks: [] };

/** Shares of steps in which, beside the best, a deeper entry changes its size, and in which an entry gets a new id. */
const DEEP_CHANGE_CHANCE = 0.25;
const RENAME_CHANCE = 0.05;
/** First ids, so that they have ten digits for a long time. */
const FIRST_ID = 1_000_000_000;
const ID_RANGE = 1_000_000_000;

/**
 * The book of one instrument: makers, one price step apart, around the seeded walk of a {@link Market}. It depends on seed,
 * symbol and depth alone. Every step changes the size of one best entry at least, so every step is a new top of book.
 */
export class LpBook {
  readonly spec: LpMarketSpec;
  readonly market: Market;
  sides: BookSides = EMPTY_BOOK;
  readonly #random: RandomSource;
  readonly #identity: EntryIdentity;
  readonly #depth: number;
  #nextId: number;

  constructor(spec: LpMarketSpec, options: { seed: number; depth: number; identity: EntryIdentity }) {
    this.spec = spec;
    this.market = new Market(spec, spec.symbol, options.seed);
    this.#random = createSeededRandom(mixSeed(options.seed, `${spec.symbol} book`));
    this.#identity = options.identity;
    this.#depth = options.depth;
    this.#nextId = FIRST_ID + Math.floor(this.#random() * ID_RANGE);
    this.#followMarket();
  }

  get symbol(): string {
    return this.spec.symbol;
  }

  /** The next state. */
  step(wallUs: number, monotonicMs: number): void {
    const { market } = this;
    const { bidTicks, spreadTicks } = market;
    market.step(wallUs, monotonicMs);
    if (market.bidTicks !== bidTicks || market.spreadTicks !== spreadTicks) this.#followMarket();
    this.#resize(this.#drawSide(), 0);
    if (this.#depth > 1 && this.#random() < DEEP_CHANGE_CHANCE) this.#resize(this.#drawSide(), this.#drawDeepRank());
  }

  /** Takes every entry of one side away until the next step that moves the price. */
  empty(side: keyof BookSides): void {
    this.sides = { ...this.sides, [side]: [] };
  }

  #followMarket(): void {
    const { bidPriceUnits, askPriceUnits, spec } = this.market;
    this.sides = {
      bids: this.#ladder("bids", bidPriceUnits, -spec.tickUnits),
      asks: this.#ladder("asks", askPriceUnits, spec.tickUnits),
    };
  }

  #ladder(side: keyof BookSides, bestUnits: number, stepUnits: number): BookLevel[] {
    const present = this.sides[side];
    return Array.from({ length: this.#depth }, (_, rank) => {
      const priceUnits = bestUnits + rank * stepUnits;
      if (this.#identity === "maker") return this.#requote(present[rank], rank, priceUnits);
      return present.find((level) => level.priceUnits === priceUnits) ?? this.#newLevel(rank, priceUnits);
    });
  }

  #requote(present: BookLevel | undefined, rank: number, priceUnits: number): BookLevel {
    if (present === undefined) return this.#newLevel(rank, priceUnits);
    if (present.priceUnits === priceUnits) return present;
    if (this.#random() >= RENAME_CHANCE) return { ...present, renamedFrom: null, priceUnits };
    return { ...present, id: this.#drawId(), renamedFrom: present.id, priceUnits };
  }

  #newLevel(rank: number, priceUnits: number): BookLevel {
    return { id: this.#drawId(), renamedFrom: null, maker: `BANK${rank + 1}`, priceUnits, sizeUnits: this.#drawSize() };
  }

  #resize(side: keyof BookSides, rank: number): void {
    const levels = [...this.sides[side]];
    const level = levels[rank];
    if (level === undefined) return;
    let sizeUnits = this.#drawSize();
    if (sizeUnits === level.sizeUnits) sizeUnits += this.spec.sizeStepUnits;
    const id = this.#identity === "quote" ? this.#drawId() : level.id;
    levels[rank] = { ...level, id, sizeUnits };
    this.sides = { ...this.sides, [side]: levels };
  }

  /** A side that is not empty, where there is one. */
  #drawSide(): keyof BookSides {
    const side = this.#random() < 0.5 ? "bids" : "asks";
    if (this.sides[side].length > 0) return side;
    return side === "bids" ? "asks" : "bids";
  }

  /** Never the best: its change must not be taken back. */
  #drawDeepRank(): number {
    return 1 + Math.floor(this.#random() * (this.#depth - 1));
  }

  #drawSize(): number {
    const { maxSizeUnits, sizeStepUnits } = this.spec;
    return sizeStepUnits * (1 + Math.floor(this.#random() * (maxSizeUnits / sizeStepUnits)));
  }

  #drawId(): string {
    return String(this.#nextId++);
  }
}
