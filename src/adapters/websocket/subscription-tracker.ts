import { IngestError } from "../../domain/ingest-error.ts";
import type { Instrument } from "../../domain/instrument.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { CompiledVenue, OutgoingRequest } from "../../venues/compiled-venue.ts";
import type { SessionContext } from "../adapter.ts";
import type { Outbox } from "./outbox.ts";
import { venueText } from "./session-errors.ts";

/** A symbol is not asked for anew more often than this, ms: a venue counts requests (OKX: 480 an hour). */
const RESUBSCRIBE_EVERY_MS = 5000;
/** Unanswered unsubscribe requests whose ids are remembered. */
const UNSUBSCRIBE_IDS_MAX = 256;

/** What a tracker works with. */
export interface SubscriptionTrackerOptions {
  readonly venue: CompiledVenue;
  readonly context: SessionContext;
  readonly outbox: Outbox;
  readonly target: string;
  readonly nextId: () => number;
  /** The session cannot go on: nothing is left to receive, or nothing can be sent. */
  readonly onFailed: (error: IngestError) => void;
}

/** One symbol's subscription. */
interface Subscription {
  readonly instrument: Instrument;
  state: "pending" | "acked" | "rejected";
  /** Our number of the instrument when it was asked for: a higher one means that quotes flow. */
  sequenceBefore: number;
  /** Requests without answer so far. */
  timeouts: number;
  /** Monotonic ms from which on it may be asked for anew. */
  resubscribeFromMs: number;
  /** Asked to be asked for anew, too early. */
  isResubscribeDue: boolean;
  /** The request that awaits an answer for it. */
  request: PendingRequest | null;
}

/** A request on its way or without full answer; requests stand in the order they were sent. */
interface PendingRequest {
  readonly id: number;
  /** The subscriptions that are still unanswered. */
  readonly open: Set<Subscription>;
  /** Monotonic ms; −1 while it waits to be sent. */
  sentMs: number;
}

/**
 * Keeps every symbol's subscription of one session: which request asked for it, whether it was acked or refused, and what is
 * done when no answer comes. One refused symbol never stops the others.
 */
export class SubscriptionTracker {
  readonly #options: SubscriptionTrackerOptions;
  readonly #bySymbol = new Map<string, Subscription>();
  readonly #requests = new Set<PendingRequest>();
  readonly #unsubscribeIds = new Set<number>();
  #timer: Timer | null = null;

  constructor(options: SubscriptionTrackerOptions) {
    this.#options = options;
    for (const instrument of options.context.instruments) {
      this.#bySymbol.set(instrument.symbol, {
        instrument,
        state: "pending",
        sequenceBefore: instrument.sequence,
        timeouts: 0,
        resubscribeFromMs: Number.NEGATIVE_INFINITY,
        isResubscribeDue: false,
        request: null,
      });
    }
  }

  /** Asks for every symbol. */
  start(): void {
    this.#subscribe([...this.#bySymbol.values()]);
  }

  /** Forgets everything; holds no timer afterwards. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#requests.clear();
  }

  /** Takes an ack: of these symbols, else of this request, else (id 0) of all that was sent. */
  onAck(id: number, symbols: readonly string[]): void {
    if (id !== 0 && this.#unsubscribeIds.delete(id)) return;
    if (symbols.length > 0) {
      for (const symbol of symbols) this.#settle(this.#bySymbol.get(symbol), "acked", "");
      return;
    }
    for (const request of [...this.#requests]) {
      if (request.sentMs < 0 || (id !== 0 && request.id !== id)) continue;
      for (const subscription of [...request.open]) this.#settle(subscription, "acked", "");
    }
  }

  /** Takes an ack that lists what was accepted of a request: the rest of it was refused. */
  onAccepted(id: number, symbols: readonly string[]): void {
    if (this.#unsubscribeIds.delete(id)) return;
    const request = this.#findRequest(id);
    const left = request === null ? [] : [...request.open];
    for (const symbol of symbols) this.#settle(this.#bySymbol.get(symbol), "acked", "");
    const text = "not among those the venue accepted";
    for (const subscription of left) this.#settle(subscription, "rejected", text);
  }

  /** Takes a refusal: of these symbols, else of this request, else (id 0) of the oldest one without answer. */
  onRefusal(id: number, symbols: readonly string[], text: string): void {
    if (id !== 0 && this.#unsubscribeIds.delete(id)) return;
    if (symbols.length > 0) {
      for (const symbol of symbols) this.#settle(this.#bySymbol.get(symbol), "rejected", text);
      return;
    }
    const request = this.#findRequest(id);
    if (request === null) return;
    this.#settleQuoting(request);
    this.#requests.delete(request);
    const refused = [...request.open];
    if (refused.length === 1) this.#settle(refused[0], "rejected", text);
    // Which of them was meant is not known: each is asked for alone, so that the good ones get through.
    else for (const subscription of refused) this.#subscribe([subscription]);
  }

  /** Asks anew for one instrument: unsubscribe, subscribe. One that is being asked for already is let be. */
  resubscribe(instrument: Instrument): void {
    const subscription = this.#bySymbol.get(instrument.symbol);
    if (subscription === undefined || subscription.request !== null) return;
    const nowMs = this.#options.context.clock.monotonicMs();
    if (nowMs < subscription.resubscribeFromMs) {
      subscription.isResubscribeDue = true;
      this.#arm();
      return;
    }
    subscription.resubscribeFromMs = nowMs + RESUBSCRIBE_EVERY_MS;
    subscription.timeouts = 0;
    this.#unsubscribe(subscription);
    this.#subscribe([subscription]);
  }

  #subscribe(subscriptions: readonly Subscription[]): void {
    const { venue, nextId, context } = this.#options;
    for (const subscription of subscriptions) {
      subscription.state = "pending";
      subscription.isResubscribeDue = false;
      subscription.sequenceBefore = subscription.instrument.sequence;
      context.monitor.onSubscription(subscription.instrument, "pending", "");
    }
    const symbols = subscriptions.map((subscription) => subscription.instrument.symbol);
    for (const request of venue.subscribeRequests(symbols, nextId, this.#wallMs())) this.#send(request);
  }

  #send(request: OutgoingRequest): void {
    const pending: PendingRequest = { id: request.id, open: new Set(), sentMs: -1 };
    for (const symbol of request.symbols) {
      const subscription = this.#bySymbol.get(symbol);
      if (subscription === undefined) continue;
      subscription.request = pending;
      pending.open.add(subscription);
    }
    this.#requests.add(pending);
    const onSent = () => {
      pending.sentMs = this.#options.context.clock.monotonicMs();
      this.#arm();
    };
    this.#push(request.text, onSent);
  }

  #unsubscribe(subscription: Subscription): void {
    const { venue, nextId } = this.#options;
    const symbols = [subscription.instrument.symbol];
    for (const request of venue.unsubscribeRequests(symbols, nextId, this.#wallMs())) {
      if (request.id !== 0) this.#unsubscribeIds.add(request.id);
      this.#push(request.text, ignoreSent);
    }
    for (const id of this.#unsubscribeIds) {
      if (this.#unsubscribeIds.size <= UNSUBSCRIBE_IDS_MAX) break;
      this.#unsubscribeIds.delete(id);
    }
  }

  #wallMs(): number {
    return Math.floor(this.#options.context.clock.wallUs() / 1000);
  }

  #push(text: string, onSent: () => void): void {
    if (this.#options.outbox.push({ text, onSent }, "in_turn")) return;
    this.#options.onFailed(
      new IngestError(`Cannot subscribe at ${this.#options.target}: too many requests wait to be sent`, {
        code: "venue_error",
        retry: "backoff",
      }),
    );
  }

  #settle(subscription: Subscription | undefined, state: "acked" | "rejected", text: string): void {
    if (subscription === undefined) return;
    // "Already subscribed" is no refusal of what flows, and an answer that comes twice changes nothing.
    if (subscription.state !== "pending" || (state === "rejected" && this.#isQuoting(subscription))) return;
    this.#close(subscription, state, text);
    if (state === "rejected") this.#failWhenAllRejected("subscription_refused", text);
  }

  #close(subscription: Subscription, state: "acked" | "rejected", text: string): void {
    const { request } = subscription;
    subscription.state = state;
    subscription.request = null;
    if (request?.open.delete(subscription) && request.open.size === 0) this.#requests.delete(request);
    this.#options.context.monitor.onSubscription(subscription.instrument, state, venueText(text));
  }

  #settleQuoting(request: PendingRequest): void {
    for (const subscription of [...request.open]) {
      if (this.#isQuoting(subscription)) this.#close(subscription, "acked", "");
    }
  }

  /** Quotes of this session have come since the symbol was asked for. */
  #isQuoting({ instrument, sequenceBefore }: Subscription): boolean {
    return instrument.ownerEpoch === this.#options.context.epoch && instrument.sequence > sequenceBefore;
  }

  #findRequest(id: number): PendingRequest | null {
    for (const request of this.#requests) {
      if (request.sentMs >= 0 && (id === 0 || request.id === id)) return request;
    }
    return null;
  }

  #failWhenAllRejected(code: "subscription_refused" | "subscribe_timeout", text: string): void {
    for (const subscription of this.#bySymbol.values()) {
      if (subscription.state !== "rejected") return;
    }
    const message = `Cannot subscribe at ${this.#options.target}: every symbol was refused, the last with "${venueText(text)}"`;
    this.#options.onFailed(new IngestError(message, { code, retry: "backoff" }));
  }

  /** One timer for whatever falls due first: an answer that did not come, a resubscription put off. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    let dueMs = Number.POSITIVE_INFINITY;
    const { ackTimeoutMs } = this.#options.venue;
    for (const request of this.#requests) {
      if (ackTimeoutMs > 0 && request.sentMs >= 0) dueMs = Math.min(dueMs, request.sentMs + ackTimeoutMs);
    }
    for (const subscription of this.#bySymbol.values()) {
      if (subscription.isResubscribeDue) dueMs = Math.min(dueMs, subscription.resubscribeFromMs);
    }
    if (dueMs === Number.POSITIVE_INFINITY) return;
    const { clock } = this.#options.context;
    this.#timer = clock.schedule(Math.max(0, dueMs - clock.monotonicMs()), () => this.#sweep());
  }

  #sweep(): void {
    this.#timer = null;
    const { context, venue } = this.#options;
    const nowMs = context.clock.monotonicMs();
    for (const request of [...this.#requests]) {
      if (venue.ackTimeoutMs > 0 && request.sentMs >= 0 && nowMs >= request.sentMs + venue.ackTimeoutMs) {
        this.#onTimeout(request);
      }
    }
    for (const subscription of this.#bySymbol.values()) {
      const isDue = subscription.isResubscribeDue && nowMs >= subscription.resubscribeFromMs;
      if (isDue) this.resubscribe(subscription.instrument);
    }
    this.#arm();
  }

  /** No answer came: ask once more, then count it as refused. */
  #onTimeout(request: PendingRequest): void {
    this.#settleQuoting(request);
    this.#requests.delete(request);
    const again: Subscription[] = [];
    for (const subscription of request.open) {
      subscription.timeouts++;
      if (subscription.timeouts === 1) again.push(subscription);
      else {
        const text = `no answer within ${this.#options.venue.ackTimeoutMs} ms, twice`;
        this.#close(subscription, "rejected", text);
        this.#failWhenAllRejected("subscribe_timeout", text);
      }
    }
    if (again.length > 0) this.#subscribe(again);
  }
}

/** Nobody waits for the answer to an unsubscribe request. */
function ignoreSent(): void {}
