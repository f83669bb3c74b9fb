// Hot path.
// From what W, X, S and i say to quotes: one book per symbol, one quote per symbol and message at most.
import { type FixFrame, packMsgType } from "../../../fix/fix-frame.ts";
import { Fragment, type MarketDataMessage } from "../../../fix/market-data-message.ts";
import type { BookRules } from "../../../venues/compiled-fix-venue.ts";
import { SymbolTable, UNKNOWN_SYMBOL } from "../../../venues/symbol-table.ts";
import { BookQuotes, type BookQuotesOptions } from "./book-quotes.ts";
import type { BookEntry } from "./book-side.ts";
import { type BookCounts, type BookListener, type DistrustReason, newBookCounts } from "./book-sink.ts";
import { EntryStore } from "./entry-store.ts";
import { NO_REQUEST, RequestTable } from "./request-table.ts";
import { RptSequences, RptVerdict, wholeNumber } from "./rpt-sequences.ts";
import { BookKey, isBookEntry, SymbolBook, Verdict } from "./symbol-book.ts";
import { UnfinishedSymbols } from "./unfinished-symbols.ts";

const SNAPSHOT = packMsgType("W");
const INCREMENT = packMsgType("X");
const QUOTE = packMsgType("S");
const MASS_QUOTE = packMsgType("i");

/** The message names no request: nothing says that it is late. */
const ANY_REQUEST = -2;

/** How far a book is trusted. */
const Trust = {
  /** Nothing has come yet. */
  fresh: 0,
  /** The listener was told; until a snapshot, everything is ignored. */
  told: 1,
  /** The venue was asked anew: what comes before its snapshot belongs to the request before. */
  asked: 2,
  trusted: 3,
  /** A snapshot comes in fragments (893), and the last is not there yet. */
  filling: 4,
  /** Told, within a snapshot in fragments: what is left of it is no snapshot. */
  skipping: 5,
} as const;

/** What the books of one session are made of. */
export interface MarketDataBooksOptions extends BookQuotesOptions {
  /** Names on the wire, in the order of `instruments`. */
  readonly wireSymbols: readonly string[];
  /** By level, `entriesMax` is the depth asked for: what is moved behind it is gone. */
  readonly rules: BookRules;
  readonly listener: BookListener;
  /** Counted into; absent: counters of its own. */
  readonly counts?: BookCounts;
}

/** A message that is in hand: its frame, and our wall clock, µs. */
export interface Arrival {
  readonly frame: FixFrame;
  readonly receivedTimeUs: number;
}

/**
 * All books of one session. `apply` takes what the scanner (or the engine) has read, keeps the books and hands on quotes:
 *
 * - One quote per symbol touched, when all entries of the message are in. Its price and size are those of the best entry
 *   that came first of its price, as the LP wrote them: sizes of several makers are never added up.
 * - With `top_change` a quote is handed on when a price or size of the top differs in text from what was told last; also
 *   after distrust and after a replay, when the same top is news.
 * - PossDup and PossResend messages rebuild books and give no quote.
 * - A message whose request id is not the one its symbol is on is late, and not applied. One without an id is.
 * - A book that is wrong is emptied, told of once ({@link BookListener}) and ignores everything until a snapshot; of a quote
 *   stream, until the first quote after `bindRequest` of a newer request.
 * - Fragments of a message (893) are one message: no quote is handed on, and no book called crossed, before the last. A
 *   snapshot ends what is unfinished of its symbol, an increment that cuts into an unfinished snapshot costs the trust.
 *
 * While messages of the session are missing nothing need be done here: the gate holds back what is behind the hole, and
 * what fills it comes as PossDup. When it is lost for good, `distrustAll`.
 */
export class MarketDataBooks {
  readonly counts: BookCounts;

  readonly #options: MarketDataBooksOptions;
  readonly #symbols: SymbolTable;
  readonly #requests: RequestTable;
  readonly #rptSequences: RptSequences;
  readonly #store = new EntryStore();
  readonly #books: readonly SymbolBook[];
  readonly #quotes: BookQuotes;
  readonly #hasRptSeq: boolean;
  readonly #isCrossedWrong: boolean;
  readonly #bookKey: BookKey;
  readonly #quoteKey: BookKey;
  /** See {@link Trust}; by symbol, as all arrays below. */
  readonly #trust: Uint8Array;
  /** The message that touched it last. */
  readonly #touchedIn: Float64Array;
  /** Symbols touched by the message in hand. */
  readonly #touched: Int32Array;
  #touchedCount = 0;
  #heals = 0;
  /** Symbols whose increments go on in a later message. */
  readonly #unfinished: UnfinishedSymbols;
  /** Messages so far. */
  #message = 0;

  /** @throws IngestError `config_invalid` when two symbols have one name on the wire */
  constructor(options: MarketDataBooksOptions) {
    const { instruments, plan, rules } = options;
    const count = instruments.length;
    this.counts = options.counts ?? newBookCounts();
    this.#options = options;
    this.#symbols = new SymbolTable(options.wireSymbols);
    this.#requests = new RequestTable(count);
    this.#rptSequences = new RptSequences(count);
    this.#books = instruments.map((_, symbol) => new SymbolBook(this.#store, symbol, rules.entriesMax));
    this.#quotes = new BookQuotes(this.#store, options);
    this.#hasRptSeq = plan.hasRptSeq;
    this.#isCrossedWrong = rules.crossed === "distrust";
    this.#bookKey = rules.isOneQuotePerSide ? BookKey.one : BookKey[rules.key];
    this.#quoteKey = plan.quoteKey === "symbol" ? BookKey.one : BookKey.quoteId;
    this.#trust = new Uint8Array(count);
    this.#touchedIn = new Float64Array(count);
    this.#touched = new Int32Array(count);
    this.#unfinished = new UnfinishedSymbols(count);
  }

  /**
   * These symbols are on the request of this id from now on: data of their older ones is late. A book that was in use
   * waits for the answer.
   */
  bindRequest(id: string, symbols: readonly number[]): void {
    this.#requests.bind(id, symbols);
    for (const symbol of symbols) {
      this.#unfinished.remove(symbol);
      if (this.#trust[symbol] === Trust.fresh) continue;
      this.#trust[symbol] = Trust.asked;
      this.#books[symbol].clear();
    }
  }

  /** The request of this id is over: its data is late. */
  unbindRequest(id: string): void {
    this.#requests.unbind(id);
  }

  /** How often a book has become the LP's so far. */
  get heals(): number {
    return this.#heals;
  }

  /** True when the book of this symbol is the LP's, as far as we know. */
  isTrusted(symbol: number): boolean {
    return this.#trust[symbol] === Trust.trusted;
  }

  /** Empties the book, tells the listener (once) and ignores the symbol until a snapshot. */
  distrust(symbol: number, reason: DistrustReason): void {
    const trust = this.#trust[symbol];
    if (trust === Trust.told || trust === Trust.skipping) return;
    this.#trust[symbol] = trust === Trust.filling ? Trust.skipping : Trust.told;
    this.#books[symbol].clear();
    this.#options.listener.onDistrust(this.#options.instruments[symbol], reason);
  }

  /** Distrusts all symbols that have a book or await one. */
  distrustAll(reason: DistrustReason): void {
    for (let symbol = 0; symbol < this.#books.length; symbol++) {
      const isIdle = this.#trust[symbol] === Trust.fresh && this.#requests.requestOf(symbol) === NO_REQUEST;
      if (!isIdle) this.distrust(symbol, reason);
    }
  }

  /** Takes a message; the listener must not call back into `apply`. */
  apply(message: MarketDataMessage, frame: FixFrame, receivedTimeUs: number): void {
    const type = message.msgType;
    this.#message++;
    this.#touchedCount = 0;
    this.#quotes.begin(frame, receivedTimeUs, type === SNAPSHOT);
    if (type === SNAPSHOT) this.#applySnapshot(message);
    else if (type === INCREMENT) this.#applyEntries(message, this.#bookKey);
    else if (type === QUOTE || type === MASS_QUOTE) this.#applyEntries(message, this.#quoteKey);
    else return;
    const hasFragments = message.fragment !== Fragment.none || !this.#unfinished.isEmpty;
    if (hasFragments) this.#settleFragment(message);
    if (this.#touchedCount > 0) this.#tell(message);
  }

  /** The LP has withdrawn all quotes of this symbol (QuoteCancel): its top is nothing. */
  cancelAll(symbol: number, { frame, receivedTimeUs }: Arrival): void {
    if (!this.isTrusted(symbol)) return;
    this.#books[symbol].clear();
    this.#quotes.begin(frame, receivedTimeUs, false);
    this.#quotes.tell(symbol, this.#books[symbol], null);
  }

  /** The LP has withdrawn the quotes of this QuoteEntryID (299); where a symbol has one quote, that one. */
  cancelEntry(symbol: number, id: Uint8Array, arrival: Arrival): void {
    if (!this.isTrusted(symbol)) return;
    if (this.#quoteKey === BookKey.one) {
      this.cancelAll(symbol, arrival);
      return;
    }
    if (!this.#books[symbol].cancel(id)) {
      this.counts.unknownEntries++;
      return;
    }
    this.#quotes.begin(arrival.frame, arrival.receivedTimeUs, false);
    this.#quotes.tell(symbol, this.#books[symbol], null);
  }

  /** The entries of a book, best first; for tests and people. */
  dump(symbol: number): { bids: BookEntry[]; asks: BookEntry[] } {
    return { bids: this.#books[symbol].bids.dump(), asks: this.#books[symbol].offers.dump() };
  }

  #applySnapshot(message: MarketDataMessage): void {
    const request = this.#requestOf(message);
    const isNamed = message.symbolStart >= 0 || message.count === 0;
    const start = isNamed ? message.symbolStart : message.symbolFrom[0];
    const end = isNamed ? message.symbolEnd : message.symbolTo[0];
    const symbol = this.#symbolOf(message.bytes, start, end, request);
    if (symbol === UNKNOWN_SYMBOL) {
      this.counts.unknownSymbols++;
      return;
    }
    if (this.#isLate(symbol, request)) {
      this.counts.late++;
      return;
    }
    if (!this.#openSnapshot(symbol, message.fragment)) return;
    const book = this.#books[symbol];
    const trust = this.#trust[symbol];
    this.#touch(symbol);
    for (let i = 0; i < message.count; i++) {
      this.#judge(symbol, book.restore(message, i, this.#bookKey));
      if (this.#trust[symbol] !== trust) return;
    }
    if (this.#hasRptSeq) this.#restartRptSeq(symbol, message);
  }

  /** Makes the book ready for the entries of a snapshot or of a fragment of one; false when they are not wanted. */
  #openSnapshot(symbol: number, fragment: Fragment): boolean {
    const trust = this.#trust[symbol];
    if (trust === Trust.skipping && fragment !== Fragment.none) {
      if (fragment === Fragment.last) this.#trust[symbol] = Trust.told;
      this.counts.late++;
      return false;
    }
    if (trust !== Trust.filling) {
      this.#books[symbol].clear();
      if (trust !== Trust.trusted) this.#quotes.forget(symbol);
    }
    if (fragment === Fragment.more) this.#trust[symbol] = Trust.filling;
    else this.#heal(symbol);
    return true;
  }

  /**
   * Of a fragment that is not the last, nothing is told yet; with the last, all that the fragments before it have touched.
   * An increment that does not say that it is the last is so for the symbols it names.
   */
  #settleFragment(message: MarketDataMessage): void {
    const unfinished = this.#unfinished;
    const { fragment } = message;
    const request = this.#requestOf(message);
    if (fragment === Fragment.more) {
      const isIncrement = message.msgType === INCREMENT;
      for (let i = 0; i < this.#touchedCount && isIncrement; i++) unfinished.add(this.#touched[i], request);
      this.#touchedCount = 0;
      return;
    }
    for (let i = 0; i < this.#touchedCount; i++) unfinished.remove(this.#touched[i]);
    if (fragment !== Fragment.last || message.msgType !== INCREMENT) return;
    for (let symbol = unfinished.take(request); symbol >= 0; symbol = unfinished.take(request)) this.#touch(symbol);
  }

  #applyEntries(message: MarketDataMessage, key: BookKey): void {
    const request = this.#requestOf(message);
    const isQuote = message.msgType !== INCREMENT;
    let symbol = UNKNOWN_SYMBOL;
    let isLate = false;
    for (let i = 0; i < message.count; i++) {
      const from = message.symbolFrom[i];
      if (i === 0 || !message.isOfSymbolBefore(i)) {
        symbol = this.#symbolOf(message.bytes, from, message.symbolTo[i], request);
        if (symbol === UNKNOWN_SYMBOL) this.counts.unknownSymbols++;
        else isLate = this.#isLate(symbol, request);
      }
      if (symbol === UNKNOWN_SYMBOL) continue;
      if (isLate) {
        this.counts.late++;
        continue;
      }
      const isTrusted = this.#trust[symbol] === Trust.trusted;
      if (!isTrusted && !(isBookEntry(message.type[i]) && this.#admit(symbol, isQuote))) continue;
      if (this.#hasRptSeq && !this.#checkRptSeq(symbol, message, i)) continue;
      const verdict = this.#books[symbol].apply(message, i, key);
      // A quote always speaks of both sides: one without an offer deletes an offer that may never have been.
      if (!isQuote || verdict !== Verdict.unknown) this.#judge(symbol, verdict);
    }
  }

  /** True when a symbol that is not trusted may take the entry after all: the first quote of a stream is its snapshot. */
  #admit(symbol: number, isQuote: boolean): boolean {
    const trust = this.#trust[symbol];
    if (isQuote && (trust === Trust.fresh || trust === Trust.asked)) {
      this.#quotes.forget(symbol);
      this.#heal(symbol);
      this.#touch(symbol);
      this.#rptSequences.restart(symbol, -1);
      return true;
    }
    if (trust === Trust.fresh) this.distrust(symbol, "no_snapshot");
    else if (trust === Trust.filling) this.distrust(symbol, "unfinished");
    else this.counts.late++;
    return false;
  }

  #heal(symbol: number): void {
    if (this.#trust[symbol] === Trust.trusted) return;
    this.#trust[symbol] = Trust.trusted;
    this.#heals++;
  }

  #judge(symbol: number, verdict: Verdict): void {
    if (verdict === Verdict.applied) {
      this.counts.entries++;
      this.#touch(symbol);
      return;
    }
    if (verdict === Verdict.ignored) return;
    if (verdict === Verdict.full) this.distrust(symbol, "too_many_entries");
    else if (verdict === Verdict.unreadable) this.distrust(symbol, "unreadable");
    else this.counts.unknownEntries++;
    if (verdict === Verdict.wrong) this.distrust(symbol, "unknown_entry");
    if (verdict !== Verdict.taken) return;
    this.counts.entries++;
    this.#touch(symbol);
  }

  #touch(symbol: number): void {
    if (this.#touchedIn[symbol] === this.#message) return;
    this.#touchedIn[symbol] = this.#message;
    this.#touched[this.#touchedCount++] = symbol;
  }

  #checkRptSeq(symbol: number, message: MarketDataMessage, i: number): boolean {
    const isOwn = message.rptSeqFrom[i] >= 0;
    const from = isOwn ? message.rptSeqFrom[i] : message.rptSeqStart;
    const to = isOwn ? message.rptSeqTo[i] : message.rptSeqEnd;
    const verdict = this.#rptSequences.check(symbol, wholeNumber(message.bytes, from, to), this.#message);
    if (verdict === RptVerdict.next) {
      this.#quotes.setRptSeq(symbol, from, to);
      return true;
    }
    if (verdict === RptVerdict.duplicate) {
      this.counts.duplicates++;
      return false;
    }
    const text = Buffer.from(message.bytes.subarray(from, to)).toString("latin1");
    this.#options.listener.onSymbolGap(this.#options.instruments[symbol], this.#rptSequences.lastText(symbol), text);
    this.distrust(symbol, "rpt_seq_gap");
    return false;
  }

  /** The snapshot's own number, or that of its last entry. */
  #restartRptSeq(symbol: number, message: MarketDataMessage): void {
    const last = message.count - 1;
    const isOfEntry = message.rptSeqStart < 0 && last >= 0;
    const from = isOfEntry ? message.rptSeqFrom[last] : message.rptSeqStart;
    const to = isOfEntry ? message.rptSeqTo[last] : message.rptSeqEnd;
    this.#quotes.setRptSeq(symbol, from, to);
    this.#rptSequences.restart(symbol, wholeNumber(message.bytes, from, to));
  }

  /** The request the message names; {@link ANY_REQUEST} when it names none, {@link NO_REQUEST} when it is none of ours. */
  #requestOf(message: MarketDataMessage): number {
    const start = message.requestIdStart;
    const end = message.requestIdEnd;
    return start < 0 || end <= start ? ANY_REQUEST : this.#requests.find(message.bytes, start, end);
  }

  #isLate(symbol: number, request: number): boolean {
    return request !== ANY_REQUEST && (request === NO_REQUEST || request !== this.#requests.requestOf(symbol));
  }

  #symbolOf(bytes: Uint8Array, start: number, end: number, request: number): number {
    if (start >= 0) return this.#symbols.find(bytes, start, end);
    return request < 0 ? UNKNOWN_SYMBOL : this.#requests.onlySymbolOf(request);
  }

  /** Every symbol that was touched and is trusted still: one quote at most. */
  #tell(message: MarketDataMessage): void {
    for (let i = 0; i < this.#touchedCount; i++) {
      const symbol = this.#touched[i];
      if (this.#trust[symbol] !== Trust.trusted) continue;
      const isCrossed = this.#books[symbol].isCrossed();
      if (isCrossed) this.counts.crossed++;
      if (isCrossed && this.#isCrossedWrong) this.distrust(symbol, "crossed");
      else this.#quotes.tell(symbol, this.#books[symbol], message);
    }
  }
}
