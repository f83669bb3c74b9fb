import type { EngineEnd, SessionNumbers } from "../../../../src/adapters/fix/engine/fix-engine.ts";
import { type GateOptions, SequenceGate } from "../../../../src/adapters/fix/gate/gate.ts";
import type { GateHandler, GateReject } from "../../../../src/adapters/fix/gate/gate-handler.ts";
import { MessageKinds } from "../../../../src/adapters/fix/gate/message-kinds.ts";
import { sliceText } from "../../../../src/fix/field-reader.ts";
import type { FixFrame } from "../../../../src/fix/fix-frame.ts";
import type { GarbageReason } from "../../../../src/fix/frame-scanner.ts";
import { buildMessage, type MessageHeader } from "../../../../src/fix/message-builder.ts";
import { formatUtcTimestamp } from "../../../../src/fix/utc-timestamp.ts";
import type { FixField } from "../../../../src/venues/compiled-fix-venue.ts";
import { StoppableClock } from "../../../harness/stoppable-clock.ts";

/** Types our dictionary has, as far as the gate is concerned. */
const TAKEN = "0 1 2 3 4 5 A W X S i Y j B h V x b R".split(" ");

/** Notes what the gate decides, a line each. */
export class HandlerLog implements GateHandler {
  readonly lines: string[] = [];
  /** Called first with each line; may throw. */
  onLine: (line: string) => void = () => {};

  #note(line: string): void {
    this.lines.push(line);
    this.onLine(line);
  }

  onFrame(): void {}
  onGarbage(reason: GarbageReason): void {
    this.#note(`garbage ${reason}`);
  }
  takeMarketData(frame: FixFrame): void {
    this.#note(`data ${nameOf(frame)}`);
  }
  takeMessage(frame: FixFrame): void {
    this.#note(`take ${nameOf(frame)}`);
  }
  answerReset(): void {
    this.#note("answer reset");
  }
  sendResendRequest(from: number): void {
    this.#note(`ask ${from}`);
  }
  sendReject(reject: GateReject): void {
    const tag = reject.refTag > 0 ? ` tag ${reject.refTag}` : "";
    this.#note(`reject ${reject.refMsgType}${reject.refSequence} reason ${reject.reason}${tag}`);
  }
  sendUnsupported(refSequence: number, refMsgType: string): void {
    this.#note(`unsupported ${refMsgType}${refSequence}`);
  }
  sendLogout(text: string): void {
    this.#note(`logout: ${text}`);
  }
  end(end: EngineEnd): void {
    this.#note(`end ${JSON.stringify(end)}`);
  }
  onHole(from: number, to: number): void {
    this.#note(`hole ${from} ${to}`);
  }
  onHoleFilled(): void {
    this.#note("filled");
  }
  onDataLost(from: number, to: number): void {
    this.#note(`lost ${from} ${to}`);
  }
  onNumbersReset(): void {
    this.#note("reset");
  }
}

function nameOf(frame: FixFrame): string {
  return `${sliceText(frame.bytes, frame.msgTypeStart, frame.msgTypeEnd)}${frame.sequence}`;
}

/** A gate with a log on one side and a way to speak as the LP on the other. */
export class GateRig {
  readonly clock = new StoppableClock();
  readonly handler = new HandlerLog();
  readonly numbers: SessionNumbers = { nextOutgoing: 1, nextIncoming: 1 };
  readonly gate: SequenceGate;
  #told = 0;

  constructor(more: Partial<GateOptions> = {}) {
    this.gate = new SequenceGate({
      identity: { beginString: "FIX.4.4", sender: "US", target: "LP", senderSub: null, targetSub: null },
      clock: this.clock,
      numbers: this.numbers,
      isReset: false,
      maxMessageBytes: 4096,
      maxClockSkewMs: 0,
      kinds: new MessageKinds(TAKEN),
      handler: this.handler,
      ...more,
    });
  }

  /** Logged on by message 1; 2 is next. */
  static loggedOn(more: Partial<GateOptions> = {}): GateRig {
    const rig = new GateRig(more);
    rig.numbers.nextOutgoing = 2;
    rig.say("A", 1);
    rig.told();
    return rig;
  }

  bytes(msgType: string, sequence: number, fields: readonly FixField[] = [], header: Partial<MessageHeader> = {}) {
    const sendingTime = formatUtcTimestamp(this.clock.wallUs(), 3);
    const names = { beginString: "FIX.4.4", sender: "LP", target: "US" };
    return buildMessage({ ...names, msgType, sequence, sendingTime, ...header }, fields);
  }

  say(msgType: string, sequence: number, fields: readonly FixField[] = [], header: Partial<MessageHeader> = {}): void {
    this.gate.receive(this.bytes(msgType, sequence, fields, header));
  }

  /** Says it again: PossDupFlag, and when it was first sent. */
  repeat(msgType: string, sequence: number, fields: readonly FixField[] = []): void {
    const origSendingTime = formatUtcTimestamp(this.clock.wallUs() - 1000, 3);
    this.say(msgType, sequence, fields, { isPossDup: true, origSendingTime });
  }

  gapFill(sequence: number, newSequence: number): void {
    this.repeat("4", sequence, [
      [123, "Y"],
      [36, String(newSequence)],
    ]);
  }

  /** What was decided since the last time. */
  told(): string[] {
    const lines = this.handler.lines.slice(this.#told);
    this.#told = this.handler.lines.length;
    return lines;
  }
}
