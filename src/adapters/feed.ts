import type { FeedState } from "../domain/feed-event.ts";
import type { FeedStatus, SubscriptionStatus } from "../domain/feed-status.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { Adapter } from "./adapter.ts";
import type { FeedEnvironment, FeedParts } from "./feed-parts.ts";
import type { FeedPolicy } from "./feed-policy.ts";
import { FeedTally } from "./feed-tally.ts";
import { RejectReporter } from "./reject-reporter.ts";
import type { RunningFeed } from "./running-feed.ts";
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
export class Feed implements RunningFeed {
  readonly name: string;
  readonly #options: FeedOptions;
  readonly #tally = new FeedTally();
  readonly #parts: FeedParts;
  readonly #carriers = new Map<Instrument, Supervisor>();
  #adapter: Adapter;
  #instruments: readonly Instrument[];
  #supervisors: readonly Supervisor[];
  #nextIndex = 0;
  #lastEpoch = 0;
  #isRunning = false;

  constructor(options: FeedOptions) {
    this.name = options.name;
    this.#instruments = options.instruments;
    this.#adapter = options.adapter;
    this.#options = options;
    const { environment } = options;
    this.#parts = {
      ...environment,
      name: options.name,
      policy: options.policy,
      tally: this.#tally,
      rejects: new RejectReporter(options.name, environment.events, environment.clock),
      nextEpoch: () => ++this.#lastEpoch,
    };
    const groups = splitInstruments(options.instruments, options.policy.symbolsPerConnection);
    this.#supervisors = groups.map((instruments) => this.#createSupervisor(instruments));
  }

  get instruments(): readonly Instrument[] {
    return this.#instruments;
  }

  /** Starts every connection; does nothing for a disabled feed and for connections that run. May follow a `stop`. */
  start(): void {
    if (!this.#options.isEnabled) return;
    this.#isRunning = true;
    for (const supervisor of this.#supervisors) supervisor.start();
  }

  /** Ends every connection; resolves, within two seconds or so, when no socket and no timer is left. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.stop()));
  }

  /** Asks the venue anew for one instrument whose data cannot be trusted; without a session there is nothing to ask. */
  resubscribe(instrument: Instrument, reason: string): void {
    this.#carriers.get(instrument)?.resubscribe(instrument, reason);
  }

  /**
   * Takes instruments in and gives others up. Connections that are not full are filled first, and each that changes is made anew
   * as {@link Supervisor.setInstruments} says; one that is left with nothing ends. Resolves when those have ended.
   */
  async changeInstruments(added: readonly Instrument[], removed: readonly Instrument[]): Promise<void> {
    const gone = new Set(removed);
    const carried = new Map(
      this.#supervisors.map((one) => [one, one.instruments.filter((instrument) => !gone.has(instrument))]),
    );
    const rest = [...added];
    for (const instruments of carried.values()) {
      const room = this.#options.policy.symbolsPerConnection - instruments.length;
      if (room > 0) instruments.push(...rest.splice(0, room));
    }
    for (const instrument of removed) this.#carriers.delete(instrument);
    for (const [supervisor, instruments] of carried) this.#setInstruments(supervisor, instruments);
    const empty = this.#supervisors.filter((supervisor) => carried.get(supervisor)?.length === 0);
    const groups = splitInstruments(rest, this.#options.policy.symbolsPerConnection);
    const fresh = groups.map((instruments) => this.#createSupervisor(instruments));
    this.#supervisors = [...this.#supervisors.filter((supervisor) => !empty.includes(supervisor)), ...fresh];
    this.#instruments = [...this.#instruments.filter((instrument) => !gone.has(instrument)), ...added];
    if (this.#isRunning) for (const supervisor of fresh) supervisor.start();
    await Promise.all(empty.map((supervisor) => supervisor.stop()));
  }

  /** The next session of each connection is this adapter's; those that run go on. */
  setAdapter(adapter: Adapter): void {
    this.#adapter = adapter;
    for (const supervisor of this.#supervisors) supervisor.setAdapter(adapter);
  }

  get state(): FeedState {
    if (!this.#options.isEnabled) return "disabled";
    const states = new Set(this.#supervisors.map((supervisor) => supervisor.state));
    return STATES_BY_TROUBLE.find((state) => states.has(state)) ?? "stopped";
  }

  /** A snapshot for `/status`, `/metrics`, `/readyz` and the terminal. */
  status(): FeedStatus {
    const { counters, venue } = this.#options;
    const adapter = this.#adapter;
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

  #createSupervisor(instruments: readonly Instrument[]): Supervisor {
    const connection = { index: this.#nextIndex++, adapter: this.#adapter, instruments };
    const supervisor = new Supervisor(this.#parts, connection);
    for (const instrument of instruments) this.#carriers.set(instrument, supervisor);
    return supervisor;
  }

  #setInstruments(supervisor: Supervisor, instruments: readonly Instrument[]): void {
    for (const instrument of instruments) this.#carriers.set(instrument, supervisor);
    const old = supervisor.instruments;
    const isSame = old.length === instruments.length && old.every((one, index) => one === instruments[index]);
    // One that is left with nothing is stopped instead: a session without instruments is none.
    if (!isSame && instruments.length > 0) supervisor.setInstruments(instruments);
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
