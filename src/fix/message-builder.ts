import type { FixField } from "../venues/compiled-fix-venue.ts";
import { EQUALS, SOH } from "./data-fields.ts";
import { Tag } from "./tags.ts";

/** Room before the body: `8=FIXT.1.1|9=…|` is written there when its length is known. */
const FRONT_BYTES = 40;
/** Room at first; grows by doubling, bounded by what the caller writes. */
const BYTES_AT_FIRST = 1024;
/** Length of `10=123` and its SOH. */
const TRAILER_BYTES = 7;
/** A character above U+00FF, which has no byte in ISO 8859-1, and a SOH in a text, which would end the field. */
const REPLACEMENT = 0x3f;
const LATIN1_MAX = 0xff;

/** What goes before the body of a message. */
export interface MessageHeader {
  /** BeginString (8). */
  readonly beginString: string;
  /** MsgType (35). */
  readonly msgType: string;
  /** MsgSeqNum (34). */
  readonly sequence: number;
  /** SenderCompID (49). */
  readonly sender: string;
  /** TargetCompID (56). */
  readonly target: string;
  /** SenderSubID (50) and TargetSubID (57); absent or null = not sent. */
  readonly senderSub?: string | null;
  readonly targetSub?: string | null;
  /** SendingTime (52). */
  readonly sendingTime: string;
  /** PossDupFlag (43) = Y. */
  readonly isPossDup?: boolean;
  /** OrigSendingTime (122); absent or null = not sent. */
  readonly origSendingTime?: string | null;
}

/**
 * Writes FIX messages into one buffer that it uses again: `begin`, then the fields in the order they are to have, then
 * `finish`, which puts BodyLength (9, without padding) and CheckSum (10) in place.
 *
 * Text becomes ISO 8859-1, a byte per character; a character that has none, and SOH, becomes `?`. Bytes stay as they are.
 */
export class MessageBuilder {
  #bytes = new Uint8Array(BYTES_AT_FIRST);
  #end = FRONT_BYTES;
  #beginString = "";

  /** Starts a message anew: BeginString (8) and MsgType (35). */
  begin(beginString: string, msgType: string): void {
    this.#beginString = beginString;
    this.#end = FRONT_BYTES;
    this.text(Tag.msgType, msgType);
  }

  /** Starts a message anew with its whole header, in the order most engines write. */
  header(header: MessageHeader): void {
    this.begin(header.beginString, header.msgType);
    this.number(Tag.msgSeqNum, header.sequence);
    if (header.isPossDup === true) this.text(Tag.possDupFlag, "Y");
    this.text(Tag.senderCompId, header.sender);
    if (typeof header.senderSub === "string") this.text(Tag.senderSubId, header.senderSub);
    this.text(Tag.sendingTime, header.sendingTime);
    this.text(Tag.targetCompId, header.target);
    if (typeof header.targetSub === "string") this.text(Tag.targetSubId, header.targetSub);
    if (typeof header.origSendingTime === "string") this.text(Tag.origSendingTime, header.origSendingTime);
  }

  /** Adds one field of text. */
  text(tag: number, value: string): void {
    this.#tag(tag, value.length);
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      this.#bytes[this.#end++] = code > LATIN1_MAX || code === SOH ? REPLACEMENT : code;
    }
    this.#bytes[this.#end++] = SOH;
  }

  /** Adds one field that is a whole number. */
  number(tag: number, value: number): void {
    this.text(tag, String(value));
  }

  /** Adds one field of bytes, as they are: a data field's length field is the caller's to write before. */
  data(tag: number, value: Uint8Array): void {
    this.#tag(tag, value.length);
    this.#bytes.set(value, this.#end);
    this.#end += value.length;
    this.#bytes[this.#end++] = SOH;
  }

  /** Adds fields of text, in order. */
  fields(fields: readonly FixField[]): void {
    for (const [tag, value] of fields) this.text(tag, value);
  }

  /** Completes the message; its bytes are good until the next `begin`. */
  finish(): Uint8Array {
    const front = `8=${this.#beginString}\u00019=${this.#end - FRONT_BYTES}\u0001`;
    const start = FRONT_BYTES - front.length;
    if (start < 0) throw new RangeError(`Cannot write BeginString '${this.#beginString}': it is too long`);
    for (let i = 0; i < front.length; i++) this.#bytes[start + i] = front.charCodeAt(i);
    this.#reserve(TRAILER_BYTES);
    let sum = 0;
    for (let at = start; at < this.#end; at++) sum += this.#bytes[at];
    const trailer = `10=${String(sum & 255).padStart(3, "0")}\u0001`;
    for (let i = 0; i < trailer.length; i++) this.#bytes[this.#end++] = trailer.charCodeAt(i);
    return this.#bytes.subarray(start, this.#end);
  }

  /** Writes `tag=` and makes room for the value and its SOH. */
  #tag(tag: number, valueBytes: number): void {
    const text = String(tag);
    this.#reserve(text.length + valueBytes + 2);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#end++] = text.charCodeAt(i);
    this.#bytes[this.#end++] = EQUALS;
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.length) return;
    let room = this.#bytes.length;
    while (room < needed) room *= 2;
    const larger = new Uint8Array(room);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** One whole message in bytes of its own. */
export function buildMessage(header: MessageHeader, fields: readonly FixField[]): Uint8Array {
  const builder = new MessageBuilder();
  builder.header(header);
  builder.fields(fields);
  return builder.finish().slice();
}
