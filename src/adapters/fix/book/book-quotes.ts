// Hot path.
import type { Instrument } from "../../../domain/instrument.ts";
import { type QuoteSink, QuoteView } from "../../../domain/quote.ts";
import { FixFrame } from "../../../fix/fix-frame.ts";
import { sendingTimeMs } from "../../../fix/fix-time.ts";
import type { MarketDataMessage } from "../../../fix/market-data-message.ts";
import type { MarketDataPlan } from "../../../venues/compiled-fix-venue.ts";
import type { EntryStore } from "./entry-store.ts";
import { messageTimeMs } from "./message-time.ts";
import type { SymbolBook } from "./symbol-book.ts";
import { ToldTops } from "./told-tops.ts";

/** When a quote is handed on: when its text is news, or after every update of its book. */
export type PublishRule = "top_change" | "every_update";

/** What quotes are made with. */
export interface BookQuotesOptions {
  readonly instruments: readonly Instrument[];
  readonly plan: MarketDataPlan;
  /** Goes into every quote. */
  readonly epoch: number;
  readonly quotes: QuoteSink;
  readonly publish: PublishRule;
}

/** The venue's stamp was not read yet for the message in hand. */
const UNREAD = -2;

/** Makes quotes of the tops of books: one view, filled anew for each. */
export class BookQuotes {
  readonly #instruments: readonly Instrument[];
  readonly #quotes: QuoteSink;
  readonly #isEveryUpdate: boolean;
  readonly #hasRptSeq: boolean;
  readonly #tops: ToldTops;
  readonly #timeFrom: MarketDataPlan["time"];
  readonly #view = new QuoteView();
  /** Where RptSeq (83) of each symbol stands in the message in hand; −1 = nowhere. */
  readonly #rptSeqFrom: Int32Array;
  readonly #rptSeqTo: Int32Array;
  #frame: FixFrame = new FixFrame();
  #timeMs = UNREAD;

  constructor(store: EntryStore, options: BookQuotesOptions) {
    const count = options.instruments.length;
    this.#instruments = options.instruments;
    this.#quotes = options.quotes;
    this.#isEveryUpdate = options.publish === "every_update";
    this.#hasRptSeq = options.plan.hasRptSeq;
    this.#tops = new ToldTops(store, count);
    this.#timeFrom = options.plan.time;
    this.#view.isRawText = true;
    this.#view.epoch = options.epoch;
    this.#rptSeqFrom = new Int32Array(count);
    this.#rptSeqTo = new Int32Array(count);
  }

  /** Says which message the next quotes are of. */
  begin(frame: FixFrame, receivedTimeUs: number, isSnapshot: boolean): void {
    this.#frame = frame;
    this.#timeMs = UNREAD;
    this.#view.receivedTimeUs = receivedTimeUs;
    this.#view.isSnapshot = isSnapshot;
  }

  /** Says where RptSeq (83) of the symbol's quote stands in the message. */
  setRptSeq(symbol: number, from: number, to: number): void {
    this.#rptSeqFrom[symbol] = from;
    this.#rptSeqTo[symbol] = to;
  }

  /** The next top of this symbol is news, whatever it is. */
  forget(symbol: number): void {
    this.#tops.forget(symbol);
  }

  /** Hands on the top of the book if it is news; of a replayed message nothing. A null message names no time and number. */
  tell(symbol: number, book: SymbolBook, message: MarketDataMessage | null): void {
    const frame = this.#frame;
    if (frame.isPossDup || frame.isPossResend) {
      this.#tops.forget(symbol);
      return;
    }
    const isNews = this.#tops.update(symbol, book);
    if (!isNews && !this.#isEveryUpdate) return;
    const view = this.#view;
    view.instrument = this.#instruments[symbol];
    this.#tops.show(symbol, view);
    if (!this.#hasRptSeq) this.#tops.showSequence(view, frame.bytes, frame.sequenceStart, frame.sequenceEnd);
    else if (message === null) this.#tops.showSequence(view, frame.bytes, -1, -1);
    else this.#tops.showSequence(view, message.bytes, this.#rptSeqFrom[symbol], this.#rptSeqTo[symbol]);
    if (this.#timeMs === UNREAD) {
      this.#timeMs = message === null ? sendingTimeMs(frame) : messageTimeMs(this.#timeFrom, message, frame);
    }
    view.venueTimeMs = this.#timeMs;
    view.raw = frame.bytes;
    view.rawStart = frame.start;
    view.rawEnd = frame.end;
    this.#quotes.accept(view);
  }
}
