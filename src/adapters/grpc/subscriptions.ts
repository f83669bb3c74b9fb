import { IngestError, type RetryAdvice } from "../../domain/ingest-error.ts";
import type { Instrument } from "../../domain/instrument.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { GrpcControl, GrpcRequest, GrpcStream } from "../../venues/compiled-grpc-venue.ts";
import type { SessionContext } from "../adapter.ts";
import { venueText } from "./status-meaning.ts";

/** A symbol is not asked for anew more often than this, ms: a venue counts requests. */
const RESUBSCRIBE_EVERY_MS = 5000;

/** Symbols that were asked for together: by one call, or by one message of the call. */
export interface SymbolGroup {
  /** All of them, in the order of the decoder's instruments. */
  readonly instruments: readonly Instrument[];
  /** Those without an answer. */
  readonly open: Set<Instrument>;
  /** Those another group has taken over. */
  readonly moved: Set<Instrument>;
  /** Monotonic ms. */
  readonly askedMs: number;
}

/** What subscriptions work with. */
export interface SubscriptionsOptions {
  readonly stream: GrpcStream;
  readonly context: SessionContext;
  readonly target: string;
  /** Bidirectional calls: no answer by then is asked for once more, then counts as a refusal, ms; 0: never. */
  readonly ackTimeoutMs: number;
  /** Asks the venue for the group. */
  readonly ask: (group: SymbolGroup, request: GrpcRequest) => void;
  /** The venue need no longer send this instrument by the group it was in. */
  readonly release: (instrument: Instrument, group: SymbolGroup) => void;
  /** Nothing is left to receive. */
  readonly onFailed: (error: IngestError) => void;
}

/** One symbol's subscription. */
interface Subscription {
  readonly instrument: Instrument;
  state: "pending" | "acked" | "rejected";
  group: SymbolGroup | null;
  /** Our number of the instrument when it was asked for: a higher one means that quotes flow. */
  sequenceBefore: number;
  timeouts: number;
  resubscribeFromMs: number;
  isResubscribeDue: boolean;
}

/**
 * Keeps every symbol's subscription of one session, over calls of either kind: which group asked for it, whether it was taken or
 * refused. One refused symbol never stops the others: a group that is refused as a whole is asked for one by one.
 */
export class GrpcSubscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #subscriptions = new Map<string, Subscription>();
  /** In the order they were asked for. */
  readonly #groups = new Set<SymbolGroup>();
  #timer: Timer | null = null;
  #isStopped = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    for (const instrument of options.context.instruments) {
      this.#subscriptions.set(instrument.symbol, {
        instrument,
        state: "pending",
        group: null,
        sequenceBefore: instrument.sequence,
        timeouts: 0,
        resubscribeFromMs: Number.NEGATIVE_INFINITY,
        isResubscribeDue: false,
      });
    }
  }

  /** Asks for every symbol; also anew, after all calls were ended. */
  start(): void {
    this.#groups.clear();
    // What asked for them before is gone: nothing has to be taken back.
    for (const subscription of this.#subscriptions.values()) subscription.group = null;
    this.#ask([...this.#subscriptions.values()]);
  }

  /** Holds no timer afterwards. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = null;
    this.#groups.clear();
  }

  /** The venue has taken the call that asks for this group. */
  onAccepted(group: SymbolGroup): void {
    for (const instrument of [...group.open]) this.#settle(instrument.symbol, "acked", "");
  }

  /** Takes an answer to the group; null: to all that was asked for. */
  onAnswers(group: SymbolGroup | null, { acked, refused }: Extract<GrpcControl, { kind: "answers" }>): void {
    const groups = group === null ? [...this.#groups] : [group];
    if (acked === null) for (const each of groups) this.onAccepted(each);
    else for (const symbol of acked) this.#settle(symbol, "acked", "");
    for (const { symbol, reason } of refused) this.#settle(symbol, "rejected", reason);
  }

  /**
   * Takes the refusal of a group; null: of the oldest without full answer.
   *
   * @param retry whether it is a fault of the configuration
   * @returns false when it cannot be a refusal: all of the group is being quoted
   */
  onRefused(group: SymbolGroup | null, reason: string, retry: RetryAdvice): boolean {
    const refused = group ?? [...this.#groups][0];
    if (refused === undefined) return false;
    const left = refused.instruments.filter((instrument) => !refused.moved.has(instrument));
    if (left.length === 0) return true;
    if (left.every((instrument) => this.#isQuoting(this.#of(instrument)))) return false;
    this.#groups.delete(refused);
    if (left.length === 1) {
      this.#reject(left[0].symbol, reason, retry);
      return true;
    }
    // Which of them was meant is not known: each is asked for alone, so that the good ones get through.
    const again = left.filter((instrument) => group !== null || refused.open.has(instrument));
    for (const instrument of again) this.#ask([this.#of(instrument)]);
    return true;
  }

  /** Asks anew for one instrument. One that is being asked for already is let be. */
  resubscribe(instrument: Instrument): void {
    const subscription = this.#subscriptions.get(instrument.symbol);
    if (subscription === undefined || subscription.state === "pending" || this.#isStopped) return;
    const nowMs = this.#options.context.clock.monotonicMs();
    if (nowMs < subscription.resubscribeFromMs) {
      subscription.isResubscribeDue = true;
      this.#arm();
      return;
    }
    subscription.resubscribeFromMs = nowMs + RESUBSCRIBE_EVERY_MS;
    subscription.timeouts = 0;
    this.#ask([subscription]);
  }

  #of(instrument: Instrument): Subscription {
    return this.#subscriptions.get(instrument.symbol) as Subscription;
  }

  #ask(subscriptions: readonly Subscription[]): void {
    const { stream, context, ask, release } = this.#options;
    const symbols = subscriptions.map(({ instrument }) => instrument.symbol);
    for (const request of stream.subscribeRequests(symbols)) {
      if (this.#isStopped) return;
      const named = request.symbols.map((symbol) => this.#subscriptions.get(symbol) as Subscription);
      const instruments = named.map(({ instrument }) => instrument);
      const askedMs = context.clock.monotonicMs();
      const group: SymbolGroup = { instruments, open: new Set(instruments), moved: new Set(), askedMs };
      for (const subscription of named) {
        const before = subscription.group;
        subscription.state = "pending";
        subscription.isResubscribeDue = false;
        subscription.sequenceBefore = subscription.instrument.sequence;
        subscription.group = group;
        context.monitor.onSubscription(subscription.instrument, "pending", "");
        if (before === null) continue;
        before.moved.add(subscription.instrument);
        before.open.delete(subscription.instrument);
        release(subscription.instrument, before);
      }
      this.#groups.add(group);
      ask(group, request);
    }
    this.#arm();
  }

  #settle(symbol: string, state: "acked" | "rejected", reason: string): void {
    const subscription = this.#subscriptions.get(symbol);
    if (subscription === undefined || subscription.group === null) return;
    if (state === "rejected") {
      // "Already subscribed" is no refusal of what flows, and an answer that comes twice changes nothing.
      if (subscription.state !== "rejected" && !this.#isQuoting(subscription)) this.#reject(symbol, reason, "backoff");
      return;
    }
    if (subscription.state === "pending") this.#close(subscription, "acked", "");
  }

  #reject(symbol: string, reason: string, retry: RetryAdvice): void {
    const subscription = this.#subscriptions.get(symbol) as Subscription;
    const text = venueText(reason);
    this.#close(subscription, "rejected", text);
    for (const each of this.#subscriptions.values()) if (each.state !== "rejected") return;
    const code = subscription.timeouts > 1 ? "subscribe_timeout" : "subscription_refused";
    const message = `Cannot subscribe at ${this.#options.target}: every symbol was refused, the last with "${text}"`;
    this.#options.onFailed(new IngestError(message, { code, retry }));
  }

  #close(subscription: Subscription, state: "acked" | "rejected", reason: string): void {
    const { instrument, group } = subscription;
    subscription.state = state;
    if (group?.open.delete(instrument) && group.open.size === 0) this.#groups.delete(group);
    this.#options.context.monitor.onSubscription(instrument, state, reason);
  }

  /** Quotes of this session have come since the symbol was asked for. */
  #isQuoting({ instrument, sequenceBefore }: Subscription): boolean {
    return instrument.ownerEpoch === this.#options.context.epoch && instrument.sequence > sequenceBefore;
  }

  /** One timer for whatever falls due first: an answer that did not come, a resubscription put off. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const { ackTimeoutMs, context } = this.#options;
    let dueMs = Number.POSITIVE_INFINITY;
    if (ackTimeoutMs > 0) for (const { askedMs } of this.#groups) dueMs = Math.min(dueMs, askedMs + ackTimeoutMs);
    for (const { isResubscribeDue, resubscribeFromMs } of this.#subscriptions.values()) {
      if (isResubscribeDue) dueMs = Math.min(dueMs, resubscribeFromMs);
    }
    if (dueMs === Number.POSITIVE_INFINITY || this.#isStopped) return;
    this.#timer = context.clock.schedule(Math.max(0, dueMs - context.clock.monotonicMs()), () => this.#sweep());
  }

  #sweep(): void {
    this.#timer = null;
    const { ackTimeoutMs, context } = this.#options;
    const nowMs = context.clock.monotonicMs();
    for (const group of [...this.#groups]) {
      if (ackTimeoutMs > 0 && nowMs >= group.askedMs + ackTimeoutMs) this.#onTimeout(group);
    }
    for (const subscription of this.#subscriptions.values()) {
      const isDue = subscription.isResubscribeDue && nowMs >= subscription.resubscribeFromMs;
      if (isDue) this.resubscribe(subscription.instrument);
    }
    this.#arm();
  }

  /** No answer came: ask once more, then count it as refused. */
  #onTimeout(group: SymbolGroup): void {
    this.#groups.delete(group);
    const again: Subscription[] = [];
    for (const instrument of [...group.open]) {
      const subscription = this.#of(instrument);
      if (this.#isQuoting(subscription)) this.#close(subscription, "acked", "");
      else if (++subscription.timeouts === 1) again.push(subscription);
      else this.#reject(instrument.symbol, `no answer within ${this.#options.ackTimeoutMs} ms, twice`, "backoff");
    }
    if (again.length > 0) this.#ask(again);
  }
}
