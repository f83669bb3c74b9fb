import { IngestError } from "../domain/ingest-error.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { Timer } from "../runtime/clock.ts";
import type { Adapter, Session, SessionMonitor } from "./adapter.ts";
import type { FeedParts } from "./feed-parts.ts";
import { SessionHealth } from "./session-health.ts";
import { SessionSubscriptions } from "./session-subscriptions.ts";

/** An adapter that has not ended this long after its abort is left behind, ms. */
const ABORT_LIMIT_MS = 2000;

/** How a session ended, as the supervisor takes it. */
export type RunOutcome =
  | { readonly kind: "aborted" }
  | { readonly kind: "planned"; readonly message: string; readonly retryAfterMs: number }
  | { readonly kind: "failed"; readonly error: IngestError };

/** What one session is made of. */
export interface SessionRunOptions {
  readonly parts: FeedParts;
  readonly adapter: Adapter;
  readonly instruments: readonly Instrument[];
  /** Something the connection's state depends on has changed. */
  readonly onChange: (run: SessionRun) => void;
}

/**
 * One session of an adapter, held at arm's length: whatever the adapter does (throws, never ends, reports late), the run
 * ends exactly once, within a bounded time after its abort, and holds no timer afterwards.
 */
export class SessionRun implements SessionMonitor {
  readonly epoch: number;
  readonly health: SessionHealth;
  readonly subscriptions: SessionSubscriptions;
  /** Resolves once, when the session is over. */
  readonly finished: Promise<RunOutcome>;
  /** Resolves when every subscription was answered and at least one is served; never when that does not happen. */
  readonly settled: Promise<void>;
  isOver = false;
  /** Monotonic ms; −1 before the transport was up. */
  openedMs = -1;
  /** Wall clock of the same, ms since the epoch; null before. */
  openedTimeMs: number | null = null;
  /** Monotonic ms since when the session serves; −1 before. */
  servingSinceMs = -1;
  /** Why the venue wants a reconnect; null when it does not. */
  reconnectAsked: string | null = null;
  readonly #options: SessionRunOptions;
  readonly #controller = new AbortController();
  readonly #finish: (outcome: RunOutcome) => void;
  readonly #settle: () => void;
  #session: Session | null = null;
  #abortCause: IngestError | null = null;
  #abortTimer: Timer | null = null;

  constructor(options: SessionRunOptions) {
    this.#options = options;
    this.epoch = options.parts.nextEpoch();
    this.health = new SessionHealth(options.parts.clock.monotonicMs());
    this.subscriptions = new SessionSubscriptions(options.instruments, this.epoch);
    const finished = Promise.withResolvers<RunOutcome>();
    this.finished = finished.promise;
    this.#finish = finished.resolve;
    const settled = Promise.withResolvers<void>();
    this.settled = settled.promise;
    this.#settle = settled.resolve;
  }

  /** Those it was started with. */
  get instruments(): readonly Instrument[] {
    return this.#options.instruments;
  }

  get isOpen(): boolean {
    return this.openedMs >= 0;
  }

  get isAborted(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Starts the session. The adapter may report before this returns. */
  start(): void {
    this.#options.parts.tally.open(this.health);
    void this.#follow();
  }

  /** Ends the session: with a cause it counts as failed, without as wanted. */
  abort(cause: IngestError | null): void {
    if (this.isOver || this.isAborted) return;
    this.#abortCause = cause;
    this.#abortTimer = this.#options.parts.clock.schedule(ABORT_LIMIT_MS, () => this.#end({ kind: "aborted" }));
    this.#controller.abort(cause ?? undefined);
  }

  /** Asks the venue anew for one instrument; does nothing once over. */
  resubscribe(instrument: Instrument, reason: string): void {
    if (this.isOver || this.isAborted) return;
    try {
      this.#session?.resubscribe(instrument, reason);
    } catch (error) {
      this.abort(this.#toIngestError(error));
    }
  }

  /**
   * Looks what came since the last tick.
   *
   * @param uncountedMs time that must not count as silence
   * @returns true when a frame came
   */
  observe(nowMs: number, uncountedMs: number): boolean {
    this.subscriptions.observe();
    this.#noteProgress();
    return this.health.observe(nowMs, uncountedMs);
  }

  onOpen(): void {
    if (this.isOver || this.isOpen) return;
    const { clock } = this.#options.parts;
    this.openedMs = clock.monotonicMs();
    this.openedTimeMs = Math.floor(clock.wallUs() / 1000);
    this.health.restart(this.openedMs);
    this.#options.onChange(this);
  }

  onFrame(bytes: number): void {
    this.health.countFrame(bytes);
  }

  onData(): void {
    this.health.countData();
  }

  onReject(reason: string, frame: Uint8Array): void {
    if (this.isOver) return;
    this.#options.parts.tally.parseErrors++;
    this.#options.parts.rejects.report(reason, frame);
  }

  onSubscription(instrument: Instrument, state: "pending" | "acked" | "rejected", reason: string): void {
    if (this.isOver) return;
    if (state === "rejected") this.#options.parts.tally.errors++;
    this.subscriptions.report(instrument, state, reason);
    this.#noteProgress();
    this.#options.onChange(this);
  }

  onReconnectAsked(message: string): void {
    if (!this.isOver) this.reconnectAsked ??= message;
  }

  onGap(instruments: readonly Instrument[] | null, from: string, to: string): void {
    if (this.isOver) return;
    const { parts } = this.#options;
    parts.interruptions.reportGap({
      instruments: instruments ?? this.#options.instruments,
      isWhole: instruments === null,
      from,
      to,
      timeUs: parts.clock.wallUs(),
    });
  }

  onPause(): void {
    if (!this.isOver) this.#options.parts.tally.pauses++;
  }

  async #follow(): Promise<void> {
    const { parts, adapter, instruments } = this.#options;
    try {
      this.#session = adapter.startSession({
        signal: this.#controller.signal,
        epoch: this.epoch,
        instruments,
        quotes: parts.quotes,
        monitor: this,
        backpressure: parts.backpressure,
        clock: parts.clock,
      });
      const end = await this.#session.ended;
      if (end.reason === "planned") {
        this.#end({ kind: "planned", message: end.message, retryAfterMs: end.retryAfterMs ?? 0 });
      } else this.#end(this.isAborted ? { kind: "aborted" } : { kind: "failed", error: this.#unaskedEnd() });
    } catch (error) {
      this.#end({ kind: "failed", error: this.#toIngestError(error) });
    }
  }

  /** The abort decides over what the adapter says: an aborted session neither failed nor ended by plan. */
  #end(outcome: RunOutcome): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#abortTimer?.cancel();
    this.#options.parts.tally.close(this.health);
    if (!this.isAborted) this.#finish(outcome);
    else this.#finish(this.#abortCause === null ? { kind: "aborted" } : { kind: "failed", error: this.#abortCause });
  }

  #noteProgress(): void {
    if (this.servingSinceMs < 0 && this.subscriptions.isServing) {
      this.servingSinceMs = this.#options.parts.clock.monotonicMs();
      this.health.restart(this.servingSinceMs);
    }
    if (this.subscriptions.isSettled) this.#settle();
  }

  #unaskedEnd(): IngestError {
    return new IngestError(`Cannot keep the session of "${this.#options.parts.name}": it ended as aborted, unasked`, {
      code: "venue_error",
      retry: "backoff",
    });
  }

  #toIngestError(error: unknown): IngestError {
    if (error instanceof IngestError) return error;
    return new IngestError(
      `Cannot run a session of "${this.#options.parts.name}": the adapter threw ${String(error)}`,
      {
        code: "venue_error",
        retry: "backoff",
        cause: error,
      },
    );
  }
}
