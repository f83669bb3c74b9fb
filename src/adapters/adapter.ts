import type { Instrument } from "../domain/instrument.ts";
import type { QuoteSink } from "../domain/quote.ts";
import type { Clock } from "../runtime/clock.ts";
import type { TradingCalendar } from "../runtime/trading-calendar.ts";

/** Why a session ended without an error. */
export type SessionEnd =
  /** The abort signal asked for it. */
  | { readonly reason: "aborted" }
  /** The venue closed in good order, or asked for a reconnect; `retryAfterMs` is the least wait before the next try. */
  | { readonly reason: "planned"; readonly message: string; readonly retryAfterMs?: number };

/**
 * What a session reports while it runs; the supervisor's health keeps it. The three `on…` methods of the hot path are
 * plain field writes.
 */
export interface SessionMonitor {
  /** The transport is up (handshake done). */
  onOpen(): void;
  /** Any frame at all, with its size: the link lives. */
  onFrame(bytes: number): void;
  /** Data or a venue heartbeat: the feed lives. */
  onData(): void;
  /** A message could not be decoded; `frame` is borrowed. */
  onReject(reason: string, frame: Uint8Array): void;
  onSubscription(instrument: Instrument, state: "pending" | "acked" | "rejected", reason: string): void;
  /** The venue asks for a reconnect: the supervisor starts the next session before it ends this one. */
  onReconnectAsked(message: string): void;
  /**
   * The venue's numbers of the connection (`instruments` null: all of its symbols) or of some symbols jumped: what lay between
   * `from` and `to` was never seen. Published before any later quote, and the next quote of each symbol says so.
   */
  onGap(instruments: readonly Instrument[] | null, from: string, to: string): void;
  /** A socket was paused because memory is full. */
  onPause(): void;
}

/** Asks a session to stop reading while memory is full. */
export interface Backpressure {
  /** True while sockets must not be read. */
  readonly isPaused: boolean;
  /** Calls back on every change until the returned function is called. */
  onChange(listener: (isPaused: boolean) => void): () => void;
}

/** All that one session is given. */
export interface SessionContext {
  readonly signal: AbortSignal;
  /** Number of this session over the life of the feed, rising: goes into every quote. */
  readonly epoch: number;
  readonly instruments: readonly Instrument[];
  readonly quotes: QuoteSink;
  readonly monitor: SessionMonitor;
  readonly backpressure: Backpressure;
  readonly clock: Clock;
}

/** A session in progress, as the supervisor and the pipeline may steer it. */
export interface Session {
  /** Resolves when the session is over and holds no timer and no socket; rejects with an IngestError when it failed. */
  readonly ended: Promise<SessionEnd>;
  /** Ask the venue anew for this instrument (its data cannot be trusted). Does nothing once ended. */
  resubscribe(instrument: Instrument, reason: string): void;
}

/** The code for one transport. It runs one session and never reconnects: that is the supervisor's work. */
export interface Adapter {
  readonly transport: "websocket" | "fix" | "rest" | "grpc";
  /** Where it connects to, for people; without secrets. */
  readonly target: string;
  /** When the venue trades; outside it no session is started and silence is no alarm. Absent: always. */
  readonly calendar?: TradingCalendar;
  /** True where the venue takes one session at a time: a successor is not started before the end of the one it replaces. */
  readonly isExclusive?: boolean;
  /** What this transport counts beside what all do, over all sessions; the names are a closed list. Absent: nothing. */
  readonly counts?: Readonly<Record<string, number>>;
  startSession(context: SessionContext): Session;
}
