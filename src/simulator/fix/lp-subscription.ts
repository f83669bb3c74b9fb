import { MsgType, Tag } from "../../fix/tags.ts";
import type { FixField } from "../../venues/compiled-fix-venue.ts";
import { decimalText } from "../decimal-text.ts";
import type { ExpectedQuote } from "../venue-dialect.ts";
import { compareBooks, cutBook, haveSameTop } from "./book-changes.ts";
import type { BookForm, FixDialect } from "./fix-dialect.ts";
import { type BookLevel, type BookSides, EMPTY_BOOK, type LpBook } from "./lp-book.ts";
import { type IncrementPart, incrementFields, type RenderTimes, snapshotFields } from "./market-data-fields.ts";
import { massQuoteFields, quoteFields } from "./quote-fields.ts";

/** First RptSeq (83): ten digits, so that a number can be put over another. */
const FIRST_RPT_SEQ = 1_000_000_000;

/** What a client asked for. */
export interface SubscriptionTerms {
  /** MDReqID (262) or QuoteReqID (131). */
  readonly requestId: string;
  /** MarketDepth (264): 0 = all. */
  readonly depth: number;
  readonly wants: { readonly bids: boolean; readonly asks: boolean };
  /** MDUpdateType (265) = 0: snapshots only. */
  readonly isFullRefresh: boolean;
  /** QuoteResponseLevel (301) = 2 on every MassQuote. */
  readonly wantsAck: boolean;
}

/** A message to be sent. */
export interface MarketDataDraft {
  readonly msgType: string;
  readonly fields: readonly FixField[];
}

/** One symbol of one request of one client: what the client was told, and how it is told what is new. */
export class LpSubscription {
  readonly book: LpBook;
  readonly terms: SubscriptionTerms;
  readonly #dialect: FixDialect;
  readonly #form: BookForm;
  #told: BookSides = EMPTY_BOOK;
  #rptSeq = FIRST_RPT_SEQ;
  #quoteNumber = 0;

  constructor(dialect: FixDialect, book: LpBook, terms: SubscriptionTerms) {
    this.#dialect = dialect;
    this.book = book;
    this.terms = terms;
    this.#form = terms.depth === 1 ? dialect.shape.top : dialect.shape.book;
  }

  /** RptSeq (83) of what was told last. */
  get rptSeq(): number {
    return this.#rptSeq;
  }

  /** What the client knows of the book. */
  get told(): BookSides {
    return this.#told;
  }

  /** The book as this client may see it now. */
  get now(): BookSides {
    return cutBook(this.book.sides, this.terms.depth, this.terms.wants);
  }

  /** The whole book, and from now on the client knows it: W, S or i. */
  tellAll(times: RenderTimes, sides: BookSides = this.now): MarketDataDraft {
    const { book, terms } = this;
    const { stream, shape } = this.#dialect;
    const told = this.#remember(sides);
    if (stream === "market-data") {
      const message = { book, requestId: terms.requestId, rptSeq: this.#rptSeq, times };
      return {
        msgType: MsgType.marketDataSnapshot,
        fields: snapshotFields(shape, { sides, entryTags: this.#form.snapshotEntry }, message),
      };
    }
    const quoteId = `${terms.requestId}-${++this.#quoteNumber}`;
    const message = { book, requestId: terms.requestId, quoteId, times, wantsAck: terms.wantsAck };
    return shape.quoteMessage === "S"
      ? { msgType: MsgType.quote, fields: quoteFields(sides, message) }
      : { msgType: MsgType.massQuote, fields: massQuoteFields({ told, now: sides }, message) };
  }

  /** What is new, by increment where this client gets them and has a book; null when nothing is. */
  tellNew(times: RenderTimes, sides: BookSides = this.now): MarketDataDraft | null {
    const isWhole = this.terms.isFullRefresh || this.#form.updates === "snapshot" || this.#dialect.stream === "quote";
    if (this.#told === EMPTY_BOOK) return this.tellAll(times, sides);
    if (isWhole) return sides === this.#told ? null : this.tellAll(times, sides);
    const part = this.takePart(sides);
    if (part.changes.length === 0) return null;
    const fields = incrementFields(this.#dialect.shape, [part], { requestId: this.terms.requestId, times });
    return { msgType: MsgType.marketDataIncrement, fields };
  }

  /** The changes of this symbol for an X, and from now on the client knows them. */
  takePart(sides: BookSides = this.now): IncrementPart {
    const told = this.#remember(sides);
    const changes = compareBooks(told, sides, this.#form.key);
    return { book: this.book, rptSeq: this.#rptSeq, changes };
  }

  /** The client was told of this book by somebody else. */
  assume(sides: BookSides, rptSeq: number): void {
    this.#told = sides;
    this.#rptSeq = rptSeq;
  }

  /** True when what was told last has another best than `before`. */
  hasNewTop(before: BookSides): boolean {
    return !haveSameTop(before, this.#told, this.#hasSizes);
  }

  /** What a right client makes of what it was told. */
  expectedQuote(sequence: number, times: RenderTimes): ExpectedQuote {
    const { spec } = this.book;
    const [bid] = this.#told.bids;
    const [ask] = this.#told.asks;
    const price = (level: BookLevel | undefined) => level && decimalText(level.priceUnits, spec.priceDecimals);
    const size = (level: BookLevel | undefined) =>
      level && this.#hasSizes ? decimalText(level.sizeUnits, spec.sizeDecimals) : null;
    return {
      symbol: this.book.symbol,
      bidPrice: price(bid) ?? null,
      bidSize: size(bid) ?? null,
      askPrice: price(ask) ?? null,
      askSize: size(ask) ?? null,
      sequence: String(sequence),
      venueTimeMs: times.timeMs,
    };
  }

  /** False where the LP tells prices alone. */
  get #hasSizes(): boolean {
    return this.#dialect.stream === "quote" || this.#form.snapshotEntry.includes(Tag.mdEntrySize);
  }

  #remember(sides: BookSides): BookSides {
    const told = this.#told;
    this.#told = sides;
    this.#rptSeq++;
    return told;
  }
}
