import { IngestError } from "../../domain/ingest-error.ts";
import type { Instrument } from "../../domain/instrument.ts";
import type { FixFrame } from "../../fix/fix-frame.ts";
import { MarketDataScanner } from "../../fix/market-data-scanner.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { CompiledFixVenue, MarketDataPlan } from "../../venues/compiled-fix-venue.ts";
import type { SessionContext, SessionMonitor } from "../adapter.ts";
import type { BookCounts, DistrustReason } from "./book/book-sink.ts";
import type { FixEngineSession } from "./engine/fix-engine.ts";
import { FixSubscriptions } from "./fix-subscriptions.ts";
import { LpMessages } from "./lp-messages.ts";
import { MarketDataPath } from "./market-data-path.ts";
import type { SecretHider } from "./secret-hider.ts";
import { type BooksWrapper, createSessionBooks, type SessionBooks, sessionPlan } from "./session-books.ts";

/** The jump of a number was told, or there was no book that could have been quoted. */
const TOLD_BEFORE: ReadonlySet<DistrustReason> = new Set<DistrustReason>([
  "sequence_gap",
  "rpt_seq_gap",
  "no_snapshot",
]);

/** What the market data of one session is made of. */
export interface SessionMarketDataOptions {
  readonly venue: CompiledFixVenue;
  readonly context: SessionContext;
  readonly secrets: SecretHider;
  /** For time-outs: it stands still while nothing is read. */
  readonly clock: Clock;
  readonly target: string;
  readonly depth: number;
  readonly publish: "top_change" | "every_update";
  readonly isSubscribing: boolean;
  readonly subscribeTimeoutMs: number;
  /** MsgSeqNum (34) of the message in hand. */
  readonly lastSequence: () => number;
  readonly nextId: () => string;
  readonly onFailed: (error: IngestError) => void;
  readonly onFarewell: (text: string) => void;
  /** Counted into. */
  readonly counts: FixCounts;
  /** A recorder in front of the books. */
  readonly wrapBooks?: BooksWrapper;
}

/** What is counted over all sessions of a feed. */
export interface FixCounts extends BookCounts {
  /** Books that could not be trusted any more. */
  distrusted: number;
}

/** The market data of one session: its subscriptions, its books, and what the LP says of either. */
export class SessionMarketData {
  /** Which tags mean what, for the engine too. */
  readonly plan: MarketDataPlan;
  /** The way of each message. */
  readonly path: MarketDataPath;
  readonly #context: SessionContext;
  readonly #monitor: SessionMonitor;
  readonly #secrets: SecretHider;
  readonly #counts: FixCounts;
  readonly #lastSequence: () => number;
  readonly #books: SessionBooks;
  readonly #subscriptions: FixSubscriptions;
  readonly #messages: LpMessages;
  #engine: FixEngineSession | null = null;
  #isStopped = false;

  /** @throws IngestError when two symbols are one at the venue */
  constructor(options: SessionMarketDataOptions) {
    const { venue, context, depth, publish, isSubscribing } = options;
    const { instruments, monitor, epoch, quotes } = context;
    this.#context = context;
    this.#monitor = monitor;
    this.#secrets = options.secrets;
    this.#counts = options.counts;
    this.#lastSequence = options.lastSequence;
    const settings = { venue, depth, isSubscribing };
    this.plan = sessionPlan(settings);
    const wireSymbols = instruments.map(({ symbol }) => venue.wireSymbol(symbol));
    const send: FixEngineSession["send"] = (msgType, fields) => this.#engine?.send(msgType, fields) ?? 0;
    const made = createSessionBooks(settings, {
      instruments,
      epoch,
      quotes,
      publish,
      counts: options.counts,
      listener: {
        onDistrust: (instrument, reason) => this.#onDistrust(instrument, reason),
        onSymbolGap: (instrument, from, to) => monitor.onGap([instrument], from, to),
      },
    });
    this.#books = options.wrapBooks?.(made, context) ?? made;
    const books = this.#books;
    const timeoutMs = options.subscribeTimeoutMs;
    this.#subscriptions = new FixSubscriptions({ ...options, timeoutMs, books, send });
    const subscriptions = this.#subscriptions;
    const symbols = new Map(wireSymbols.map((name, symbol) => [Buffer.from(name, "utf8").toString("latin1"), symbol]));
    this.#messages = new LpMessages({ ...options, symbols, books, subscriptions, send });
    this.path = new MarketDataPath({
      scanner: new MarketDataScanner(this.plan),
      books,
      subscriptions,
      monitor,
      readSlowly: (frame, into) => this.#engine?.readSlowly(frame, into) === true,
      onUnreadable: (frame) => this.#onUnreadable(frame),
      onAckWanted: (message) => this.#messages.acknowledge(message),
    });
  }

  /** Messages are sent by this engine from now on. */
  attach(engine: FixEngineSession): void {
    this.#engine = engine;
  }

  /** We are logged on: asks for every symbol. */
  start(): void {
    this.#subscriptions.start();
  }

  /** Nothing is asked for and no quote is taken any more; holds no timer afterwards. */
  stop(): void {
    this.#isStopped = true;
    this.path.stop();
    this.#subscriptions.stop();
  }

  /** Asks the LP anew for this instrument. */
  resubscribe(instrument: Instrument): void {
    const symbol = this.#context.instruments.indexOf(instrument);
    if (symbol < 0 || this.#isStopped) return;
    this.#subscriptions.resubscribe(instrument);
  }

  /** Messages were lost: no book is the LP's any more. */
  distrustAll(): void {
    if (!this.#isStopped) this.#books.distrustAll("sequence_gap");
  }

  /** The LP will never answer our requests of these numbers. */
  onOursFilledOver(from: number, to: number): void {
    if (!this.#isStopped) this.#subscriptions.askAgain(from, to);
  }

  onApplication(frame: FixFrame): void {
    if (this.#isStopped) return;
    this.#monitor.onData();
    this.#messages.take({ frame, receivedTimeUs: this.path.receivedTimeUs });
  }

  /** Something was thrown over one of the messages in these bytes: a bug of ours. What it did to the books is not known. */
  onFailure(bytes: Uint8Array): void {
    this.#monitor.onReject("failed", this.#secrets.bytes(bytes));
    this.distrustAll();
  }

  /** The error of a session that broke, with what the LP had announced. */
  explain(error: IngestError): IngestError {
    const { lastNews } = this.#messages;
    if (lastNews === "") return error;
    return new IngestError(`${error.message}; before that it had announced "${lastNews}"`, {
      code: error.code,
      retry: error.retry,
      retryAfterMs: error.retryAfterMs,
      context: error.context,
      cause: error,
    });
  }

  /** Until the LP has sent a new book all of the symbol is missed: from this message on, where no hole told of it before. */
  #onDistrust(instrument: Instrument, reason: DistrustReason): void {
    this.#counts.distrusted++;
    if (!TOLD_BEFORE.has(reason)) this.#tellMissed([instrument]);
    this.#subscriptions.resubscribe(instrument);
  }

  /** The message in hand is of no use to these; null = to any. */
  #tellMissed(instruments: readonly Instrument[] | null): void {
    const sequence = this.#lastSequence();
    this.#monitor.onGap(instruments, String(sequence - 1), String(sequence));
  }

  #onUnreadable(frame: FixFrame): void {
    this.#monitor.onReject("unreadable", this.#secrets.bytes(frame.bytes.subarray(frame.start, frame.end)));
    const symbols = this.#messages.symbolsOf(frame);
    if (symbols === null) {
      this.#tellMissed(null);
      this.distrustAll();
    } else for (const symbol of symbols) this.#books.distrust(symbol, "unreadable");
  }
}
