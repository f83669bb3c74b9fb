import type { FixFrame } from "../../fix/fix-frame.ts";
import { type FrameListener, FrameScanner } from "../../fix/frame-scanner.ts";
import { MsgType, Tag } from "../../fix/tags.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { FixField } from "../../venues/compiled-fix-venue.ts";
import type { TcpLink } from "../tcp-link.ts";
import { type Counterparties, type Counterparty, resetNumbers } from "./counterparties.ts";
import { type InboundMessage, numberOf, readableText, readMessage, textOf } from "./inbound-message.ts";
import { InboundOrder } from "./inbound-order.ts";
import type { LogonDesk } from "./logon-desk.ts";
import type { BookSides } from "./lp-book.ts";
import type { LpSubscription, MarketDataDraft } from "./lp-subscription.ts";
import type { LpVenue } from "./lp-venue.ts";
import { MarketDataDesk } from "./market-data-desk.ts";
import { incrementFields, type RenderTimes } from "./market-data-fields.ts";
import { answerResend, type ResendPolicy } from "./resend-answer.ts";
import { SessionHeart } from "./session-heart.ts";
import { SessionOutput } from "./session-output.ts";

/** Longest message of a client. */
const MAX_MESSAGE_BYTES = 64 * 1024;
/** A client that has not logged on by then is cut off, ms. */
const LOGON_LIMIT_MS = 10_000;
/** A client that leaves this much unread gets no increments until it has read: the LP conflates. */
const WITHHOLD_ABOVE_BYTES = 1024 * 1024;
/** BusinessRejectReason (380): unsupported message type. */
const UNSUPPORTED_TYPE = "3";
/** What a client may send that needs no answer. */
const UNANSWERED: ReadonlySet<string> = new Set([
  MsgType.heartbeat,
  MsgType.logon,
  MsgType.reject,
  MsgType.businessReject,
  MsgType.massQuoteAck,
]);

/** What one session needs of its LP. */
export interface LpHost {
  readonly venue: LpVenue;
  readonly logons: LogonDesk;
  readonly counterparties: Counterparties;
  readonly wantsQuoteAcks: boolean;
  /** How a ResendRequest is answered now. */
  readonly resendPolicy: ResendPolicy;
  onRequest(session: LpSession, text: string): void;
  onSubscriptionsChanged(session: LpSession): void;
  onDrain(session: LpSession): void;
  onEnd(session: LpSession): void;
}

/** What a session is once its client has logged on. */
interface Logged {
  readonly party: Counterparty;
  readonly order: InboundOrder;
  readonly output: SessionOutput;
}

/** The acceptor's side of one FIX connection: logon, numbers, heartbeats, resends, logout. */
export class LpSession implements FrameListener {
  readonly connectionId: string;
  readonly link: TcpLink;
  readonly desk: MarketDataDesk;
  readonly #host: LpHost;
  readonly #scanner: FrameScanner;
  #logged: Logged | null = null;
  #heart: SessionHeart | null = null;
  #logonTimer: Timer | null;
  #tests = 0;
  #isOver = false;

  constructor(link: TcpLink, host: LpHost, connectionId: string) {
    this.link = link;
    this.#host = host;
    this.connectionId = connectionId;
    this.#scanner = new FrameScanner({ maxMessageBytes: MAX_MESSAGE_BYTES, listener: this });
    this.desk = new MarketDataDesk(
      host.venue,
      {
        answer: (msgType, fields) => void this.send(msgType, fields),
        sendAll: (subscription) => this.#sendFirst(subscription),
        onSubscriptionsChanged: () => host.onSubscriptionsChanged(this),
      },
      host.wantsQuoteAcks,
    );
    this.#logonTimer = host.venue.clock.schedule(LOGON_LIMIT_MS, () => this.link.drop());
    link.listen({
      onBytes: (chunk) => this.#scanner.feed(chunk),
      onDrain: () => host.onDrain(this),
      onClose: () => this.#end(),
    });
  }

  /** What goes out, between the Logon and the end; null at other times. */
  get output(): SessionOutput | null {
    return this.#isOver ? null : (this.#logged?.output ?? null);
  }

  onFrame(frame: FixFrame): void {
    const message = readMessage(frame);
    this.#host.onRequest(this, readableText(message));
    if (this.#isOver) return;
    // Who is silent still counts what it hears, so that nothing is missing when it speaks again.
    if (this.#logged !== null) this.#take(message, this.#logged);
    else if (!this.link.isMuted) this.#logon(message);
  }

  /** A bad message is as if it had never been sent; its number comes back as a hole. */
  onGarbage(): void {}

  /** Sends a message; its number, or 0 when the session cannot send. */
  send(msgType: string, fields: readonly FixField[]): number {
    return this.output?.send(msgType, fields) ?? 0;
  }

  /** True while no market data may be sent. */
  get isSilent(): boolean {
    return this.#host.venue.isQuiet || this.output === null || !this.link.isWritable;
  }

  /** Sends all of a book: a snapshot, or what the LP has instead. */
  sendBook(subscription: LpSubscription, sides: BookSides = subscription.now): void {
    const times = this.#host.venue.times();
    this.#sendDraft([subscription], subscription.tellAll(times, sides), { times, isNewTop: true });
  }

  /** Sends what is new in a book; a client that does not keep up, or a silent LP, gets it later. */
  sendUpdate(subscription: LpSubscription, sides: BookSides = subscription.now): void {
    const { venue } = this.#host;
    if (this.isSilent || this.link.bufferedBytes > WITHHOLD_ABOVE_BYTES) {
      venue.withheld++;
      return;
    }
    const times = venue.times();
    const { told } = subscription;
    const draft = subscription.tellNew(times, sides);
    if (draft === null) return;
    this.#sendDraft([subscription], draft, { times, isNewTop: subscription.hasNewTop(told) });
  }

  /** Sends what is new in several books of one request by one message. */
  sendTogether(subscriptions: readonly LpSubscription[]): void {
    if (this.isSilent || subscriptions.length === 0) return;
    const { venue } = this.#host;
    const times = venue.times();
    const { requestId } = subscriptions[0].terms;
    const parts = subscriptions.map((subscription) => subscription.takePart());
    const fields = incrementFields(venue.dialect.shape, parts, { requestId, times });
    this.#sendDraft(subscriptions, { msgType: MsgType.marketDataIncrement, fields }, { times, isNewTop: true });
  }

  /** Says Logout and ends, whatever the client answers. */
  logout(text: string): void {
    this.send(MsgType.logout, text === "" ? [] : [[Tag.text, text]]);
    this.#isOver = true;
    this.#heart?.stop();
    this.desk.clear();
    this.link.finish();
  }

  /** A TestRequest (1). */
  testRequest(): void {
    this.send(MsgType.testRequest, [[Tag.testReqId, `TEST-${++this.#tests}`]]);
  }

  /** A ResendRequest (2); `to` 0 is all from `from`. */
  resendRequest(from: number, to: number): void {
    this.send(MsgType.resendRequest, [
      [Tag.beginSeqNo, String(from)],
      [Tag.endSeqNo, String(to)],
    ]);
  }

  /** Something was sent beside `send`. */
  noteSent(): void {
    this.#heart?.noteSent(this.#host.venue.clock.monotonicMs());
  }

  #logon(message: InboundMessage): void {
    if (message.msgType !== MsgType.logon) {
      this.link.drop();
      return;
    }
    const verdict = this.#host.logons.judge(message);
    this.#logonTimer?.cancel();
    if (verdict.kind === "hold") return;
    const party = this.#host.counterparties.find(
      textOf(message, Tag.senderCompId) ?? "",
      textOf(message, Tag.targetCompId) ?? "",
    );
    if (party.isConnected) {
      // A second connection of the same client is cut off without a word and costs no number.
      this.link.drop();
      return;
    }
    const isReset = this.#host.venue.dialect.resetsAtLogon || textOf(message, Tag.resetSeqNumFlag) === "Y";
    if (isReset) resetNumbers(party);
    const logged = this.#enter(message, party);
    if (!this.#isHighEnough(message, party)) return;
    const isNext = logged.order.place(message) === "next";
    if (isNext) party.nextIncoming++;
    if (verdict.kind === "refuse") {
      this.logout(verdict.text);
      return;
    }
    this.#answerLogon(message, { heartbeatS: verdict.heartbeatS, isReset });
    if (!isNext) this.resendRequest(party.nextIncoming, 0);
  }

  #enter(logon: InboundMessage, party: Counterparty): Logged {
    const { link } = this;
    const { venue } = this.#host;
    const output = new SessionOutput(logon, { party, link, venue, onSent: () => this.noteSent() });
    party.isConnected = true;
    this.#logged = { party, order: new InboundOrder(party), output };
    return this.#logged;
  }

  #answerLogon(message: InboundMessage, { heartbeatS, isReset }: { heartbeatS: number; isReset: boolean }): void {
    this.send(MsgType.logon, [
      [Tag.encryptMethod, "0"],
      [Tag.heartBtInt, textOf(message, Tag.heartBtInt) ?? ""],
      ...(isReset ? [[Tag.resetSeqNumFlag, "Y"] as const] : []),
    ]);
    this.#heart?.stop();
    this.#heart = new SessionHeart(this.#host.venue.clock, heartbeatS, {
      onHeartbeatDue: () => void this.send(MsgType.heartbeat, []),
      onTestDue: () => this.testRequest(),
      // When the other machine is gone, nobody closes the connection.
      onSilence: () => {
        if (!this.link.isDeaf) this.link.drop();
      },
    });
  }

  #take(message: InboundMessage, { party, order }: Logged): void {
    this.#heart?.noteReceived();
    const { msgType } = message;
    if (textOf(message, Tag.senderCompId) !== party.client || textOf(message, Tag.targetCompId) !== party.ours) {
      this.logout("Incorrect comp ids");
      return;
    }
    if (msgType === MsgType.sequenceReset && textOf(message, Tag.gapFillFlag) !== "Y") {
      // Reset mode: its own number does not count.
      party.nextIncoming = numberOf(message, Tag.newSeqNo, party.nextIncoming);
      order.clear();
      return;
    }
    if (msgType === MsgType.logon && textOf(message, Tag.resetSeqNumFlag) === "Y") {
      this.#startAnew(message, party);
      return;
    }
    if (!this.#isHighEnough(message, party)) return;
    const hadHole = order.hasHole;
    const place = order.place(message);
    if (place === "ahead") this.#hearAhead(message, { party, hadHole });
    if (place !== "next") return;
    this.#advance(message, party);
    for (let next = order.takeNext(); next !== null && !this.#isOver; next = order.takeNext()) {
      // It was answered when it came.
      if (next.msgType === MsgType.resendRequest) party.nextIncoming++;
      else this.#advance(next, party);
    }
  }

  /** Both sides may wait for each other's numbers: ResendRequest and Logout are heard before their turn. */
  #hearAhead(message: InboundMessage, { party, hadHole }: { party: Counterparty; hadHole: boolean }): void {
    if (message.msgType === MsgType.logout) this.#confirmLogout();
    if (message.msgType === MsgType.resendRequest) this.#answerResend(message, party);
    if (!hadHole) this.resendRequest(party.nextIncoming, 0);
  }

  #confirmLogout(): void {
    if (!this.link.isMuted) this.logout("");
  }

  #advance(message: InboundMessage, party: Counterparty): void {
    party.nextIncoming++;
    if (message.msgType === MsgType.sequenceReset) {
      party.nextIncoming = Math.max(party.nextIncoming, numberOf(message, Tag.newSeqNo, 0));
    } else this.#handle(message, party);
  }

  #handle(message: InboundMessage, party: Counterparty): void {
    const { msgType } = message;
    if (msgType === MsgType.resendRequest) this.#answerResend(message, party);
    else if (msgType === MsgType.logout) this.#confirmLogout();
    else if (msgType === MsgType.testRequest) {
      this.send(MsgType.heartbeat, [[Tag.testReqId, textOf(message, Tag.testReqId) ?? ""]]);
    } else if (!UNANSWERED.has(msgType) && !this.desk.take(message)) {
      this.send(MsgType.businessReject, [
        [Tag.refSeqNum, String(message.sequence)],
        [Tag.refMsgType, msgType],
        [Tag.businessRejectReason, UNSUPPORTED_TYPE],
        [Tag.text, `Unsupported message type ${msgType}`],
      ]);
    }
  }

  /** A Logon within the session that asks for new numbers. */
  #startAnew(message: InboundMessage, party: Counterparty): void {
    const verdict = this.#host.logons.judge(message);
    if (verdict.kind !== "accept") return;
    resetNumbers(party);
    party.nextIncoming = message.sequence + 1;
    this.#answerLogon(message, { heartbeatS: verdict.heartbeatS, isReset: true });
  }

  /** False, and the session is over, when a number is below the expected one without PossDupFlag. */
  #isHighEnough({ sequence, isPossDup }: InboundMessage, { nextIncoming }: Counterparty): boolean {
    if (sequence >= nextIncoming || isPossDup) return true;
    this.logout(`MsgSeqNum too low, expecting ${nextIncoming} but received ${sequence}`);
    return false;
  }

  #answerResend(message: InboundMessage, party: Counterparty): void {
    const last = party.nextOutgoing - 1;
    const asked = numberOf(message, Tag.endSeqNo, 0);
    const to = asked === 0 ? last : Math.min(asked, last);
    const from = Math.max(1, numberOf(message, Tag.beginSeqNo, 1));
    this.output?.resend(answerResend(party.history, { from, to, policy: this.#host.resendPolicy }));
  }

  #sendFirst(subscription: LpSubscription): void {
    if (this.isSilent) this.#host.venue.withheld++;
    else this.sendBook(subscription);
  }

  #sendDraft(
    subscriptions: readonly LpSubscription[],
    { msgType, fields }: MarketDataDraft,
    { times, isNewTop }: { times: RenderTimes; isNewTop: boolean },
  ): void {
    const { venue } = this.#host;
    const sequence = this.send(msgType, fields);
    if (sequence === 0) return;
    for (const subscription of subscriptions) {
      venue.count(subscription.book.symbol, 1);
      if (isNewTop || venue.listsEveryUpdate) venue.tell(subscription.expectedQuote(sequence, times));
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#logonTimer?.cancel();
    this.#heart?.stop();
    this.#scanner.stop();
    if (this.#logged !== null) this.#logged.party.isConnected = false;
    this.desk.clear();
    this.#host.onEnd(this);
  }
}
