// Hot path.
import type { QuoteView } from "../domain/quote.ts";
import { MAX_DECIMAL_BYTES } from "./decimal-text.ts";
import type { JsonScanner } from "./json-scanner.ts";
import { CLEAR, KEEP, MergedSide } from "./merged-side.ts";
import type { QuotePlan, QuoteSlots } from "./quote-plan.ts";
import type { RejectReason } from "./reject-reason.ts";

/** Places per instrument: price and size of bid and ask, the two sequence numbers. */
const PLACES = 6;
const BID = 0;
const ASK = 2;
const SEQUENCE = 4;
const PREVIOUS_SEQUENCE = 5;

/** In `lengths`: the place holds nothing. */
const NOTHING = -1;

/**
 * The last quote of every instrument, for venues that send changes only. A message is read whole before any of it is
 * kept, so that a rejected message changes nothing. Made anew for every session: what an older session knew is void.
 */
export class MergedQuotes {
  /** True when the last update said something about price or size, even if it was the same again. */
  isTouched = false;

  readonly #scanner: JsonScanner;
  readonly #needsSnapshot: boolean;
  readonly #bid: MergedSide;
  readonly #ask: MergedSide;
  /** `MAX_DECIMAL_BYTES` per place, `PLACES` per instrument. */
  readonly #text: Uint8Array;
  readonly #lengths: Int8Array;
  readonly #hasSnapshot: Uint8Array;

  constructor(plan: QuotePlan, scanner: JsonScanner, instrumentCount: number) {
    this.#scanner = scanner;
    this.#needsSnapshot = plan.snapshotTests !== null;
    this.#bid = new MergedSide(scanner, plan.isZeroPriceEmpty);
    this.#ask = new MergedSide(scanner, plan.isZeroPriceEmpty);
    this.#text = new Uint8Array(instrumentCount * PLACES * MAX_DECIMAL_BYTES);
    this.#lengths = new Int8Array(instrumentCount * PLACES).fill(NOTHING);
    this.#hasSnapshot = new Uint8Array(instrumentCount);
  }

  /** Takes in the quote in `slots` for instrument `index`; returns why it must be rejected, or the empty text. */
  update(index: number, slots: QuoteSlots, isSnapshot: boolean): RejectReason | "" {
    if (this.#needsSnapshot && !isSnapshot && this.#hasSnapshot[index] === 0) return "no_snapshot";
    const first = index * PLACES;
    this.#tellPrice(this.#bid, first + BID);
    this.#tellPrice(this.#ask, first + ASK);
    const problem = this.#bid.read(slots.bid) || this.#ask.read(slots.ask);
    if (problem !== "") return problem;
    this.isTouched = isSnapshot || this.#bid.isTouched || this.#ask.isTouched;
    if (isSnapshot) {
      this.#hasSnapshot[index] = 1;
      this.#lengths.fill(NOTHING, first, first + PLACES);
    }
    this.#keepSide(this.#bid, first + BID);
    this.#keepSide(this.#ask, first + ASK);
    return "";
  }

  /** Points the view at what is known of instrument `index`, its sequence numbers included. */
  show(index: number, view: QuoteView): void {
    const first = index * PLACES;
    this.#keep(first + SEQUENCE, view.sequenceStart, view.sequenceEnd);
    this.#keep(first + PREVIOUS_SEQUENCE, view.previousSequenceStart, view.previousSequenceEnd);
    view.fields = this.#text;
    view.bidPriceStart = this.#start(first + BID);
    view.bidPriceEnd = this.#end(first + BID);
    view.bidSizeStart = this.#start(first + BID + 1);
    view.bidSizeEnd = this.#end(first + BID + 1);
    view.askPriceStart = this.#start(first + ASK);
    view.askPriceEnd = this.#end(first + ASK);
    view.askSizeStart = this.#start(first + ASK + 1);
    view.askSizeEnd = this.#end(first + ASK + 1);
    view.sequenceStart = this.#start(first + SEQUENCE);
    view.sequenceEnd = this.#end(first + SEQUENCE);
    view.previousSequenceStart = this.#start(first + PREVIOUS_SEQUENCE);
    view.previousSequenceEnd = this.#end(first + PREVIOUS_SEQUENCE);
  }

  #tellPrice(side: MergedSide, pricePlace: number): void {
    const start = pricePlace * MAX_DECIMAL_BYTES;
    side.setKnownPrice(this.#text, start, start + this.#lengths[pricePlace]);
  }

  #keepSide(side: MergedSide, pricePlace: number): void {
    if (side.priceStart !== KEEP) this.#keep(pricePlace, side.priceStart, side.priceEnd);
    if (side.sizeStart !== KEEP) this.#keep(pricePlace + 1, side.sizeStart, side.sizeEnd);
  }

  /** Copies `[start, end)` of the message into a place; {@link CLEAR} empties it. */
  #keep(place: number, start: number, end: number): void {
    if (start === CLEAR) {
      this.#lengths[place] = NOTHING;
      return;
    }
    const from = this.#scanner.text;
    const to = this.#text;
    const shift = place * MAX_DECIMAL_BYTES - start;
    for (let at = start; at < end; at++) to[at + shift] = from[at];
    this.#lengths[place] = end - start;
  }

  #start(place: number): number {
    return this.#lengths[place] === NOTHING ? NOTHING : place * MAX_DECIMAL_BYTES;
  }

  #end(place: number): number {
    return this.#lengths[place] === NOTHING ? NOTHING : place * MAX_DECIMAL_BYTES + this.#lengths[place];
  }
}
