import { IngestError } from "../../domain/ingest-error.ts";
import type { Instrument } from "../../domain/instrument.ts";
import type { FixFrame } from "../../fix/fix-frame.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { CompiledFixVenue, FixField, FixRequest } from "../../venues/compiled-fix-venue.ts";
import type { SessionContext } from "../adapter.ts";
import { readRefusal } from "./refusal.ts";
import { newPace, ResubscribePace, type SymbolPace } from "./resubscribe-pace.ts";
import type { SecretHider } from "./secret-hider.ts";
import { SendQueue } from "./send-queue.ts";

/** A symbol that was never served is asked for again this long after it was refused, ms: a session may last for a week. */
const REFUSED_AGAIN_MS = 300_000;

/** The books, by index of the instrument: told which request each symbol is on, as data of an older one is late. */
export interface SubscribedBooks {
  bindRequest(id: string, symbols: readonly number[]): void;
  unbindRequest(id: string): void;
  /** True once a snapshot (of a quote stream: a quote) of the request it is on has come. */
  isTrusted(symbol: number): boolean;
}

/** What subscriptions work with. */
export interface FixSubscriptionsOptions {
  readonly venue: CompiledFixVenue;
  readonly context: SessionContext;
  readonly secrets: SecretHider;
  /** MsgSeqNum (34) of the message taken last. */
  readonly lastSequence: () => number;
  /** For time-outs: it stands still while nothing is read. */
  readonly clock: Clock;
  readonly target: string;
  readonly depth: number;
  /** False: the LP quotes without being asked, and no request is sent. */
  readonly isSubscribing: boolean;
  /** How long the first answer to a request may take, ms. */
  readonly timeoutMs: number;
  readonly books: SubscribedBooks;
  /** Gives ids (262) that no request of this process has had. */
  readonly nextId: () => string;
  /** Sends one message; its MsgSeqNum (34), or 0 when nothing can be sent any more. */
  readonly send: (msgType: string, fields: readonly FixField[]) => number;
  /** The session cannot go on: nothing is left to receive, or nothing can be sent. */
  readonly onFailed: (error: IngestError) => void;
}

/** One symbol's subscription. */
interface Subscription {
  readonly instrument: Instrument;
  /** Index in the session, and in its books. */
  readonly symbol: number;
  readonly pace: SymbolPace;
  state: "pending" | "acked" | "rejected";
  /** Data of this session has come: a refusal of a later request is not the last word. */
  hasServed: boolean;
  /** Requests without answer since the last answer. */
  timeouts: number;
  /** To be asked for anew as soon as its pace allows and nothing is on its way. */
  isDue: boolean;
  /** The newest request it is on, answered or not. */
  request: SentRequest | null;
}

/** A request of this session. */
interface SentRequest {
  readonly request: FixRequest;
  /** The symbols that are on it and on no newer one. */
  readonly members: Set<Subscription>;
  /** MsgSeqNum (34); 0 while it waits to be sent. */
  sequence: number;
  /** On the clock of the time-outs; −1 while it waits to be sent. */
  sentMs: number;
  /** The LP refused it as a whole: there is nothing to end. */
  isRefused: boolean;
}

/**
 * Keeps every symbol's subscription of one session: which request it is on, whether data came or the LP refused, and what is
 * done when no answer comes. The first data of a symbol is its ack: FIX has no other. One refused symbol never stops the
 * others.
 */
export class FixSubscriptions {
  readonly #options: FixSubscriptionsOptions;
  readonly #queue: SendQueue;
  readonly #pace = new ResubscribePace();
  readonly #all: Subscription[] = [];
  readonly #bySymbol = new Map<string, Subscription>();
  readonly #byId = new Map<string, SentRequest>();
  readonly #bySequence = new Map<number, SentRequest>();
  readonly #pending = new Set<Subscription>();
  #timer: Timer | null = null;
  /** Told that something may be due: looked at once for all that is told in this turn. */
  #soon: Timer | null = null;
  #isStarted = false;
  #isStopped = false;

  constructor(options: FixSubscriptionsOptions) {
    const { venue, context } = options;
    this.#options = options;
    this.#queue = new SendQueue(context.clock, venue.limits.messageSpacingMs);
    for (const [symbol, instrument] of context.instruments.entries()) {
      const subscription: Subscription = {
        instrument,
        symbol,
        pace: newPace(),
        state: "acked",
        hasServed: false,
        timeouts: 0,
        isDue: false,
        request: null,
      };
      this.#all.push(subscription);
      this.#bySymbol.set(instrument.symbol, subscription);
    }
  }

  /** True while a symbol has had no data: `noteData` is then to be called when a book has become the LP's. */
  get isWaiting(): boolean {
    return this.#pending.size > 0;
  }

  /** Asks for every symbol. */
  start(): void {
    this.#isStarted = true;
    if (this.#options.isSubscribing) this.#subscribe(this.#all);
    else for (const subscription of this.#all) this.#markPending(subscription);
  }

  /** Forgets everything; holds no timer afterwards. */
  stop(): void {
    this.#isStopped = true;
    this.#queue.close();
    this.#timer?.cancel();
    this.#soon?.cancel();
    this.#timer = null;
    this.#soon = null;
  }

  /** A message has been applied to the books: those that have become the LP's are served. */
  noteData(): void {
    const { books } = this.#options;
    for (const subscription of this.#pending) {
      const { request, symbol } = subscription;
      // Before the request is out, the books still are those of the one before.
      if ((request === null || isSent(request)) && books.isTrusted(symbol)) this.#ack(subscription);
    }
  }

  /** Takes a message of the LP that may refuse a request: Y, j, 3, AG, AI. */
  noteMessage(frame: FixFrame): void {
    const refusal = readRefusal(frame);
    if (refusal === null) return;
    const request = this.#byId.get(refusal.requestId) ?? this.#bySequence.get(refusal.refSequence);
    if (request === undefined) return;
    const members = [...request.members];
    const open = members.filter(({ state }) => state === "pending");
    request.isRefused = open.length === members.length || open.length === 0;
    // Nothing is awaited: the LP takes back what it had granted.
    const meant = open.length > 0 ? open : members.filter(({ state }) => state === "acked");
    if (open.length < 2 || this.#options.venue.hasOneRequest === true) {
      for (const subscription of meant) this.#reject(subscription, "subscription_refused", refusal.text);
      return;
    }
    // Which of them was meant is not known: each is asked for alone, so that the good ones get through.
    for (const subscription of open) this.#subscribe([subscription]);
  }

  /** Requests numbered `from … to − 1` that still wait for their first answer are sent anew, at once. */
  askAgain(from: number, to: number): void {
    for (const [sequence, { members }] of [...this.#bySequence]) {
      if (sequence < from || sequence >= to) continue;
      const open = [...members].filter(({ state }) => state === "pending");
      if (open.length > 0) this.#subscribe(open);
    }
  }

  /** The symbols, by index, that are on the request of this id. */
  symbolsOn(requestId: string): number[] {
    return [...(this.#byId.get(requestId)?.members ?? [])].map(({ symbol }) => symbol);
  }

  /** Asks anew for one instrument as soon as its pace allows; at most one request of it is on its way. */
  resubscribe(instrument: Instrument): void {
    const subscription = this.#bySymbol.get(instrument.symbol);
    if (subscription === undefined || !this.#isStarted || !this.#options.isSubscribing) return;
    subscription.isDue = true;
    this.#wake();
  }

  #subscribe(subscriptions: readonly Subscription[]): void {
    const { venue, depth, nextId } = this.#options;
    for (const subscription of subscriptions) {
      subscription.isDue = false;
      this.#markPending(subscription);
    }
    const symbols = subscriptions.map(({ instrument }) => instrument.symbol);
    for (const request of venue.subscribeRequests(symbols, { depth, nextId })) this.#track(request);
  }

  #markPending(subscription: Subscription): void {
    this.#pending.add(subscription);
    subscription.state = "pending";
    this.#options.context.monitor.onSubscription(subscription.instrument, "pending", "");
  }

  #track(request: FixRequest): void {
    const sent: SentRequest = { request, members: new Set(), sequence: 0, sentMs: -1, isRefused: false };
    this.#byId.set(request.id, sent);
    const left = new Set<SentRequest>();
    for (const symbol of request.symbols) {
      const subscription = this.#bySymbol.get(symbol);
      if (subscription === undefined) continue;
      if (subscription.request !== null) left.add(subscription.request);
      subscription.request?.members.delete(subscription);
      subscription.request = sent;
      sent.members.add(subscription);
    }
    for (const old of left) if (old.members.size === 0) this.#forget(old);
    this.#push(() => this.#sendRequest(sent));
  }

  #sendRequest(sent: SentRequest): void {
    const { books, clock, send } = this.#options;
    const { request, members } = sent;
    // It waited for so long that all its symbols are on newer ones.
    if (members.size === 0) return;
    this.#tellInterrupted([...members].filter(({ symbol }) => books.isTrusted(symbol)));
    books.bindRequest(
      request.id,
      [...members].map(({ symbol }) => symbol),
    );
    sent.sequence = send(request.msgType, request.fields);
    sent.sentMs = clock.monotonicMs();
    if (sent.sequence > 0) this.#bySequence.set(sent.sequence, sent);
    this.#wake();
  }

  /** What these are sent under the request before is late from now on, and missed until the answer to the new one. */
  #tellInterrupted(subscriptions: readonly Subscription[]): void {
    if (subscriptions.length === 0) return;
    const { context, lastSequence } = this.#options;
    const instruments = subscriptions.map(({ instrument }) => instrument);
    const last = lastSequence();
    context.monitor.onGap(instruments, String(last), String(last + 1));
  }

  /** The request serves nobody any more: the LP is asked to end it, and what it still sends is late. */
  #forget(sent: SentRequest): void {
    const { venue, books, send } = this.#options;
    this.#byId.delete(sent.request.id);
    if (sent.sentMs < 0) return;
    // The numbers may have started anew since: then it is another request's by now.
    if (this.#bySequence.get(sent.sequence) === sent) this.#bySequence.delete(sent.sequence);
    books.unbindRequest(sent.request.id);
    const ending = sent.isRefused ? null : venue.unsubscribeRequest(sent.request);
    if (ending !== null) this.#push(() => send(ending.msgType, ending.fields));
  }

  #push(send: () => void): void {
    if (this.#queue.push(send) || this.#isStopped) return;
    const message = `Cannot subscribe at ${this.#options.target}: too many requests wait to be sent`;
    this.#options.onFailed(new IngestError(message, { code: "venue_error", retry: "backoff" }));
  }

  #ack(subscription: Subscription): void {
    subscription.state = "acked";
    subscription.hasServed = true;
    subscription.timeouts = 0;
    // Distrusted while this answer was on its way, which has healed it.
    subscription.isDue = false;
    this.#pending.delete(subscription);
    this.#options.context.monitor.onSubscription(subscription.instrument, "acked", "");
  }

  #reject(subscription: Subscription, code: "subscription_refused" | "subscribe_timeout", text: string): void {
    subscription.state = "rejected";
    subscription.timeouts = 0;
    this.#pending.delete(subscription);
    const { context, clock, venue, secrets, target, onFailed } = this.#options;
    const reason = secrets.peerText(text);
    context.monitor.onSubscription(subscription.instrument, "rejected", reason);
    if (subscription.hasServed) {
      // Served an hour ago and refused now: it is asked for again, ever more seldom. A dead symbol helps nobody.
      subscription.isDue = true;
      this.#wake();
    } else if (this.#all.every(({ state }) => state === "rejected")) {
      const message = `Cannot subscribe at ${target}: every symbol was refused, the last with "${reason}"`;
      onFailed(new IngestError(message, { code, retry: "backoff" }));
    } else if (venue.hasOneRequest !== true) {
      subscription.pace.notBeforeMs = clock.monotonicMs() + REFUSED_AGAIN_MS;
      subscription.isDue = true;
      this.#wake();
    }
  }

  /** Looks, once for all that happens in this turn, what is due. */
  #wake(): void {
    if (this.#isStopped) return;
    this.#soon ??= this.#options.clock.scheduleSoon(() => {
      this.#soon = null;
      this.#sweep();
    });
  }

  #sweep(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const again = this.#all.filter((subscription) => {
      if (nowMs < this.#dueMs(subscription)) return false;
      if (!this.#isToBeAskedAnew(subscription)) return this.#onTimeout(subscription);
      this.#pace.note(subscription.pace, nowMs);
      return true;
    });
    if (this.#isStopped) return;
    if (again.length > 0 && this.#options.venue.hasOneRequest === true) {
      this.#subscribe(
        this.#all.filter((subscription) => subscription.state !== "rejected" || again.includes(subscription)),
      );
      this.#arm();
      return;
    }
    const companions = this.#companionsOf(again);
    if (again.length > 0) this.#subscribe(again);
    // In requests of their own: what they are asked for with has just failed.
    if (companions.length > 0) this.#subscribe(companions);
    this.#arm();
  }

  /** One timer for whatever falls due first. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const { clock } = this.#options;
    let dueMs = Number.POSITIVE_INFINITY;
    for (const subscription of this.#all) dueMs = Math.min(dueMs, this.#dueMs(subscription));
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#timer = clock.schedule(Math.max(0, dueMs - clock.monotonicMs()), () => this.#sweep());
  }

  /** When something is to be done about the symbol: its answer is late, or it is to be asked for anew. Infinity = nothing. */
  #dueMs(subscription: Subscription): number {
    const { state, request, pace } = subscription;
    if (this.#isToBeAskedAnew(subscription)) return this.#pace.dueMs(pace);
    const isAwaited = state === "pending" && isSent(request);
    return isAwaited ? request.sentMs + this.#options.timeoutMs : Number.POSITIVE_INFINITY;
  }

  /** While an answer is on its way it heals the book; in a stream of quotes, which knows no snapshot, it does not. */
  #isToBeAskedAnew({ state, request, isDue }: Subscription): boolean {
    return isDue && (state !== "pending" || (this.#options.venue.stream === "quote" && isSent(request)));
  }

  /** No answer came (the engine never sends a lost request again): true when it is asked for once more. */
  #onTimeout(subscription: Subscription): boolean {
    subscription.timeouts++;
    if (subscription.timeouts === 1) return true;
    this.#reject(subscription, "subscribe_timeout", `no answer within ${this.#options.timeoutMs} ms, twice`);
    return false;
  }

  /**
   * Those who share a request with these: it ends as a whole, as 263=2 names its id, so they must be on another one. Where
   * the LP cannot end requests, they stay.
   */
  #companionsOf(subscriptions: readonly Subscription[]): Subscription[] {
    const { venue } = this.#options;
    const found = new Set<Subscription>();
    for (const { request } of subscriptions) {
      if (request === null || venue.unsubscribeRequest(request.request) === null) continue;
      for (const member of request.members) if (member.state !== "rejected") found.add(member);
    }
    for (const subscription of subscriptions) found.delete(subscription);
    return [...found];
  }
}

function isSent(request: SentRequest | null): request is SentRequest {
  return request !== null && request.sentMs >= 0;
}
