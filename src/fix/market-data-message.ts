// Hot path.
/** Shared by every message that holds no bytes yet. */
const NO_BYTES = new Uint8Array(0);
/** Entries there is room for at first; grows by doubling, bounded by the length of a message. */
const ENTRIES_AT_FIRST = 64;

/** MDUpdateAction (279) as it stands on the wire; a snapshot's entries are `new`. FIX 5.0 SP2 has 3, 4 and 5 too. */
export const MdAction = { new: 48, change: 49, delete: 50, deleteThru: 51, deleteFrom: 52, overlay: 53 } as const;

/** MDEntryType (269) as it stands on the wire; others are kept out of books. `J` = empty book. */
export const MdEntryType = { bid: 48, offer: 49, emptyBook: 74 } as const;

/**
 * LastFragment (893) of W and X. Only messages that were cut have it: Binance's updates of a whole book, up to 10,000
 * entries each.
 */
export const Fragment = {
  /** Not said: a message of its own, or the last of a venue that says N alone. */
  none: 0,
  /** N: what the message begins goes on in a later one. */
  more: 1,
  /** Y */
  last: 2,
} as const;

/** See {@link Fragment}. */
export type Fragment = (typeof Fragment)[keyof typeof Fragment];

/**
 * What W, X, S or i said, as slices of `bytes`; entries as arrays side by side, so that no object is made per entry. Both
 * ways of reading (scanner, engine view) fill the same. Start −1 = absent. Inheritance is already resolved: every entry
 * has its symbol.
 *
 * A Quote (S) and each entry of a MassQuote (i) become two entries, bid and offer, with the same id: `new` when the price
 * is there, `delete` when it is missing or zero.
 *
 * An entry of X with NumberOfOrders (346) = 0 and no price says that its side is empty (OSL): it is a `delete` with
 * neither price nor id. In a snapshot such an entry is `new` without a price: nothing.
 */
export class MarketDataMessage {
  bytes: Uint8Array = NO_BYTES;
  /** Packed, see `packMsgType`. */
  msgType = 0;
  /** MDReqID (262), QuoteReqID (131) or what else echoes our request. */
  requestIdStart = -1;
  requestIdEnd = -1;
  /** The symbol of the whole message (tag by profile, 55 mostly). */
  symbolStart = -1;
  symbolEnd = -1;
  /** RptSeq (83) of the whole message. */
  rptSeqStart = -1;
  rptSeqEnd = -1;
  /** The time of the whole message as the profile names it (60 or another); 52 is in the frame. */
  timeStart = -1;
  timeEnd = -1;
  /** QuoteID (117) of S, or of i: named in a QuoteAcknowledgement. */
  quoteIdStart = -1;
  quoteIdEnd = -1;
  /** True when QuoteResponseLevel (301) of i asks for an acknowledgement: 1 or 2. */
  wantsAck = false;
  /** LastFragment (893) of W and X. */
  fragment: Fragment = Fragment.none;
  /** Entries that were announced (268, 295 …): `count` is equal, or the message was declined. */
  count = 0;
  /** Char code of 279. */
  action = new Uint8Array(ENTRIES_AT_FIRST);
  /** Char code of 269; 0 when absent or longer than one character. */
  type = new Uint8Array(ENTRIES_AT_FIRST);
  /** The entry's symbol: its own, the one inherited from the entry before, or the message's. */
  symbolFrom = new Int32Array(ENTRIES_AT_FIRST);
  symbolTo = new Int32Array(ENTRIES_AT_FIRST);
  /** MDEntryID (278); QuoteEntryID (299) of i; none for S. */
  idFrom = new Int32Array(ENTRIES_AT_FIRST);
  idTo = new Int32Array(ENTRIES_AT_FIRST);
  /** MDEntryRefID (280): the id before a Change that renames. */
  refIdFrom = new Int32Array(ENTRIES_AT_FIRST);
  refIdTo = new Int32Array(ENTRIES_AT_FIRST);
  /** MDEntryPx (270): absent, or decimal text: `fixDecimalKind` is not `invalid`. */
  priceFrom = new Int32Array(ENTRIES_AT_FIRST);
  priceTo = new Int32Array(ENTRIES_AT_FIRST);
  /** MDEntrySize (271): absent, or decimal text. */
  sizeFrom = new Int32Array(ENTRIES_AT_FIRST);
  sizeTo = new Int32Array(ENTRIES_AT_FIRST);
  /** MDPriceLevel (1023) or MDEntryPositionNo (290), from 1; 0 = absent. */
  level = new Int32Array(ENTRIES_AT_FIRST);
  /** RptSeq (83) of the entry. */
  rptSeqFrom = new Int32Array(ENTRIES_AT_FIRST);
  rptSeqTo = new Int32Array(ENTRIES_AT_FIRST);
  /** MDEntryDate (272) and MDEntryTime (273) of the entry; some venues put a whole timestamp into one of them. */
  dateFrom = new Int32Array(ENTRIES_AT_FIRST);
  dateTo = new Int32Array(ENTRIES_AT_FIRST);
  timeFrom = new Int32Array(ENTRIES_AT_FIRST);
  timeTo = new Int32Array(ENTRIES_AT_FIRST);

  /** Empties the message, for another one of `bytes`. */
  clear(bytes: Uint8Array, msgType: number): void {
    this.bytes = bytes;
    this.msgType = msgType;
    this.requestIdStart = -1;
    this.requestIdEnd = -1;
    this.symbolStart = -1;
    this.symbolEnd = -1;
    this.rptSeqStart = -1;
    this.rptSeqEnd = -1;
    this.timeStart = -1;
    this.timeEnd = -1;
    this.quoteIdStart = -1;
    this.quoteIdEnd = -1;
    this.wantsAck = false;
    this.fragment = Fragment.none;
    this.count = 0;
  }

  /** Adds one entry, `new` and with nothing else in it; returns its index. */
  addEntry(): number {
    this.grow();
    const entry = this.count++;
    this.action[entry] = MdAction.new;
    this.type[entry] = 0;
    this.symbolFrom[entry] = -1;
    this.symbolTo[entry] = -1;
    this.idFrom[entry] = -1;
    this.idTo[entry] = -1;
    this.refIdFrom[entry] = -1;
    this.refIdTo[entry] = -1;
    this.priceFrom[entry] = -1;
    this.priceTo[entry] = -1;
    this.sizeFrom[entry] = -1;
    this.sizeTo[entry] = -1;
    this.level[entry] = 0;
    this.rptSeqFrom[entry] = -1;
    this.rptSeqTo[entry] = -1;
    this.dateFrom[entry] = -1;
    this.dateTo[entry] = -1;
    this.timeFrom[entry] = -1;
    this.timeTo[entry] = -1;
    return entry;
  }

  /** True when the entry is of the symbol of the one before it: one that inherits it has it from the same place. */
  isOfSymbolBefore(entry: number): boolean {
    const start = this.symbolFrom[entry];
    const length = this.symbolTo[entry] - start;
    const startBefore = this.symbolFrom[entry - 1];
    if (start === startBefore) return true;
    if (start < 0 || startBefore < 0 || length !== this.symbolTo[entry - 1] - startBefore) return false;
    const { bytes } = this;
    for (let at = 0; at < length; at++) if (bytes[start + at] !== bytes[startBefore + at]) return false;
    return true;
  }

  /** Makes room for one more entry than `count`. */
  grow(): void {
    if (this.count < this.action.length) return;
    this.action = grownBytes(this.action);
    this.type = grownBytes(this.type);
    this.symbolFrom = grown(this.symbolFrom);
    this.symbolTo = grown(this.symbolTo);
    this.idFrom = grown(this.idFrom);
    this.idTo = grown(this.idTo);
    this.refIdFrom = grown(this.refIdFrom);
    this.refIdTo = grown(this.refIdTo);
    this.priceFrom = grown(this.priceFrom);
    this.priceTo = grown(this.priceTo);
    this.sizeFrom = grown(this.sizeFrom);
    this.sizeTo = grown(this.sizeTo);
    this.level = grown(this.level);
    this.rptSeqFrom = grown(this.rptSeqFrom);
    this.rptSeqTo = grown(this.rptSeqTo);
    this.dateFrom = grown(this.dateFrom);
    this.dateTo = grown(this.dateTo);
    this.timeFrom = grown(this.timeFrom);
    this.timeTo = grown(this.timeTo);
  }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

function grownBytes(array: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(array.length * 2);
  larger.set(array);
  return larger;
}
