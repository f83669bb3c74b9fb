import type { FeedEvent, RejectedMessage } from "../domain/feed-event.ts";
import type { ColdRecord } from "../publish/publisher.ts";
import type { RecordIdentity } from "./instrument-template.ts";

/** Bytes of a rejected message that are kept; the rest is cut and the cut is said. */
const REJECTED_BYTES_MAX = 16 * 1024;

/** The record of one feed event: key `source`, the same envelope as a quote. */
export function eventRecord(event: FeedEvent, identity: RecordIdentity): ColdRecord {
  const { type, ...payload } = event;
  return coldRecord(type, event.source, event.timeUs, payload, identity);
}

/** The record of one undecodable message: the reason, and its bytes as base64 and, where they are text, as text. */
export function rejectedRecord(message: RejectedMessage, identity: RecordIdentity): ColdRecord {
  const kept = Buffer.from(message.bytes.subarray(0, REJECTED_BYTES_MAX));
  const payload = {
    source: message.source,
    timeUs: message.timeUs,
    reason: message.reason,
    bytes: message.bytes.length,
    isCut: message.bytes.length > kept.length,
    base64: kept.toString("base64"),
    text: kept.toString("utf8"),
  };
  return coldRecord("market-data.rejected", message.source, message.timeUs, payload, identity);
}

function coldRecord(
  eventType: string,
  source: string,
  timeUs: number,
  payload: object,
  identity: RecordIdentity,
): ColdRecord {
  const value = {
    eventType,
    aggregateType: "market-data",
    aggregateId: source,
    payload,
    metadata: { source, session: identity.session, ingester: identity.ingester },
  };
  return {
    timestampMs: Math.floor(timeUs / 1000),
    key: Buffer.from(source),
    value: Buffer.from(JSON.stringify(value)),
    headers: [
      { key: "eventType", value: Buffer.from(eventType) },
      { key: "source", value: Buffer.from(source) },
      { key: "session", value: Buffer.from(identity.session) },
    ],
  };
}
