// Hot path.
import type { FixFrame } from "../../../fix/fix-frame.ts";
import { type FrameListener, FrameScanner, type GarbageReason } from "../../../fix/frame-scanner.ts";
import { PackedType, Tag } from "../../../fix/tags.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { EngineFailures, FixIdentity, SessionNumbers } from "../engine/fix-engine.ts";
import { FailureCount } from "./failure-count.ts";
import type { GateHandler } from "./gate-handler.ts";
import { GateReplies } from "./gate-replies.ts";
import { Hole } from "./hole.ts";
import { LastReplay } from "./last-replay.ts";
import type { MessageKinds } from "./message-kinds.ts";
import { PeerCheck } from "./peer-check.ts";
import {
  endOfRefusal,
  isRejectOfLogon,
  isSentBeforeOriginal,
  isYes,
  msgTypeText,
  readSequence,
} from "./session-fields.ts";

/** How long the LP may take to answer a ResendRequest, ms. */
const RESEND_ANSWER_MS = 10_000;
/** A second Logon with 141=Y within this time of our answer to the first is the LP's answer to ours, ms. */
const RESET_ECHO_MS = 1000;
/** Most messages kept ahead of a missing one: some seconds of a busy LP. */
const FRAMES_AHEAD_MAX = 50_000;
/** Most bytes kept ahead of a missing message. */
const BYTES_AHEAD_MAX = 16 * 1024 * 1024;

/** What a gate works with. */
export interface GateOptions {
  readonly identity: FixIdentity;
  readonly clock: Clock;
  /** The one truth of the next number; the gate alone moves `nextIncoming`. */
  readonly numbers: SessionNumbers;
  /** True when our Logon says 141=Y: then one in the answer is no news. */
  readonly isReset: boolean;
  readonly maxMessageBytes: number;
  /** 0 = not checked. */
  readonly maxClockSkewMs: number;
  readonly kinds: MessageKinds;
  readonly handler: GateHandler;
  readonly framesAheadMax?: number;
  readonly bytesAheadMax?: number;
  readonly resendAnswerMs?: number;
}

/**
 * The inbound half of a FIX session: bytes in, each message once and in sequence out, or what is lost said.
 *
 * - A message that is no message costs itself; its number comes back as a hole.
 * - The expected number is taken. A higher one is kept until the numbers before it have come; each hole is asked for.
 *   Logout and ResendRequest are obeyed ahead of their turn. A TestRequest waits: answering it would say that all before
 *   it was seen, and the ResendRequest in front of it shows that we live (FIX 4.4 vol 2, "Message recovery"; QuickFIX
 *   does the same).
 * - A lower number with PossDupFlag (43) was seen already, and so was one that its own replay has overtaken; any other,
 *   and the session is beyond repair.
 * - PossDupFlag with the expected number is data.
 */
export class SequenceGate implements FrameListener {
  readonly #handler: GateHandler;
  readonly #numbers: SessionNumbers;
  readonly #kinds: MessageKinds;
  readonly #peer: PeerCheck;
  readonly #hole: Hole;
  readonly #isReset: boolean;
  readonly #clock: Clock;
  readonly #scanner: FrameScanner;
  /** Makes a frame again of a message that was kept. */
  readonly #keptScanner: FrameScanner;
  readonly #failures = new FailureCount();
  readonly #replies: GateReplies;
  readonly #lastReplay = new LastReplay();
  #isLoggedOn = false;
  #isOver = false;
  /** A GapFill says that the LP sends nothing below this number any more. */
  #skipTo = 0;
  /** When we last answered a Logon with 141=Y. */
  #resetAnsweredAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: GateOptions) {
    const { clock, numbers, maxMessageBytes } = options;
    this.#handler = options.handler;
    const { handler } = options;
    this.#replies = new GateReplies({ handler, failures: this.#failures, clock, stop: () => this.stop() });
    this.#numbers = numbers;
    this.#kinds = options.kinds;
    this.#isReset = options.isReset;
    this.#clock = clock;
    this.#peer = new PeerCheck(options);
    this.#scanner = new FrameScanner({ maxMessageBytes, listener: this });
    this.#keptScanner = new FrameScanner({
      maxMessageBytes,
      listener: { onFrame: (frame) => this.#takeKept(frame), onGarbage: neverGarbage },
    });
    this.#hole = new Hole({
      clock,
      numbers,
      answerMs: options.resendAnswerMs ?? RESEND_ANSWER_MS,
      framesMax: options.framesAheadMax ?? FRAMES_AHEAD_MAX,
      bytesMax: options.bytesAheadMax ?? BYTES_AHEAD_MAX,
      ask: (from) => this.#ask(from),
      giveUp: () => this.#giveUp(() => this.#replies.endUnanswered()),
    });
  }

  /** What handlers have thrown so far. */
  get failures(): EngineFailures {
    return this.#failures;
  }

  /** Takes bytes of the connection. */
  receive(chunk: Uint8Array): void {
    this.#peer.noteRead();
    this.#scanner.feed(chunk);
  }

  /** Nothing is read any more, or it is again: meanwhile no answer to a ResendRequest is missed. */
  hold(isHeld: boolean): void {
    this.#hole.hold(isHeld);
  }

  /** Takes, tells and times nothing any more. */
  stop(): void {
    this.#isOver = true;
    this.#scanner.stop();
    this.#hole.clear();
  }

  onGarbage(reason: GarbageReason, bytes: Uint8Array, start: number, end: number): void {
    try {
      this.#handler.onGarbage(reason, bytes, start, end);
    } catch (error) {
      this.#failures.note(error);
    }
  }

  onFrame(frame: FixFrame): void {
    try {
      this.#handler.onFrame(frame);
    } catch (error) {
      this.#failures.note(error);
    }
    if (this.#isOver) return;
    try {
      this.#take(frame);
    } catch (error) {
      this.#failures.note(error);
    }
    if (this.#hole.isOpen) this.#takeWhatIsNext();
  }

  #take(frame: FixFrame): void {
    if (!this.#isLoggedOn) {
      this.#takeFirst(frame);
      return;
    }
    const problem = this.#peer.problemOf(frame);
    const { sequence, msgType } = frame;
    if (problem === null && frame.isPossDup) this.#lastReplay.note(frame);
    if (problem !== null) this.#replies.refuse(frame, problem);
    else if (sequence === this.#numbers.nextIncoming) this.#takeNext(frame);
    // These two say what the numbers are from now on, whatever their own.
    else if (msgType === PackedType.sequenceReset && !isYes(frame, Tag.gapFillFlag)) this.#takeReset(frame);
    else if (msgType === PackedType.logon && isYes(frame, Tag.resetSeqNumFlag)) this.#takeNumbersOfLogon(frame);
    else if (sequence > this.#numbers.nextIncoming) this.#takeAhead(frame);
    else this.#takeLow(frame);
  }

  /** The answer to our Logon, or what else comes first. */
  #takeFirst(frame: FixFrame): void {
    const { sequence, msgType } = frame;
    // Whoever refuses us may not know who we are: its comp ids say nothing.
    if (msgType === PackedType.logout || isRejectOfLogon(frame)) {
      if (sequence === this.#numbers.nextIncoming) this.#numbers.nextIncoming = sequence + 1;
      this.#replies.end(endOfRefusal(frame));
      return;
    }
    if (msgType !== PackedType.logon) {
      this.#replies.refuseFirst(frame);
      return;
    }
    const problem = this.#peer.problemOf(frame);
    if (problem === null) this.#takeLogon(frame);
    else this.#replies.refuseLogon(frame, problem);
  }

  #takeLogon(frame: FixFrame): void {
    const { sequence } = frame;
    const { nextIncoming } = this.#numbers;
    const isReset = isYes(frame, Tag.resetSeqNumFlag);
    if (sequence < nextIncoming && !isReset) {
      this.#replies.endTooLow(nextIncoming, sequence);
      return;
    }
    this.#isLoggedOn = true;
    if (isReset) {
      this.#resetNumbers(sequence, this.#isReset);
      // Not asked for: then it is the LP that asks, and our answer goes before all else.
      if (!this.#isReset) this.#answerReset();
    } else if (sequence === nextIncoming) this.#numbers.nextIncoming = sequence + 1;
    this.#handler.takeMessage(frame);
    if (!this.#isOver && !isReset && sequence > nextIncoming) this.#keepAhead(frame);
  }

  /** The message whose turn it is. Its number is consumed first: what a handler throws costs the message alone. */
  #takeNext(frame: FixFrame): void {
    const { sequence, msgType } = frame;
    if (isMarketData(msgType)) {
      this.#numbers.nextIncoming = sequence + 1;
      this.#handler.takeMarketData(frame);
    } else if (msgType === PackedType.sequenceReset) {
      if (isYes(frame, Tag.gapFillFlag)) this.#takeGapFill(frame);
      else this.#takeReset(frame);
    } else {
      this.#numbers.nextIncoming = sequence + 1;
      if (msgType !== PackedType.logon) this.#takeByKind(frame);
      else if (isYes(frame, Tag.resetSeqNumFlag)) this.#takeNumbersOfLogon(frame);
    }
  }

  #takeByKind(frame: FixFrame): void {
    const kind = this.#kinds.kindOf(frame.msgType);
    if (kind === "taken") this.#handler.takeMessage(frame);
    else if (kind === "unsupported") this.#handler.sendUnsupported(frame.sequence, msgTypeText(frame));
    else this.#replies.rejectMsgType(frame);
  }

  #takeAhead(frame: FixFrame): void {
    const { msgType } = frame;
    const isLogout = msgType === PackedType.logout;
    // A ResendRequest is answered at once, else two sides that have both missed something wait for each other.
    if (isLogout || msgType === PackedType.resendRequest) this.#handler.takeMessage(frame);
    if (!isLogout && !this.#isOver) this.#keepAhead(frame);
  }

  #keepAhead(frame: FixFrame): void {
    const { sequence } = frame;
    const before = this.#hole.isOpen ? this.#hole.highest : this.#numbers.nextIncoming - 1;
    if (!this.#hole.keep(frame)) {
      this.#giveUp(() => this.#replies.endTooManyAhead());
      return;
    }
    if (sequence > before + 1) this.#handler.onHole(before, sequence);
    if (!this.#isOver) this.#hole.ask();
  }

  /** A number that was seen: fine when the LP says so itself, or has sent it again already. */
  #takeLow(frame: FixFrame): void {
    if (!frame.isPossDup) {
      if (!this.#lastReplay.hasOvertaken(frame)) this.#replies.endTooLow(this.#numbers.nextIncoming, frame.sequence);
    } else if (frame.msgType === PackedType.sequenceReset) return;
    else if (frame.origSendingTimeStart < 0) this.#replies.rejectMissing(frame, Tag.origSendingTime);
    else if (isSentBeforeOriginal(frame)) this.#replies.refuse(frame, "sending_time");
  }

  /**
   * A GapFill whose turn it is: nothing was seen of the numbers it fills, and nothing will be. That they were of session
   * messages alone cannot be known. Also when no hole is open: then what it fills was lost behind the last message kept.
   */
  #takeGapFill(frame: FixFrame): void {
    const { sequence } = frame;
    const newSequence = readSequence(frame, Tag.newSeqNo);
    this.#numbers.nextIncoming = sequence + 1;
    if (!(newSequence > sequence)) {
      this.#replies.rejectNewSequence(frame, newSequence);
      return;
    }
    if (this.#hole.isOpen) {
      // Messages it covers may have been kept: they get their turn.
      this.#skipTo = Math.max(this.#skipTo, newSequence);
      this.#hole.markLossy();
    } else {
      this.#numbers.nextIncoming = newSequence;
    }
    this.#handler.onDataLost(sequence, newSequence);
  }

  /** SequenceReset in reset mode: what was kept has numbers that no longer mean anything. */
  #takeReset(frame: FixFrame): void {
    const { nextIncoming } = this.#numbers;
    const newSequence = readSequence(frame, Tag.newSeqNo);
    if (!(newSequence >= nextIncoming)) {
      this.#replies.rejectNewSequence(frame, newSequence);
      return;
    }
    if (newSequence === nextIncoming && !this.#hole.isOpen) return;
    const lostBefore = Math.max(newSequence, this.#hole.isOpen ? this.#hole.highest + 1 : 0);
    this.#forgetHole();
    this.#lastReplay.forget();
    this.#numbers.nextIncoming = newSequence;
    this.#handler.onDataLost(nextIncoming, lostBefore);
    this.#handler.onNumbersReset(nextIncoming - 1, newSequence);
  }

  /** A Logon in the middle of the session, with 141=Y: both sides start anew. An LP that answers our answer is not answered. */
  #takeNumbersOfLogon(frame: FixFrame): void {
    const { nextIncoming } = this.#numbers;
    const lostBefore = this.#hole.isOpen ? this.#hole.highest + 1 : 0;
    const isEcho = this.#clock.monotonicMs() - this.#resetAnsweredAtMs < RESET_ECHO_MS;
    this.#forgetHole();
    if (lostBefore > 0) this.#handler.onDataLost(nextIncoming, lostBefore);
    this.#resetNumbers(frame.sequence, isEcho);
    if (isEcho || this.#isOver) return;
    this.#answerReset();
  }

  #answerReset(): void {
    this.#resetAnsweredAtMs = this.#clock.monotonicMs();
    this.#handler.answerReset();
  }

  /** @param isExpected it is the answer to ours: our own number stands, and it is no news */
  #resetNumbers(sequence: number, isExpected: boolean): void {
    const last = this.#numbers.nextIncoming - 1;
    this.#lastReplay.forget();
    this.#numbers.nextIncoming = sequence + 1;
    if (isExpected) return;
    this.#numbers.nextOutgoing = 1;
    this.#handler.onNumbersReset(last, sequence);
  }

  /** Gives what was kept its turn, as far as nothing is missing before it. */
  #takeWhatIsNext(): void {
    const { kept } = this.#hole;
    const numbers = this.#numbers;
    while (!this.#isOver && kept.size > 0) {
      const { lowest } = kept;
      if (lowest > numbers.nextIncoming) {
        if (this.#skipTo <= numbers.nextIncoming) break;
        numbers.nextIncoming = Math.min(lowest, this.#skipTo);
      } else {
        // One that was overtaken has no turn any more.
        const isNext = lowest === numbers.nextIncoming;
        const bytes = kept.takeLowest();
        if (isNext) this.#keptScanner.feed(bytes);
      }
    }
    if (this.#isOver || !this.#hole.isOpen) return;
    if (this.#skipTo > numbers.nextIncoming && kept.size === 0) numbers.nextIncoming = this.#skipTo;
    try {
      if (kept.size > 0) this.#hole.ask();
      else this.#closeHole();
    } catch (error) {
      this.#failures.note(error);
    }
  }

  #takeKept(frame: FixFrame): void {
    try {
      // A ResendRequest was answered when it came.
      if (frame.msgType === PackedType.resendRequest) this.#numbers.nextIncoming = frame.sequence + 1;
      else this.#takeNext(frame);
    } catch (error) {
      this.#failures.note(error);
    }
  }

  #closeHole(): void {
    const { isLossy } = this.#hole;
    this.#forgetHole();
    if (!isLossy) this.#handler.onHoleFilled();
  }

  /** Ends over a hole that does not close. What was not sent again is given up: else the next session would end over it too. */
  #giveUp(end: () => void): void {
    this.#numbers.nextIncoming = this.#hole.highest + 1;
    end();
  }

  #forgetHole(): void {
    this.#hole.clear();
    this.#skipTo = 0;
  }

  #ask(from: number): void {
    this.#lastReplay.ask(from);
    try {
      this.#handler.sendResendRequest(from);
    } catch (error) {
      this.#failures.note(error);
    }
  }
}

function isMarketData(msgType: number): boolean {
  return (
    msgType === PackedType.increment ||
    msgType === PackedType.snapshot ||
    msgType === PackedType.quote ||
    msgType === PackedType.massQuote
  );
}

/** What was kept was a good message when it came. */
function neverGarbage(): void {
  throw new Error("A kept message is no message any more");
}
