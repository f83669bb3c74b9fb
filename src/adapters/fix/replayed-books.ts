import type { Instrument } from "../../domain/instrument.ts";
import type { QuoteSink } from "../../domain/quote.ts";
import type { FixFrame } from "../../fix/fix-frame.ts";
import { FrameScanner } from "../../fix/frame-scanner.ts";
import { MarketDataScanner } from "../../fix/market-data-scanner.ts";
import type { PublishRule } from "./book/book-quotes.ts";
import type { DistrustReason } from "./book/book-sink.ts";
import type { SlowRead } from "./engine/load-slow-reader.ts";
import { type BookSettings, createSessionBooks, type SessionBooks, sessionPlan } from "./session-books.ts";

/** What replayed books are made of. */
export interface ReplayedBooksOptions extends BookSettings {
  readonly publish: PublishRule;
  readonly instruments: readonly Instrument[];
  readonly epoch: number;
  readonly quotes: QuoteSink;
  readonly readSlowly: SlowRead;
}

/** The books of a session that is over: they are told again what they were told, and give the same quotes. */
export class ReplayedBooks {
  readonly #books: SessionBooks;
  readonly #frames: FrameScanner;
  readonly #scanner: MarketDataScanner;
  readonly #readSlowly: SlowRead;
  /** What is to be done with the frame that is found next; false: it could not be read. */
  #use: (frame: FixFrame) => boolean = () => false;
  #isUsed = false;

  constructor(options: ReplayedBooksOptions) {
    const { instruments, epoch, quotes, publish, venue } = options;
    // What the books told the session then, it has answered: the answers are told again as well.
    const listener = { onDistrust: () => {}, onSymbolGap: () => {} };
    this.#books = createSessionBooks(options, { instruments, epoch, quotes, publish, listener });
    this.#scanner = new MarketDataScanner(sessionPlan(options));
    this.#readSlowly = options.readSlowly;
    this.#frames = new FrameScanner({
      maxMessageBytes: venue.limits.maxMessageBytes,
      listener: {
        onFrame: (frame) => {
          this.#isUsed = this.#use(frame);
        },
        onGarbage: () => {},
      },
    });
  }

  /** Takes one message of market data; false when it cannot be read. */
  take(bytes: Uint8Array, receivedTimeUs: number): boolean {
    return this.#withFrame(bytes, (frame) => {
      const { message } = this.#scanner;
      if (!this.#scanner.scan(frame) && !this.#readSlowly(frame, message)) return false;
      this.#books.apply(message, frame, receivedTimeUs);
      return true;
    });
  }

  /** The LP has withdrawn an entry of a symbol by this message, or with null all of them. */
  cancel(
    bytes: Uint8Array,
    { symbol, entry, timeUs }: { symbol: number; entry: Uint8Array | null; timeUs: number },
  ): void {
    this.#withFrame(bytes, (frame) => {
      const arrival = { frame, receivedTimeUs: timeUs };
      if (entry === null) this.#books.cancelAll(symbol, arrival);
      else this.#books.cancelEntry(symbol, entry, arrival);
      return true;
    });
  }

  bind(request: string, symbols: readonly number[]): void {
    this.#books.bindRequest(request, symbols);
  }

  unbind(request: string): void {
    this.#books.unbindRequest(request);
  }

  /** @param symbol null = all */
  distrust(symbol: number | null, reason: DistrustReason): void {
    if (symbol === null) this.#books.distrustAll(reason);
    else this.#books.distrust(symbol, reason);
  }

  #withFrame(bytes: Uint8Array, use: (frame: FixFrame) => boolean): boolean {
    this.#use = use;
    this.#isUsed = false;
    this.#frames.reset();
    this.#frames.feed(bytes);
    return this.#isUsed;
  }
}
