import type { FeedEvent, RejectedMessage } from "../domain/feed-event.ts";
import type { ColdRecord } from "../publish/publisher.ts";
import type { RecordIdentity } from "./instrument-template.ts";
import { UtcTimeText } from "./utc-time-text.ts";
import { CLOUD_EVENT_CONTENT_TYPE } from "./value-format.ts";

/** Bytes of a rejected message that are kept; the rest is cut and the cut is said. */
const REJECTED_BYTES_MAX = 16 * 1024;
/** Room for a time as text. */
const TIME_BYTES = 32;

/** What one record tells, before it has its envelope. */
interface ColdEvent {
  readonly type: string;
  readonly source: string;
  /** Null: it is about no one instrument. */
  readonly symbol: string | null;
  readonly timeUs: number;
  readonly payload: object;
}

/** Makes the records of events and rejected messages: key `source`, the same envelope as a quote. One per process. */
export class EventEnvelope {
  readonly #identity: RecordIdentity;
  readonly #timeText = new UtcTimeText();
  /** Number of the last record in this life of the process: its CloudEvents are told apart by it. */
  #sequence = 0;

  constructor(identity: RecordIdentity) {
    this.#identity = identity;
  }

  /** The record of one feed event. */
  event({ type, ...payload }: FeedEvent): ColdRecord {
    const symbol = "symbol" in payload ? (payload.symbol ?? null) : null;
    return this.#record({ type, source: payload.source, symbol, timeUs: payload.timeUs, payload });
  }

  /** The record of one undecodable message: the reason, and its bytes as base64 and, where they are text, as text. */
  rejected({ source, timeUs, reason, bytes }: RejectedMessage): ColdRecord {
    const kept = Buffer.from(bytes.subarray(0, REJECTED_BYTES_MAX));
    const payload = {
      source,
      timeUs,
      reason,
      bytes: bytes.length,
      isCut: bytes.length > kept.length,
      base64: kept.toString("base64"),
      text: kept.toString("utf8"),
    };
    return this.#record({ type: "market-data.rejected", source, symbol: null, timeUs, payload });
  }

  #record(event: ColdEvent): ColdRecord {
    const { session, ingester, format } = this.#identity;
    this.#sequence++;
    const data = { payload: event.payload, metadata: { source: event.source, session, ingester } };
    const value = format === "json" ? jsonValue(event, data) : this.#cloudEvent(event, data);
    const headers = [
      { key: "eventType", value: Buffer.from(event.type) },
      { key: "source", value: Buffer.from(event.source) },
      { key: "session", value: Buffer.from(session) },
    ];
    if (format === "cloudevents") headers.push({ key: "content-type", value: Buffer.from(CLOUD_EVENT_CONTENT_TYPE) });
    return {
      timestampMs: Math.floor(event.timeUs / 1000),
      key: Buffer.from(event.source),
      value: Buffer.from(JSON.stringify(value)),
      headers,
    };
  }

  #cloudEvent({ type, source, symbol, timeUs }: ColdEvent, data: object): object {
    const time = Buffer.alloc(TIME_BYTES);
    const timeEnd = this.#timeText.write(time, 0, timeUs);
    return {
      specversion: "1.0",
      type,
      source,
      ...(symbol === null ? {} : { subject: symbol }),
      datacontenttype: "application/json",
      data,
      id: `${this.#identity.session}:${source}:${type}:${this.#sequence}`,
      time: time.toString("latin1", 0, timeEnd),
    };
  }
}

function jsonValue({ type, source }: ColdEvent, data: object): object {
  return { eventType: type, aggregateType: "market-data", aggregateId: source, ...data };
}
