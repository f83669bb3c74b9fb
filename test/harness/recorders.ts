import type { Backpressure, SessionMonitor } from "../../src/adapters/adapter.ts";
import type { FeedEvent, FeedEventSink, RejectedMessage } from "../../src/domain/feed-event.ts";
import type { Instrument } from "../../src/domain/instrument.ts";
import type { QuoteSink, QuoteView } from "../../src/domain/quote.ts";

/** Keeps every quote as text, and keeps the instruments' books as the pipeline does. */
export class RecordingQuotes implements QuoteSink {
  readonly quotes: string[] = [];
  count = 0;
  /** Quotes beyond this are only counted. */
  readonly #keep: number;

  constructor(keep = 1000) {
    this.#keep = keep;
  }

  accept(quote: QuoteView): void {
    const { instrument } = quote;
    if (instrument === null || quote.epoch < instrument.ownerEpoch) return;
    instrument.ownerEpoch = quote.epoch;
    instrument.sequence++;
    instrument.lastQuoteTimeUs = quote.receivedTimeUs;
    this.count++;
    if (this.quotes.length >= this.#keep) return;
    const bid = text(quote.fields, quote.bidPriceStart, quote.bidPriceEnd);
    const ask = text(quote.fields, quote.askPriceStart, quote.askPriceEnd);
    this.quotes.push(`${instrument.symbol} ${bid}/${ask}`);
  }
}

/** Keeps every event and reject. */
export class RecordingEvents implements FeedEventSink {
  readonly events: FeedEvent[] = [];
  readonly rejected: RejectedMessage[] = [];

  publishEvent(event: FeedEvent): boolean {
    this.events.push(event);
    return true;
  }

  publishRejected(message: RejectedMessage): void {
    this.rejected.push(message);
  }

  /** The states a feed's connections went through: `from>to` or `from>to:code`. */
  get changes(): string[] {
    const changes: string[] = [];
    for (const event of this.events) {
      if (event.type !== "market-data.feed-status") continue;
      changes.push(`${event.from}>${event.to}${event.code === "ok" ? "" : `:${event.code}`}`);
    }
    return changes;
  }

  ofType<T extends FeedEvent["type"]>(type: T): Extract<FeedEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<FeedEvent, { type: T }> => event.type === type);
  }
}

/** Keeps what an adapter reports. */
export class RecordingMonitor implements SessionMonitor {
  readonly notes: string[] = [];
  frames = 0;
  bytes = 0;
  data = 0;
  pauses = 0;
  readonly rejects: string[] = [];

  onOpen(): void {
    this.notes.push("open");
  }

  onFrame(bytes: number): void {
    this.frames++;
    this.bytes += bytes;
  }

  onData(): void {
    this.data++;
  }

  onReject(reason: string, frame: Uint8Array): void {
    this.rejects.push(`${reason}: ${Buffer.from(frame).toString("latin1")}`);
  }

  onSubscription(instrument: Instrument, state: "pending" | "acked" | "rejected", reason: string): void {
    this.notes.push(`${instrument.symbol} ${state}${reason === "" ? "" : `: ${reason}`}`);
  }

  onReconnectAsked(message: string): void {
    this.notes.push(`reconnect asked: ${message}`);
  }

  onGap(instruments: readonly Instrument[] | null, from: string, to: string): void {
    this.notes.push(`gap ${from}-${to} ${instruments?.map(({ symbol }) => symbol).join(",") ?? "all"}`);
  }

  onPause(): void {
    this.pauses++;
  }
}

/** Memory that is full when a test says so. */
export class ManualPressure implements Backpressure {
  isPaused = false;
  readonly #listeners = new Set<(isPaused: boolean) => void>();

  /** Listeners now: a session that is over leaves none. */
  get listeners(): number {
    return this.#listeners.size;
  }

  onChange(listener: (isPaused: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(isPaused: boolean): void {
    this.isPaused = isPaused;
    for (const listener of this.#listeners) listener(isPaused);
  }
}

function text(fields: Uint8Array, start: number, end: number): string {
  return start < 0 ? "-" : Buffer.from(fields.subarray(start, end)).toString("latin1");
}
