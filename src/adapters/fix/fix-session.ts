import { IngestError } from "../../domain/ingest-error.ts";
import type { Instrument } from "../../domain/instrument.ts";
import type { FixFrame } from "../../fix/fix-frame.ts";
import type { GarbageReason } from "../../fix/frame-scanner.ts";
import { settlesWithin } from "../../runtime/abortable.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { Session, SessionContext, SessionEnd } from "../adapter.ts";
import { atClosingTime } from "./closing-time.ts";
import type { EngineEnd, FixEngine, FixEngineListener, FixEngineSession } from "./engine/fix-engine.ts";
import type { FixAdapterOptions } from "./fix-adapter.ts";
import { FixConnection } from "./fix-connection.ts";
import { createLogonFields, type LogonHeader } from "./logon-fields.ts";
import type { MarketDataPath } from "./market-data-path.ts";
import { PausableClock } from "./pausable-clock.ts";
import { SecretHider } from "./secret-hider.ts";
import type { KeptNumbers } from "./sequence-store.ts";
import { type EndContext, hungUpError, logonTimeout, meaningOf, relogonDelayMs } from "./session-ends.ts";
import { type FixCounts, SessionMarketData } from "./session-market-data.ts";
import type { FixEndpoint } from "./socket-options.ts";

/** How long connecting may take, TLS included, ms. */
const CONNECT_LIMIT_MS = 10_000;
/**
 * With a client certificate the Logon waits this long behind the handshake, ms: one that comes together with the end of it
 * lies unread at LPs on QuickFIX/J 2.3.2 until more bytes come (19 of 20 times with TLS 1.3).
 */
const LOGON_DELAY_MS = 100;
/** How long the LP may take to answer our Logout, ms. */
const LOGOUT_LIMIT_MS = 500;
/** News of a disconnection is obeyed by sessions this old, ms: it is repeated, and every other server may send it too. */
const FAREWELL_AFTER_MS = 60_000;
/** How long the disk is waited for at the end of a session, ms. */
const STORE_LIMIT_MS = 200;
/** How a session ends that trading hours end. */
const CLOSED_TEXT = "The trading session has closed";

/** What a session is given beside its context. */
export interface FixSessionOptions extends FixAdapterOptions {
  readonly endpoint: FixEndpoint;
  /** Gives ids (262) that no request of this process has had. */
  readonly nextId: () => string;
  /** Counted into. */
  readonly counts: FixCounts;
}

/** One FIX session: connect, log on, subscribe, run, log out. It never reconnects. */
export class FixSession implements Session, FixEngineListener {
  readonly ended: Promise<SessionEnd>;
  readonly #context: SessionContext;
  readonly #options: FixSessionOptions;
  readonly #settle: PromiseWithResolvers<SessionEnd>;
  readonly #marketData: SessionMarketData;
  readonly #path: MarketDataPath;
  /** Stands still while nothing is read. */
  readonly #readingClock: PausableClock;
  readonly #onAbort = () => this.#abort();
  readonly #secrets: SecretHider;
  readonly #logonFields: ReturnType<typeof createLogonFields>;
  #connection: FixConnection | null = null;
  #engine: FixEngineSession | null = null;
  #numbers: KeptNumbers | null = null;
  /** The limit of the Logon, later that of the Logout. */
  #limit: Timer | null = null;
  #logonDelay: Timer | null = null;
  #closingTime: Timer | null = null;
  #unwatchPressure: (() => void) | null = null;
  #isReset = false;
  /** Monotonic ms. */
  #loggedOnMs = 0;
  /** How the session ends once the LP has answered our Logout, or not. */
  #leaving: SessionEnd | null = null;
  /** MsgSeqNum (34) up to which holes were told. */
  #gapTold = 0;
  #failures = 0;
  #isOver = false;

  /** @throws IngestError when the venue does not take the instruments, or the key cannot sign */
  constructor(context: SessionContext, options: FixSessionOptions) {
    this.#context = context;
    this.#options = options;
    this.#settle = Promise.withResolvers<SessionEnd>();
    this.ended = this.#settle.promise;
    this.#readingClock = new PausableClock(context.clock);
    this.#logonFields = createLogonFields(options);
    this.#secrets = new SecretHider(options.credentials);
    this.#marketData = new SessionMarketData({
      ...options,
      target: options.endpoint.target,
      context,
      secrets: this.#secrets,
      clock: this.#readingClock,
      lastSequence: () => this.#lastSequence(),
      onFailed: (error) => this.#leave(error),
      onFarewell: (text) => this.#onFarewell(text),
    });
    this.#path = this.#marketData.path;
    if (context.signal.aborted) this.#end({ reason: "aborted" });
    else {
      context.signal.addEventListener("abort", this.#onAbort, { once: true });
      void this.#start();
    }
  }

  resubscribe(instrument: Instrument, _reason: string): void {
    if (!this.#isOver && this.#leaving === null) this.#marketData.resubscribe(instrument);
  }

  onLogon(): void {
    if (this.#isOver || this.#leaving !== null) return;
    this.#limit?.cancel();
    this.#limit = null;
    this.#loggedOnMs = this.#context.clock.monotonicMs();
    if (this.#isReset) this.#numbers?.noteReset();
    this.#numbers?.sync();
    this.#marketData.start();
  }

  onFrame(frame: FixFrame): void {
    this.#path.onFrame(frame);
  }

  onMarketData(frame: FixFrame): void {
    this.#path.onMarketData(frame);
  }

  onApplication(frame: FixFrame): void {
    this.#marketData.onApplication(frame);
  }

  onGarbage(reason: GarbageReason, bytes: Uint8Array, start: number, end: number): void {
    this.#context.monitor.onReject(reason, this.#secrets.bytes(bytes.subarray(start, end)));
  }

  onHole(from: number, to: number): void {
    this.#tellGap(from, to);
  }

  /** The gap was told when it was found; what filled it has mended the books. */
  onHoleFilled(): void {}

  /** What was lost was mostly told as a hole; a reset jumps without one, and a GapFill may go beyond its end. */
  onDataLost(from: number, to: number): void {
    // The number a hole was told up to is one that was seen.
    if (to > this.#gapTold + 1) this.#tellGap(Math.max(from - 1, this.#gapTold), to);
    this.#marketData.distrustAll();
  }

  /** A new start is no proof that nothing was in between, and until there are new books all is missed. */
  onNumbersReset(last: number, first: number): void {
    const isTold = first > last && first <= this.#gapTold;
    if (!isTold && this.#engine?.isLoggedOn === true) this.#tellGap(last, first);
    this.#gapTold = 0;
    this.#marketData.distrustAll();
  }

  onOursFilledOver(from: number, to: number): void {
    this.#marketData.onOursFilledOver(from, to);
  }

  onEnd(end: EngineEnd): void {
    const context = this.#endContext();
    if (this.#leaving !== null || context === null) this.#end(this.#leaving ?? { reason: "aborted" });
    else this.#end(meaningOf(end, context));
  }

  async #start(): Promise<void> {
    try {
      const { calendar, loadEngine } = this.#options;
      const closedMs = calendar?.msUntilOpen(this.#wallMs()) ?? 0;
      if (closedMs > 0) {
        this.#end({ reason: "planned", message: CLOSED_TEXT, retryAfterMs: closedMs });
        return;
      }
      const engine = await loadEngine();
      if (!this.#isOver) this.#connect(engine);
    } catch (error) {
      this.#end(this.#toIngestError(error));
    }
  }

  #connect(engine: FixEngine): void {
    const { endpoint, store, turns } = this.#options;
    this.#numbers = store.lend();
    this.#connection = new FixConnection({
      endpoint,
      turns,
      clock: this.#context.clock,
      connectLimitMs: CONNECT_LIMIT_MS,
      listener: {
        onOpen: () => this.#guard(() => this.#onOpen(engine)),
        onBytes: (bytes, receivedTimeUs) => this.#onBytes(bytes, receivedTimeUs),
        onLost: (error) => this.#onLost(error),
      },
    });
  }

  #onOpen(engine: FixEngine): void {
    const { monitor, backpressure } = this.#context;
    const { calendar, logonTimeoutMs } = this.#options;
    monitor.onOpen();
    this.#engine = this.#createEngine(engine, this.#numbers as KeptNumbers);
    this.#marketData.attach(this.#engine);
    this.#unwatchPressure = backpressure.onChange((isPaused) => this.#hold(isPaused));
    if (backpressure.isPaused) this.#hold(true);
    const context = this.#endContext() as EndContext;
    this.#limit = this.#readingClock.schedule(logonTimeoutMs, () => this.#end(logonTimeout(context, logonTimeoutMs)));
    if (calendar !== null) {
      const closed: SessionEnd = { reason: "planned", message: CLOSED_TEXT };
      this.#closingTime = atClosingTime(calendar, this.#context.clock, () => this.#leave(closed));
    }
    this.#logOn(this.#engine);
  }

  #logOn(engine: FixEngineSession): void {
    const { tls } = this.#options.endpoint;
    if (tls === null || tls.certPem === null) engine.logon();
    else this.#logonDelay = this.#context.clock.schedule(LOGON_DELAY_MS, () => this.#guard(() => engine.logon()));
  }

  #createEngine(engine: FixEngine, numbers: KeptNumbers): FixEngineSession {
    const { identity, heartbeatS, venue, dictionaryXml, calendar, reset } = this.#options;
    this.#isReset = numbers.shouldReset(reset, calendar);
    if (this.#isReset) numbers.startAnew();
    return engine.createSession({
      identity,
      clock: this.#context.clock,
      numbers,
      heartbeatS,
      isReset: this.#isReset,
      logonFields: (header: LogonHeader) => this.#logonFields(header),
      maxMessageBytes: venue.limits.maxMessageBytes,
      maxClockSkewMs: venue.maxClockSkewMs,
      dictionaryXml,
      plan: this.#marketData.plan,
      listener: this,
      write: (bytes) => this.#connection?.write(bytes),
    });
  }

  #onBytes(bytes: Uint8Array, receivedTimeUs: number): void {
    const engine = this.#engine;
    if (engine === null) return;
    const last = this.#lastSequence();
    this.#path.receivedTimeUs = receivedTimeUs;
    this.#guard(() => engine.receive(bytes));
    if (engine.failures.count === this.#failures) return;
    this.#failures = engine.failures.count;
    if (!this.#isOver) this.#tellGap(last, this.#lastSequence());
    this.#marketData.onFailure(bytes);
  }

  /** The supervisor ends a session either because it is wanted, politely, or because the link is dead, at once. */
  #abort(): void {
    if (this.#context.signal.reason instanceof IngestError) this.#end({ reason: "aborted" }, "at once");
    else this.#leave({ reason: "aborted" });
  }

  /** Logs out; where there is nothing to log out of, or something is wrong, the session ends at once. */
  #leave(how: SessionEnd | IngestError): void {
    if (this.#isOver) return;
    if (how instanceof IngestError || this.#engine?.isLoggedOn !== true) {
      this.#end(how);
      return;
    }
    const isFirst = this.#leaving === null;
    this.#leaving = how;
    if (!isFirst) return;
    this.#marketData.stop();
    this.#limit?.cancel();
    this.#limit = this.#context.clock.schedule(LOGOUT_LIMIT_MS, () => this.#end(this.#leaving as SessionEnd));
    // What still comes is counted and thrown away: the answer stands behind it.
    this.#unwatchPressure?.();
    this.#unwatchPressure = null;
    this.#hold(false);
    this.#engine.logout("");
  }

  /** A server that takes our Logon although it is about to go has no better one to send us to: then the time is used. */
  #onFarewell(text: string): void {
    const ageMs = this.#context.clock.monotonicMs() - this.#loggedOnMs;
    if (ageMs >= FAREWELL_AFTER_MS) this.#leave({ reason: "planned", message: `The LP will disconnect: "${text}"` });
  }

  #onLost(error: IngestError): void {
    const context = this.#endContext();
    const isBeforeLogon = this.#engine !== null && !this.#engine.isLoggedOn && context !== null;
    if (this.#leaving !== null) this.#end(this.#leaving);
    else if (isBeforeLogon && error.code === "closed_unclean") this.#end(hungUpError(context));
    else this.#end(this.#marketData.explain(error));
  }

  #tellGap(from: number, to: number): void {
    this.#gapTold = to;
    if (this.#leaving === null) this.#context.monitor.onGap(null, String(from), String(to));
  }

  #hold(isHeld: boolean): void {
    if (isHeld) this.#context.monitor.onPause();
    this.#connection?.hold(isHeld);
    this.#readingClock.pause(isHeld);
    this.#engine?.hold(isHeld);
  }

  /** Ends the session once, whatever comes afterwards, and settles when nothing is held any more. */
  #end(how: SessionEnd | IngestError, manner: "politely" | "at once" = "politely"): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#context.signal.removeEventListener("abort", this.#onAbort);
    this.#limit?.cancel();
    this.#logonDelay?.cancel();
    this.#closingTime?.cancel();
    this.#unwatchPressure?.();
    this.#marketData.stop();
    this.#engine?.close();
    void this.#letGo(how, manner);
  }

  async #letGo(how: SessionEnd | IngestError, manner: "politely" | "at once"): Promise<void> {
    if (manner === "at once") this.#connection?.close();
    else await this.#connection?.finish();
    if (this.#numbers !== null) await settlesWithin(this.#numbers.close(), STORE_LIMIT_MS, this.#context.clock);
    if (how instanceof IngestError) this.#settle.reject(how);
    else this.#settle.resolve(how);
  }

  /** Null before there are numbers. */
  #endContext(): EndContext | null {
    const { endpoint, venue, reset, heartbeatS } = this.#options;
    const numbers = this.#numbers;
    if (numbers === null) return null;
    return {
      target: endpoint.target,
      venue,
      policy: reset,
      numbers,
      isReset: this.#isReset,
      relogonMs: relogonDelayMs(heartbeatS),
      secrets: this.#secrets,
    };
  }

  /** Nothing that an LP sends ends the process. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#end(this.#toIngestError(error));
    }
  }

  #toIngestError(error: unknown): IngestError {
    if (error instanceof IngestError) return error;
    const state = this.#secrets.peerText(String(error));
    return new IngestError(`Cannot run the session with ${this.#options.endpoint.target}: ${state}`, {
      code: "venue_error",
      retry: "backoff",
      cause: error,
    });
  }

  /** MsgSeqNum (34) of the message taken last, which may be in hand still. */
  #lastSequence(): number {
    return (this.#numbers?.nextIncoming ?? 1) - 1;
  }

  #wallMs(): number {
    return Math.floor(this.#context.clock.wallUs() / 1000);
  }
}
