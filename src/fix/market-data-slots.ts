// Hot path.
// Which tags mean what in market data, by profile: a table from tag to slot, made once, so that the scanner has one look-up
// and one switch per field and the profile's own tags cost nothing more.
import type { MarketDataPlan } from "../venues/compiled-fix-venue.ts";
import { dataTagOf } from "./data-fields.ts";
import { Tag } from "./tags.ts";

/** What a field is to the scanners. From `action` on, each may be there once in an entry and once outside of entries. */
export const Slot = {
  /** Jumped over. */
  other: 0,
  /** Announces data that may hold anything. */
  dataLength: 1,
  /** Announces a group whose fields would be taken for the entry's own. */
  foreignGroup: 2,
  action: 3,
  type: 4,
  symbol: 5,
  id: 6,
  refId: 7,
  price: 8,
  size: 9,
  level: 10,
  rptSeq: 11,
  date: 12,
  time: 13,
  numberOfOrders: 14,
  /** Number of entries (268), or of the entries of a set (295). */
  entryCount: 15,
  requestId: 16,
  transactTime: 17,
  quoteId: 18,
  bidPrice: 19,
  offerPrice: 20,
  bidSize: 21,
  offerSize: 22,
  setCount: 23,
  setId: 24,
  responseLevel: 25,
  lastFragment: 26,
} as const;

/** Tags below this have a place in the table; those above are jumped over. */
export const SLOT_TAGS = 2048;

/** Tag → {@link Slot}. */
export type SlotTable = Uint8Array;

/** What to read of W or X. */
export function entrySlots(plan: MarketDataPlan, kind: "snapshot" | "increment"): SlotTable {
  const slots = commonSlots(plan);
  slots[Tag.noMdEntries] = Slot.entryCount;
  slots[Tag.lastFragment] = Slot.lastFragment;
  slots[Tag.mdEntryType] = Slot.type;
  slots[Tag.mdEntryId] = Slot.id;
  slots[Tag.mdEntryPx] = Slot.price;
  slots[Tag.mdEntrySize] = Slot.size;
  slots[Tag.mdEntryDate] = Slot.date;
  slots[Tag.mdEntryTime] = Slot.time;
  if (plan.levelTag > 0 && plan.levelTag < SLOT_TAGS) slots[plan.levelTag] = Slot.level;
  if (kind === "snapshot") return slots;
  slots[Tag.mdUpdateAction] = Slot.action;
  slots[Tag.mdEntryRefId] = Slot.refId;
  slots[Tag.numberOfOrders] = Slot.numberOfOrders;
  return slots;
}

/** What to read of S or i. */
export function quoteSlots(plan: MarketDataPlan, kind: "quote" | "massQuote"): SlotTable {
  const slots = commonSlots(plan);
  slots[Tag.quoteId] = Slot.quoteId;
  slots[Tag.bidPx] = Slot.bidPrice;
  slots[Tag.offerPx] = Slot.offerPrice;
  slots[Tag.bidSize] = Slot.bidSize;
  slots[Tag.offerSize] = Slot.offerSize;
  if (kind === "quote") return slots;
  slots[Tag.noQuoteSets] = Slot.setCount;
  slots[Tag.quoteSetId] = Slot.setId;
  slots[Tag.noQuoteEntries] = Slot.entryCount;
  slots[Tag.quoteEntryId] = Slot.id;
  slots[Tag.quoteResponseLevel] = Slot.responseLevel;
  return slots;
}

function commonSlots(plan: MarketDataPlan): SlotTable {
  const slots = new Uint8Array(SLOT_TAGS);
  for (let tag = 0; tag < SLOT_TAGS; tag++) if (dataTagOf(tag) !== 0) slots[tag] = Slot.dataLength;
  // NoUnderlyings holds UnderlyingSymbol (311); no other group of FIX 4.4's entries repeats a tag that is read here.
  if (plan.symbolTag === Tag.underlyingSymbol) slots[Tag.noUnderlyings] = Slot.foreignGroup;
  if (plan.hasRptSeq) slots[Tag.rptSeq] = Slot.rptSeq;
  if (plan.time === "transactTime") slots[Tag.transactTime] = Slot.transactTime;
  slots[plan.requestIdTag] = Slot.requestId;
  slots[plan.symbolTag] = Slot.symbol;
  return slots;
}
