import { AsciiMsgTransmitter } from "jspurefix/dist/transport/ascii/ascii-msg-transmitter.js";
import { formatUtcTimestamp } from "../../../fix/utc-timestamp.ts";
import type { FixField } from "../../../venues/compiled-fix-venue.ts";
import type { EngineConfig } from "./engine-config.ts";
import { FieldsBody, type HeaderValues } from "./fields-body.ts";

const EQUALS = 0x3d;
const SOH = 1;
/** SendingTime (52) in ms: what every LP takes. */
const TIME_DIGITS = 3;
/** In place of a character that ISO 8859-1 has no byte for, and of a SOH, which would make two fields of one. */
const REPLACEMENT = 0x3f;
const LATIN1_MAX = 0xff;
/** Name of the header in every QuickFIX dictionary. */
const HEADER = "StandardHeader";

/**
 * Writes our messages: header and bodies of the session by jspurefix's encoder and the dictionary, bodies of fields as they
 * are. Each is written at once, as a whole; the number is the session's, consumed before the bytes are out.
 */
export class MessageTransmitter extends AsciiMsgTransmitter {
  declare readonly config: EngineConfig;

  override get msgSeqNum(): number {
    return this.config.options.numbers.nextOutgoing;
  }

  /** jspurefix has its own idea of it when the LP resets the numbers; the gate has set them by then. */
  override set msgSeqNum(_sequence: number) {}

  override send(msgType: string, body: object): void {
    const sequence = this.msgSeqNum;
    const sendingTime = this.#now();
    const bytes = this.#encode({ msgType, body, header: { sequence, sendingTime }, more: {} });
    const { numbers, write } = this.config.options;
    numbers.nextOutgoing = sequence + 1;
    write(bytes);
  }

  /** Sends under a number that was used before: PossDupFlag (43) and OrigSendingTime (122). */
  sendAgain(sequence: number, msgType: string, body: object): void {
    const sendingTime = this.#now();
    const more = { PossDupFlag: true, OrigSendingTime: sendingTime };
    this.config.options.write(this.#encode({ msgType, body, header: { sequence, sendingTime }, more }));
  }

  #now(): string {
    return formatUtcTimestamp(this.config.options.clock.wallUs(), TIME_DIGITS);
  }

  #encode(message: OutgoingMessage): Buffer {
    const { msgType, body, header } = message;
    const { encoder, buffer } = this;
    // Before the buffer is touched: what it throws leaves nothing half written.
    const fields = body instanceof FieldsBody ? body.fieldsFor(header) : null;
    encoder.reset();
    encoder.encode(this.config.factory.header(msgType, header.sequence, header.sendingTime, message.more), HEADER);
    const bodyStart = encoder.msgTypePos;
    if (fields === null) encoder.encode(body, msgType);
    else for (const field of fields) this.#writeField(field);
    return frameOf(this.config.options.identity.beginString, buffer.slice().subarray(bodyStart));
  }

  #writeField([tag, value]: FixField): void {
    const { buffer } = this;
    buffer.writeWholeNumber(tag);
    buffer.writeChar(EQUALS);
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      buffer.writeChar(code > LATIN1_MAX || code === SOH ? REPLACEMENT : code);
    }
    buffer.writeChar(SOH);
  }
}

interface OutgoingMessage {
  readonly msgType: string;
  readonly body: object;
  readonly header: HeaderValues;
  readonly more: object;
}

/** A message around everything from `35=` on: BodyLength (9) without padding, CheckSum (10). */
function frameOf(beginString: string, body: Buffer): Buffer {
  const start = Buffer.from(`8=${beginString}\x019=${body.length}\x01`, "latin1");
  let sum = 0;
  for (const byte of start) sum += byte;
  for (const byte of body) sum += byte;
  const end = Buffer.from(`10=${String(sum % 256).padStart(3, "0")}\x01`, "latin1");
  return Buffer.concat([start, body, end]);
}
