import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { FeedEvent } from "../../src/domain/feed-event.ts";
import type { Instrument } from "../../src/domain/instrument.ts";
import { Ledger } from "../../src/pipeline/ledger.ts";
import { QuotePipeline } from "../../src/pipeline/quote-pipeline.ts";
import type { BatchTransport } from "../../src/publish/batch-transport.ts";
import { Publisher } from "../../src/publish/publisher.ts";
import { readBatch } from "../../src/publish/record-batch-reader.ts";
import type { SequenceRule } from "../../src/venues/compiled-venue.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { FakeTransport } from "../harness/fake-transport.ts";
import { instrumentOf, quoteView } from "../harness/quotes.ts";

const NONE: SequenceRule = { kind: "none", isEqualDuplicate: true, resetValue: null, onGap: "continue" };

async function setUp(
  options: { rule?: SequenceRule; memoryMaxBytes?: number; batchMaxBytes?: number; rawPayload?: "on" | "off" } = {},
) {
  const clock = new FakeClock();
  const transport = new FakeTransport();
  const ledger = new Ledger(["binance"]);
  const events: FeedEvent[] = [];
  const room = { forEvents: true };
  const untrusted: string[] = [];
  const publisher = new Publisher({
    transport: transport satisfies BatchTransport,
    clock,
    random: () => 1,
    topics: { quotes: "q", backfill: null, events: "e", rejected: "r" },
    compression: "zstd",
    isStamped: true,
    batchMaxBytes: options.batchMaxBytes ?? 100_000,
    lingerMs: 0,
    memoryMaxBytes: options.memoryMaxBytes ?? 10_000_000,
    feedNames: ["binance"],
    instrumentCount: 2,
    spool: null,
    spoolMode: "off",
    onRejected: () => {},
    onAssigned: () => {},
    onAcked: (counts) => ledger.ack(counts),
    onDropped: (counts, reason) => ledger.drop(reason, 0, counts[0]),
    onTrouble: () => {},
  });
  await publisher.start(new AbortController().signal);
  const pipeline = new QuotePipeline({
    identity: { session: "s-1", ingester: "edge-1", format: "json" },
    rawPayload: options.rawPayload ?? "on",
    ledger,
    events: {
      publishEvent: (event) => {
        if (room.forEvents) events.push(event);
        return room.forEvents;
      },
      publishRejected: () => {},
    },
    rules: [options.rule ?? NONE],
    laneFor: (key) => publisher.quoteLane(key),
    onUntrusted: (instrument, reason) => untrusted.push(`${instrument.symbol}: ${reason}`),
  });
  const instrument = instrumentOf();
  pipeline.register(instrument);
  const values = (): Record<string, never>[] => (transport.log.get("q/0") ?? []).map((text) => JSON.parse(text));
  const balance = () => ledger.rows(publisher.held())[0];
  return { clock, transport, ledger, events, room, untrusted, publisher, pipeline, instrument, values, balance };
}

describe("QuotePipeline", () => {
  test("writes the record of DESIGN.md §4, prices digit by digit, the venue's message unchanged", async () => {
    const { clock, transport, pipeline, instrument } = await setUp();
    pipeline.accept(
      quoteView(instrument, {
        bidPrice: "64123.10",
        bidSize: "0.00000001",
        askPrice: "64123.20",
        askSize: null,
        sequence: "400900217",
        venueTimeMs: 1_700_000_000_001,
        raw: '{"u":400900217, "b":"64123.10"}',
      }),
    );
    await clock.advance(0);
    expect(transport.log.get("q/0")).toEqual([
      '{"eventType":"market-data.raw-price","aggregateType":"market-data","aggregateId":"binance:BTCUSDT",' +
        '"payload":{"source":"binance","sourceSymbol":"BTCUSDT","bidPrice":"64123.10","bidSize":"0.00000001",' +
        '"askPrice":"64123.20","askSize":null,"sourceTimestamp":1700000000001,"timestampSource":"venue",' +
        '"receivedTimestampUs":1700000000123456,"sequenceNumber":1,"instrumentSequence":1,"venueSequence":"400900217",' +
        '"rawPayload":{"u":400900217, "b":"64123.10"}},' +
        '"metadata":{"source":"binance","symbol":"BTCUSDT","session":"s-1","ingester":"edge-1"}}',
    ]);
  });

  test("key and headers name eventType, source, symbol, session and seq", async () => {
    const { publisher, pipeline, instrument } = await setUp();
    for (let i = 0; i < 12; i++) pipeline.accept(quoteView(instrument));
    const [record] = readBatch(
      publisher.quoteLane(Buffer.from("binance:BTCUSDT")).open.seal("none").bytes,
    ).records.slice(-1);
    expect(Buffer.from(record.key ?? []).toString()).toBe("binance:BTCUSDT");
    expect(Object.fromEntries(record.headers.map((h) => [h.key, Buffer.from(h.value).toString()]))).toEqual({
      eventType: "market-data.raw-price",
      source: "binance",
      symbol: "BTCUSDT",
      session: "s-1",
      seq: "12",
    });
  });

  test("without a venue time the receipt's is given and said to be", async () => {
    const { clock, pipeline, instrument, values } = await setUp({ rawPayload: "off" });
    pipeline.accept(quoteView(instrument));
    await clock.advance(0);
    const [value] = values() as unknown as { payload: Record<string, unknown> }[];
    expect(value.payload["sourceTimestamp"]).toBe(1_700_000_000_123);
    expect(value.payload["timestampSource"]).toBe("received");
    expect("venueSequence" in value.payload).toBe(false);
    expect("rawPayload" in value.payload).toBe(false);
  });

  test("any quote gives a record that JSON.parse reads back to the digit", async () => {
    const decimal = fc.option(fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,18})?$/), { nil: null });
    const { clock, transport, pipeline, instrument } = await setUp();
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          bidPrice: decimal,
          bidSize: decimal,
          askPrice: decimal,
          askSize: decimal,
          sequence: fc.option(fc.bigInt({ min: 0n, max: 10n ** 24n - 1n }).map(String), { nil: null }),
          raw: fc.json(),
          venueTimeMs: fc.oneof(fc.constant(-1), fc.integer({ min: 946_684_800_000, max: 4_102_444_800_000 })),
          receivedTimeUs: fc.integer({ min: 1_600_000_000_000_000, max: 4_102_444_800_000_000 }),
        }),
        async (text) => {
          transport.log.clear();
          pipeline.accept(quoteView(instrument, text));
          await clock.advance(1);
          const [record] = transport.log.get("q/0") ?? [];
          const { payload } = JSON.parse(record);
          expect(payload.bidPrice).toBe(text.bidPrice);
          expect(payload.bidSize).toBe(text.bidSize);
          expect(payload.askPrice).toBe(text.askPrice);
          expect(payload.askSize).toBe(text.askSize);
          expect(payload.venueSequence ?? null).toBe(text.sequence);
          expect(payload.receivedTimestampUs).toBe(text.receivedTimeUs);
          expect(payload.rawPayload).toEqual(JSON.parse(text.raw));
        },
      ),
    );
  });

  test("sequenceNumber runs over the source, instrumentSequence over the symbol", async () => {
    const { clock, pipeline, instrument, values } = await setUp();
    const other = instrumentOf("ETHUSDT", 1);
    pipeline.register(other);
    for (const one of [instrument, other, instrument]) pipeline.accept(quoteView(one));
    await clock.advance(0);
    const numbers = (values() as unknown as { payload: Record<string, unknown> }[]).map(({ payload }) => [
      payload["sourceSymbol"],
      payload["sequenceNumber"],
      payload["instrumentSequence"],
    ]);
    expect(numbers).toEqual([
      ["BTCUSDT", 1, 1],
      ["ETHUSDT", 2, 1],
      ["BTCUSDT", 3, 2],
    ]);
  });

  test("a gap is published as an event, told by the next quote alone, and asks for a snapshot", async () => {
    const rule: SequenceRule = { ...NONE, kind: "contiguous", onGap: "resubscribe" };
    const { clock, pipeline, instrument, values, events, untrusted } = await setUp({ rule });
    for (const sequence of ["7", "9", "10"]) pipeline.accept(quoteView(instrument, { sequence }));
    await clock.advance(0);
    expect(events).toEqual([
      {
        type: "market-data.sequence-gap",
        source: "binance",
        symbol: "BTCUSDT",
        timeUs: 1_700_000_000_123_456,
        from: "7",
        to: "9",
      },
    ]);
    const gaps = (values() as unknown as { metadata: { gap?: unknown } }[]).map((value) => value.metadata.gap);
    expect(gaps).toEqual([
      undefined,
      { reasons: ["sequence"], sinceUs: 1_700_000_000_123_456, fromVenueSequence: "7", toVenueSequence: "9" },
      undefined,
    ]);
    expect(untrusted).toEqual(["BTCUSDT: sequence gap"]);
    expect(pipeline.counters[0].gaps).toBe(1);
  });

  test("a hole in a connection's numbers is one event, told by the next quote of each symbol that had one", async () => {
    const { clock, pipeline, instrument, values, events } = await setUp({ rule: { ...NONE, kind: "increasing" } });
    const fresh = instrumentOf("ETHUSDT", 1);
    pipeline.register(fresh);
    pipeline.accept(quoteView(instrument, { sequence: "7" }));
    const timeUs = 1_700_000_001_000_000;
    pipeline.reportGap({ instruments: [instrument, fresh], isWhole: true, from: "7", to: "9", timeUs });
    pipeline.reportGap({ instruments: [instrument, fresh], isWhole: true, from: "11", to: "14", timeUs });
    for (const each of [instrument, fresh]) pipeline.accept(quoteView(each, { sequence: "14" }));
    await clock.advance(0);
    const type = "market-data.sequence-gap";
    expect(events).toEqual([
      { type, source: "binance", timeUs, from: "7", to: "9" },
      { type, source: "binance", timeUs, from: "11", to: "14" },
    ]);
    const gaps = (values() as unknown as { metadata: { gap?: unknown } }[]).map((value) => value.metadata.gap);
    const told = { reasons: ["sequence"], sinceUs: timeUs, fromVenueSequence: "7", toVenueSequence: "14" };
    expect(gaps).toEqual([undefined, told, undefined]);
    expect(pipeline.counters[0].gaps).toBe(2);
  });

  test("a hole in one symbol's numbers names the symbol", async () => {
    const { pipeline, instrument, events } = await setUp({ rule: NONE });
    pipeline.accept(quoteView(instrument));
    pipeline.reportGap({ instruments: [instrument], isWhole: false, from: "1", to: "3", timeUs: 5 });
    expect(events).toMatchObject([{ type: "market-data.sequence-gap", symbol: "BTCUSDT", from: "1", to: "3" }]);
  });

  test("duplicates and regressions are counted and not published", async () => {
    const { clock, pipeline, instrument, values, balance } = await setUp({ rule: { ...NONE, kind: "increasing" } });
    for (const sequence of ["5", "5", "4", "6"]) pipeline.accept(quoteView(instrument, { sequence }));
    await clock.advance(0);
    expect(values()).toHaveLength(2);
    expect(pipeline.counters[0]).toMatchObject({ duplicates: 1, regressions: 1, sequence: 2 });
    expect(balance()).toMatchObject({ accepted: 2, acked: 2, balanceError: 0 });
  });

  test("after a disconnect the first quote of each symbol says so, but not of one that never had a quote", async () => {
    const { clock, pipeline, instrument, values } = await setUp({ rule: { ...NONE, kind: "increasing" } });
    const fresh = instrumentOf("ETHUSDT", 1);
    pipeline.register(fresh);
    pipeline.accept(quoteView(instrument, { sequence: "500" }));
    pipeline.interrupt([instrument, fresh], "disconnect", 1_700_000_001_000_000);
    pipeline.accept(quoteView(instrument, { sequence: "3", epoch: 2 }));
    pipeline.accept(quoteView(fresh, { sequence: "3", epoch: 2 }));
    await clock.advance(0);
    const gaps = (values() as unknown as { metadata: { gap?: { reasons: string[] } } }[]).map(
      (value) => value.metadata.gap?.reasons,
    );
    expect(gaps).toEqual([undefined, ["disconnect"], undefined]);
  });

  test("make before break: the newer session takes over, the older one is not published any more", async () => {
    const { clock, pipeline, instrument, values } = await setUp({ rule: { ...NONE, kind: "increasing" } });
    pipeline.accept(quoteView(instrument, { sequence: "10", epoch: 1 }));
    pipeline.accept(quoteView(instrument, { sequence: "9", epoch: 2 }));
    pipeline.accept(quoteView(instrument, { sequence: "11", epoch: 1 }));
    pipeline.accept(quoteView(instrument, { sequence: "12", epoch: 2 }));
    pipeline.accept(quoteView(instrument, { sequence: "13", epoch: 1 }));
    await clock.advance(0);
    const published = (values() as unknown as { payload: { venueSequence: string } }[]).map(
      (value) => value.payload.venueSequence,
    );
    expect(published).toEqual(["10", "11", "12"]);
    expect(pipeline.counters[0].superseded).toBe(1);
  });

  test("when memory is full quotes are dropped, counted, published as dropped, and the next quote tells", async () => {
    const { clock, transport, pipeline, instrument, events, values, balance } = await setUp({
      memoryMaxBytes: 200_000,
      batchMaxBytes: 17_000,
    });
    transport.isHeld = true;
    const raw = () => JSON.stringify({ x: crypto.randomUUID().repeat(20) });
    let accepted = 0;
    while (balance().dropped.memory_full < 3 && accepted < 10_000) {
      pipeline.accept(quoteView(instrument, { raw: raw() }));
      accepted++;
    }
    expect(balance()).toMatchObject({ accepted, acked: 0, balanceError: 0 });
    transport.release();
    for (let i = 0; i < 100; i++) await clock.advance(10);
    pipeline.accept(quoteView(instrument));
    await clock.advance(10);
    const dropped = { fromSequence: accepted - 2, toSequence: accepted };
    expect(events).toEqual([
      expect.objectContaining({ type: "market-data.dropped", reason: "memory_full", count: 3, ...dropped }),
    ]);
    const last = values().at(-1) as unknown as { metadata: { gap: unknown } };
    expect(last.metadata.gap).toMatchObject({
      reasons: ["dropped"],
      fromInstrumentSequence: dropped.fromSequence,
      toInstrumentSequence: dropped.toSequence,
    });
    expect(balance()).toMatchObject({ accepted: accepted + 1, acked: accepted - 2, inMemory: 0, balanceError: 0 });
  });

  test("a record larger than any batch is dropped as such", async () => {
    const { pipeline, instrument, balance } = await setUp({ batchMaxBytes: 20_000 });
    pipeline.accept(quoteView(instrument, { raw: JSON.stringify("x".repeat(30_000)) }));
    expect(balance().dropped.record_too_large).toBe(1);
    expect(balance().balanceError).toBe(0);
  });

  test("flushDropped() publishes a run that no later quote has closed", async () => {
    const { pipeline, instrument, events } = await setUp({ batchMaxBytes: 20_000 });
    pipeline.accept(quoteView(instrument as Instrument, { raw: JSON.stringify("x".repeat(30_000)) }));
    expect(events).toHaveLength(0);
    pipeline.flushDropped(1_700_000_009_000_000);
    pipeline.flushDropped(1_700_000_009_000_000);
    expect(events).toHaveLength(1);
  });

  test("a run of drops whose event finds no room is kept, grows, and is told once there is room", async () => {
    const { clock, pipeline, instrument, events, room, values } = await setUp({ batchMaxBytes: 20_000 });
    const tooLarge = { raw: JSON.stringify("x".repeat(30_000)) };
    room.forEvents = false;
    pipeline.accept(quoteView(instrument, tooLarge));
    pipeline.flushDropped(1_700_000_009_000_000);
    pipeline.accept(quoteView(instrument));
    pipeline.accept(quoteView(instrument, tooLarge));
    pipeline.flushDropped(1_700_000_010_000_000);
    expect(events).toEqual([]);
    room.forEvents = true;
    pipeline.accept(quoteView(instrument));
    pipeline.flushDropped(1_700_000_011_000_000);
    expect(events).toEqual([
      expect.objectContaining({ reason: "record_too_large", count: 2, fromSequence: 1, toSequence: 3 }),
    ]);
    await clock.advance(0);
    const gaps = (values() as unknown as { metadata: { gap?: object } }[]).map((value) => value.metadata.gap);
    expect(gaps).toEqual([
      expect.objectContaining({ fromInstrumentSequence: 1, toInstrumentSequence: 1 }),
      expect.objectContaining({ fromInstrumentSequence: 3, toInstrumentSequence: 3 }),
    ]);
  });
});
