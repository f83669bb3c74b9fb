import { wholeNumber } from "../../../fix/data-fields.ts";
import { fixDecimalKind } from "../../../fix/fix-decimal.ts";
import { type MarketDataMessage, MdAction, MdEntryType } from "../../../fix/market-data-message.ts";
import { SLOT_TAGS, Slot, type SlotTable } from "../../../fix/market-data-slots.ts";
import { PackedType, Tag } from "../../../fix/tags.ts";
import type { MarketDataPlan } from "../../../venues/compiled-fix-venue.ts";
import { DecimalKind } from "../../../venues/decimal-text.ts";
import type { GroupedField } from "./grouped-fields.ts";

/** QuoteResponseLevel (301) that asks for an answer. */
const ACK_LEVELS: readonly string[] = ["1", "2"];

/**
 * Fills a cleared message from the fields of S or i, by the same rules as `QuoteScanner`.
 *
 * @returns false when the message is not what its numbers say, or a quote cannot be right
 */
export function fillQuotes(
  message: MarketDataMessage,
  fields: readonly GroupedField[],
  slots: SlotTable,
  plan: MarketDataPlan,
): boolean {
  return new QuotesFiller(message, slots, plan).fill(fields);
}

class QuotesFiller {
  readonly #message: MarketDataMessage;
  readonly #slots: SlotTable;
  readonly #plan: MarketDataPlan;
  readonly #isMass: boolean;
  /** The bid of the quote in hand; its offer is behind it. −1 = none. */
  #bid = -1;
  #sets = 0;
  #announcedSets = -1;
  /** Quotes still to come in the set; −1 = not announced. */
  #missing = 0;
  #setSymbol: readonly [start: number, end: number] | null = null;
  /** Slots met in the innermost entry. */
  readonly #seen = new Set<number>();

  constructor(message: MarketDataMessage, slots: SlotTable, plan: MarketDataPlan) {
    this.#message = message;
    this.#slots = slots;
    this.#plan = plan;
    this.#isMass = message.msgType === PackedType.massQuote;
  }

  fill(fields: readonly GroupedField[]): boolean {
    const message = this.#message;
    if (!this.#isMass) this.#openQuote();
    for (const field of fields) if (!this.#take(field)) return false;
    if (this.#isMass) return this.#sets === this.#announcedSets && this.#missing === 0;
    message.symbolStart = message.symbolFrom[0];
    message.symbolEnd = message.symbolTo[0];
    return true;
  }

  #take(field: GroupedField): boolean {
    const { group, isFirst } = field;
    if (group === Tag.noQuoteSets && isFirst && !this.#openSet()) return false;
    if (group === Tag.noQuoteEntries && isFirst) {
      if (--this.#missing < 0) return false;
      this.#openQuote();
    }
    const slot = field.tag < SLOT_TAGS ? this.#slots[field.tag] : Slot.other;
    const isOurs = group === 0 || (this.#isMass && (group === Tag.noQuoteSets || group === Tag.noQuoteEntries));
    if (slot < Slot.action || field.start === field.end || !isOurs) return true;
    if (this.#seen.has(slot) && slot !== Slot.transactTime) return false;
    this.#seen.add(slot);
    return this.#set(slot, field);
  }

  #openSet(): boolean {
    if (this.#missing !== 0 || ++this.#sets > this.#announcedSets) return false;
    this.#missing = -1;
    this.#bid = -1;
    this.#setSymbol = null;
    this.#seen.clear();
    return true;
  }

  #openQuote(): void {
    const message = this.#message;
    const [start, end] = this.#setSymbol ?? [message.symbolStart, message.symbolEnd];
    this.#seen.clear();
    this.#bid = message.addEntry();
    const offer = message.addEntry();
    message.type[this.#bid] = MdEntryType.bid;
    message.type[offer] = MdEntryType.offer;
    message.action.fill(MdAction.delete, this.#bid, offer + 1);
    message.symbolFrom.fill(start, this.#bid, offer + 1);
    message.symbolTo.fill(end, this.#bid, offer + 1);
  }

  #set(slot: number, { start, end }: GroupedField): boolean {
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
      case Slot.setId:
        if (this.#plan.symbolTag === Tag.quoteSetId) this.#setSymbol = [start, end];
        return true;
      case Slot.symbol:
        this.#takeSymbol(start, end);
        return true;
      case Slot.setCount:
        this.#announcedSets = wholeNumber(message.bytes, start, end);
        return this.#announcedSets >= 0;
      case Slot.entryCount:
        this.#missing = wholeNumber(message.bytes, start, end);
        return this.#missing >= 0;
      default:
        return this.#setMessage(slot, start, end);
    }
  }

  #setMessage(slot: number, start: number, end: number): boolean {
    const message = this.#message;
    switch (slot) {
      case Slot.requestId:
        this.#setRequestId(start, end);
        return true;
      case Slot.quoteId:
        message.quoteIdStart = start;
        message.quoteIdEnd = end;
        if (this.#plan.requestIdTag === Tag.quoteId) this.#setRequestId(start, end);
        return true;
      case Slot.rptSeq:
        message.rptSeqStart = start;
        message.rptSeqEnd = end;
        return true;
      case Slot.transactTime:
        if (message.timeStart >= 0) return true;
        message.timeStart = start;
        message.timeEnd = end;
        return true;
      case Slot.responseLevel:
        message.wantsAck = end === start + 1 && ACK_LEVELS.includes(String.fromCharCode(message.bytes[start]));
        return true;
      default:
        return false;
    }
  }

  #setRequestId(start: number, end: number): void {
    this.#message.requestIdStart = start;
    this.#message.requestIdEnd = end;
  }

  #takeSymbol(start: number, end: number): void {
    const message = this.#message;
    if (this.#bid >= 0) {
      message.symbolFrom.fill(start, this.#bid, this.#bid + 2);
      message.symbolTo.fill(end, this.#bid, this.#bid + 2);
    } else if (this.#sets > 0) {
      this.#setSymbol = [start, end];
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
