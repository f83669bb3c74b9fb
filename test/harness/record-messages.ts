import type { QuoteView } from "../../src/domain/quote.ts";
import { EnvelopeEncoder } from "../../src/pipeline/envelope.ts";
import { createTemplate, type RecordIdentity } from "../../src/pipeline/instrument-template.ts";
import type { ColdRecord } from "../../src/publish/publisher.ts";
import { RecordBatchBuilder } from "../../src/publish/record-batch.ts";
import { readBatch } from "../../src/publish/record-batch-reader.ts";

/** A record as a Kafka client hands it over. */
export interface Message {
  readonly key: string;
  readonly headers: Record<string, string>;
  readonly value: string;
}

/** What the pipeline makes of one quote with the number its instrument has, `sequenceNumber` 42. */
export function quoteMessage(identity: RecordIdentity, quote: QuoteView, gap: Buffer | null = null): Message {
  const { instrument } = quote;
  if (instrument === null) throw new Error("the quote has no instrument");
  const template = createTemplate(instrument, identity);
  const encoder = new EnvelopeEncoder("on");
  const batch = new RecordBatchBuilder(10_000_000, 1);
  batch.begin(Math.floor(quote.receivedTimeUs / 1000), 0);
  const bytesMax = encoder.encode(quote, template, 42, gap);
  if (!batch.hasRoom(bytesMax)) throw new Error("the batch has no room");
  const before = batch.position;
  encoder.write(template, quote.receivedTimeUs, batch);
  if (batch.position - before > bytesMax) throw new Error(`The record is longer than the ${bytesMax} bytes foretold`);
  const [record] = readBatch(batch.seal("none").bytes).records;
  const text = (bytes: Uint8Array | null) => Buffer.from(bytes ?? []).toString("utf8");
  return {
    key: text(record.key),
    headers: Object.fromEntries(record.headers.map(({ key, value }) => [key, text(value)])),
    value: text(record.value),
  };
}

/** What the pipeline makes of an event or a rejected message. */
export function eventMessage({ key, headers, value }: ColdRecord): Message {
  return {
    key: key.toString(),
    headers: Object.fromEntries(headers.map((header) => [header.key, header.value.toString()])),
    value: value.toString(),
  };
}
