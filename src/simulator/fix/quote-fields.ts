import { Tag } from "../../fix/tags.ts";
import type { FixField } from "../../venues/compiled-fix-venue.ts";
import { decimalText } from "../decimal-text.ts";
import type { BookLevel, BookSides, LpBook } from "./lp-book.ts";
import type { RenderTimes } from "./market-data-fields.ts";

const TOT_NO_QUOTE_ENTRIES = 304;
/** QuoteResponseLevel (301): acknowledge each message. */
const ACK_EACH = "2";

/** What an S, an i or a Z is made from. */
export interface QuoteMessage {
  readonly book: LpBook;
  readonly requestId: string;
  readonly quoteId: string;
  readonly times: RenderTimes;
}

/** Both quotes of one maker. */
interface Line {
  readonly entryId: string;
  readonly bid: BookLevel | undefined;
  readonly ask: BookLevel | undefined;
}

/** The body of an S: the best of the book. */
export function quoteFields(sides: BookSides, message: QuoteMessage): FixField[] {
  return [
    [Tag.quoteReqId, message.requestId],
    [Tag.quoteId, message.quoteId],
    [Tag.symbol, message.book.symbol],
    ...pricesOf({ entryId: "", bid: sides.bids[0], ask: sides.asks[0] }, message.book),
    [Tag.transactTime, message.times.timestamp],
  ];
}

/** The body of an i: a line per maker whose quotes have changed; a maker who is gone has neither price. */
export function massQuoteFields(
  books: { readonly told: BookSides; readonly now: BookSides },
  message: QuoteMessage & { readonly wantsAck: boolean },
): FixField[] {
  const before = linesOf(books.told);
  const now = linesOf(books.now);
  const lines = now.filter((line, rank) => line.bid !== before[rank]?.bid || line.ask !== before[rank]?.ask);
  for (const { entryId } of before.slice(now.length)) lines.push({ entryId, bid: undefined, ask: undefined });
  const entries = lines.flatMap((line): FixField[] => [
    [Tag.quoteEntryId, line.entryId],
    [Tag.symbol, message.book.symbol],
    ...pricesOf(line, message.book),
    [Tag.transactTime, message.times.timestamp],
  ]);
  return [
    [Tag.quoteReqId, message.requestId],
    [Tag.quoteId, message.quoteId],
    ...(message.wantsAck ? [[Tag.quoteResponseLevel, ACK_EACH] as const] : []),
    [Tag.noQuoteSets, "1"],
    [Tag.quoteSetId, "1"],
    [TOT_NO_QUOTE_ENTRIES, String(lines.length)],
    [Tag.noQuoteEntries, String(lines.length)],
    ...entries,
  ];
}

/** The body of a Z that withdraws all quotes of a symbol. */
export function quoteCancelFields(message: QuoteMessage): FixField[] {
  return [
    [Tag.quoteReqId, message.requestId],
    [Tag.quoteId, message.quoteId],
    [Tag.quoteCancelType, "1"],
    [Tag.noQuoteEntries, "1"],
    [Tag.symbol, message.book.symbol],
  ];
}

function linesOf(sides: BookSides): Line[] {
  const count = Math.max(sides.bids.length, sides.asks.length);
  return Array.from({ length: count }, (_, rank) => ({
    entryId: `BANK${rank + 1}`,
    bid: sides.bids[rank],
    ask: sides.asks[rank],
  }));
}

function pricesOf({ bid, ask }: Line, { spec }: LpBook): FixField[] {
  const price = (level: BookLevel) => decimalText(level.priceUnits, spec.priceDecimals);
  const size = (level: BookLevel) => decimalText(level.sizeUnits, spec.sizeDecimals);
  return [
    ...(bid === undefined ? [] : [[Tag.bidPx, price(bid)] as const]),
    ...(ask === undefined ? [] : [[Tag.offerPx, price(ask)] as const]),
    ...(bid === undefined ? [] : [[Tag.bidSize, size(bid)] as const]),
    ...(ask === undefined ? [] : [[Tag.offerSize, size(ask)] as const]),
  ];
}
