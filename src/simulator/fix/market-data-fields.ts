import { Tag } from "../../fix/tags.ts";
import type { FixField } from "../../venues/compiled-fix-venue.ts";
import { decimalText } from "../decimal-text.ts";
import type { BookChange } from "./book-changes.ts";
import type { FixShape } from "./fix-dialect.ts";
import type { BookLevel, BookSides, LpBook } from "./lp-book.ts";

/** The times of a message as its fields want them. */
export interface RenderTimes {
  /** `20260102-10:11:12.345` */
  readonly timestamp: string;
  /** Wall clock, ms, as a reader of the timestamp gets it. */
  readonly timeMs: number;
}

/** What the entries of one symbol are made from. */
export interface SymbolPart {
  readonly book: LpBook;
  /** RptSeq (83) of the message for this symbol. */
  readonly rptSeq: number;
}

/** The changes of one symbol in an increment. */
export interface IncrementPart extends SymbolPart {
  readonly changes: readonly BookChange[];
}

/** What one field may be made from. */
interface Facts extends SymbolPart {
  readonly requestId: string;
  readonly times: RenderTimes;
  /** Null in the head of a message. */
  readonly side: "0" | "1" | null;
  readonly action: string | null;
  /** Null where there is no entry: a head, or a side that is empty. */
  readonly level: BookLevel | null;
  readonly refId: string | null;
  readonly position: number;
}

/** Tags that are not in FIX 4.4's market data, or not read by anybody here. */
const MD_ENTRY_ORIGINATOR = 282;
const TRADING_SESSION_ID = 336;
const FIRST_BOOK_UPDATE_ID = 25043;
const LAST_BOOK_UPDATE_ID = 25044;
/** Length of `20260102-` before the time of day. */
const DATE_LENGTH = 8;

/** How one tag is written; null: left out. */
type FieldWriter = (facts: Facts) => string | null;

const WRITERS: ReadonlyMap<number, FieldWriter> = new Map<number, FieldWriter>([
  [Tag.symbol, ({ book }) => book.symbol],
  [Tag.transactTime, ({ times }) => times.timestamp],
  [Tag.rptSeq, ({ rptSeq }) => String(rptSeq)],
  [Tag.mdReqId, ({ requestId }) => requestId],
  [Tag.mdUpdateAction, ({ action }) => action],
  [Tag.mdEntryType, ({ side }) => side],
  [Tag.mdEntryId, ({ level }) => level?.id ?? null],
  [Tag.mdEntryRefId, ({ refId }) => refId],
  [Tag.mdEntryPx, ({ level, book }) => level && decimalText(level.priceUnits, book.spec.priceDecimals)],
  [Tag.mdEntrySize, ({ level, book }) => level && decimalText(level.sizeUnits, book.spec.sizeDecimals)],
  [Tag.mdEntryDate, ({ times }) => times.timestamp.slice(0, DATE_LENGTH)],
  [Tag.mdEntryTime, ({ times }) => times.timestamp.slice(DATE_LENGTH + 1)],
  [Tag.mdEntryPositionNo, ({ level, position }) => level && String(position)],
  [Tag.numberOfOrders, ({ level, position }) => (level === null ? "0" : String(position))],
  [MD_ENTRY_ORIGINATOR, ({ level }) => level?.maker ?? null],
  [TRADING_SESSION_ID, () => "OPEN"],
  [FIRST_BOOK_UPDATE_ID, ({ book }) => String(book.market.updates)],
  [LAST_BOOK_UPDATE_ID, ({ book }) => String(book.market.sequence)],
]);

/** The body of a W. */
export function snapshotFields(
  shape: FixShape,
  { sides, entryTags }: { readonly sides: BookSides; readonly entryTags: readonly number[] },
  message: SymbolPart & { readonly requestId: string; readonly times: RenderTimes },
): FixField[] {
  const head: Facts = { ...message, side: null, action: null, level: null, refId: null, position: 0 };
  const entries: Facts[] = [];
  for (const [side, levels] of [["0", sides.bids] as const, ["1", sides.asks] as const]) {
    for (const [rank, level] of levels.entries()) entries.push({ ...head, side, level, position: rank + 1 });
    if (levels.length === 0 && shape.emptySide === "noOrders") entries.push({ ...head, side });
  }
  return [
    ...fieldsOf(shape.snapshotHead, head),
    [Tag.noMdEntries, String(entries.length)],
    ...entries.flatMap((facts) => fieldsOf(entryTags, facts)),
  ];
}

/** The body of an X about one or several symbols of one request. */
export function incrementFields(
  shape: FixShape,
  parts: readonly IncrementPart[],
  message: { readonly requestId: string; readonly times: RenderTimes },
): FixField[] {
  const entries = parts.flatMap(({ changes, ...part }) =>
    changes.map((change): Facts => ({ ...part, ...message, ...change })),
  );
  const fields: FixField[] = [...fieldsOf(shape.incrementHead, entries[0]), [Tag.noMdEntries, String(entries.length)]];
  const last = new Map<number, string>();
  for (const facts of entries) {
    const tags = facts.action === "2" ? shape.deleteEntry : shape.incrementEntry;
    for (const field of fieldsOf(tags, facts)) {
      const [tag, value] = field;
      if (shape.inheritedTags.includes(tag) && last.get(tag) === value) continue;
      last.set(tag, value);
      fields.push(field);
    }
  }
  return fields;
}

function fieldsOf(tags: readonly number[], facts: Facts): FixField[] {
  const fields: FixField[] = [];
  for (const tag of tags) {
    const value = WRITERS.get(tag)?.(facts) ?? null;
    if (value !== null) fields.push([tag, value]);
  }
  return fields;
}
