import { IngestError } from "../domain/ingest-error.ts";
import type { Clock } from "../runtime/clock.ts";
import { findDialect, SIMULATED_VENUES } from "./dialect-registry.ts";
import type { FaultKind } from "./fault-kind.ts";
import { findFixDialect } from "./fix/fix-dialect-registry.ts";
import { FixSimulator, type FixSimulatorOptions } from "./fix/fix-simulator.ts";
import { findGrpcDialect } from "./grpc/grpc-dialect-registry.ts";
import { GrpcSimulator, type GrpcSimulatorOptions } from "./grpc/grpc-simulator.ts";
import type { Recording } from "./recording.ts";
import type { LoggedRequest } from "./request-log.ts";
import { findRestDialect } from "./rest/rest-dialect-registry.ts";
import { RestSimulator, type RestSimulatorOptions } from "./rest/rest-simulator.ts";
import type { SentListener } from "./simulated-venue.ts";
import { WebSocketSimulator } from "./websocket-simulator.ts";

const MAX_RATE_PER_SECOND = 1_000_000;

/** What a simulated venue is made of. */
export interface SimulatorOptions {
  /** Name of a built-in venue that can be simulated. */
  readonly venue: string;
  /** Instruments the venue lists; absent: its five usual ones (or those of the recording). */
  readonly symbols?: readonly string[];
  /** Same seed, same quotes. */
  readonly seed: number;
  /** Quotes per second over all subscribed symbols, or `full`: as fast as each client reads. */
  readonly ratePerSecond: number | "full";
  /** Stop quoting after so many quotes; absent: never. */
  readonly quoteLimit?: number;
  /** Played instead of random walks; WebSocket only. */
  readonly replay?: { readonly recording: Recording; readonly speed: number | "full" };
  /** Port to listen on; 0 (default) takes any free one. */
  readonly port?: number;
  readonly clock?: Clock;
  readonly onSent?: SentListener;
}

/** Counters of a simulated venue, a snapshot. */
export interface SimulatorStats {
  readonly sessionsOpen: number;
  readonly sessionsOpened: number;
  readonly requests: number;
  readonly quotesSent: number;
  readonly sentBySymbol: Readonly<Record<string, number>>;
  readonly bytesSent: number;
  /** Quotes made but not sent: the client did not read, or the venue was silent. */
  readonly withheld: number;
  readonly replay: { readonly frames: number; readonly sent: number; readonly isFinished: boolean } | null;
}

/** A running loopback venue and the commands that make it misbehave. They act on every open session. */
export interface Simulator {
  readonly venue: string;
  readonly seed: number;
  readonly symbols: readonly string[];
  readonly port: number;
  /** Where it listens: `ws://…`, `tcp://…`, `tls://…`, `http://…`, `https://…`, `grpc://…` or `grpcs://…`. */
  readonly url: string;
  /** What a feed must be set to so that it reads this venue: variables without their prefix, beside SYMBOLS. */
  readonly clientSettings: Readonly<Record<string, string>>;
  /** Topics (FIX: symbols) of every open session, in order of connection. */
  readonly sessions: readonly { readonly connection: string; readonly topics: readonly string[] }[];
  /** The latest requests of all clients, oldest first. */
  readonly requests: readonly LoggedRequest[];
  /** Resolves when the recording has been played; never without one. */
  readonly replayFinished: Promise<void>;
  /** What a fault script may do to it. */
  readonly faults: readonly FaultKind[];
  stats(): SimulatorStats;
  /** Ends every session in good order: close frame or Logout. */
  disconnect(): void;
  /** Resets every session's TCP connection. */
  disconnectHard(): void;
  /** Ends every session's TCP connection without a word. */
  drop(): void;
  /**
   * `all`: not a byte more, not even a pong, as a half-open link; sessions that open meanwhile are silent too. `quotes`: acks, pongs
   * and heartbeats go on, quotes do not.
   */
  goSilent(what?: "all" | "quotes"): void;
  /** Ends any silence. */
  resume(): void;
  /** From now on subscriptions to this symbol are refused in the venue's own words. */
  refuse(symbol: string): void;
  /** Takes a refusal back. */
  allow(symbol: string): void;
  /** `count` messages of a symbol are lost on the way: a hole in the venue's numbers. */
  skipSequence(symbol: string, count: number): void;
  /** One text message, verbatim; whether it is one of the venue is the caller's. */
  sendRaw(text: string): void;
  /** Bytes on the wire, outside any frame rule. */
  sendBytes(bytes: Uint8Array): void;
  /** Something that is no message of the venue; another kind at each call. */
  sendGarbage(): void;
  /** The venue's notice before maintenance; an end in good order where it has none. */
  requestReconnect(): void;
  /** Leaves new clients without any answer. */
  holdHandshakes(): void;
  /** Takes new clients again. */
  acceptHandshakes(): void;
  /** Closes the port and every connection; no timer is left. */
  stop(): void;
}

/**
 * Starts a loopback venue that speaks the real protocol of a built-in one.
 *
 * @throws IngestError `config_invalid` for an unknown venue, a bad rate or a port that is taken
 */
export function startSimulator(options: SimulatorOptions): Simulator {
  if (findFixDialect(options.venue) !== null) return startFixSimulator(options);
  if (findRestDialect(options.venue) !== null) return startRestSimulator(options);
  return findGrpcDialect(options.venue) === null ? startWebSocketSimulator(options) : startGrpcSimulator(options);
}

/**
 * Starts a venue that speaks WebSocket.
 *
 * @throws IngestError as {@link startSimulator}
 */
export function startWebSocketSimulator(options: SimulatorOptions): WebSocketSimulator {
  const dialect = findDialect(options.venue);
  if (dialect === null) throw unknownVenue(options.venue);
  checkRate(options.ratePerSecond);
  return new WebSocketSimulator(dialect, options);
}

/**
 * Starts an LP that speaks FIX 4.4.
 *
 * @throws IngestError as {@link startSimulator}
 */
export function startFixSimulator(options: FixSimulatorOptions): FixSimulator {
  const dialect = findFixDialect(options.venue);
  if (dialect === null) throw unknownVenue(options.venue);
  checkRate(options.ratePerSecond);
  return new FixSimulator(dialect, options);
}

/**
 * Starts a venue that is polled over HTTP.
 *
 * @throws IngestError as {@link startSimulator}
 */
export function startRestSimulator(options: RestSimulatorOptions): RestSimulator {
  const dialect = findRestDialect(options.venue);
  if (dialect === null) throw unknownVenue(options.venue);
  checkRate(options.ratePerSecond);
  return new RestSimulator(dialect, options);
}

/**
 * Starts a venue that speaks gRPC. Clients that come before its server is up wait for it.
 *
 * @throws IngestError as {@link startSimulator}
 */
export function startGrpcSimulator(options: GrpcSimulatorOptions): GrpcSimulator {
  const dialect = findGrpcDialect(options.venue);
  if (dialect === null) throw unknownVenue(options.venue);
  checkRate(options.ratePerSecond);
  return new GrpcSimulator(dialect, options);
}

function checkRate(ratePerSecond: number | "full"): void {
  if (ratePerSecond === "full" || (ratePerSecond > 0 && ratePerSecond <= MAX_RATE_PER_SECOND)) return;
  throw new IngestError(`Cannot simulate at rate ${ratePerSecond}: wanted 'full' or above 0 up to 1000000`, {
    code: "config_invalid",
    retry: "never",
  });
}

function unknownVenue(venue: string): IngestError {
  return new IngestError(`Cannot simulate venue '${venue}': wanted one of ${SIMULATED_VENUES.join(", ")}`, {
    code: "config_invalid",
    retry: "never",
  });
}
