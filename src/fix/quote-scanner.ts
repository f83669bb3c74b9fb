// Hot path.
// S and i in one pass over the bytes, offsets only; each quote becomes a bid and an offer (SOH as |):
//   Quote      …|131=R1|117=Q7|55=EUR/USD|132=1.08531|133=1.08535|134=1000000|135=1000000|60=20240502-07:49:37.708|
//   MassQuote  …|131=R1|117=Q7|296=1|302=EUR/USD|295=2|299=0|132=1.08531|134=1000000|299=1|133=1.08535|135=1000000|

import type { MarketDataPlan } from "../venues/compiled-fix-venue.ts";
import { DecimalKind } from "../venues/decimal-text.ts";
import { dataEnd, dataTagOf, EQUALS, SOH, wholeNumber, ZERO } from "./data-fields.ts";
import { fixDecimalKind } from "./fix-decimal.ts";
import { type MarketDataMessage, MdAction, MdEntryType } from "./market-data-message.ts";
import { quoteSlots, SLOT_TAGS, Slot, type SlotTable } from "./market-data-slots.ts";
import { Tag } from "./tags.ts";

/** In place of the tag that starts a quote entry: the set has announced none. */
const NO_FIRST_TAG = -1;
/** In place of the tag that starts a quote entry: the next field tells it. */
const FIRST_TAG_NEXT = -2;

const ACK_EACH = 0x31;
const ACK_ALL = 0x32;

/** Reads Quote (S) and MassQuote (i) into a message that was cleared; false = declined. */
export class QuoteScanner {
  readonly #message: MarketDataMessage;
  readonly #quoteSlots: SlotTable;
  readonly #massSlots: SlotTable;
  readonly #isSetIdSymbol: boolean;
  readonly #isQuoteIdRequest: boolean;
  /** The bid of the quote that is being read; its offer is the entry behind it. −1 = none. */
  #bid = -1;
  /** Quote sets met, and those announced; −1 = none yet. */
  #sets = 0;
  #announcedSets = -1;
  /** Quotes still to come in the set; −1 = not announced. */
  #missing = 0;
  /** Tag that starts a quote, or one of the two stand-ins. */
  #firstTag = NO_FIRST_TAG;
  /** The set's symbol; −1 = none. */
  #setSymbolStart = -1;
  #setSymbolEnd = -1;

  constructor(plan: MarketDataPlan, message: MarketDataMessage) {
    this.#message = message;
    this.#quoteSlots = quoteSlots(plan, "quote");
    this.#massSlots = quoteSlots(plan, "massQuote");
    this.#isSetIdSymbol = plan.symbolTag === Tag.quoteSetId;
    this.#isQuoteIdRequest = plan.requestIdTag === Tag.quoteId;
  }

  /** Reads the body of S. */
  readQuote(at: number, end: number): boolean {
    const message = this.#message;
    this.#start();
    this.#openQuote();
    if (!this.#read(this.#quoteSlots, at, end)) return false;
    message.symbolStart = message.symbolFrom[0];
    message.symbolEnd = message.symbolTo[0];
    return true;
  }

  /** Reads the body of i. */
  readMassQuote(at: number, end: number): boolean {
    this.#start();
    return this.#read(this.#massSlots, at, end) && this.#sets === this.#announcedSets && this.#missing === 0;
  }

  #start(): void {
    this.#bid = -1;
    this.#sets = 0;
    this.#announcedSets = -1;
    this.#missing = 0;
    this.#firstTag = NO_FIRST_TAG;
    this.#setSymbolStart = -1;
    this.#setSymbolEnd = -1;
  }

  /** Reads a body; `bytes[end − 1]` is a SOH, so that values end without looking for the end. */
  #read(slots: SlotTable, at: number, end: number): boolean {
    const { bytes } = this.#message;
    let seen = 0;
    let next = at;
    while (next < end) {
      let tag = 0;
      let byte = bytes[next];
      do {
        const digit = byte - ZERO;
        if (digit < 0 || digit > 9) return false;
        tag = tag * 10 + digit;
        byte = bytes[++next];
      } while (byte !== EQUALS);
      const start = ++next;
      if (this.#firstTag === FIRST_TAG_NEXT) this.#firstTag = tag;
      if (tag === this.#firstTag) {
        if (--this.#missing < 0) return false;
        this.#openQuote();
        seen = 0;
      }
      while (bytes[next] !== SOH) next++;
      const slot = tag < SLOT_TAGS ? slots[tag] : Slot.other;
      if (slot === Slot.setId) {
        if (!this.#openSet(start, next)) return false;
        seen = 0;
      } else if (this.#sets < this.#announcedSets && this.#sets === 0) {
        // A group begins with its first field; where it does not, the sets cannot be told apart.
        return false;
      } else if (slot >= Slot.action && next !== start) {
        const bit = 1 << slot;
        if ((seen & bit) !== 0 || !this.#setField(slot, start, next)) return false;
        seen |= bit;
      } else if (slot === Slot.dataLength || slot === Slot.foreignGroup) {
        if (this.#sets > 0 || slot === Slot.foreignGroup) return false;
        next = Math.max(next, dataEnd(bytes, start, end, dataTagOf(tag)));
      }
      next++;
    }
    return true;
  }

  /** Starts a quote set; false when it was not announced, or quotes of the one before are missing. */
  #openSet(start: number, end: number): boolean {
    if (this.#missing !== 0 || ++this.#sets > this.#announcedSets) return false;
    // Until the set says how many: a set that never does is declined.
    this.#missing = -1;
    this.#firstTag = NO_FIRST_TAG;
    this.#bid = -1;
    this.#setSymbolStart = this.#isSetIdSymbol ? start : -1;
    this.#setSymbolEnd = end;
    return true;
  }

  /** Adds a bid and an offer without prices; their symbol is the set's, or else the message's, until they name their own. */
  #openQuote(): void {
    const message = this.#message;
    const isOfSet = this.#setSymbolStart >= 0;
    const symbolStart = isOfSet ? this.#setSymbolStart : message.symbolStart;
    const symbolEnd = isOfSet ? this.#setSymbolEnd : message.symbolEnd;
    this.#bid = message.addEntry();
    const offer = message.addEntry();
    message.type[this.#bid] = MdEntryType.bid;
    message.type[offer] = MdEntryType.offer;
    for (let entry = this.#bid; entry <= offer; entry++) {
      message.action[entry] = MdAction.delete;
      message.symbolFrom[entry] = symbolStart;
      message.symbolTo[entry] = symbolEnd;
    }
  }

  /** Keeps one field; false = declined. */
  #setField(slot: number, start: number, end: number): boolean {
    const message = this.#message;
    switch (slot) {
      case Slot.bidPrice:
        return this.#setPrice(this.#bid, start, end);
      case Slot.offerPrice:
        return this.#setPrice(this.#bid + 1, start, end);
      case Slot.bidSize:
        return this.#setSize(this.#bid, start, end);
      case Slot.offerSize:
        return this.#setSize(this.#bid + 1, start, end);
      case Slot.id:
        if (this.#bid < 0) return false;
        message.idFrom.fill(start, this.#bid, this.#bid + 2);
        message.idTo.fill(end, this.#bid, this.#bid + 2);
        return true;
      case Slot.symbol:
        this.#setSymbol(start, end);
        return true;
      case Slot.setCount:
        if (this.#announcedSets >= 0) return false;
        this.#announcedSets = wholeNumber(message.bytes, start, end);
        return this.#announcedSets >= 0;
      case Slot.entryCount:
        if (this.#missing !== -1) return false;
        this.#missing = wholeNumber(message.bytes, start, end);
        if (this.#missing > 0) this.#firstTag = FIRST_TAG_NEXT;
        return this.#missing >= 0;
      default:
        return this.#setMessageField(slot, start, end);
    }
  }

  /** Keeps a field of the message as a whole; the first one counts, as venues may stamp every quote. */
  #setMessageField(slot: number, start: number, end: number): boolean {
    const message = this.#message;
    switch (slot) {
      case Slot.requestId:
        if (message.requestIdStart >= 0) return false;
        message.requestIdStart = start;
        message.requestIdEnd = end;
        return true;
      case Slot.quoteId:
        if (message.quoteIdStart >= 0) return false;
        message.quoteIdStart = start;
        message.quoteIdEnd = end;
        if (!this.#isQuoteIdRequest) return true;
        message.requestIdStart = start;
        message.requestIdEnd = end;
        return true;
      case Slot.transactTime:
        if (message.timeStart >= 0) return true;
        message.timeStart = start;
        message.timeEnd = end;
        return true;
      case Slot.rptSeq:
        if (message.rptSeqStart >= 0) return false;
        message.rptSeqStart = start;
        message.rptSeqEnd = end;
        return true;
      case Slot.responseLevel:
        message.wantsAck = end === start + 1 && (message.bytes[start] === ACK_EACH || message.bytes[start] === ACK_ALL);
        return true;
      default:
        return false;
    }
  }

  #setSymbol(start: number, end: number): void {
    const message = this.#message;
    if (this.#bid >= 0) {
      message.symbolFrom.fill(start, this.#bid, this.#bid + 2);
      message.symbolTo.fill(end, this.#bid, this.#bid + 2);
    } else if (this.#sets > 0) {
      this.#setSymbolStart = start;
      this.#setSymbolEnd = end;
    } else {
      message.symbolStart = start;
      message.symbolEnd = end;
    }
  }

  /** A price makes the entry `new`, unless it is zero: that is how LPs say there is none. */
  #setPrice(entry: number, start: number, end: number): boolean {
    const message = this.#message;
    const kind = fixDecimalKind(message.bytes, start, end);
    if (this.#bid < 0 || kind === DecimalKind.invalid) return false;
    if (kind === DecimalKind.zero) return true;
    message.action[entry] = MdAction.new;
    message.priceFrom[entry] = start;
    message.priceTo[entry] = end;
    return true;
  }

  #setSize(entry: number, start: number, end: number): boolean {
    const message = this.#message;
    if (this.#bid < 0 || fixDecimalKind(message.bytes, start, end) === DecimalKind.invalid) return false;
    message.sizeFrom[entry] = start;
    message.sizeTo[entry] = end;
    return true;
  }
}
