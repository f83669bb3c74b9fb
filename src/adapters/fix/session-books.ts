import type { BookRules, CompiledFixVenue, MarketDataPlan } from "../../venues/compiled-fix-venue.ts";
import { MarketDataBooks, type MarketDataBooksOptions } from "./book/market-data-books.ts";

/** The books of one session, as the session uses them. */
export type SessionBooks = Pick<
  MarketDataBooks,
  | "bindRequest"
  | "unbindRequest"
  | "heals"
  | "isTrusted"
  | "distrust"
  | "distrustAll"
  | "apply"
  | "cancelAll"
  | "cancelEntry"
>;

/** Puts something between a session and its books: what a recorder does. */
export type BooksWrapper = (
  books: SessionBooks,
  session: Pick<MarketDataBooksOptions, "instruments" | "epoch">,
) => SessionBooks;

/** What is asked of an LP, as far as its books depend on it. */
export interface BookSettings {
  readonly venue: CompiledFixVenue;
  /** MarketDepth (264). */
  readonly depth: number;
  readonly isSubscribing: boolean;
}

/** Which tags mean what. An LP that was not asked may echo an id that we have never given: it then means nothing. */
export function sessionPlan({ venue, isSubscribing }: BookSettings): MarketDataPlan {
  return isSubscribing ? venue.marketData : { ...venue.marketData, requestIdTag: 0 };
}

/** @throws IngestError when two symbols are one at the venue */
export function createSessionBooks(
  settings: BookSettings,
  parts: Omit<MarketDataBooksOptions, "wireSymbols" | "rules" | "plan">,
): MarketDataBooks {
  const { venue, depth } = settings;
  return new MarketDataBooks({
    ...parts,
    wireSymbols: parts.instruments.map(({ symbol }) => venue.wireSymbol(symbol)),
    rules: rulesFor(venue.book, depth),
    plan: sessionPlan(settings),
  });
}

/** A book by level holds no more levels than were asked for: what is moved behind the last is gone. */
function rulesFor(rules: BookRules, depth: number): BookRules {
  if (rules.key !== "level" || depth === 0) return rules;
  return { ...rules, entriesMax: Math.min(rules.entriesMax, depth) };
}
