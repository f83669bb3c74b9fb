import type { FeedState } from "./feed-event.ts";

/** One subscription as `/status` shows it. */
export interface SubscriptionStatus {
  readonly symbol: string;
  readonly state: "pending" | "acked" | "live" | "rejected";
  /** Why the venue refused it; empty unless rejected. */
  readonly reason: string;
  readonly lastQuoteTimeMs: number | null;
  readonly quotes: number;
}

/** One connection of a feed as `/status` shows it. */
export interface ConnectionStatus {
  readonly index: number;
  readonly state: FeedState;
  readonly url: string;
  readonly connectedSinceMs: number | null;
  /** Consecutive failed tries; 0 after a healthy while. */
  readonly attempts: number;
  /** ms until the next try; null when none is planned. */
  readonly retryInMs: number | null;
  readonly lastError: { readonly code: string; readonly message: string; readonly timeMs: number } | null;
}

/** One feed as `/status`, `/metrics`, `/readyz` and the terminal show it: a snapshot, made on request. */
export interface FeedStatus {
  readonly name: string;
  readonly venue: string;
  readonly transport: "websocket" | "fix" | "rest" | "grpc";
  readonly state: FeedState;
  readonly connected: boolean;
  /** Wall clock of the last frame of any kind, ms since the epoch; null before the first. */
  readonly lastHeartbeat: number | null;
  /** Wall clock of the last quote; null before the first. */
  readonly lastQuoteTimeMs: number | null;
  readonly subscribedSymbols: readonly string[];
  readonly subscriptions: readonly SubscriptionStatus[];
  readonly connections: readonly ConnectionStatus[];
  readonly messagesReceived: number;
  readonly bytesReceived: number;
  readonly quotesAccepted: number;
  readonly duplicates: number;
  readonly regressions: number;
  readonly gaps: number;
  readonly parseErrors: number;
  readonly errors: number;
  readonly disconnections: number;
  readonly attempts: number;
  /** Times a socket was paused because memory was full. */
  readonly pauses: number;
  /** What the transport counts beside (FIX: late, unknown and crossed entries of books …), by name; empty mostly. */
  readonly adapterCounts: Readonly<Record<string, number>>;
  /** Our own last number of the source (`sequenceNumber`). */
  readonly sequence: number;
}
