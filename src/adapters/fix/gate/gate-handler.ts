import type { FixFrame } from "../../../fix/fix-frame.ts";
import type { GarbageReason } from "../../../fix/frame-scanner.ts";
import type { EngineEnd } from "../engine/fix-engine.ts";

/** A Reject (3) of a message of the LP; FIX 4.4 vol 2, "Reject". */
export interface GateReject {
  /** RefSeqNum (45). */
  readonly refSequence: number;
  /** RefMsgType (372). */
  readonly refMsgType: string;
  /** SessionRejectReason (373). */
  readonly reason: number;
  /** RefTagID (371); 0 = not sent. */
  readonly refTag: number;
  /** Text (58). */
  readonly text: string;
}

/** What the gate has decided and the engine does: take messages, write others, tell the listener. Frames are borrowed. */
export interface GateHandler {
  /** Any good frame, once, before anything else is told of it. */
  onFrame(frame: FixFrame): void;
  onGarbage(reason: GarbageReason, bytes: Uint8Array, start: number, end: number): void;
  /** W, X, S or i whose turn it is. */
  takeMarketData(frame: FixFrame): void;
  /** Any other message that is to be acted on; Logon, Logout and ResendRequest also ahead of a hole. */
  takeMessage(frame: FixFrame): void;
  /** Answer the LP's Logon with 141=Y in the middle of a session by one of ours; our numbers are 1 already. */
  answerReset(): void;
  /** Ask for everything from this number on: 7=`from`, 16=0. */
  sendResendRequest(from: number): void;
  sendReject(reject: GateReject): void;
  /** BusinessMessageReject (j) with reason 3: a message type of FIX that we do not read. */
  sendUnsupported(refSequence: number, refMsgType: string): void;
  sendLogout(text: string): void;
  /** The session is over; the gate is stopped already. */
  end(end: EngineEnd): void;
  onHole(from: number, to: number): void;
  onHoleFilled(): void;
  onDataLost(from: number, to: number): void;
  onNumbersReset(last: number, first: number): void;
}

/** What a message type (35) is to us. */
export type MessageKind =
  /** Taken: a session message, or an application message with a meaning. */
  | "taken"
  /** A message of FIX 4.4 we have no use for. */
  | "unsupported"
  /** No message type of FIX 4.4, nor of the LP's dictionary. */
  | "unknown";
