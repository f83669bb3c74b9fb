import type { Instrument } from "../domain/instrument.ts";
import { varint, withLength } from "../publish/length-prefix.ts";
import { CLOUD_EVENT_CONTENT_TYPE, type ValueFormat } from "./value-format.ts";

/** `eventType` of every quote record. */
export const RAW_PRICE_EVENT = "market-data.raw-price";

/** The parts of a record that never change for one instrument in one life of the process. */
export interface InstrumentTemplate {
  readonly instrument: Instrument;
  /** The record key, `source:symbol`. */
  readonly key: Buffer;
  /**
   * All of them in the order of the record, in one piece, so that a record touches as few lines of cache as may be: key
   * length and key | from the opening brace up to and with `"bidPrice":` | from the end of the payload up to and with two
   * closing braces, the first of `metadata`, where `gap` goes before them | of a CloudEvent, the beginning of its `id` |
   * header count and all headers, of the last one, `seq`, the name only.
   */
  readonly bytes: Buffer;
  readonly headStart: number;
  readonly metadataStart: number;
  /** Where the two closing braces end: `headersStart`, unless the value is a CloudEvent. */
  readonly idStart: number;
  readonly headersStart: number;
}

/** Who writes the records, and in which form. */
export interface RecordIdentity {
  /** One life of the process. */
  readonly session: string;
  /** `INSTANCE_ID`. */
  readonly ingester: string;
  readonly format: ValueFormat;
}

/** Makes the constant parts once, when the instrument is configured. */
export function createTemplate(instrument: Instrument, identity: RecordIdentity): InstrumentTemplate {
  const key = Buffer.from(keyText(instrument));
  const keyBlock = withLength(key);
  const isJson = identity.format === "json";
  const head = Buffer.from((isJson ? jsonHead(instrument) : cloudEventHead(instrument)) + payloadHead(instrument));
  const metadata = Buffer.from(metadataText(instrument, identity));
  const id = Buffer.from(isJson ? "" : idText(instrument, identity));
  const headers = headersOf(instrument, identity);
  const bytes = Buffer.concat([keyBlock, head, metadata, id, headers]);
  const headStart = keyBlock.length;
  const metadataStart = headStart + head.length;
  const idStart = metadataStart + metadata.length;
  return { instrument, key, bytes, headStart, metadataStart, idStart, headersStart: idStart + id.length };
}

function keyText({ source, symbol }: Instrument): string {
  return `${source}:${symbol}`;
}

function jsonHead(instrument: Instrument): string {
  const aggregateId = JSON.stringify(keyText(instrument));
  return `{"eventType":"${RAW_PRICE_EVENT}","aggregateType":"market-data","aggregateId":${aggregateId},`;
}

/** What changes with each quote, `id` and `time`, stands behind the data: the order of members means nothing. */
function cloudEventHead({ source, symbol }: Instrument): string {
  return (
    `{"specversion":"1.0","type":"${RAW_PRICE_EVENT}","source":${JSON.stringify(source)},` +
    `"subject":${JSON.stringify(symbol)},"datacontenttype":"application/json","data":{`
  );
}

function payloadHead({ source, symbol }: Instrument): string {
  return `"payload":{"source":${JSON.stringify(source)},"sourceSymbol":${JSON.stringify(symbol)},"bidPrice":`;
}

function metadataText({ source, symbol }: Instrument, { session, ingester }: RecordIdentity): string {
  return (
    `},"metadata":{"source":${JSON.stringify(source)},"symbol":${JSON.stringify(symbol)},` +
    `"session":${JSON.stringify(session)},"ingester":${JSON.stringify(ingester)}}}`
  );
}

/** `session:source:symbol:`, the number follows: so the string is left open. */
function idText(instrument: Instrument, { session }: RecordIdentity): string {
  return `,"id":${JSON.stringify(`${session}:${keyText(instrument)}:`).slice(0, -1)}`;
}

function headersOf(instrument: Instrument, identity: RecordIdentity): Buffer {
  const headers = [
    header("eventType", RAW_PRICE_EVENT),
    header("source", instrument.source),
    header("symbol", instrument.symbol),
    header("session", identity.session),
  ];
  if (identity.format === "cloudevents") headers.push(header("content-type", CLOUD_EVENT_CONTENT_TYPE));
  return Buffer.concat([varint(headers.length + 1), ...headers, withLength(Buffer.from("seq"))]);
}

function header(name: string, value: string): Buffer {
  return Buffer.concat([withLength(Buffer.from(name)), withLength(Buffer.from(value))]);
}
