import { IngestError, type IngestErrorCode } from "../../domain/ingest-error.ts";
import type { CompiledFixVenue, ResetPolicy } from "../../venues/compiled-fix-venue.ts";
import type { SessionEnd } from "../adapter.ts";
import type { EngineEnd } from "./engine/fix-engine.ts";
import type { SecretHider } from "./secret-hider.ts";
import type { KeptNumbers } from "./sequence-store.ts";

/** The least wait before another Logon: this many heartbeats. Binance holds a comp id for two after a session broke. */
const RELOGON_HEARTBEATS = 2;
/** The longest of these waits, ms. */
const RELOGON_MS_MAX = 60_000;

/** What an operator does where nothing mends itself. */
const BY_HAND =
  "the reset policy forbids to start anew, so the numbers must be set by hand, as agreed with the LP: without the feed's " +
  ".fix-numbers file in STATE_DIR ours begin at 1";

/** What must be known to say what the end of a session means. */
export interface EndContext {
  readonly target: string;
  readonly venue: CompiledFixVenue;
  readonly policy: ResetPolicy;
  readonly numbers: KeptNumbers;
  /** True when our Logon had 141=Y. */
  readonly isReset: boolean;
  /** {@link relogonDelayMs}. */
  readonly relogonMs: number;
  readonly secrets: SecretHider;
}

/** How long to wait at least before another Logon where the LP has turned one away or logged us out, ms. */
export function relogonDelayMs(heartbeatS: number): number {
  return Math.min(RELOGON_MS_MAX, RELOGON_HEARTBEATS * heartbeatS * 1000);
}

/**
 * What the engine's end means: an end by plan, or an error that says what the LP said. Numbers that do not fit are mended
 * as the policy allows, for the next session.
 */
export function meaningOf(end: EngineEnd, context: EndContext): SessionEnd | IngestError {
  const { target, relogonMs } = context;
  if (end.kind === "logon_refused") return refusedError(context, end.text);
  if (end.kind === "outgoing_too_low") return outgoingTooLow(end, context);
  if (end.kind === "incoming_too_low") return incomingTooLow(end, context);
  if (end.kind === "silent") {
    return new IngestError(`Cannot hear ${target}: ${end.text}`, { code: "half_open", retry: "backoff" });
  }
  if (end.kind === "protocol") {
    const message = `Cannot go on with ${target}: ${context.secrets.peerText(end.text)}`;
    return new IngestError(message, { code: "protocol_violation", retry: "backoff", retryAfterMs: relogonMs });
  }
  // Some LPs take every Logon, and say only then that they did not mean it.
  if (isRefusal(context, end.text)) return refusedError(context, end.text);
  return { reason: "planned", message: `The LP logged us out${said(context, end.text)}`, retryAfterMs: relogonMs };
}

/** The error of a Logon that was not answered in time. */
export function logonTimeout({ target, relogonMs }: EndContext, limitMs: number): IngestError {
  return new IngestError(`Cannot log on to ${target}: no answer to the Logon within ${limitMs} ms`, {
    code: "logon_timeout",
    retry: "backoff",
    retryAfterMs: relogonMs,
  });
}

/** The error of an LP that hangs up on our Logon: its way to say no where it does not know who we are. */
export function hungUpError({ target, relogonMs }: EndContext): IngestError {
  return new IngestError(
    `Cannot log on to ${target}: the LP closed the connection on our Logon; it may not know the comp ids or this address`,
    { code: "logon_refused", retry: "backoff", retryAfterMs: relogonMs },
  );
}

function refusedError(context: EndContext, text: string): IngestError {
  const hint = isRefusal(context, text) ? "; the credentials or comp ids are not what the LP wants" : "";
  return new IngestError(`Cannot log on to ${context.target}: the LP refused${said(context, text)}${hint}`, {
    code: "logon_refused",
    retry: "backoff",
    retryAfterMs: context.relogonMs,
  });
}

function isRefusal({ venue }: EndContext, text: string): boolean {
  const lower = text.toLowerCase();
  return venue.logon.refusedWords.some((word) => lower.includes(word.toLowerCase()));
}

function outgoingTooLow(end: EngineEnd & { kind: "outgoing_too_low" }, context: EndContext): IngestError {
  const { numbers, policy, isReset } = context;
  const isTold = end.expected > numbers.nextOutgoing;
  let remedy = BY_HAND;
  if (policy === "logon") {
    remedy = "it does not start the numbers anew when asked (141=Y), so another reset policy is needed";
  } else if (isTold) {
    // A reset that the LP does not take is not tried again before the next is due.
    if (isReset) numbers.noteReset();
    numbers.nextOutgoing = end.expected;
    remedy = `the next Logon has number ${end.expected}`;
  } else if (policy !== "never") {
    numbers.wantReset();
    remedy = "the next Logon starts the numbers anew";
  }
  return tooLowError(context, `the LP says that our number is too low${said(context, end.text)}; ${remedy}`);
}

function incomingTooLow(end: EngineEnd & { kind: "incoming_too_low" }, context: EndContext): IngestError {
  const isReset = context.policy !== "never";
  if (isReset) context.numbers.wantReset();
  const remedy = isReset ? "the next Logon starts the numbers anew" : BY_HAND;
  return tooLowError(context, `the LP sent number ${end.received} where ${end.expected} was due; ${remedy}`);
}

function tooLowError({ target, relogonMs }: EndContext, state: string): IngestError {
  const code: IngestErrorCode = "sequence_too_low";
  return new IngestError(`Cannot go on with ${target}: ${state}`, { code, retry: "backoff", retryAfterMs: relogonMs });
}

/** What the LP said, in quotes; empty when it said nothing. It may repeat what we said to it. */
function said({ secrets }: EndContext, text: string): string {
  return text === "" ? "" : `: "${secrets.peerText(text)}"`;
}
