import { MessageBuilder, type MessageHeader } from "../../fix/message-builder.ts";
import { MsgType, Tag } from "../../fix/tags.ts";
import type { FixField } from "../../venues/compiled-fix-venue.ts";
import type { TcpLink } from "../tcp-link.ts";
import type { Counterparty } from "./counterparties.ts";
import { type Damage, damaged, withPaddedLength } from "./fix-message.ts";
import { type InboundMessage, textOf } from "./inbound-message.ts";
import type { LpVenue } from "./lp-venue.ts";
import { answerResend, type ResentMessage } from "./resend-answer.ts";

/** Message types of the session layer: never sent again. */
const SESSION_TYPES: ReadonlySet<string> = new Set([
  MsgType.heartbeat,
  MsgType.testRequest,
  MsgType.resendRequest,
  MsgType.reject,
  MsgType.sequenceReset,
  MsgType.logout,
  MsgType.logon,
]);

/** What one session sends: headers, numbers, what is kept, and what is spoiled on purpose. */
export class SessionOutput {
  readonly party: Counterparty;
  readonly #link: TcpLink;
  readonly #venue: LpVenue;
  readonly #onSent: () => void;
  readonly #builder = new MessageBuilder();
  /** Who we are and who the client is, as in its Logon turned round. */
  readonly #ids: Omit<MessageHeader, "msgType" | "sequence" | "sendingTime">;
  #damage: { readonly kind: Damage; left: number } | null = null;

  constructor(
    logon: InboundMessage,
    parts: { party: Counterparty; link: TcpLink; venue: LpVenue; onSent: () => void },
  ) {
    this.party = parts.party;
    this.#link = parts.link;
    this.#venue = parts.venue;
    this.#onSent = parts.onSent;
    this.#ids = {
      beginString: textOf(logon, Tag.beginString) ?? "",
      sender: parts.party.ours,
      target: parts.party.client,
      senderSub: textOf(logon, Tag.targetSubId),
      targetSub: textOf(logon, Tag.senderSubId),
    };
  }

  /**
   * Numbers and sends a message; application data is kept, so that it can be sent again.
   *
   * @returns its number; 0 when nothing can be sent
   */
  send(msgType: string, fields: readonly FixField[]): number {
    if (!this.#link.isWritable) return 0;
    const sequence = this.party.nextOutgoing++;
    const bytes = this.encode(msgType, sequence, fields);
    if (!SESSION_TYPES.has(msgType)) this.party.history.keep(sequence, bytes, 0, bytes.length);
    this.#write(bytes);
    return sequence;
  }

  /** Numbers a message that the client never gets; when asked for it is replayed only if it `isKept`. */
  lose(msgType: string, fields: readonly FixField[], isKept: boolean): void {
    const sequence = this.party.nextOutgoing++;
    const bytes = this.encode(msgType, sequence, fields);
    if (isKept) this.party.history.keep(sequence, bytes, 0, bytes.length);
  }

  /** Sends a message under a number of the caller's; the session's own stay as they are. */
  sendNumbered(msgType: string, sequence: number, fields: readonly FixField[]): void {
    this.#write(this.encode(msgType, sequence, fields));
  }

  /** Sends messages again as they were, marked as possible duplicates. */
  resend(messages: readonly ResentMessage[]): void {
    const { timestamp } = this.#venue.times();
    this.#link.cork(() => {
      for (const { msgType, sequence, origSendingTime, body } of messages) {
        this.#write(this.encode(msgType, sequence, body, origSendingTime ?? timestamp));
      }
    });
  }

  /** The latest `count` messages of application data go out again, unasked. */
  repeatLast(count: number): void {
    const { history, nextOutgoing } = this.party;
    const kept = answerResend(history, { from: 1, to: nextOutgoing - 1, policy: "replay" });
    this.resend(kept.filter(({ msgType }) => msgType !== MsgType.sequenceReset).slice(-count));
  }

  /** The next `count` messages are spoiled on the wire. */
  damageNext(kind: Damage, count: number): void {
    this.#damage = { kind, left: count };
  }

  /**
   * The bytes of a message; nothing is sent.
   *
   * @param origSendingTime of a possible duplicate (43, 122); null: it is none
   */
  encode(msgType: string, sequence: number, body: readonly FixField[], origSendingTime: string | null = null): Buffer {
    const sendingTime = this.#venue.times().timestamp;
    const isPossDup = origSendingTime !== null;
    this.#builder.header({ ...this.#ids, msgType, sequence, sendingTime, isPossDup, origSendingTime });
    this.#builder.fields(body);
    return withPaddedLength(this.#builder.finish(), this.#venue.dialect.shape.bodyLengthDigits);
  }

  #write(bytes: Buffer): void {
    const damage = this.#damage;
    this.#link.write(damage === null ? bytes : damaged(bytes, damage.kind));
    if (damage !== null && --damage.left <= 0) this.#damage = null;
    this.#onSent();
  }
}
