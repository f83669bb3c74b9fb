import type { Adapter, Session, SessionContext, SessionEnd } from "../../src/adapters/adapter.ts";
import { IngestError, type IngestErrorCode, type RetryAdvice } from "../../src/domain/ingest-error.ts";
import type { Instrument } from "../../src/domain/instrument.ts";
import { createTradingCalendar } from "../../src/runtime/session-hours.ts";
import type { TradingCalendar } from "../../src/runtime/trading-calendar.ts";

const ALWAYS_OPEN = createTradingCalendar({ start: "00:00", end: "00:00", timeZone: "UTC", days: "all" });

/** A session that does nothing until a test tells it to. */
export class ScriptedSession implements Session {
  readonly ended: Promise<SessionEnd>;
  readonly context: SessionContext;
  readonly resubscribed: string[] = [];
  readonly #settle = Promise.withResolvers<SessionEnd>();

  constructor(context: SessionContext) {
    this.context = context;
    this.ended = this.#settle.promise;
    context.signal.addEventListener("abort", () => this.onAbort(), { once: true });
  }

  /** What an honest adapter does; replace it to misbehave. */
  onAbort(): void {
    this.end({ reason: "aborted" });
  }

  resubscribe(instrument: Instrument, reason: string): void {
    this.resubscribed.push(`${instrument.symbol}: ${reason}`);
  }

  /** The transport is up and every symbol is acked. */
  goLive(): void {
    this.context.monitor.onOpen();
    for (const instrument of this.context.instruments) this.context.monitor.onSubscription(instrument, "acked", "");
  }

  /** One message of data. */
  data(bytes = 100): void {
    this.context.monitor.onFrame(bytes);
    this.context.monitor.onData();
  }

  /** One frame that is no data, as a pong is. */
  frame(): void {
    this.context.monitor.onFrame(0);
  }

  /** One quote, as far as the pipeline's book-keeping goes. */
  quote(instrument: Instrument): void {
    this.data();
    instrument.ownerEpoch = this.context.epoch;
    instrument.sequence++;
    instrument.lastQuoteTimeUs = this.context.clock.wallUs();
  }

  end(end: SessionEnd): void {
    this.#settle.resolve(end);
  }

  fail(code: IngestErrorCode, options: { retry?: RetryAdvice; retryAfterMs?: number } = {}): void {
    const { retry = "backoff", retryAfterMs = 0 } = options;
    this.#settle.reject(new IngestError(`Cannot go on: ${code}`, { code, retry, retryAfterMs }));
  }
}

/** An adapter whose sessions a test plays by hand. */
export class ScriptedAdapter implements Adapter {
  readonly transport = "websocket";
  readonly target: string;
  readonly sessions: ScriptedSession[] = [];
  readonly calendar: TradingCalendar;
  /** Called with each new session before `startSession` returns; may throw. */
  onStart: (session: ScriptedSession) => void = () => {};

  constructor(target = "wss://venue.test/ws", calendar = ALWAYS_OPEN) {
    this.target = target;
    this.calendar = calendar;
  }

  get last(): ScriptedSession {
    return this.sessions[this.sessions.length - 1];
  }

  startSession(context: SessionContext): Session {
    const session = new ScriptedSession(context);
    this.sessions.push(session);
    this.onStart(session);
    return session;
  }
}
