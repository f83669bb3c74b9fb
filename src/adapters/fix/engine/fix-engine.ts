import type { FixFrame } from "../../../fix/fix-frame.ts";
import type { GarbageReason } from "../../../fix/frame-scanner.ts";
import type { MarketDataMessage } from "../../../fix/market-data-message.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { FixField, MarketDataPlan } from "../../../venues/compiled-fix-venue.ts";

/** Who we are and who the LP is. */
export interface FixIdentity {
  /** BeginString (8). */
  readonly beginString: string;
  /** SenderCompID (49) of what we send. */
  readonly sender: string;
  /** TargetCompID (56) of what we send. */
  readonly target: string;
  /** SenderSubID (50) and TargetSubID (57); null = not sent. */
  readonly senderSub: string | null;
  readonly targetSub: string | null;
}

/**
 * The numbers of one session, kept over connections and restarts. Setting one is cheap and synchronous; what is on disk
 * follows (`SequenceStore` says when).
 */
export interface SessionNumbers {
  /** MsgSeqNum (34) of our next message, from 1. */
  nextOutgoing: number;
  /** MsgSeqNum (34) we expect next, from 1. */
  nextIncoming: number;
}

/** Why the engine's session is over; told once. */
export type EngineEnd =
  /** Logout in good order, asked for by us or by the LP; its Text (58). */
  | { readonly kind: "logout"; readonly isOurs: boolean; readonly text: string }
  /** The LP answered our Logon with a Logout or a Reject, or with something no session can start with; Text (58). */
  | { readonly kind: "logon_refused"; readonly text: string }
  /** The LP says our number is too low (`expected` from its Text (58), 0 when it does not say). */
  | { readonly kind: "outgoing_too_low"; readonly expected: number; readonly text: string }
  /** The LP's number is lower than expected, without PossDupFlag: it has lost its numbers, or we have another's. */
  | { readonly kind: "incoming_too_low"; readonly expected: number; readonly received: number }
  /** No answer to our TestRequest, ResendRequest or Logout in time. */
  | { readonly kind: "silent"; readonly text: string }
  /** The LP broke the rules of the session: comp ids, BeginString, clock. */
  | { readonly kind: "protocol"; readonly text: string };

/** What the engine tells the adapter's session. Frames are borrowed; what the adapter throws is caught by the gate. */
export interface FixEngineListener {
  /** The LP has answered our Logon. */
  onLogon(): void;
  /** W, X, S or i, in sequence. A PossDup or PossResend frame rebuilds books and is never published as fresh. */
  onMarketData(frame: FixFrame): void;
  /** Every other application message, and a Reject (3) of one of ours, in sequence. */
  onApplication(frame: FixFrame): void;
  /** Any good frame, before anything else is told of it. */
  onFrame(frame: FixFrame): void;
  onGarbage(reason: GarbageReason, bytes: Uint8Array, start: number, end: number): void;
  /** Numbers `from + 1 … to − 1` are missing: books are in doubt until `onHoleFilled` or `onDataLost`. Told once per hole. */
  onHole(from: number, to: number): void;
  /** Every missing message has come after all. */
  onHoleFilled(): void;
  /** The LP filled `from … to − 1` with a GapFill or jumped over them: what was in them is lost for good. */
  onDataLost(from: number, to: number): void;
  /**
   * The numbers of the LP started anew (141=Y on a Logon that we had not asked for, or SequenceReset in reset mode): behind
   * `last` came `first`.
   */
  onNumbersReset(last: number, first: number): void;
  /**
   * We have answered a ResendRequest by a GapFill over our own numbers `from … to − 1`: the LP jumps over what it kept of
   * them, so a request among them that has had no answer will never have one.
   */
  onOursFilledOver(from: number, to: number): void;
  onEnd(end: EngineEnd): void;
}

/** What one engine session is made of. */
export interface FixEngineOptions {
  readonly identity: FixIdentity;
  readonly clock: Clock;
  readonly numbers: SessionNumbers;
  readonly heartbeatS: number;
  /** ResetSeqNumFlag (141) = Y on this logon; the numbers are 1 and 1 then. */
  readonly isReset: boolean;
  /** Behind 98, 108 and 141, in order, given the header values that are signed: 553, 554 or 95/96, and the profile's own. */
  logonFields(header: { readonly sequence: number; readonly sendingTime: string }): readonly FixField[];
  readonly maxMessageBytes: number;
  /** 0 = not checked. */
  readonly maxClockSkewMs: number;
  /** Text of the LP's dictionary (QuickFIX XML) added to the embedded one; null = none. */
  readonly dictionaryXml: string | null;
  /** Which tags of market data `readSlowly` reads as what. */
  readonly plan: MarketDataPlan;
  readonly listener: FixEngineListener;
  /** Puts bytes on the wire; borrowed. */
  write(bytes: Uint8Array): void;
}

/** Exceptions that were caught per message: bugs, of ours or of the engine's parser. Never the text of a message. */
export interface EngineFailures {
  readonly count: number;
  /** What was thrown the first time; null = nothing yet. */
  readonly first: unknown;
}

/** One FIX session over one connection: logon, numbers, heartbeats, resends, logout. It owns no socket and never reconnects. */
export interface FixEngineSession {
  /** True between the LP's answer to our Logon and the first Logout. */
  readonly isLoggedOn: boolean;
  /** How often the listener or the engine has thrown: each time cost the one message in hand. */
  readonly failures: EngineFailures;
  /** Sends the Logon; once, when the connection is up. The caller limits how long the answer may take. */
  logon(): void;
  /** Takes bytes from the wire, split anywhere. */
  receive(chunk: Uint8Array): void;
  /**
   * Nothing is read any more as memory is full, or it is again: meanwhile we go on sending heartbeats, and no silence is held
   * against the LP.
   */
  hold(isHeld: boolean): void;
  /** Encodes, numbers and writes one message; returns its MsgSeqNum (34), or 0 when the session cannot send any more. */
  send(msgType: string, fields: readonly FixField[]): number;
  /** Reads market data by way of the engine's own parser and dictionary, for what the scanner declined; false = neither can. */
  readSlowly(frame: FixFrame, into: MarketDataMessage): boolean;
  /** Sends a Logout with this Text (58); `onEnd` follows when the LP confirms, or after 2 s. */
  logout(text: string): void;
  /** Ends at once: nothing is written, told or timed afterwards. */
  close(): void;
}

/** Makes engine sessions; loaded when the first FIX feed needs it, as it costs time and memory. */
export interface FixEngine {
  createSession(options: FixEngineOptions): FixEngineSession;
}
