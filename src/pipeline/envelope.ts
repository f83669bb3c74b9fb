// Hot path.
// Writes one quote as one Kafka record straight into the open batch: constant parts are bytes made at subscribe time,
// the rest is copied from the venue's message. No string and no object per quote.
import type { QuoteView } from "../domain/quote.ts";
import { digitCount, varintBytes, writeDigits, writeSlice, writeVarint } from "../publish/byte-writer.ts";
import type { RecordBatchBuilder } from "../publish/record-batch.ts";
import type { InstrumentTemplate } from "./instrument-template.ts";
import { rawTextBytesMax, writeRawText } from "./raw-text.ts";
import { RecordStamps } from "./record-stamps.ts";
import { UtcTimeText } from "./utc-time-text.ts";

const BID_SIZE = Buffer.from(',"bidSize":');
const ASK_PRICE = Buffer.from(',"askPrice":');
const ASK_SIZE = Buffer.from(',"askSize":');
const SEQUENCE_NUMBER = Buffer.from(',"sequenceNumber":');
const INSTRUMENT_SEQUENCE = Buffer.from(',"instrumentSequence":');
const VENUE_SEQUENCE = Buffer.from(',"venueSequence":"');
const RAW_PAYLOAD = Buffer.from(',"rawPayload":');
const TIME = Buffer.from('","time":"');
const NULL = Buffer.from("null");
const QUOTE_MARK = 0x22;
const CLOSING_BRACE = 0x7d;
/** Length prefix, attributes, timestamp delta, offset delta, value length: five varints at their widest and a byte. */
const RECORD_OVERHEAD_BYTES = 21;
/** `gap` goes before the braces that close metadata and what it stands in: the value, or the data of a CloudEvent. */
const CLOSING_BYTES = 2;
/** Room at first for a value and its headers; doubled when longer ones come, which the message cap of the feed bounds. */
const ROOM_AT_FIRST = 8192;
/** Of it, what stands in front of the stamps: as much as the names of the instrument and its prices need. */
const FRONT_ROOM_AT_FIRST = 1024;
/** At most so many bytes are stamps, numbers, times and names of members behind the prices. */
const MEMBERS_BYTES = 320;

/**
 * Encodes quotes; one per pipeline. `encode`, then reserve room, then `write`.
 *
 * A record is put together in a small place of its own, which stays in the nearest cache, and goes into the batch in one
 * piece: single bytes written to the batch, which does not, take longer than that. Its length is known then, too. The
 * stamps stand at the same offset in every record, and what is in front of them ends there: so they need not be written
 * where they do not change.
 */
export class EnvelopeEncoder {
  readonly #hasRawPayload: boolean;
  /** Value and headers of the record in hand, `[start, end)`. */
  #bytes: Buffer = Buffer.allocUnsafe(ROOM_AT_FIRST);
  #start = 0;
  #end = 0;
  #valueBytes = 0;
  readonly #stamps = new RecordStamps();
  readonly #time = new UtcTimeText();
  /** Where the stamps stand. */
  #stampsStart = FRONT_ROOM_AT_FIRST;

  /** @param rawPayload whether the venue's message goes into the record */
  constructor(rawPayload: "on" | "off") {
    this.#hasRawPayload = rawPayload === "on";
  }

  /**
   * Puts the record together, all but what the batch adds; returns an upper bound of its bytes.
   * @param gap bytes of the `gap` member with its comma, or null
   */
  encode(quote: QuoteView, template: InstrumentTemplate, sequence: number, gap: Buffer | null): number {
    const constants = template.bytes;
    const front = template.metadataStart - template.headStart + pricesBytes(quote);
    this.#makeRoom(quote, front, constants.length + (gap === null ? 0 : gap.length));
    const target = this.#bytes;
    const { sequence: instrumentSequence } = template.instrument;
    const instrumentDigits = digitCount(instrumentSequence);
    const start = this.#stampsStart - front;
    let at = writeSlice(target, start, constants, template.headStart, template.metadataStart);
    writePrices(target, at, quote);
    at = this.#stamps.write(target, this.#stampsStart, quote);
    at = writeSlice(target, at, SEQUENCE_NUMBER, 0, SEQUENCE_NUMBER.length);
    at = writeDigits(target, at, sequence, digitCount(sequence));
    at = writeSlice(target, at, INSTRUMENT_SEQUENCE, 0, INSTRUMENT_SEQUENCE.length);
    at = writeDigits(target, at, instrumentSequence, instrumentDigits);
    if (quote.sequenceStart >= 0) {
      at = writeSlice(target, at, VENUE_SEQUENCE, 0, VENUE_SEQUENCE.length);
      at = writeSlice(target, at, quote.fields, quote.sequenceStart, quote.sequenceEnd);
      target[at++] = QUOTE_MARK;
    }
    if (this.#hasRawPayload) at = writeRaw(target, at, quote);
    const closing = template.idStart - CLOSING_BYTES;
    let tail = template.metadataStart;
    if (gap !== null) {
      at = writeSlice(target, at, constants, tail, closing);
      at = writeSlice(target, at, gap, 0, gap.length);
      tail = closing;
    }
    if (template.idStart !== template.headersStart) {
      at = writeSlice(target, at, constants, tail, template.headersStart);
      at = this.#endCloudEvent(at, instrumentSequence, quote.receivedTimeUs);
      tail = template.headersStart;
    }
    this.#start = start;
    this.#valueBytes = at + template.headersStart - tail - start;
    at = writeSlice(target, at, constants, tail, constants.length);
    // The value of the last header, `seq`: a zigzag length below 64 is one byte.
    target[at++] = instrumentDigits << 1;
    this.#end = writeDigits(target, at, instrumentSequence, instrumentDigits);
    return this.#end - start + template.headStart + RECORD_OVERHEAD_BYTES;
  }

  /** Writes the record that was encoded last into `batch`, which has room for it, and commits it. */
  write(template: InstrumentTemplate, receivedTimeUs: number, batch: RecordBatchBuilder): void {
    const target = batch.bytes;
    const timestampMs = Math.floor(receivedTimeUs / 1000);
    const timestampDelta = timestampMs - batch.baseTimestampMs;
    const bodyBytes =
      1 +
      varintBytes(timestampDelta) +
      varintBytes(batch.recordCount) +
      template.headStart +
      varintBytes(this.#valueBytes) +
      this.#end -
      this.#start;
    let at = writeVarint(target, batch.position, bodyBytes);
    target[at++] = 0;
    at = writeVarint(target, at, timestampDelta);
    at = writeVarint(target, at, batch.recordCount);
    at = writeSlice(target, at, template.bytes, 0, template.headStart);
    at = writeVarint(target, at, this.#valueBytes);
    at = writeSlice(target, at, this.#bytes, this.#start, this.#end);
    batch.commit(at, timestampMs);
  }

  /** Writes the rest of a CloudEvent behind the beginning of its `id`: our number, and `time`, that of receipt. */
  #endCloudEvent(start: number, instrumentSequence: number, receivedTimeUs: number): number {
    const target = this.#bytes;
    let at = writeDigits(target, start, instrumentSequence, digitCount(instrumentSequence));
    at = writeSlice(target, at, TIME, 0, TIME.length);
    at = this.#time.write(target, at, receivedTimeUs);
    target[at++] = QUOTE_MARK;
    target[at++] = CLOSING_BRACE;
    return at;
  }

  /** Makes room for `front` bytes before the stamps, and behind them for the venue's message and `fixed` bytes. */
  #makeRoom(quote: QuoteView, front: number, fixed: number): void {
    const raw = this.#hasRawPayload ? rawTextBytesMax(quote.rawEnd - quote.rawStart) : 0;
    const behind = fixed + MEMBERS_BYTES + raw + quote.sequenceEnd - quote.sequenceStart;
    const isEnough = front <= this.#stampsStart && this.#stampsStart + behind <= this.#bytes.length;
    if (!isEnough) this.#grow(front, behind);
  }

  #grow(front: number, behind: number): void {
    while (this.#stampsStart < front) this.#stampsStart *= 2;
    let room = this.#bytes.length;
    while (room < this.#stampsStart + behind) room *= 2;
    this.#bytes = Buffer.allocUnsafe(room);
  }
}

/** Bytes of the prices and sizes with the names of those behind the first. */
function pricesBytes(quote: QuoteView): number {
  return (
    textBytes(quote.bidPriceStart, quote.bidPriceEnd) +
    textBytes(quote.bidSizeStart, quote.bidSizeEnd) +
    textBytes(quote.askPriceStart, quote.askPriceEnd) +
    textBytes(quote.askSizeStart, quote.askSizeEnd) +
    BID_SIZE.length +
    ASK_PRICE.length +
    ASK_SIZE.length
  );
}

/** Bytes of a price or size in the record: quoted text, or `null`. */
function textBytes(start: number, end: number): number {
  return start < 0 ? NULL.length : end - start + 2;
}

function writePrices(target: Buffer, start: number, quote: QuoteView): void {
  const fields = quote.fields;
  let at = writeText(target, start, fields, quote.bidPriceStart, quote.bidPriceEnd);
  at = writeSlice(target, at, BID_SIZE, 0, BID_SIZE.length);
  at = writeText(target, at, fields, quote.bidSizeStart, quote.bidSizeEnd);
  at = writeSlice(target, at, ASK_PRICE, 0, ASK_PRICE.length);
  at = writeText(target, at, fields, quote.askPriceStart, quote.askPriceEnd);
  at = writeSlice(target, at, ASK_SIZE, 0, ASK_SIZE.length);
  writeText(target, at, fields, quote.askSizeStart, quote.askSizeEnd);
}

function writeRaw(target: Buffer, start: number, quote: QuoteView): number {
  const at = writeSlice(target, start, RAW_PAYLOAD, 0, RAW_PAYLOAD.length);
  if (quote.isRawText) return writeRawText(target, at, quote.raw, quote.rawStart, quote.rawEnd);
  return writeSlice(target, at, quote.raw, quote.rawStart, quote.rawEnd);
}

function writeText(target: Buffer, at: number, fields: Uint8Array, start: number, end: number): number {
  if (start < 0) return writeSlice(target, at, NULL, 0, 4);
  target[at++] = QUOTE_MARK;
  at = writeSlice(target, at, fields, start, end);
  target[at++] = QUOTE_MARK;
  return at;
}
