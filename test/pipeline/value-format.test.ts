// Both formats of every kind of record: against the published JSON Schema, and CloudEvents against the official SDK.
import { describe, expect, test } from "bun:test";
import { type CloudEvent, Kafka } from "cloudevents";
import fc from "fast-check";
import type { FeedEvent } from "../../src/domain/feed-event.ts";
import type { QuoteView } from "../../src/domain/quote.ts";
import { EventEnvelope } from "../../src/pipeline/event-envelope.ts";
import { GapNote } from "../../src/pipeline/gap-note.ts";
import type { RecordIdentity } from "../../src/pipeline/instrument-template.ts";
import { instrumentOf, quoteView } from "../harness/quotes.ts";
import { eventMessage, type Message, quoteMessage } from "../harness/record-messages.ts";
import { recordKindOf } from "../harness/record-schema.ts";

const TIME_US = 1_700_000_000_123_456;
const JSON_FORM: RecordIdentity = { session: "s-1", ingester: "edge-1", format: "json" };
const CLOUD_EVENTS: RecordIdentity = { ...JSON_FORM, format: "cloudevents" };
const CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8";

interface Value extends Record<string, unknown> {
  readonly payload: unknown;
  readonly metadata: unknown;
}

const EVENTS: readonly FeedEvent[] = [
  {
    type: "market-data.feed-status",
    source: "binance",
    timeUs: TIME_US,
    connection: 0,
    from: "live",
    to: "backing-off",
    code: "connection_lost",
    message: "the peer closed",
    attempt: 1,
    retryInMs: 512.5,
  },
  { type: "market-data.sequence-gap", source: "binance", symbol: "BTCUSDT", timeUs: TIME_US, from: "5", to: "9" },
  { type: "market-data.sequence-gap", source: "lp-alpha", timeUs: TIME_US, from: "5", to: "9" },
  { type: "market-data.feed-stale", source: "binance", timeUs: TIME_US, silentMs: 6000 },
  { type: "market-data.feed-stale", source: "binance", symbol: "BTCUSDT", timeUs: TIME_US, silentMs: 6000.25 },
  {
    type: "market-data.dropped",
    source: "binance",
    symbol: "BTCUSDT",
    timeUs: TIME_US,
    reason: "memory_full",
    session: "s-0",
    count: 3,
    fromSequence: 7,
    toSequence: 9,
  },
  { type: "market-data.dropped", source: "*", timeUs: TIME_US, reason: "spool_damaged", count: 3 },
];

/** One event of each kind, and a rejected message, with the names the schema has for them. */
function sideMessages(identity: RecordIdentity): Message[] {
  const envelope = new EventEnvelope(identity);
  const rejected = { source: "binance", timeUs: TIME_US, reason: "not_json", bytes: Buffer.from([0x7b, 0xff, 0]) };
  return [...EVENTS.map((event) => envelope.event(event)), envelope.rejected(rejected)].map(eventMessage);
}
const SIDE_KINDS = [
  "feedStatus",
  "sequenceGap",
  "sequenceGap",
  "feedStale",
  "feedStale",
  "dropped",
  "dropped",
  "rejected",
];

function quoteOf(symbol = "BTCUSDT", sequence = 17): QuoteView {
  const instrument = instrumentOf(symbol);
  instrument.sequence = sequence;
  return quoteView(instrument, { sequence: "400900217", venueTimeMs: 1_700_000_000_001, askSize: null });
}

function gapBytes(): Buffer {
  const note = new GapNote(TIME_US - 1000);
  for (const reason of ["sequence", "disconnect", "stale", "dropped"] as const) note.reasons.add(reason);
  note.fromVenueSequence = "5";
  note.toVenueSequence = "9";
  note.fromInstrumentSequence = 3;
  note.toInstrumentSequence = 4;
  return note.toBytes();
}

/** Reads it as the official SDK does, and throws unless that finds it valid. */
function sdkEvent(message: Message): CloudEvent<Value> {
  const event = Kafka.toEvent<Value>({ ...message, body: message.value }) as CloudEvent<Value>;
  expect(event.validate()).toBe(true);
  return event;
}

describe("the record's JSON Schema", () => {
  test.each([
    ["json", JSON_FORM, ""],
    ["cloudevents", CLOUD_EVENTS, "CloudEvent"],
  ] as const)("holds for every kind of record as %s", (_, identity, suffix) => {
    expect(recordKindOf(JSON.parse(quoteMessage(identity, quoteOf()).value))).toBe(`quote${suffix}`);
    expect(recordKindOf(JSON.parse(quoteMessage(identity, quoteOf(), gapBytes()).value))).toBe(`quote${suffix}`);
    const kinds = sideMessages(identity).map(({ value }) => recordKindOf(JSON.parse(value)));
    expect(kinds).toEqual(SIDE_KINDS.map((kind) => kind + suffix));
  });

  test.each([
    ["another member", "payload", { more: 1 }],
    ["a price that is a number", "payload", { bidPrice: 1.1 }],
    ["a price that is no number", "payload", { bidPrice: "1,1" }],
    ["a session that is no text", "metadata", { session: 1 }],
    ["no session", "metadata", { session: undefined }],
    ["an unknown reason of a gap", "metadata", { gap: { reasons: ["rain"], sinceUs: 1 } }],
  ])("does not hold for a quote with %s", (_, where, change) => {
    const value = JSON.parse(quoteMessage(JSON_FORM, quoteOf()).value);
    expect(recordKindOf(value)).toBe("quote");
    expect(() => recordKindOf({ ...value, [where]: { ...value[where], ...change } })).toThrow("is no record");
  });
});

describe("KAFKA_VALUE_FORMAT=cloudevents", () => {
  test("a quote, byte for byte", () => {
    const { key, headers, value } = quoteMessage(CLOUD_EVENTS, quoteOf());
    expect(key).toBe("binance:BTCUSDT");
    expect(headers).toEqual({
      eventType: "market-data.raw-price",
      source: "binance",
      symbol: "BTCUSDT",
      session: "s-1",
      "content-type": CONTENT_TYPE,
      seq: "17",
    });
    expect(value).toBe(
      '{"specversion":"1.0","type":"market-data.raw-price","source":"binance","subject":"BTCUSDT",' +
        '"datacontenttype":"application/json","data":{' +
        '"payload":{"source":"binance","sourceSymbol":"BTCUSDT","bidPrice":"1.10","bidSize":"2","askPrice":"1.20",' +
        '"askSize":null,"sourceTimestamp":1700000000001,"timestampSource":"venue","receivedTimestampUs":1700000000123456,' +
        '"sequenceNumber":42,"instrumentSequence":17,"venueSequence":"400900217","rawPayload":{"b":1}},' +
        '"metadata":{"source":"binance","symbol":"BTCUSDT","session":"s-1","ingester":"edge-1"}},' +
        '"id":"s-1:binance:BTCUSDT:17","time":"2023-11-14T22:13:20.123456Z"}',
    );
  });

  test("the SDK takes a quote for a CloudEvent in structured mode, with a gap as well", () => {
    for (const gap of [null, gapBytes()]) {
      const event = sdkEvent(quoteMessage(CLOUD_EVENTS, quoteOf(), gap));
      expect(event).toMatchObject({ id: "s-1:binance:BTCUSDT:17", source: "binance", type: "market-data.raw-price" });
      expect(event).toMatchObject({ subject: "BTCUSDT", datacontenttype: "application/json", specversion: "1.0" });
      const { payload, metadata } = JSON.parse(quoteMessage(JSON_FORM, quoteOf(), gap).value) as Value;
      expect(event.data).toEqual({ payload, metadata });
    }
  });

  test("the SDK takes events and rejected messages too, each with an id of its own", () => {
    const messages = sideMessages(CLOUD_EVENTS);
    const events = messages.map(sdkEvent);
    expect(new Set(events.map(({ id }) => id)).size).toBe(messages.length);
    expect(events[0].id).toBe("s-1:binance:market-data.feed-status:1");
    for (const [i, json] of sideMessages(JSON_FORM).entries()) {
      const { payload, metadata, eventType } = JSON.parse(json.value) as Value;
      expect(events[i].data).toEqual({ payload, metadata });
      expect<unknown>(events[i].type).toBe(eventType);
      expect(JSON.parse(messages[i].value).time).toBe("2023-11-14T22:13:20.123456Z");
      expect(messages[i].headers).toEqual({ ...json.headers, "content-type": CONTENT_TYPE });
      expect(messages[i].key).toBe(json.key);
    }
    expect(events.map(({ subject }) => subject)).toEqual([
      undefined,
      "BTCUSDT",
      undefined,
      undefined,
      "BTCUSDT",
      "BTCUSDT",
      undefined,
      undefined,
    ]);
  });

  test("the SDK takes no record for one with the default format", () => {
    for (const message of [quoteMessage(JSON_FORM, quoteOf()), ...sideMessages(JSON_FORM)])
      expect(() => sdkEvent(message)).toThrow("No CloudEvent");
  });

  test("property: any symbol, number, time and message give the data of the other format, and a valid event", () => {
    const quote = fc.record({
      symbol: fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
      sequence: fc.integer({ min: 1, max: 2 ** 53 - 1 }),
      receivedTimeUs: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
      raw: fc.json(),
      hasGap: fc.boolean(),
    });
    fc.assert(
      fc.property(quote, ({ symbol, sequence, receivedTimeUs, raw, hasGap }) => {
        const view = () => {
          const instrument = instrumentOf(symbol);
          instrument.sequence = sequence;
          return quoteView(instrument, { receivedTimeUs, raw });
        };
        const gap = hasGap ? gapBytes() : null;
        const message = quoteMessage(CLOUD_EVENTS, view(), gap);
        const { id, time, data, ...rest } = JSON.parse(message.value);
        const json = JSON.parse(quoteMessage(JSON_FORM, view(), gap).value) as Value;
        expect(data).toEqual({ payload: json.payload, metadata: json.metadata });
        expect(id).toBe(`s-1:binance:${symbol}:${sequence}`);
        expect(new Date(time).getTime()).toBe(Math.floor(receivedTimeUs / 1000));
        expect(rest["subject"]).toBe(symbol);
        expect(sdkEvent(message).id).toBe(id);
      }),
    );
  });
});
