// Hot path.
import { DITokens } from "jspurefix/dist/runtime/di-tokens.js";
import { FixDuplex } from "jspurefix/dist/transport/duplex/fix-duplex.js";
import { MsgTransport } from "jspurefix/dist/transport/factory/msg-transport.js";
import type { FixFrame } from "../../../fix/fix-frame.ts";
import type { GarbageReason } from "../../../fix/frame-scanner.ts";
import type { MarketDataMessage } from "../../../fix/market-data-message.ts";
import { MsgType, PackedType, Tag } from "../../../fix/tags.ts";
import type { Timer } from "../../../runtime/clock.ts";
import type { FixField } from "../../../venues/compiled-fix-venue.ts";
import { SequenceGate } from "../gate/gate.ts";
import type { GateHandler, GateReject } from "../gate/gate-handler.ts";
import { expectedByPeer, GateText, RejectReason } from "../gate/gate-texts.ts";
import { MessageKinds } from "../gate/message-kinds.ts";
import { readSequence } from "../gate/session-fields.ts";
import type { SessionDictionaries } from "./dictionaries.ts";
import { createEngineConfig, type EngineConfig } from "./engine-config.ts";
import { FieldsBody } from "./fields-body.ts";
import type { EngineEnd, EngineFailures, FixEngineListener, FixEngineOptions, FixEngineSession } from "./fix-engine.ts";
import { GateParser } from "./gate-parser.ts";
import { type InitiatorEvents, InitiatorSession } from "./initiator-session.ts";
import { MessageTransmitter } from "./message-transmitter.ts";
import { Pulse, type PulseListener } from "./pulse.ts";
import { SlowReader } from "./slow-reader.ts";

/** How long the LP may take to confirm our Logout, ms. */
const LOGOUT_ANSWER_MS = 2000;
/** TestReqID (112) of our TestRequests; any message answers one. */
const TEST_REQUEST_ID = "TEST";
/** BusinessRejectReason (380): unsupported message type. */
const UNSUPPORTED_MESSAGE_TYPE = "3";

/** The adapter owns the connection: there is nothing to read from, nothing to end. */
class NoDuplex extends FixDuplex {
  override end(): void {}
}

type Phase = "idle" | "logging_on" | "logged_on" | "logging_out" | "over";

/**
 * One FIX session: the gate in front, jspurefix's session behind it for what is not market data, our transmitter and our
 * pulse. It owns no socket.
 */
export class EngineSession implements FixEngineSession, GateHandler, InitiatorEvents, PulseListener {
  readonly #options: FixEngineOptions;
  readonly #listener: FixEngineListener;
  readonly #config: EngineConfig;
  readonly #gate: SequenceGate;
  readonly #pulse: Pulse;
  readonly #transport: MsgTransport;
  readonly #parser: GateParser;
  readonly #transmitter: MessageTransmitter;
  readonly #initiator: InitiatorSession;
  readonly #slowReader: SlowReader;
  #phase: Phase = "idle";
  /** The message jspurefix is reading; null = none. */
  #passed: FixFrame | null = null;
  /** True when the listener was told of `#passed`. */
  #isTold = false;
  #isHeard = false;
  #logoutTimer: Timer | null = null;

  constructor(options: FixEngineOptions, dictionaries: SessionDictionaries) {
    this.#options = options;
    this.#listener = options.listener;
    this.#config = createEngineConfig(this.#sayingWhatIsSent(options), dictionaries.session);
    this.#gate = new SequenceGate({ ...options, kinds: new MessageKinds(dictionaries.messageTypes), handler: this });
    this.#pulse = new Pulse(options.clock, options.heartbeatS, this);
    const parts = this.#config.sessionContainer;
    parts.register(DITokens.MsgTransmitter, () => new MessageTransmitter(this.#config));
    parts.register(DITokens.MsgParser, () => new GateParser(this.#config, this.#gate));
    this.#transport = new MsgTransport(1, this.#config, new NoDuplex());
    this.#parser = this.#transport.receiver as GateParser;
    this.#transmitter = this.#transport.transmitter as MessageTransmitter;
    this.#initiator = new InitiatorSession(this.#config, this);
    this.#slowReader = new SlowReader(options.plan, dictionaries, options.maxMessageBytes);
  }

  get isLoggedOn(): boolean {
    return this.#phase === "logged_on";
  }

  get failures(): EngineFailures {
    return this.#gate.failures;
  }

  logon(): void {
    if (this.#phase !== "idle") return;
    this.#phase = "logging_on";
    this.#initiator.start(this.#transport);
  }

  receive(chunk: Uint8Array): void {
    if (this.#phase === "over" || this.#phase === "idle") return;
    this.#isHeard = false;
    this.#parser.receive(chunk);
    if (this.#isHeard) this.#pulse.noteHeard();
  }

  hold(isHeld: boolean): void {
    this.#pulse.hold(isHeld);
    this.#gate.hold(isHeld);
  }

  send(msgType: string, fields: readonly FixField[]): number {
    if (this.#phase !== "logged_on") return 0;
    const sequence = this.#options.numbers.nextOutgoing;
    this.#sendFields(msgType, fields);
    return sequence;
  }

  readSlowly(frame: FixFrame, into: MarketDataMessage): boolean {
    return this.#slowReader.read(frame, into);
  }

  logout(text: string): void {
    if (this.#phase === "over" || this.#phase === "logging_out") return;
    if (this.#phase !== "logged_on") {
      // Without a session there is nothing to log out of.
      this.#finish({ kind: "logout", isOurs: true, text: "" });
      return;
    }
    this.#phase = "logging_out";
    this.#logoutTimer = this.#options.clock.schedule(LOGOUT_ANSWER_MS, () => {
      this.#finish({ kind: "silent", text: "Logout was not confirmed" });
    });
    this.sendLogout(text);
  }

  close(): void {
    this.#phase = "over";
    this.#gate.stop();
    this.#pulse.stop();
    this.#logoutTimer?.cancel();
    this.#initiator.detach();
  }

  // ---- GateHandler ----------------------------------------------------------------------------------------------------

  onFrame(frame: FixFrame): void {
    this.#isHeard = true;
    this.#listener.onFrame(frame);
  }

  onGarbage(reason: GarbageReason, bytes: Uint8Array, start: number, end: number): void {
    this.#listener.onGarbage(reason, bytes, start, end);
  }

  takeMarketData(frame: FixFrame): void {
    this.#listener.onMarketData(frame);
  }

  /** An application message is good as it is: the listener is told of it also when jspurefix cannot read it. */
  takeMessage(frame: FixFrame): void {
    this.#passed = frame;
    this.#isTold = false;
    try {
      this.#parser.passOn(frame);
    } finally {
      if (!this.#isTold && !isSessionMessage(frame.msgType)) this.onApplication();
      this.#passed = null;
    }
  }

  answerReset(): void {
    this.#config.factory.agreeToReset();
    this.#initiator.sendLogon();
  }

  sendResendRequest(from: number): void {
    this.#initiator.send(MsgType.resendRequest, this.#config.factory.resendRequest(from, 0));
  }

  sendReject(reject: GateReject): void {
    const body = this.#config.factory.reject(reject.refMsgType, reject.refSequence, reject.text, reject.reason);
    this.#initiator.send(MsgType.reject, reject.refTag > 0 ? { ...body, RefTagID: reject.refTag } : body);
  }

  sendUnsupported(refSequence: number, refMsgType: string): void {
    this.#sendFields(MsgType.businessReject, [
      [Tag.refSeqNum, String(refSequence)],
      [Tag.text, GateText.unsupportedMsgType],
      [Tag.refMsgType, refMsgType],
      [Tag.businessRejectReason, UNSUPPORTED_MESSAGE_TYPE],
    ]);
  }

  sendLogout(text: string): void {
    this.#initiator.send(MsgType.logout, this.#config.factory.logout(MsgType.logout, text));
  }

  end(end: EngineEnd): void {
    this.#finish(end);
  }

  onHole(from: number, to: number): void {
    this.#listener.onHole(from, to);
  }

  onHoleFilled(): void {
    this.#listener.onHoleFilled();
  }

  onDataLost(from: number, to: number): void {
    this.#listener.onDataLost(from, to);
  }

  onNumbersReset(last: number, first: number): void {
    this.#listener.onNumbersReset(last, first);
  }

  // ---- InitiatorEvents ------------------------------------------------------------------------------------------------

  onLoggedOn(heartbeatS: number): void {
    if (this.#phase !== "logging_on") return;
    this.#phase = "logged_on";
    this.#pulse.start(heartbeatS);
    this.#listener.onLogon();
  }

  onPeerLogout(text: string): void {
    if (this.#phase === "logging_out") {
      this.#finish({ kind: "logout", isOurs: true, text });
      return;
    }
    this.sendLogout("");
    const expected = expectedByPeer(text);
    this.#finish(expected < 0 ? { kind: "logout", isOurs: false, text } : { kind: "outgoing_too_low", expected, text });
  }

  /** Nothing we send is worth repeating: one GapFill over all that was asked for. */
  onResendRequest(): void {
    if (this.#passed === null) return;
    const { nextOutgoing } = this.#options.numbers;
    const asked = readSequence(this.#passed, Tag.beginSeqNo);
    const end = readSequence(this.#passed, Tag.endSeqNo);
    if (asked < 0) {
      const what = { refSequence: this.#passed.sequence, refMsgType: MsgType.resendRequest, refTag: Tag.beginSeqNo };
      this.sendReject({ ...what, reason: RejectReason.requiredTagMissing, text: GateText.requiredTagMissing });
      return;
    }
    const begin = Math.max(1, asked);
    // Asked for what we have not sent yet: nothing to say.
    if (!(begin < nextOutgoing)) return;
    const newSequence = end >= begin && end < nextOutgoing ? end + 1 : nextOutgoing;
    this.#transmitter.sendAgain(begin, MsgType.sequenceReset, this.#config.factory.sequenceReset(newSequence, true));
    this.#listener.onOursFilledOver(begin, newSequence);
  }

  onApplication(): void {
    if (this.#passed === null) return;
    this.#isTold = true;
    this.#listener.onApplication(this.#passed);
  }

  onFault(text: string): void {
    this.#finish({ kind: "protocol", text });
  }

  // ---- PulseListener --------------------------------------------------------------------------------------------------

  /** Without TestReqID (112): it answers nothing. */
  sendHeartbeat(): void {
    this.#initiator.send(MsgType.heartbeat, {});
  }

  sendTestRequest(): void {
    this.#initiator.send(MsgType.testRequest, this.#config.factory.testRequest(TEST_REQUEST_ID));
  }

  onSilent(): void {
    this.#finish({ kind: "silent", text: "TestRequest was not answered" });
  }

  // ---------------------------------------------------------------------------------------------------------------------

  #sendFields(msgType: string, fields: readonly FixField[]): void {
    this.#initiator.send(msgType, new FieldsBody(() => fields));
  }

  #finish(end: EngineEnd): void {
    if (this.#phase === "over") return;
    this.close();
    this.#listener.onEnd(end);
  }

  #sayingWhatIsSent(options: FixEngineOptions): FixEngineOptions {
    return {
      ...options,
      logonFields: (header) => options.logonFields(header),
      write: (bytes) => {
        this.#pulse.noteSent();
        options.write(bytes);
      },
    };
  }
}

function isSessionMessage(msgType: number): boolean {
  return (msgType >= PackedType.heartbeat && msgType <= PackedType.logout) || msgType === PackedType.logon;
}
