import type { FeedState } from "../domain/feed-event.ts";
import type { ConnectionStatus } from "../domain/feed-status.ts";
import type { IngestError } from "../domain/ingest-error.ts";
import type { Instrument } from "../domain/instrument.ts";
import { delay, settlesWithin } from "../runtime/abortable.ts";
import { backoffDelayMs, probeDelayMs } from "../runtime/backoff.ts";
import type { Adapter } from "./adapter.ts";
import { ConnectionState } from "./connection-state.ts";
import { findDescriptorShortage } from "./descriptor-shortage.ts";
import { readDescriptorUse } from "./descriptor-use.ts";
import type { FeedParts } from "./feed-parts.ts";
import { hostOf } from "./host-of.ts";
import { type RunOutcome, SessionRun } from "./session-run.ts";
import { SessionWatch } from "./session-watch.ts";

/** The trading calendar is asked again at least this often while it is closed, ms. */
const CALENDAR_STEP_MS = 60_000;

/** One connection of a feed: its adapter and the instruments it carries. */
export interface Connection {
  /** From 0 within the feed. */
  readonly index: number;
  readonly adapter: Adapter;
  readonly instruments: readonly Instrument[];
}

/**
 * Keeps one connection of a feed alive: connect → subscribe → run → back off → again, for every transport alike. A planned
 * reconnect is make-before-break: the next session is whole before this one is ended.
 */
export class Supervisor {
  readonly #parts: FeedParts;
  /** Its adapter and its instruments may change: the next session has the new ones. */
  readonly #connection: { readonly index: number; adapter: Adapter; instruments: readonly Instrument[] };
  readonly #state: ConnectionState;
  readonly #watch: SessionWatch;
  /** Failed tries in a row; a session that was healthy for a while sets it back. */
  #attempts = 0;
  #handoverFailures = 0;
  #current: SessionRun | null = null;
  #successor: SessionRun | null = null;
  #handoverAsked = Promise.withResolvers<null>();
  #stopper: AbortController | null = null;
  #loop: Promise<void> | null = null;

  constructor(parts: FeedParts, connection: Connection) {
    this.#parts = parts;
    this.#connection = { ...connection };
    this.#state = new ConnectionState(parts, connection.index);
    this.#watch = new SessionWatch(parts, this.#connection, {
      onVerdict: (run, verdict) => run.abort(verdict),
      onHealthy: () => {
        this.#attempts = 0;
      },
      onHandoverDue: () => this.#handoverAsked.resolve(null),
    });
  }

  get instruments(): readonly Instrument[] {
    return this.#connection.instruments;
  }

  get state(): FeedState {
    return this.#state.current;
  }

  get isOpen(): boolean {
    return this.#current?.isOpen ?? false;
  }

  get attempts(): number {
    return this.#attempts;
  }

  /** Starts connecting; does nothing while running. */
  start(): void {
    if (this.#loop !== null) return;
    this.#attempts = 0;
    const stopper = new AbortController();
    this.#stopper = stopper;
    this.#loop = this.#run(stopper.signal);
  }

  /** Ends the session and every wait; resolves when nothing is left, within two seconds or so. */
  async stop(): Promise<void> {
    this.#stopper?.abort();
    this.#current?.abort(null);
    this.#successor?.abort(null);
    await this.#loop;
    this.#state.stop();
  }

  /**
   * From now on the connection carries these. A session that runs is replaced: before it is ended, where the venue takes two
   * at a time; else behind it. When the new one does not come to serve, the old one goes on and it is tried again.
   */
  setInstruments(instruments: readonly Instrument[]): void {
    this.#connection.instruments = instruments;
    this.#watch.onInstrumentsChanged();
  }

  /** The next session is this adapter's; the one that runs goes on. */
  setAdapter(adapter: Adapter): void {
    this.#connection.adapter = adapter;
  }

  /** Asks the venue anew for one instrument, as far as there is a session: the one whose quotes are taken. */
  resubscribe(instrument: Instrument, reason: string): void {
    const isSuccessors = this.#successor !== null && instrument.ownerEpoch === this.#successor.epoch;
    (isSuccessors ? this.#successor : this.#current)?.resubscribe(instrument, reason);
  }

  /** The subscription of one instrument, in the present session. */
  subscriptionOf(instrument: Instrument): { state: "pending" | "acked" | "live" | "rejected"; reason: string } {
    const run = this.#current;
    if (run === null) return { state: "pending", reason: "" };
    if (instrument.ownerEpoch >= run.epoch) return { state: "live", reason: "" };
    return run.subscriptions.of(instrument);
  }

  status(): ConnectionStatus {
    return {
      index: this.#connection.index,
      state: this.#state.current,
      url: this.#connection.adapter.target,
      connectedSinceMs: this.#current?.openedTimeMs ?? null,
      attempts: this.#attempts,
      retryInMs: this.#state.retryInMs,
      lastError: this.#state.lastError,
    };
  }

  async #run(stop: AbortSignal): Promise<void> {
    while (await this.#isOpenNow(stop)) {
      const outcome = await this.#ride(stop);
      if (stop.aborted) break;
      // Ended by us to be replaced: nothing has failed.
      if (outcome.kind === "aborted" || this.#closedForMs() > 0) continue;
      const retryInMs = this.#judge(outcome);
      if (retryInMs === null) break;
      await delay(retryInMs, stop, this.#parts.clock);
    }
    this.#loop = null;
  }

  /** Waits for the venue's trading hours; false when stopped first. A feed that waits has no failures behind it. */
  async #isOpenNow(stop: AbortSignal): Promise<boolean> {
    const { clock } = this.#parts;
    for (let closedMs = this.#closedForMs(); closedMs > 0 && !stop.aborted; closedMs = this.#closedForMs()) {
      this.#attempts = 0;
      const opensAt = new Date(clock.wallUs() / 1000 + closedMs).toISOString();
      const message = `Outside trading hours: opens at ${opensAt}`;
      this.#state.change("closed", { attempt: 0, message, retryInMs: closedMs });
      // In steps, as the wall clock may be set meanwhile.
      await delay(Math.min(closedMs, CALENDAR_STEP_MS), stop, clock);
    }
    return !stop.aborted;
  }

  /** ms until trading opens; 0 while it is open. */
  #closedForMs(): number {
    return this.#connection.adapter.calendar?.msUntilOpen(this.#parts.clock.wallUs() / 1000) ?? 0;
  }

  /** From one connect to the end of the last session in an unbroken chain of planned reconnects. */
  async #ride(stop: AbortSignal): Promise<RunOutcome> {
    const { limiter, policy, ticker } = this.#parts;
    this.#state.change("connecting", { attempt: this.#attempts });
    if (!(await limiter.acquire(hostOf(this.#connection.adapter.target), policy.connects, stop)))
      return { kind: "aborted" };
    const shortage = this.#findShortage();
    if (shortage !== null) return this.#refuse(shortage);
    const unwatch = ticker.add((nowMs, lostMs) => this.#onTick(nowMs, lostMs));
    const first = this.#createRun();
    this.#current = first;
    this.#watch.begin();
    first.start();
    if (stop.aborted) first.abort(null);
    try {
      return await this.#follow(first);
    } finally {
      unwatch();
      this.#current = null;
    }
  }

  async #follow(first: SessionRun): Promise<RunOutcome> {
    let run = first;
    for (;;) {
      this.#handoverAsked = Promise.withResolvers<null>();
      const outcome = await Promise.race([run.finished, this.#handoverAsked.promise]);
      if (outcome !== null) {
        this.#countEnd(run, outcome);
        return outcome;
      }
      run = await this.#handOver(run);
    }
  }

  /** Tries to replace the session; returns the one that now carries the connection: the new one, or still the old. */
  async #handOver(old: SessionRun): Promise<SessionRun> {
    const { limiter, policy, clock } = this.#parts;
    const oldIsOver = new AbortController();
    void old.finished.then(() => oldIsOver.abort());
    if (!(await limiter.acquire(hostOf(this.#connection.adapter.target), policy.connects, oldIsOver.signal)))
      return old;
    const shortage = this.#findShortage();
    if (shortage !== null) {
      this.#noteFailedHandover({ kind: "failed", error: shortage });
      return old;
    }
    const next = this.#createRun();
    this.#successor = next;
    next.start();
    if (this.#stopper?.signal.aborted) next.abort(null);
    await settlesWithin(Promise.race([next.settled, next.finished, old.finished]), policy.handoverLimitMs, clock);
    this.#successor = null;
    const isUsable = !next.isOver && (next.subscriptions.isServing || old.isOver);
    if (!isUsable) {
      next.abort(null);
      const outcome = await next.finished;
      this.#giveBack(old, next);
      this.#noteFailedHandover(outcome);
      return old;
    }
    this.#current = next;
    this.#watch.begin();
    this.#handoverFailures = 0;
    await this.#retire(old, next);
    return next;
  }

  #findShortage(): IngestError | null {
    const readUse = this.#parts.descriptors ?? readDescriptorUse;
    return findDescriptorShortage(readUse(), this.#connection.adapter.target);
  }

  /** Books a session that was not even started. */
  #refuse(error: IngestError): RunOutcome {
    this.#parts.tally.errors++;
    this.#state.noteError(error);
    return { kind: "failed", error };
  }

  /**
   * What the failed successor had begun to quote is the old session's again, whose quotes would be taken for superseded
   * otherwise. What the old one said meanwhile was not taken: a hole.
   */
  #giveBack(old: SessionRun, next: SessionRun): void {
    const taken = this.instruments.filter((instrument) => instrument.ownerEpoch === next.epoch);
    if (taken.length === 0) return;
    for (const instrument of taken) instrument.ownerEpoch = old.epoch;
    this.#parts.interruptions.interrupt(taken, "disconnect", this.#parts.clock.wallUs());
  }

  #noteFailedHandover(outcome: RunOutcome): void {
    const { policy, random, clock, tally } = this.#parts;
    const error = outcome.kind === "failed" ? outcome.error : null;
    if (error !== null) {
      tally.errors++;
      this.#state.noteError(error);
    }
    const waitMs = backoffDelayMs(policy, this.#handoverFailures++, random);
    this.#watch.handoverNotBeforeMs = clock.monotonicMs() + Math.max(waitMs, error?.retryAfterMs ?? 0);
  }

  /**
   * Ends the session that was replaced. One that had ended by itself before its successor served left a hole; so does
   * every symbol that the successor does not serve yet.
   */
  async #retire(old: SessionRun, next: SessionRun): Promise<void> {
    const isHole = old.isOver && !next.subscriptions.isServing;
    old.abort(null);
    if (!isHole) this.#interruptUnserved(next);
    const outcome = await old.finished;
    const error = outcome.kind === "failed" ? outcome.error : null;
    if (isHole) this.#countEnd(old, outcome);
    else if (error !== null) this.#state.noteError(error);
    this.#state.handOver(this.#watch.stateOf(next), {
      attempt: this.#attempts,
      code: error?.code ?? "ok",
      message: error?.message ?? `Session ${next.epoch} has replaced session ${old.epoch}`,
    });
  }

  #interruptUnserved(run: SessionRun): void {
    const { interruptions, clock } = this.#parts;
    const unserved = this.instruments.filter(
      (instrument) => instrument.ownerEpoch !== run.epoch && run.subscriptions.of(instrument).state !== "acked",
    );
    if (unserved.length > 0) interruptions.interrupt(unserved, "disconnect", clock.wallUs());
  }

  /** Books the end of a session without successor. */
  #countEnd(run: SessionRun, outcome: RunOutcome): void {
    const { tally, interruptions, clock } = this.#parts;
    if (outcome.kind === "failed") {
      tally.errors++;
      this.#state.noteError(outcome.error);
    }
    if (!run.isOpen) return;
    if (outcome.kind !== "aborted") tally.disconnections++;
    interruptions.interrupt(this.instruments, "disconnect", clock.wallUs());
  }

  /** Decides what follows the end of a session; returns the wait before the next try in ms, or null for none. */
  #judge(outcome: RunOutcome): number | null {
    const { policy, random } = this.#parts;
    const error: IngestError | null = outcome.kind === "failed" ? outcome.error : null;
    const message = error?.message ?? (outcome.kind === "planned" ? outcome.message : "");
    const code = error?.code ?? "ok";
    const attempt = this.#attempts++;
    const isExhausted = error?.retry === "never" || this.#attempts > policy.maxRetries;
    if (isExhausted && policy.whenExhausted === "stop") {
      this.#state.change("failed", { code, message, attempt: this.#attempts });
      return null;
    }
    const waitMs = isExhausted ? probeDelayMs(policy, random) : backoffDelayMs(policy, attempt, random);
    const askedMs = outcome.kind === "planned" ? outcome.retryAfterMs : (error?.retryAfterMs ?? 0);
    const retryInMs = Math.max(waitMs, askedMs);
    this.#state.change(isExhausted ? "failed" : "backing-off", { code, message, attempt: this.#attempts, retryInMs });
    return retryInMs;
  }

  #createRun(): SessionRun {
    return new SessionRun({
      parts: this.#parts,
      adapter: this.#connection.adapter,
      instruments: this.#connection.instruments,
      onChange: (run) => this.#onChange(run),
    });
  }

  #onChange(run: SessionRun): void {
    // The session in waiting changes nothing before it takes over.
    if (run !== this.#current || run.isOver || run.isAborted) return;
    this.#state.change(this.#watch.stateOf(run), { attempt: this.#attempts });
  }

  #onTick(nowMs: number, lostMs: number): void {
    this.#watch.observe([this.#current, this.#successor], nowMs, lostMs);
    const run = this.#current;
    if (run === null || run.isOver || run.isAborted) return;
    this.#watch.judge(run, nowMs);
    this.#replaceOutdated(run, nowMs);
    this.#onChange(run);
  }

  /** A session of other instruments than the connection is to carry makes way for one of these. */
  #replaceOutdated(run: SessionRun, nowMs: number): void {
    const { adapter, instruments } = this.#connection;
    const isOutdated = run.instruments !== instruments && nowMs >= this.#watch.handoverNotBeforeMs;
    if (!isOutdated || run.isAborted) return;
    // One that serves nothing yet is no loss.
    if (adapter.isExclusive === true || !run.subscriptions.isServing) run.abort(null);
    else this.#handoverAsked.resolve(null);
  }
}
