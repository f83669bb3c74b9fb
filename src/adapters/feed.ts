import type { FeedState } from "../domain/feed-event.ts";
import type { FeedStatus, SubscriptionStatus } from "../domain/feed-status.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { Adapter } from "./adapter.ts";
import type { FeedEnvironment, FeedParts } from "./feed-parts.ts";
import type { FeedPolicy } from "./feed-policy.ts";
import { FeedTally } from "./feed-tally.ts";
import { RejectReporter } from "./reject-reporter.ts";
import { Supervisor } from "./supervisor.ts";

/** What the pipeline counts for the feed. */
export interface QuoteCounters {
  readonly sequence: number;
  readonly duplicates: number;
  readonly regressions: number;
  readonly gaps: number;
}

/** One feed as it is configured. */
export interface FeedOptions {
  readonly name: string;
  /** Name of the venue, for people. */
  readonly venue: string;
  readonly isEnabled: boolean;
  readonly adapter: Adapter;
  readonly instruments: readonly Instrument[];
  readonly policy: FeedPolicy;
  readonly counters: QuoteCounters;
  readonly environment: FeedEnvironment;
}

/** The state of a feed is that of its connection in most trouble: the first of these that any of them is in. */
const STATES_BY_TROUBLE: readonly FeedState[] = [
  "failed",
  "backing-off",
  "connecting",
  "subscribing",
  "stale",
  "closed",
  "stopped",
  "live",
];

/** One configured stream: its symbols, spread over as many connections as the venue's limits ask for. */
export class Feed {
  readonly name: string;
  readonly instruments: readonly Instrument[];
  readonly #options: FeedOptions;
  readonly #tally = new FeedTally();
  readonly #supervisors: readonly Supervisor[];
  readonly #carriers = new Map<Instrument, Supervisor>();
  #lastEpoch = 0;

  constructor(options: FeedOptions) {
    this.name = options.name;
    this.instruments = options.instruments;
    this.#options = options;
    const { environment } = options;
    const parts: FeedParts = {
      ...environment,
      name: options.name,
      policy: options.policy,
      tally: this.#tally,
      rejects: new RejectReporter(options.name, environment.events, environment.clock),
      nextEpoch: () => ++this.#lastEpoch,
    };
    const groups = splitInstruments(options.instruments, options.policy.symbolsPerConnection);
    this.#supervisors = groups.map((instruments, index) => {
      const supervisor = new Supervisor(parts, { index, adapter: options.adapter, instruments });
      for (const instrument of instruments) this.#carriers.set(instrument, supervisor);
      return supervisor;
    });
  }

  /** Starts every connection; does nothing for a disabled feed and for connections that run. May follow a `stop`. */
  start(): void {
    if (!this.#options.isEnabled) return;
    for (const supervisor of this.#supervisors) supervisor.start();
  }

  /** Ends every connection; resolves, within two seconds or so, when no socket and no timer is left. */
  async stop(): Promise<void> {
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.stop()));
  }

  /** Asks the venue anew for one instrument whose data cannot be trusted; without a session there is nothing to ask. */
  resubscribe(instrument: Instrument, reason: string): void {
    this.#carriers.get(instrument)?.resubscribe(instrument, reason);
  }

  get state(): FeedState {
    if (!this.#options.isEnabled) return "disabled";
    const states = new Set(this.#supervisors.map((supervisor) => supervisor.state));
    return STATES_BY_TROUBLE.find((state) => states.has(state)) ?? "stopped";
  }

  /** A snapshot for `/status`, `/metrics`, `/readyz` and the terminal. */
  status(): FeedStatus {
    const { counters, venue, adapter } = this.#options;
    const subscriptions = this.instruments.map((instrument) => this.#subscriptionStatus(instrument));
    return {
      name: this.name,
      venue,
      transport: adapter.transport,
      state: this.state,
      connected: this.#supervisors.length > 0 && this.#supervisors.every((supervisor) => supervisor.isOpen),
      lastHeartbeat: this.#tally.lastFrameTimeMs,
      lastQuoteTimeMs: latest(subscriptions),
      subscribedSymbols: subscriptions.filter(isSubscribed).map((subscription) => subscription.symbol),
      subscriptions,
      connections: this.#supervisors.map((supervisor) => supervisor.status()),
      messagesReceived: this.#tally.messagesReceived,
      bytesReceived: this.#tally.bytesReceived,
      quotesAccepted: counters.sequence,
      duplicates: counters.duplicates,
      regressions: counters.regressions,
      gaps: counters.gaps,
      parseErrors: this.#tally.parseErrors,
      errors: this.#tally.errors,
      disconnections: this.#tally.disconnections,
      attempts: Math.max(0, ...this.#supervisors.map((supervisor) => supervisor.attempts)),
      pauses: this.#tally.pauses,
      adapterCounts: { ...adapter.counts },
      sequence: counters.sequence,
    };
  }

  #subscriptionStatus(instrument: Instrument): SubscriptionStatus {
    const reported = this.#carriers.get(instrument)?.subscriptionOf(instrument);
    return {
      symbol: instrument.symbol,
      state: reported?.state ?? "pending",
      reason: reported?.reason ?? "",
      lastQuoteTimeMs: instrument.lastQuoteTimeUs === 0 ? null : Math.floor(instrument.lastQuoteTimeUs / 1000),
      quotes: instrument.sequence,
    };
  }
}

/** Groups of at most `sizeMax` and of even size: no connection carries one symbol while the others are full. */
function splitInstruments(instruments: readonly Instrument[], sizeMax: number): Instrument[][] {
  const groupCount = Math.ceil(instruments.length / sizeMax);
  const groups: Instrument[][] = [];
  for (let i = 0; i < groupCount; i++) {
    const from = Math.floor((i * instruments.length) / groupCount);
    const to = Math.floor(((i + 1) * instruments.length) / groupCount);
    groups.push(instruments.slice(from, to));
  }
  return groups;
}

function isSubscribed(subscription: SubscriptionStatus): boolean {
  return subscription.state === "acked" || subscription.state === "live";
}

function latest(subscriptions: readonly SubscriptionStatus[]): number | null {
  let latestMs: number | null = null;
  for (const { lastQuoteTimeMs } of subscriptions) {
    if (lastQuoteTimeMs !== null && lastQuoteTimeMs > (latestMs ?? 0)) latestMs = lastQuoteTimeMs;
  }
  return latestMs;
}
