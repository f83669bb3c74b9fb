// Hot path.
// W and X in one pass over the bytes, offsets only. As LPs send them (SOH as |):
//   cTrader X     …|268=2|279=0|269=0|278=1105|55=1|270=1.08531|271=3000000|279=2|278=1099|55=1|
//   Binance X     …|268=3|279=1|270=50000.5|271=0.1|269=0|55=BTCUSDT|25043=7|279=1|270=50001|271=2|269=1|279=…
//   Binance X, cut …|262=3|893=N|268=1000|279=1|270=50000.5|…, the last one with 893=Y
//   LMAX W        …|262=1|48=4001|22=8|268=2|269=0|270=1.08531|271=10|272=20240502|273=07:49:37.708|269=1|…

import type { MarketDataPlan } from "../venues/compiled-fix-venue.ts";
import { MAX_DECIMAL_BYTES } from "../venues/decimal-text.ts";
import { dataEnd, dataTagOf, EQUALS, NINE, SOH, wholeNumber, ZERO } from "./data-fields.ts";
import type { FixFrame } from "./fix-frame.ts";
import { Fragment, MarketDataMessage, MdAction } from "./market-data-message.ts";
import { entrySlots, SLOT_TAGS, Slot, type SlotTable } from "./market-data-slots.ts";
import { QuoteScanner } from "./quote-scanner.ts";
import { PackedType } from "./tags.ts";

const ACTION_BIT = 1 << Slot.action;
const MINUS = 0x2d;
const DOT = 0x2e;
/** `N` */
const NO = 0x4e;

/** In place of the tag that starts an entry: there is no group yet. */
const NO_FIRST_TAG = -1;
/** In place of the tag that starts an entry: the next field tells it. */
const FIRST_TAG_NEXT = -2;

/**
 * Reads W, X, S and i straight from the bytes of a frame, by the tags of one profile. What it is not sure of it declines:
 * the engine's own parser then reads the message by its dictionary.
 *
 * Fields outside of the group may stand in any order, before it or behind it; behind it they cannot be told from fields of
 * the last entry, which matters for the symbol alone. An entry begins with the tag that the first one began with.
 */
export class MarketDataScanner {
  /** What the last message said; filled anew by every scan, worthless after a decline. */
  readonly message = new MarketDataMessage();
  readonly #snapshotSlots: SlotTable;
  readonly #incrementSlots: SlotTable;
  readonly #quotes: QuoteScanner;
  /** NumberOfOrders (346) of the newest entry is 0. */
  #hasNoOrders = false;

  constructor(plan: MarketDataPlan) {
    this.#snapshotSlots = entrySlots(plan, "snapshot");
    this.#incrementSlots = entrySlots(plan, "increment");
    this.#quotes = new QuoteScanner(plan, this.message);
  }

  /** Fills `message` from W, X, S or i; false = declined. */
  scan(frame: FixFrame): boolean {
    const { bytes, msgType, bodyStart, bodyEnd } = frame;
    this.message.clear(bytes, msgType);
    switch (msgType) {
      case PackedType.increment:
        return this.#readEntries(this.#incrementSlots, bodyStart, bodyEnd) && this.#settleSymbols();
      case PackedType.snapshot:
        return (
          this.#readEntries(this.#snapshotSlots, bodyStart, bodyEnd) && this.#settleSymbols() && this.#hasOneSymbol()
        );
      case PackedType.quote:
        return this.#quotes.readQuote(bodyStart, bodyEnd);
      case PackedType.massQuote:
        return this.#quotes.readMassQuote(bodyStart, bodyEnd);
      default:
        return false;
    }
  }

  /** Reads the body of W or X; `bytes[end − 1]` is a SOH, so that values end without looking for the end. */
  #readEntries(slots: SlotTable, at: number, end: number): boolean {
    const { message } = this;
    const { bytes } = message;
    const needed = message.msgType === PackedType.increment ? ACTION_BIT : 0;
    let announced = -1;
    let firstTag = NO_FIRST_TAG;
    let entry = -1;
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
      if (firstTag === FIRST_TAG_NEXT) firstTag = tag;
      if (tag === firstTag) {
        if (entry + 1 === announced || (entry >= 0 && !this.#closeEntry(entry, seen, needed))) return false;
        entry = this.#openEntry();
        seen = 0;
      }
      const slot = tag < SLOT_TAGS ? slots[tag] : Slot.other;
      if (slot === Slot.price || slot === Slot.size) next = plainDecimalEnd(bytes, start);
      else while (bytes[next] !== SOH) next++;
      if (slot >= Slot.action && next !== start) {
        const bit = 1 << slot;
        if (next < 0 || (seen & bit) !== 0) return false;
        seen |= bit;
        if (!(entry < 0 ? this.#setField(slot, start, next) : this.#setEntry(slot, start, next))) return false;
        if (slot === Slot.entryCount) {
          announced = wholeNumber(bytes, start, next);
          if (announced > 0) firstTag = FIRST_TAG_NEXT;
        }
      } else if (slot === Slot.dataLength || slot === Slot.foreignGroup) {
        if (entry >= 0 || slot === Slot.foreignGroup) return false;
        next = Math.max(next, dataEnd(bytes, start, end, dataTagOf(tag)));
      }
      next++;
    }
    return announced === message.count && (entry < 0 || this.#closeEntry(entry, seen, needed));
  }

  /** Starts an entry: its symbol is that of the one before, or else the message's, until it names its own. */
  #openEntry(): number {
    const { message } = this;
    const entry = message.addEntry();
    message.symbolFrom[entry] = entry === 0 ? message.symbolStart : message.symbolFrom[entry - 1];
    message.symbolTo[entry] = entry === 0 ? message.symbolEnd : message.symbolTo[entry - 1];
    this.#hasNoOrders = false;
    return entry;
  }

  /** Takes an entry as it is; false when it lacks what it must have. */
  #closeEntry(entry: number, seen: number, needed: number): boolean {
    const { message } = this;
    if (this.#hasNoOrders && message.priceFrom[entry] < 0) message.action[entry] = MdAction.delete;
    return (seen & needed) === needed;
  }

  /** Keeps a field that stands before the entries; false when it belongs into one. */
  #setField(slot: number, start: number, end: number): boolean {
    const { message } = this;
    switch (slot) {
      case Slot.entryCount:
        return true;
      case Slot.requestId:
        message.requestIdStart = start;
        message.requestIdEnd = end;
        return true;
      case Slot.symbol:
        message.symbolStart = start;
        message.symbolEnd = end;
        return true;
      case Slot.rptSeq:
        message.rptSeqStart = start;
        message.rptSeqEnd = end;
        return true;
      case Slot.transactTime:
        message.timeStart = start;
        message.timeEnd = end;
        return true;
      case Slot.lastFragment:
        message.fragment = end === start + 1 && message.bytes[start] === NO ? Fragment.more : Fragment.last;
        return true;
      default:
        return false;
    }
  }

  /** Keeps a field of the newest entry, or one of the message that stands behind the entries; false = declined. */
  #setEntry(slot: number, start: number, end: number): boolean {
    const { message } = this;
    const { bytes } = message;
    const entry = message.count - 1;
    switch (slot) {
      case Slot.action:
        message.action[entry] = bytes[start];
        return end === start + 1;
      case Slot.type:
        message.type[entry] = end === start + 1 ? bytes[start] : 0;
        return true;
      case Slot.price:
        message.priceFrom[entry] = start;
        message.priceTo[entry] = end;
        return true;
      case Slot.size:
        message.sizeFrom[entry] = start;
        message.sizeTo[entry] = end;
        return true;
      case Slot.id:
        message.idFrom[entry] = start;
        message.idTo[entry] = end;
        return true;
      case Slot.symbol:
        message.symbolFrom[entry] = start;
        message.symbolTo[entry] = end;
        return true;
      case Slot.refId:
        message.refIdFrom[entry] = start;
        message.refIdTo[entry] = end;
        return true;
      case Slot.level:
        message.level[entry] = wholeNumber(bytes, start, end);
        return message.level[entry] >= 0;
      case Slot.rptSeq:
        message.rptSeqFrom[entry] = start;
        message.rptSeqTo[entry] = end;
        return true;
      case Slot.date:
        message.dateFrom[entry] = start;
        message.dateTo[entry] = end;
        return true;
      case Slot.time:
        message.timeFrom[entry] = start;
        message.timeTo[entry] = end;
        return true;
      case Slot.numberOfOrders:
        this.#hasNoOrders = end === start + 1 && bytes[start] === ZERO;
        return true;
      default:
        return this.#setLate(slot, start, end);
    }
  }

  /** Keeps a field of the message that was met behind the start of the entries, where it counts once. */
  #setLate(slot: number, start: number, end: number): boolean {
    const { message } = this;
    if (slot === Slot.requestId && message.requestIdStart < 0) return this.#setField(slot, start, end);
    if (slot === Slot.lastFragment && message.fragment === Fragment.none) return this.#setField(slot, start, end);
    if (slot !== Slot.transactTime) return false;
    // Some venues stamp every entry: the first stamp stands for the message.
    return message.timeStart >= 0 || this.#setField(slot, start, end);
  }

  /**
   * Gives the entries of a message that names one symbol, behind its group, that symbol. False when the first entry has
   * none but a later one has.
   */
  #settleSymbols(): boolean {
    const { message } = this;
    const { count } = message;
    if (count === 0 || message.symbolFrom[0] >= 0) return true;
    const last = count - 1;
    const start = message.symbolFrom[last];
    if (start < 0) return true;
    if (count > 1 && message.symbolFrom[last - 1] >= 0) return false;
    message.symbolStart = start;
    message.symbolEnd = message.symbolTo[last];
    message.symbolFrom.fill(start, 0, count);
    message.symbolTo.fill(message.symbolEnd, 0, count);
    return true;
  }

  /** True when a snapshot is of one symbol, as it must be; it is the message's then, even if only the entries name it. */
  #hasOneSymbol(): boolean {
    const { message } = this;
    const { bytes, count, symbolFrom, symbolTo } = message;
    if (count === 0) return true;
    if (message.symbolStart < 0) {
      message.symbolStart = symbolFrom[0];
      message.symbolEnd = symbolTo[0];
    }
    const start = message.symbolStart;
    const length = message.symbolEnd - start;
    for (let entry = 0; entry < count; entry++) {
      const from = symbolFrom[entry];
      if (from === start) continue;
      if (symbolTo[entry] - from !== length) return false;
      for (let i = 0; i < length; i++) if (bytes[from + i] !== bytes[start + i]) return false;
    }
    return true;
  }
}

/** Where the plain decimal ends that starts at `at`, its SOH; `at` itself when the value is empty, −1 when it is none. */
function plainDecimalEnd(bytes: Uint8Array, at: number): number {
  let next = at;
  let byte = bytes[next];
  if (byte === SOH) return at;
  if (byte === MINUS) byte = bytes[++next];
  const first = next;
  let points = 0;
  while (byte !== SOH) {
    if ((byte < ZERO || byte > NINE) && (byte !== DOT || ++points > 1)) return -1;
    byte = bytes[++next];
  }
  return next > first + points && next - at <= MAX_DECIMAL_BYTES ? next : -1;
}
