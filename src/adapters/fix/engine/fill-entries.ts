import { wholeNumber, ZERO } from "../../../fix/data-fields.ts";
import { sliceText } from "../../../fix/field-reader.ts";
import { fixDecimalKind } from "../../../fix/fix-decimal.ts";
import { Fragment, type MarketDataMessage, MdAction } from "../../../fix/market-data-message.ts";
import { SLOT_TAGS, Slot, type SlotTable } from "../../../fix/market-data-slots.ts";
import { PackedType, Tag } from "../../../fix/tags.ts";
import { DecimalKind } from "../../../venues/decimal-text.ts";
import type { GroupedField } from "./grouped-fields.ts";

/**
 * Fills a cleared message from the fields of W or X, by the same rules as `MarketDataScanner`.
 *
 * @returns false when the message is not what its numbers say, or an entry cannot be right
 */
export function fillEntries(message: MarketDataMessage, fields: readonly GroupedField[], slots: SlotTable): boolean {
  return new EntriesFiller(message, slots).fill(fields);
}

class EntriesFiller {
  readonly #message: MarketDataMessage;
  readonly #slots: SlotTable;
  readonly #isIncrement: boolean;
  #announced = -1;
  /** Slots met in the entry, or in the message while there is none. */
  readonly #seen = new Set<number>();
  #hasNoOrders = false;

  constructor(message: MarketDataMessage, slots: SlotTable) {
    this.#message = message;
    this.#slots = slots;
    this.#isIncrement = message.msgType === PackedType.increment;
  }

  fill(fields: readonly GroupedField[]): boolean {
    for (const field of fields) {
      if (field.group === Tag.noMdEntries && field.isFirst && !this.#openEntry()) return false;
      const slot = field.tag < SLOT_TAGS ? this.#slots[field.tag] : Slot.other;
      // A group within an entry has nothing of the entry's own.
      const isOurs = field.group === 0 || field.group === Tag.noMdEntries;
      if (slot < Slot.action || field.start === field.end || !isOurs) continue;
      if (!(field.group === 0 ? this.#setMessage(slot, field) : this.#setEntry(slot, field))) return false;
    }
    return this.#closeEntry() && this.#announced === this.#message.count && this.#settleSymbols();
  }

  #openEntry(): boolean {
    if (!this.#closeEntry()) return false;
    const message = this.#message;
    const entry = message.addEntry();
    message.symbolFrom[entry] = entry === 0 ? message.symbolStart : message.symbolFrom[entry - 1];
    message.symbolTo[entry] = entry === 0 ? message.symbolEnd : message.symbolTo[entry - 1];
    this.#seen.clear();
    this.#hasNoOrders = false;
    return true;
  }

  #closeEntry(): boolean {
    const message = this.#message;
    const entry = message.count - 1;
    if (entry < 0 || !this.#isIncrement) return true;
    if (this.#hasNoOrders && message.priceFrom[entry] < 0) message.action[entry] = MdAction.delete;
    return this.#seen.has(Slot.action);
  }

  #setMessage(slot: number, { start, end }: GroupedField): boolean {
    const message = this.#message;
    switch (slot) {
      case Slot.entryCount:
        if (this.#announced >= 0) return false;
        this.#announced = wholeNumber(message.bytes, start, end);
        return true;
      case Slot.requestId:
        if (message.requestIdStart >= 0) return false;
        message.requestIdStart = start;
        message.requestIdEnd = end;
        return true;
      case Slot.symbol:
        if (message.symbolStart >= 0) return false;
        message.symbolStart = start;
        message.symbolEnd = end;
        return true;
      case Slot.rptSeq:
        if (message.rptSeqStart >= 0) return false;
        message.rptSeqStart = start;
        message.rptSeqEnd = end;
        return true;
      case Slot.transactTime:
        this.#setTime(start, end);
        return true;
      case Slot.lastFragment:
        if (message.fragment !== Fragment.none) return false;
        message.fragment = sliceText(message.bytes, start, end) === "N" ? Fragment.more : Fragment.last;
        return true;
      default:
        return false;
    }
  }

  /** Some venues stamp every entry: the first stamp stands for the message. */
  #setTime(start: number, end: number): void {
    const message = this.#message;
    if (message.timeStart >= 0) return;
    message.timeStart = start;
    message.timeEnd = end;
  }

  #setEntry(slot: number, { start, end }: GroupedField): boolean {
    const message = this.#message;
    const { bytes } = message;
    const entry = message.count - 1;
    if (entry < 0 || this.#seen.has(slot)) return false;
    this.#seen.add(slot);
    switch (slot) {
      case Slot.action:
        message.action[entry] = bytes[start];
        return end === start + 1;
      case Slot.type:
        message.type[entry] = end === start + 1 ? bytes[start] : 0;
        return true;
      case Slot.level:
        message.level[entry] = wholeNumber(bytes, start, end);
        return message.level[entry] >= 0;
      case Slot.numberOfOrders:
        this.#hasNoOrders = end === start + 1 && bytes[start] === ZERO;
        return true;
      case Slot.transactTime:
        this.#setTime(start, end);
        return true;
      default:
        return this.#setSlice(slot, start, end);
    }
  }

  #setSlice(slot: number, start: number, end: number): boolean {
    const message = this.#message;
    const isNumber = slot === Slot.price || slot === Slot.size;
    if (isNumber && fixDecimalKind(message.bytes, start, end) === DecimalKind.invalid) return false;
    const slices = slicesOf(message, slot);
    if (slices === null) return false;
    const [from, to] = slices;
    from[message.count - 1] = start;
    to[message.count - 1] = end;
    return true;
  }

  /** A symbol that only the last entry has stands behind the group, and is the message's. */
  #settleSymbols(): boolean {
    const message = this.#message;
    const { count, symbolFrom, symbolTo } = message;
    const last = count - 1;
    if (count > 0 && symbolFrom[0] < 0 && symbolFrom[last] >= 0) {
      if (count > 1 && symbolFrom[last - 1] >= 0) return false;
      message.symbolStart = symbolFrom[last];
      message.symbolEnd = symbolTo[last];
      symbolFrom.fill(message.symbolStart, 0, count);
      symbolTo.fill(message.symbolEnd, 0, count);
    }
    return this.#isIncrement || count === 0 || this.#hasOneSymbol();
  }

  #hasOneSymbol(): boolean {
    const message = this.#message;
    if (message.symbolStart < 0) {
      message.symbolStart = message.symbolFrom[0];
      message.symbolEnd = message.symbolTo[0];
    }
    const symbol = sliceText(message.bytes, message.symbolStart, message.symbolEnd);
    for (let entry = 0; entry < message.count; entry++) {
      if (sliceText(message.bytes, message.symbolFrom[entry], message.symbolTo[entry]) !== symbol) return false;
    }
    return true;
  }
}

function slicesOf(message: MarketDataMessage, slot: number): readonly [from: Int32Array, to: Int32Array] | null {
  switch (slot) {
    case Slot.symbol:
      return [message.symbolFrom, message.symbolTo];
    case Slot.id:
      return [message.idFrom, message.idTo];
    case Slot.refId:
      return [message.refIdFrom, message.refIdTo];
    case Slot.price:
      return [message.priceFrom, message.priceTo];
    case Slot.size:
      return [message.sizeFrom, message.sizeTo];
    case Slot.rptSeq:
      return [message.rptSeqFrom, message.rptSeqTo];
    case Slot.date:
      return [message.dateFrom, message.dateTo];
    case Slot.time:
      return [message.timeFrom, message.timeTo];
    default:
      return null;
  }
}
