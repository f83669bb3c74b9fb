// Hot path.
// Writes one quote as one Kafka record straight into the open batch: constant parts are bytes made at subscribe time,
// the rest is copied from the venue's message. No string and no object per quote.
import type { QuoteView } from "../domain/quote.ts";
import { digitCount, varintBytes, writeDigits, writeSlice, writeVarint } from "../publish/byte-writer.ts";
import type { RecordBatchBuilder } from "../publish/record-batch.ts";
import type { InstrumentTemplate } from "./instrument-template.ts";
import { RawText } from "./raw-text.ts";

const BID_SIZE = Buffer.from(',"bidSize":');
const ASK_PRICE = Buffer.from(',"askPrice":');
const ASK_SIZE = Buffer.from(',"askSize":');
const SOURCE_TIMESTAMP = Buffer.from(',"sourceTimestamp":');
const BY_VENUE = Buffer.from(',"timestampSource":"venue","receivedTimestampUs":');
const BY_RECEIPT = Buffer.from(',"timestampSource":"received","receivedTimestampUs":');
const SEQUENCE_NUMBER = Buffer.from(',"sequenceNumber":');
const INSTRUMENT_SEQUENCE = Buffer.from(',"instrumentSequence":');
const VENUE_SEQUENCE = Buffer.from(',"venueSequence":"');
const RAW_PAYLOAD = Buffer.from(',"rawPayload":');
const NULL = Buffer.from("null");
const QUOTE_MARK = 0x22;
const CLOSING_BRACE = 0x7d;
/** Length prefix, attributes, timestamp delta, offset delta, value length: five varints at their widest and a byte. */
const RECORD_OVERHEAD_BYTES = 21;

/** Encodes quotes; one per pipeline. `measure`, then reserve room, then `write`. */
export class EnvelopeEncoder {
  readonly #hasRawPayload: boolean;
  readonly #rawText = new RawText();
  #valueBytes = 0;
  #sourceTimestampMs = 0;
  #sequenceDigits = 0;
  #instrumentDigits = 0;
  #receivedDigits = 0;
  #sourceTimestampDigits = 0;

  /** @param rawPayload whether the venue's message goes into the record */
  constructor(rawPayload: "on" | "off") {
    this.#hasRawPayload = rawPayload === "on";
  }

  /**
   * An upper bound of the record's bytes; remembers the exact value length for `write`.
   * @param gap bytes of the `gap` member with its comma, or null
   */
  measure(quote: QuoteView, template: InstrumentTemplate, sequence: number, gap: Buffer | null): number {
    const instrument = template.instrument;
    this.#sourceTimestampMs = quote.venueTimeMs >= 0 ? quote.venueTimeMs : Math.floor(quote.receivedTimeUs / 1000);
    this.#sourceTimestampDigits = digitCount(this.#sourceTimestampMs);
    this.#receivedDigits = digitCount(quote.receivedTimeUs);
    this.#sequenceDigits = digitCount(sequence);
    this.#instrumentDigits = digitCount(instrument.sequence);
    let bytes = template.head.length + template.metadata.length + 2;
    bytes += textBytes(quote.bidPriceStart, quote.bidPriceEnd) + BID_SIZE.length;
    bytes += textBytes(quote.bidSizeStart, quote.bidSizeEnd) + ASK_PRICE.length;
    bytes += textBytes(quote.askPriceStart, quote.askPriceEnd) + ASK_SIZE.length;
    bytes += textBytes(quote.askSizeStart, quote.askSizeEnd) + SOURCE_TIMESTAMP.length;
    bytes += this.#sourceTimestampDigits + (quote.venueTimeMs >= 0 ? BY_VENUE : BY_RECEIPT).length;
    bytes += this.#receivedDigits + SEQUENCE_NUMBER.length + this.#sequenceDigits;
    bytes += INSTRUMENT_SEQUENCE.length + this.#instrumentDigits;
    if (quote.sequenceStart >= 0) bytes += VENUE_SEQUENCE.length + quote.sequenceEnd - quote.sequenceStart + 1;
    if (this.#hasRawPayload) bytes += RAW_PAYLOAD.length + this.#rawBytes(quote);
    if (gap !== null) bytes += gap.length;
    this.#valueBytes = bytes;
    return (
      bytes + template.keyBlock.length + template.headers.length + 1 + this.#instrumentDigits + RECORD_OVERHEAD_BYTES
    );
  }

  /** Writes the record that was measured last into `batch`, which has room for it, and commits it. */
  write(
    quote: QuoteView,
    template: InstrumentTemplate,
    sequence: number,
    gap: Buffer | null,
    batch: RecordBatchBuilder,
  ): void {
    const target = batch.bytes;
    const timestampMs = Math.floor(quote.receivedTimeUs / 1000);
    const timestampDelta = timestampMs - batch.baseTimestampMs;
    const bodyBytes =
      1 +
      varintBytes(timestampDelta) +
      varintBytes(batch.recordCount) +
      template.keyBlock.length +
      varintBytes(this.#valueBytes) +
      this.#valueBytes +
      template.headers.length +
      1 +
      this.#instrumentDigits;
    let at = writeVarint(target, batch.position, bodyBytes);
    target[at++] = 0;
    at = writeVarint(target, at, timestampDelta);
    at = writeVarint(target, at, batch.recordCount);
    at = writeSlice(target, at, template.keyBlock, 0, template.keyBlock.length);
    at = writeVarint(target, at, this.#valueBytes);
    at = this.#writeValue(target, at, quote, template, sequence, gap);
    at = writeSlice(target, at, template.headers, 0, template.headers.length);
    // The value of the last header, `seq`: a zigzag length below 64 is one byte.
    target[at++] = this.#instrumentDigits << 1;
    at = writeDigits(target, at, template.instrument.sequence, this.#instrumentDigits);
    batch.commit(at, timestampMs);
  }

  /** Bytes of the venue's message in the record. */
  #rawBytes(quote: QuoteView): number {
    if (quote.isRawText) return this.#rawText.escape(quote.raw, quote.rawStart, quote.rawEnd);
    return quote.rawEnd - quote.rawStart;
  }

  #writeValue(
    target: Buffer,
    start: number,
    quote: QuoteView,
    template: InstrumentTemplate,
    sequence: number,
    gap: Buffer | null,
  ): number {
    const fields = quote.fields;
    let at = writeSlice(target, start, template.head, 0, template.head.length);
    at = writeText(target, at, fields, quote.bidPriceStart, quote.bidPriceEnd);
    at = writeSlice(target, at, BID_SIZE, 0, BID_SIZE.length);
    at = writeText(target, at, fields, quote.bidSizeStart, quote.bidSizeEnd);
    at = writeSlice(target, at, ASK_PRICE, 0, ASK_PRICE.length);
    at = writeText(target, at, fields, quote.askPriceStart, quote.askPriceEnd);
    at = writeSlice(target, at, ASK_SIZE, 0, ASK_SIZE.length);
    at = writeText(target, at, fields, quote.askSizeStart, quote.askSizeEnd);
    at = writeSlice(target, at, SOURCE_TIMESTAMP, 0, SOURCE_TIMESTAMP.length);
    at = writeDigits(target, at, this.#sourceTimestampMs, this.#sourceTimestampDigits);
    const by = quote.venueTimeMs >= 0 ? BY_VENUE : BY_RECEIPT;
    at = writeSlice(target, at, by, 0, by.length);
    at = writeDigits(target, at, quote.receivedTimeUs, this.#receivedDigits);
    at = writeSlice(target, at, SEQUENCE_NUMBER, 0, SEQUENCE_NUMBER.length);
    at = writeDigits(target, at, sequence, this.#sequenceDigits);
    at = writeSlice(target, at, INSTRUMENT_SEQUENCE, 0, INSTRUMENT_SEQUENCE.length);
    at = writeDigits(target, at, template.instrument.sequence, this.#instrumentDigits);
    if (quote.sequenceStart >= 0) {
      at = writeSlice(target, at, VENUE_SEQUENCE, 0, VENUE_SEQUENCE.length);
      at = writeSlice(target, at, fields, quote.sequenceStart, quote.sequenceEnd);
      target[at++] = QUOTE_MARK;
    }
    if (this.#hasRawPayload) {
      at = writeSlice(target, at, RAW_PAYLOAD, 0, RAW_PAYLOAD.length);
      at = quote.isRawText
        ? writeSlice(target, at, this.#rawText.bytes, 0, this.#rawText.length)
        : writeSlice(target, at, quote.raw, quote.rawStart, quote.rawEnd);
    }
    at = writeSlice(target, at, template.metadata, 0, template.metadata.length);
    if (gap !== null) at = writeSlice(target, at, gap, 0, gap.length);
    target[at++] = CLOSING_BRACE;
    target[at++] = CLOSING_BRACE;
    return at;
  }
}

/** Bytes of a price or size in the record: quoted text, or `null`. */
function textBytes(start: number, end: number): number {
  return start < 0 ? 4 : end - start + 2;
}

function writeText(target: Buffer, at: number, fields: Uint8Array, start: number, end: number): number {
  if (start < 0) return writeSlice(target, at, NULL, 0, 4);
  target[at++] = QUOTE_MARK;
  at = writeSlice(target, at, fields, start, end);
  target[at++] = QUOTE_MARK;
  return at;
}
