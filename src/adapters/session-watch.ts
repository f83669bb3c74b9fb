import type { FeedState } from "../domain/feed-event.ts";
import { IngestError, type IngestErrorCode } from "../domain/ingest-error.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { FeedParts } from "./feed-parts.ts";
import type { SessionRun } from "./session-run.ts";
import { SymbolSilence } from "./symbol-silence.ts";

/** A planned reconnect comes up to this share early: sessions that began together do not end together. */
const SESSION_AGE_JITTER = 0.05;

/** What the watch decides; each is called from a tick. */
export interface WatchListener {
  /** The session must be ended. */
  onVerdict(run: SessionRun, verdict: IngestError): void;
  /** The session has had data for a healthy while. */
  onHealthy(): void;
  /** The session must be replaced by plan. */
  onHandoverDue(): void;
}

/** What is watched; both may change while it is. */
interface WatchedConnection {
  readonly adapter: { readonly target: string };
  readonly instruments: readonly Instrument[];
}

/**
 * The watchdog of one connection: finds half-open links, silence, old age and health, on the monotonic clock. Time in
 * which we did not read (the process stood still, memory was full) is never held against the venue.
 */
export class SessionWatch {
  /** Monotonic ms before which no planned reconnect is tried again. */
  handoverNotBeforeMs = Number.NEGATIVE_INFINITY;
  readonly #parts: FeedParts;
  readonly #connection: WatchedConnection;
  readonly #listener: WatchListener;
  readonly #silence: SymbolSilence;
  readonly #sessionMsMax: number;
  #lastTickMs: number;
  #isStale = false;

  constructor(parts: FeedParts, connection: WatchedConnection, listener: WatchListener) {
    this.#parts = parts;
    this.#connection = connection;
    this.#listener = listener;
    this.#lastTickMs = parts.clock.monotonicMs();
    this.#silence = new SymbolSilence(connection.instruments, parts.policy.symbolStaleAfterMs, this.#lastTickMs);
    this.#sessionMsMax = parts.policy.maxSessionMs * (1 - SESSION_AGE_JITTER * parts.random());
  }

  /** The connection has got other instruments. */
  onInstrumentsChanged(): void {
    this.#silence.follow(this.#connection.instruments, this.#parts.clock.monotonicMs());
  }

  /** The state of a connection that this session carries. */
  stateOf(run: SessionRun): FeedState {
    if (!run.isOpen) return "connecting";
    if (!run.subscriptions.isServing) return "subscribing";
    return this.#isStale ? "stale" : "live";
  }

  /** A session takes over the connection; what was seen of the one before says nothing of it. */
  begin(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    // Without a session (closed, backing off) nobody watched, and that no symbol was quoted is known.
    this.#silence.skip(nowMs - this.#lastTickMs);
    this.#lastTickMs = nowMs;
    this.#isStale = false;
  }

  /** Takes in what came since the last tick, for every session of the connection; the first carries it. */
  observe(runs: readonly (SessionRun | null)[], nowMs: number, lostMs: number): void {
    const { backpressure, tally, clock } = this.#parts;
    const elapsedMs = nowMs - this.#lastTickMs;
    const uncountedMs = backpressure.isPaused ? elapsedMs : lostMs;
    this.#lastTickMs = nowMs;
    for (const run of runs) {
      if (run?.observe(nowMs, uncountedMs)) tally.lastFrameTimeMs = Math.floor(clock.wallUs() / 1000);
    }
    // A silent feed is told as a whole: meanwhile no symbol's clock runs.
    const isServed = runs[0]?.subscriptions.isServing === true && !this.#isStale;
    this.#observeSymbols(runs[0], nowMs, isServed ? uncountedMs : elapsedMs);
  }

  /** Decides about the session that carries the connection. */
  judge(run: SessionRun, nowMs: number): void {
    const verdict = this.#verdictOn(run, nowMs);
    if (verdict !== null) {
      this.#listener.onVerdict(run, verdict);
      return;
    }
    this.#judgeStale(run, nowMs);
    if (run.servingSinceMs < 0) return;
    const { policy } = this.#parts;
    const healthyMs = nowMs - run.health.dataSilenceMs(nowMs) - run.servingSinceMs;
    if (healthyMs < policy.healthyAfterMs) return;
    this.#listener.onHealthy();
    // Only a healthy session is replaced: a venue that asks every new session to leave is met with backoff instead.
    const isOld = policy.maxSessionMs > 0 && nowMs - run.openedMs >= this.#sessionMsMax;
    if ((isOld || run.reconnectAsked !== null) && nowMs >= this.handoverNotBeforeMs) this.#listener.onHandoverDue();
  }

  #verdictOn(run: SessionRun, nowMs: number): IngestError | null {
    const { policy } = this.#parts;
    const frameSilenceMs = run.health.frameSilenceMs(nowMs);
    const dataSilenceMs = run.health.dataSilenceMs(nowMs);
    if (!run.isOpen) {
      return frameSilenceMs >= policy.openLimitMs
        ? this.#silentError("handshake_timeout", "connection", frameSilenceMs)
        : null;
    }
    if (frameSilenceMs >= policy.deadAfterMs) return this.#silentError("half_open", "frame", frameSilenceMs);
    if (dataSilenceMs >= policy.noDataAfterMs) return this.#silentError("no_data", "data", dataSilenceMs);
    const unservedMs = run.subscriptions.isServing ? 0 : nowMs - run.openedMs;
    return unservedMs >= policy.noDataAfterMs
      ? this.#silentError("subscribe_timeout", "subscription", unservedMs)
      : null;
  }

  #judgeStale(run: SessionRun, nowMs: number): void {
    const { policy, events, interruptions, clock, name } = this.#parts;
    const silentMs = Math.round(run.health.dataSilenceMs(nowMs));
    const wasStale = this.#isStale;
    this.#isStale = run.subscriptions.isServing && silentMs >= policy.staleAfterMs;
    if (!this.#isStale || wasStale) return;
    const timeUs = clock.wallUs();
    events.publishEvent({ type: "market-data.feed-stale", source: name, timeUs, silentMs });
    interruptions.interrupt(this.#connection.instruments, "stale", timeUs);
  }

  #observeSymbols(run: SessionRun | null, nowMs: number, uncountedMs: number): void {
    const { events, interruptions, clock, name } = this.#parts;
    this.#silence.observe(nowMs, uncountedMs, (instrument, silent) => {
      if (run?.subscriptions.of(instrument).state === "rejected") return;
      const timeUs = clock.wallUs();
      const silentMs = Math.round(silent);
      events.publishEvent({
        type: "market-data.feed-stale",
        source: name,
        symbol: instrument.symbol,
        timeUs,
        silentMs,
      });
      interruptions.interrupt([instrument], "stale", timeUs);
    });
  }

  #silentError(code: IngestErrorCode, what: string, silentMs: number): IngestError {
    return new IngestError(
      `Cannot hear "${this.#parts.name}" at ${this.#connection.adapter.target}: no ${what} for ${Math.round(silentMs)} ms`,
      { code, retry: "backoff" },
    );
  }
}
