import type { Instrument } from "../domain/instrument.ts";
import { varint, withLength } from "../publish/length-prefix.ts";

/** `eventType` of every quote record. */
export const RAW_PRICE_EVENT = "market-data.raw-price";

/** The parts of a record that never change for one instrument in one life of the process. */
export interface InstrumentTemplate {
  readonly instrument: Instrument;
  /** The record key, `source:symbol`. */
  readonly key: Buffer;
  /**
   * All of them in the order of the record, in one piece, so that a record touches as few lines of cache as may be: key
   * length and key | from the opening brace up to and with `"bidPrice":` | from the end of the payload with the closing
   * braces of the value, where `gap` goes before the braces | header count and all headers, of the last one, `seq`, the
   * name only.
   */
  readonly bytes: Buffer;
  readonly headStart: number;
  readonly metadataStart: number;
  readonly headersStart: number;
}

/** Who writes the records. */
export interface RecordIdentity {
  /** One life of the process. */
  readonly session: string;
  /** `INSTANCE_ID`. */
  readonly ingester: string;
}

/** Makes the constant parts once, when the instrument is configured. */
export function createTemplate(instrument: Instrument, identity: RecordIdentity): InstrumentTemplate {
  const { source, symbol } = instrument;
  const key = Buffer.from(`${source}:${symbol}`);
  const head =
    `{"eventType":"${RAW_PRICE_EVENT}","aggregateType":"market-data","aggregateId":${JSON.stringify(`${source}:${symbol}`)},` +
    `"payload":{"source":${JSON.stringify(source)},"sourceSymbol":${JSON.stringify(symbol)},"bidPrice":`;
  const metadata =
    `},"metadata":{"source":${JSON.stringify(source)},"symbol":${JSON.stringify(symbol)},` +
    `"session":${JSON.stringify(identity.session)},"ingester":${JSON.stringify(identity.ingester)}}}`;
  const keyBlock = withLength(key);
  const headers = Buffer.concat([
    varint(5),
    header("eventType", RAW_PRICE_EVENT),
    header("source", source),
    header("symbol", symbol),
    header("session", identity.session),
    withLength(Buffer.from("seq")),
  ]);
  const bytes = Buffer.concat([keyBlock, Buffer.from(head), Buffer.from(metadata), headers]);
  const headStart = keyBlock.length;
  const metadataStart = headStart + Buffer.byteLength(head);
  return { instrument, key, bytes, headStart, metadataStart, headersStart: bytes.length - headers.length };
}

function header(name: string, value: string): Buffer {
  return Buffer.concat([withLength(Buffer.from(name)), withLength(Buffer.from(value))]);
}
