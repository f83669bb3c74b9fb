import { Tag } from "../../fix/tags.ts";
import type { BookForm, FixDialect, FixShape } from "./fix-dialect.ts";
import { coinMarkets, FX_MARKETS, NUMBERED_FX_MARKETS } from "./fx-markets.ts";

/** Tags that FIX 4.4 does not have, or that nobody but one venue sends. */
const FIRST_BOOK_UPDATE_ID = 25043;
const LAST_BOOK_UPDATE_ID = 25044;
const MD_ENTRY_ORIGINATOR = 282;
const TRADING_SESSION_ID = 336;

const { symbol, mdReqId, mdEntryType, mdEntryPx, mdEntrySize, mdEntryId, mdUpdateAction, mdEntryRefId } = Tag;
const { mdEntryDate, mdEntryTime, mdEntryPositionNo, numberOfOrders } = Tag;

// An LP as the dictionary of FIX 4.4 has it: entries with ids, makers who requote them.
//   W 262=1|55=EUR/USD|268=2|269=0|278=17|270=1.08452|271=1000000|282=BANK1|269=1|…
//   X 262=1|268=1|279=1|269=0|278=17|55=EUR/USD|270=1.08453|271=1500000|282=BANK1|
const GENERIC_BOOK: BookForm = {
  key: "id",
  updates: "increment",
  snapshotEntry: [mdEntryType, mdEntryId, mdEntryPx, mdEntrySize, MD_ENTRY_ORIGINATOR],
};

const GENERIC: FixShape = {
  book: GENERIC_BOOK,
  top: GENERIC_BOOK,
  identity: "maker",
  snapshotHead: [mdReqId, symbol],
  incrementHead: [mdReqId],
  incrementEntry: [
    mdUpdateAction,
    mdEntryType,
    mdEntryId,
    mdEntryRefId,
    symbol,
    mdEntryPx,
    mdEntrySize,
    MD_ENTRY_ORIGINATOR,
  ],
  deleteEntry: [mdUpdateAction, mdEntryType, mdEntryId, symbol],
  inheritedTags: [],
  emptySide: "absent",
  time: "sendingTime",
  timeDigits: 3,
  bodyLengthDigits: 0,
  quoteMessage: "i",
};

// cTrader (help.ctrader.com/fix/specification): no 262 in what it sends; the best alone comes as W without sizes; in the
// book an entry is replaced by deletion and another id.
//   W 55=1|268=2|269=0|270=1.08452|269=1|270=1.08454
//   W 55=1|268=2|269=0|270=1.08452|271=1000000|278=17|269=1|…
//   X 268=2|279=2|278=17|55=1|279=0|269=0|278=18|55=1|270=1.08453|271=1000000|
const CTRADER: FixShape = {
  ...GENERIC,
  book: { key: "id", updates: "increment", snapshotEntry: [mdEntryType, mdEntryPx, mdEntrySize, mdEntryId] },
  top: { key: "id", updates: "snapshot", snapshotEntry: [mdEntryType, mdEntryPx] },
  identity: "quote",
  snapshotHead: [symbol],
  incrementHead: [],
  incrementEntry: [mdUpdateAction, mdEntryType, mdEntryId, symbol, mdEntryPx, mdEntrySize],
  deleteEntry: [mdUpdateAction, mdEntryId, symbol],
};

// Binance spot (binance-spot-api-docs, fix-api.md): no ids; 55 and the update ids stand where they change; µs; `9=0000107`.
//   X 262=1|268=2|279=1|269=0|270=64123.45|271=1.2|55=BTCUSDT|25043=7|25044=9|279=1|269=1|270=64123.46|271=0.5|
const BINANCE: FixShape = {
  ...GENERIC,
  book: { key: "price", updates: "increment", snapshotEntry: [mdEntryType, mdEntryPx, mdEntrySize] },
  top: { key: "side", updates: "increment", snapshotEntry: [mdEntryType, mdEntryPx, mdEntrySize] },
  identity: "price",
  snapshotHead: [mdReqId, symbol, LAST_BOOK_UPDATE_ID],
  incrementEntry: [
    mdUpdateAction,
    mdEntryType,
    mdEntryPx,
    mdEntrySize,
    symbol,
    FIRST_BOOK_UPDATE_ID,
    LAST_BOOK_UPDATE_ID,
  ],
  deleteEntry: [mdUpdateAction, mdEntryType, mdEntryPx, symbol, FIRST_BOOK_UPDATE_ID, LAST_BOOK_UPDATE_ID],
  inheritedTags: [symbol, FIRST_BOOK_UPDATE_ID, LAST_BOOK_UPDATE_ID],
  timeDigits: 6,
  bodyLengthDigits: 7,
};

// Revolut (developer.revolut.com, exchange-fix-api): whole books only.
//   W 262=1|55=BTC/USD|268=2|269=0|270=64123.45|271=1.2000|269=1|…
const REVOLUT_BOOK: BookForm = {
  key: "price",
  updates: "snapshot",
  snapshotEntry: [mdEntryType, mdEntryPx, mdEntrySize],
};

const REVOLUT: FixShape = { ...GENERIC, book: REVOLUT_BOOK, top: REVOLUT_BOOK, identity: "price" };

// OSL (osl.com/reference, market-data-incremental-refresh-x): positions, 55 on the first entry, 346=0 for an empty side.
//   X 262=1|268=1|279=1|269=0|55=BTC/USD|270=64123.45|271=1.2|272=20260102|273=10:11:12.345|336=OPEN|346=3|290=1|
const OSL_BOOK: BookForm = {
  key: "position",
  updates: "increment",
  snapshotEntry: [
    mdEntryType,
    mdEntryPx,
    mdEntrySize,
    mdEntryDate,
    mdEntryTime,
    TRADING_SESSION_ID,
    numberOfOrders,
    mdEntryPositionNo,
  ],
};

const OSL: FixShape = {
  ...GENERIC,
  book: OSL_BOOK,
  top: OSL_BOOK,
  identity: "price",
  incrementEntry: [
    mdUpdateAction,
    mdEntryType,
    symbol,
    mdEntryPx,
    mdEntrySize,
    mdEntryDate,
    mdEntryTime,
    TRADING_SESSION_ID,
    numberOfOrders,
    mdEntryPositionNo,
  ],
  deleteEntry: [mdUpdateAction, mdEntryType, symbol, TRADING_SESSION_ID, mdEntryPositionNo],
  inheritedTags: [symbol],
  emptySide: "noOrders",
  time: "entry",
};

const PLAIN = {
  stream: "market-data",
  resetsAtLogon: false,
  needsUpdateType: false,
  replacesRequests: false,
  needsLogin: false,
  needsTls: false,
  needsSignature: false,
  farewellNews: null,
} as const;

/** Every LP that can be simulated. `lp-alpha` is the feed the product comes with; it speaks as `fix-generic` does. */
export const FIX_DIALECTS: readonly FixDialect[] = [
  { ...PLAIN, venue: "lp-alpha", compId: "LPALPHA", markets: FX_MARKETS, shape: GENERIC },
  { ...PLAIN, venue: "fix-generic", compId: "LP", markets: FX_MARKETS, shape: GENERIC },
  {
    ...PLAIN,
    venue: "ctrader",
    compId: "CSERVER",
    markets: NUMBERED_FX_MARKETS,
    shape: CTRADER,
    resetsAtLogon: true,
    needsLogin: true,
  },
  {
    ...PLAIN,
    venue: "binance-fix",
    compId: "SPOT",
    markets: coinMarkets((base, quote) => base + quote, "USDT"),
    shape: BINANCE,
    needsTls: true,
    needsSignature: true,
    farewellNews: "Server maintenance: the connection will be closed",
  },
  {
    ...PLAIN,
    venue: "revolut-fix",
    compId: "REVOLUT",
    markets: coinMarkets((base, quote) => `${base}/${quote}`, "USD"),
    shape: REVOLUT,
    replacesRequests: true,
    needsLogin: true,
  },
  {
    ...PLAIN,
    venue: "osl-fix",
    compId: "OSL",
    markets: coinMarkets((base, quote) => `${base}/${quote}`, "USD"),
    shape: OSL,
    needsUpdateType: true,
    needsTls: true,
  },
  // FXSpotStream (marketfactory.com): a stream of MassQuotes, one entry per bank.
  { ...PLAIN, venue: "fxspotstream", compId: "FSS", markets: FX_MARKETS, stream: "quote", shape: GENERIC },
];

/** The dialect of an LP; null when there is none. */
export function findFixDialect(venue: string): FixDialect | null {
  return FIX_DIALECTS.find((dialect) => dialect.venue === venue) ?? null;
}
