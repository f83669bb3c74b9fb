import type { FixFrame } from "../../../fix/fix-frame.ts";
import { Tag } from "../../../fix/tags.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { EngineEnd } from "../engine/fix-engine.ts";
import type { FailureCount } from "./failure-count.ts";
import type { GateHandler } from "./gate-handler.ts";
import { GateText, RejectReason, tooLowText } from "./gate-texts.ts";
import type { PeerProblem } from "./peer-check.ts";
import { problemDetail, problemText } from "./peer-problem-text.ts";
import { msgTypeText } from "./session-fields.ts";

/** What replies are made with. */
export interface GateRepliesOptions {
  readonly handler: GateHandler;
  readonly failures: FailureCount;
  readonly clock: Clock;
  /** Stops the gate; called before it is told that the session is over. */
  stop(): void;
}

/** What a gate says to the LP when something is wrong, and how it ends. */
export class GateReplies {
  readonly #handler: GateHandler;
  readonly #failures: FailureCount;
  readonly #clock: Clock;
  readonly #stop: () => void;

  constructor(options: GateRepliesOptions) {
    this.#handler = options.handler;
    this.#failures = options.failures;
    this.#clock = options.clock;
    this.#stop = () => options.stop();
  }

  rejectMsgType(frame: FixFrame): void {
    this.#reject(frame, RejectReason.invalidMsgType, GateText.invalidMsgType);
  }

  rejectMissing(frame: FixFrame, tag: number): void {
    this.#reject(frame, RejectReason.requiredTagMissing, GateText.requiredTagMissing, tag);
  }

  /** @param newSequence what NewSeqNo (36) says; −1 = nothing */
  rejectNewSequence(frame: FixFrame, newSequence: number): void {
    if (newSequence < 0) this.rejectMissing(frame, Tag.newSeqNo);
    else this.#reject(frame, RejectReason.valueIncorrect, GateText.valueIncorrect);
  }

  /** Says what is wrong with a message that cannot be of this session, and ends. */
  refuse(frame: FixFrame, problem: PeerProblem): void {
    const text = problemText(problem);
    if (problem === "comp_id") this.#reject(frame, RejectReason.compIdProblem, text);
    if (problem === "sending_time") this.#reject(frame, RejectReason.sendingTimeAccuracy, text);
    this.endWithLogout(text, { kind: "protocol", text: problemDetail(frame, problem, this.#clock.wallUs()) });
  }

  /** Ends before there is a session: nothing is said to whom we do not know. */
  refuseLogon(frame: FixFrame, problem: PeerProblem): void {
    this.end({ kind: "protocol", text: problemDetail(frame, problem, this.#clock.wallUs()) });
  }

  /** Ends as something else came in place of the answer to our Logon. */
  refuseFirst(frame: FixFrame): void {
    this.end({ kind: "protocol", text: `${GateText.notLogon}: MsgType (35) is ${msgTypeText(frame)}` });
  }

  endTooLow(expected: number, received: number): void {
    this.endWithLogout(tooLowText(expected, received), { kind: "incoming_too_low", expected, received });
  }

  endTooManyAhead(): void {
    this.endWithLogout(GateText.tooManyAhead, { kind: "protocol", text: GateText.tooManyAhead });
  }

  endUnanswered(): void {
    this.endWithLogout(GateText.resendUnanswered, { kind: "silent", text: GateText.resendUnanswered });
  }

  endWithLogout(text: string, end: EngineEnd): void {
    this.#stop();
    try {
      this.#handler.sendLogout(text);
    } catch (error) {
      this.#failures.note(error);
    }
    this.end(end);
  }

  end(end: EngineEnd): void {
    this.#stop();
    try {
      this.#handler.end(end);
    } catch (error) {
      this.#failures.note(error);
    }
  }

  #reject(frame: FixFrame, reason: number, text: string, refTag = 0): void {
    this.#handler.sendReject({
      refSequence: frame.sequence,
      refMsgType: msgTypeText(frame),
      reason,
      refTag,
      text,
    });
  }
}
