// Hot path.
// From a frame of market data to the books: no object, no string, no clock of our own.
import type { FixFrame } from "../../fix/fix-frame.ts";
import type { MarketDataMessage } from "../../fix/market-data-message.ts";
import type { MarketDataScanner } from "../../fix/market-data-scanner.ts";
import { PackedType } from "../../fix/tags.ts";
import type { SessionMonitor } from "../adapter.ts";
import type { FixSubscriptions } from "./fix-subscriptions.ts";
import type { SessionBooks } from "./session-books.ts";

/** What the path works with. */
export interface MarketDataPathOptions {
  readonly scanner: MarketDataScanner;
  readonly books: SessionBooks;
  readonly subscriptions: FixSubscriptions;
  readonly monitor: SessionMonitor;
  /** Reads what the scanner declined, by the dictionary; false = it cannot either. */
  readSlowly(frame: FixFrame, into: MarketDataMessage): boolean;
  /** Neither way could read it; borrowed. */
  onUnreadable(frame: FixFrame): void;
  /** The LP wants this message acknowledged; borrowed. */
  onAckWanted(message: MarketDataMessage): void;
}

/** What is done for each message of a session: counted, and W, X, S and i taken to the books. */
export class MarketDataPath {
  /** When the bytes in hand were read, wall clock, µs. */
  receivedTimeUs = 0;
  readonly #options: MarketDataPathOptions;
  readonly #scanner: MarketDataScanner;
  readonly #message: MarketDataMessage;
  readonly #books: SessionBooks;
  readonly #subscriptions: FixSubscriptions;
  readonly #monitor: SessionMonitor;
  #isStopped = false;
  /** Heals of the books that the subscriptions know of: there may be thousands of them, so they look only at news. */
  #healsNoted = 0;

  constructor(options: MarketDataPathOptions) {
    this.#options = options;
    this.#scanner = options.scanner;
    this.#message = options.scanner.message;
    this.#books = options.books;
    this.#subscriptions = options.subscriptions;
    this.#monitor = options.monitor;
  }

  /** Counts any good frame. */
  onFrame(frame: FixFrame): void {
    this.#monitor.onFrame(frame.end - frame.start);
    if (frame.msgType === PackedType.heartbeat) this.#monitor.onData();
  }

  /** Takes W, X, S or i, in sequence. */
  onMarketData(frame: FixFrame): void {
    if (this.#isStopped) return;
    const message = this.#message;
    if (!this.#scanner.scan(frame) && !this.#options.readSlowly(frame, message)) {
      this.#options.onUnreadable(frame);
      return;
    }
    this.#monitor.onData();
    this.#books.apply(message, frame, this.receivedTimeUs);
    if (this.#books.heals !== this.#healsNoted) this.#noteHeals();
    if (message.wantsAck) this.#options.onAckWanted(message);
  }

  #noteHeals(): void {
    this.#healsNoted = this.#books.heals;
    if (this.#subscriptions.isWaiting) this.#subscriptions.noteData();
  }

  /** Gives no quote any more. */
  stop(): void {
    this.#isStopped = true;
  }
}
