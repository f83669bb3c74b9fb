import type { Instrument } from "../domain/instrument.ts";
import type { QuoteSink } from "../domain/quote.ts";

/** What one frame turned out to be; `decode` has already passed its quotes on. */
export const FrameKind = {
  /** Holds quotes; none, one or several were given to the sink. */
  quote: 1,
  /** The venue says it is alive (heartbeat, pong, status): counts as data for the watchdog, nothing to do. */
  heartbeat: 2,
  /** An ack, a refusal, an error or a reconnect notice: read it with `readControl`, off the hot path. */
  control: 3,
  /** Known and of no use (trades, other channels, unsubscribed symbols). */
  ignored: 4,
  /** Cannot be decoded; `rejectReason` says why. Costs this one message. */
  rejected: 5,
} as const;

/** See {@link FrameKind}. */
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** Turns the frames of one session into quotes. Hot path: synchronous, never throws, keeps nothing of the frame. */
export interface FrameDecoder {
  /**
   * @param frame one whole message; may be changed by the caller once this returns
   * @param receivedTimeUs wall clock when the frame was in hand, µs
   */
  decode(frame: Uint8Array, receivedTimeUs: number): FrameKind;
  /** Why the last frame was `rejected`: closed list. */
  readonly rejectReason: string;
}

/** One message to the venue, and what it asks for. */
export interface OutgoingRequest {
  /** Text frame to send. */
  readonly text: string;
  /** The id put in the message; 0 when the venue has none. */
  readonly id: number;
  /** Configured symbols this request names. */
  readonly symbols: readonly string[];
}

/** What a control frame says, in our words. */
export type ControlMessage =
  /** These symbols are subscribed. `id` 0 and no symbols: everything that is pending. */
  | { readonly kind: "ack"; readonly id: number; readonly symbols: readonly string[] }
  /** The venue refused. Without symbols the request `id` is meant; without both, the oldest pending request. */
  | { readonly kind: "refusal"; readonly id: number; readonly symbols: readonly string[]; readonly text: string }
  /** Of what the request `id` asked for these symbols are subscribed, and the others were refused. */
  | { readonly kind: "accepted"; readonly id: number; readonly symbols: readonly string[] }
  /** The venue wants to hear this of us; a sign of life of its own. */
  | { readonly kind: "answer"; readonly text: string }
  /** An error that ends the session. */
  | { readonly kind: "fatal"; readonly text: string; readonly isRateLimit: boolean }
  /** The venue asks us to reconnect (maintenance): make before break. */
  | { readonly kind: "reconnect"; readonly text: string }
  /** Nothing that concerns us. */
  | { readonly kind: "none" };

/** Application-level ping of a venue. */
export interface PingRule {
  /** Send one this long after the last one, ms. */
  readonly everyMs: number;
  /** `always`: at every interval; `idle`: only when nothing was received for the interval. */
  readonly when: "always" | "idle";
  /** Text to send, or null for a WebSocket ping frame. `{id}` and times are already filled in by `pingText`. */
  readonly isFrame: boolean;
}

/** What the venue allows. */
export interface VenueLimits {
  readonly symbolsPerConnection: number;
  readonly symbolsPerRequest: number;
  /** At least this long between two messages we send on one connection, ms. */
  readonly messageSpacingMs: number;
  /** At most `count` connection attempts to one host in `windowMs`. */
  readonly connects: { readonly count: number; readonly windowMs: number };
  readonly maxMessageBytes: number;
  /** Reconnect by plan after this long, ms; 0 = never. */
  readonly maxSessionMs: number;
  /** No frame of any kind for this long and the connection counts as half-open, ms. */
  readonly deadAfterMs: number;
  /** No data and no heartbeat for this long and the feed counts as stale, ms (default for `_STALE_AFTER_MS`). */
  readonly staleAfterMs: number;
}

/** A profile, checked and compiled: all an adapter needs to know of a venue. */
export interface CompiledVenue {
  readonly name: string;
  readonly description: string;
  readonly transport: "websocket";
  readonly url: string;
  /** Extra headers of the handshake. */
  readonly headers: Readonly<Record<string, string>>;
  readonly limits: VenueLimits;
  readonly ping: PingRule | null;
  readonly sequence: SequenceRule;
  /** How long an ack may take, ms; 0 when the venue sends none and the first quote counts as ack. */
  readonly ackTimeoutMs: number;
  /** A decoder for one session over these instruments. `epoch` is written into every quote. */
  createDecoder(instruments: readonly Instrument[], sink: QuoteSink, epoch: number): FrameDecoder;
  /** Texts to send once when the connection stands, before anything else. */
  openingTexts(nextId: () => number, wallMs: number): string[];
  /** Splits by `symbolsPerRequest`; `nextId` gives fresh request ids, `wallMs` is the time for venues that want it told. */
  subscribeRequests(symbols: readonly string[], nextId: () => number, wallMs: number): OutgoingRequest[];
  unsubscribeRequests(symbols: readonly string[], nextId: () => number, wallMs: number): OutgoingRequest[];
  /** The text of one ping; empty when the rule says frame. */
  pingText(nextId: () => number, wallMs: number): string;
  /** Cold path. Never throws; what it cannot read is `none`. */
  readControl(frame: Uint8Array): ControlMessage;
}

/** How the venue's own numbers prove order and completeness. */
export interface SequenceRule {
  /**
   * `none`: not numbered. `increasing`: only older or equal is told apart. `contiguous`: must be last + 1.
   * `linked`: the message names its predecessor.
   */
  readonly kind: "none" | "increasing" | "contiguous" | "linked";
  /** `increasing` only: a number seen before is a duplicate to drop (true), or another quote of the same event (false). */
  readonly isEqualDuplicate: boolean;
  /** A number that means the venue started anew (Bybit `u` = 1, OKX `prevSeqId` = −1 is an empty previous); null = none. */
  readonly resetValue: string | null;
  /** What a gap does beside being published: go on, or resubscribe the symbol for a new snapshot. */
  readonly onGap: "continue" | "resubscribe";
}
