import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Instrument } from "../../src/domain/instrument.ts";
import { findBuiltInProfile } from "../../src/venues/built-in-venues.ts";
import { compileVenue, type VenueOptions } from "../../src/venues/compile-venue.ts";
import type { CompiledVenue, ControlMessage } from "../../src/venues/compiled-venue.ts";
import { FLAT_QUOTE, type ProfileInput, testVenue } from "./test-profile.ts";

function builtIn(name: string, options: VenueOptions = {}): CompiledVenue {
  const profile = findBuiltInProfile(name, "websocket");
  if (profile === null) throw new Error(`${name} is no built-in venue`);
  return compileVenue(profile, options);
}

function counter(): () => number {
  let id = 0;
  return () => ++id;
}

/** What the venue reads in a frame after it was asked to subscribe the symbols. */
function control(venue: CompiledVenue, symbols: readonly string[], text: string): ControlMessage {
  venue.subscribeRequests(symbols, counter(), 1_700_000_000_999);
  return venue.readControl(Buffer.from(text, "utf8"));
}

describe("subscribeRequests()", () => {
  test("splits by symbolsPerRequest and numbers the requests", () => {
    const venue = testVenue({
      subscribe: { op: "sub", args: { $each: "q.{symbol.lower}" }, id: "{id}" },
      limits: { symbolsPerConnection: 10, symbolsPerRequest: 2 },
    });
    expect(venue.subscribeRequests(["AAA", "BBB", "CCC"], counter(), 1_700_000_000_999)).toEqual([
      { text: '{"op":"sub","args":["q.aaa","q.bbb"],"id":1}', id: 1, symbols: ["AAA", "BBB"] },
      { text: '{"op":"sub","args":["q.ccc"],"id":2}', id: 2, symbols: ["CCC"] },
    ]);
  });

  test("uses up no id where the venue has none, and asks for nothing without symbols", () => {
    const nextId = counter();
    expect(testVenue().subscribeRequests(["AAA"], nextId, 1_700_000_000_999)).toEqual([
      { text: '{"op":"sub","symbols":["AAA"]}', id: 0, symbols: ["AAA"] },
    ]);
    expect(nextId()).toBe(1);
    expect(testVenue().subscribeRequests([], nextId, 1_700_000_000_999)).toEqual([]);
  });

  test.each([
    ["binance", '{"method":"SUBSCRIBE","params":["btcusdt@bookTicker","ethusdt@bookTicker"],"id":1}'],
    ["coinbase", '{"type":"subscribe","product_ids":["BTC-USD"],"channels":["ticker","heartbeat"]}'],
    [
      "kraken",
      '{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD","ETH/USD"],"event_trigger":"bbo","snapshot":true},"req_id":1}',
    ],
    ["okx", '{"op":"subscribe","args":[{"channel":"bbo-tbt","instId":"BTC-USDT"}]}'],
    ["bybit", '{"req_id":"1","op":"subscribe","args":["orderbook.1.BTCUSDT"]}'],
    ["bitstamp", '{"event":"bts:subscribe","data":{"channel":"order_book_btcusd"}}'],
    ["gemini", '{"method":"SUBSCRIBE","params":["btcusd@bookTicker"],"id":1}'],
    [
      "deribit",
      '{"jsonrpc":"2.0","id":1,"method":"public/subscribe","params":{"channels":["quote.BTC-PERPETUAL","quote.ETH-PERPETUAL"]}}',
    ],
    ["gate", '{"time":1700000000,"id":1,"channel":"spot.book_ticker","event":"subscribe","payload":["BTC_USDT"]}'],
  ])("%s: as the venue documents it", (name, text) => {
    const symbols = (findBuiltInProfile(name, "websocket")?.symbols.default ?? []).slice(0, 2);
    expect(builtIn(name).subscribeRequests(symbols, counter(), 1_700_000_000_999)[0]?.text).toBe(text);
  });

  test.each([
    ["binance", '{"method":"UNSUBSCRIBE","params":["btcusdt@bookTicker"],"id":1}'],
    ["coinbase", '{"type":"unsubscribe","product_ids":["BTC-USD"],"channels":["ticker","heartbeat"]}'],
    [
      "kraken",
      '{"method":"unsubscribe","params":{"channel":"ticker","symbol":["BTC/USD"],"event_trigger":"bbo"},"req_id":1}',
    ],
    ["okx", '{"op":"unsubscribe","args":[{"channel":"bbo-tbt","instId":"BTC-USDT"}]}'],
    ["bybit", '{"req_id":"1","op":"unsubscribe","args":["orderbook.1.BTCUSDT"]}'],
    ["bitstamp", '{"event":"bts:unsubscribe","data":{"channel":"order_book_btcusd"}}'],
    ["deribit", '{"jsonrpc":"2.0","id":1,"method":"public/unsubscribe","params":{"channels":["quote.BTC-PERPETUAL"]}}'],
    ["gate", '{"time":1700000000,"id":1,"channel":"spot.book_ticker","event":"unsubscribe","payload":["BTC_USDT"]}'],
  ])("%s: unsubscribes as the venue documents it", (name, text) => {
    const symbols = (findBuiltInProfile(name, "websocket")?.symbols.default ?? []).slice(0, 1);
    expect(builtIn(name).unsubscribeRequests(symbols, counter(), 1_700_000_000_999)[0]?.text).toBe(text);
  });
});

describe("openingTexts()", () => {
  test("fills in the id and the time of each message, and uses up no id where none is asked for", () => {
    const venue = testVenue({
      opening: [
        { op: "hello", at: "{time.ms}" },
        { op: "beat", id: "{id}" },
      ],
    });
    expect(venue.openingTexts(counter(), 1_700_000_000_999)).toEqual([
      '{"op":"hello","at":1700000000999}',
      '{"op":"beat","id":1}',
    ]);
    expect(testVenue().openingTexts(counter(), 0)).toEqual([]);
  });

  test("deribit: asks for heartbeats as the venue documents it", () => {
    expect(builtIn("deribit").openingTexts(counter(), 0)).toEqual([
      '{"jsonrpc":"2.0","id":1,"method":"public/set_heartbeat","params":{"interval":10}}',
    ]);
  });
});

describe("ping", () => {
  test.each([
    ["kraken", '{"method":"ping","req_id":1}'],
    ["okx", "ping"],
    ["bybit", '{"req_id":"1","op":"ping"}'],
    ["bitstamp", '{"event":"bts:heartbeat"}'],
    ["gate", '{"time":1700000000,"channel":"spot.ping"}'],
    ["coinbase", ""],
  ])("%s pings with %p", (name, text) => {
    const venue = builtIn(name);
    expect(venue.pingText(counter(), 1_700_000_000_000)).toBe(text);
    expect(venue.ping?.isFrame).toBe(text === "");
  });

  test("fills in the time", () => {
    const venue = testVenue({ ping: { everyMs: 1000, message: { time: "{time.s}", channel: "ping" } } });
    expect(venue.pingText(counter(), 1_700_000_000_999)).toBe('{"time":1700000000,"channel":"ping"}');
  });

  test("pingIntervalMs changes the interval, adds a ping frame where there was none, and 0 switches it off", () => {
    expect(builtIn("coinbase").ping).toEqual({ everyMs: 30_000, when: "always", isFrame: true });
    expect(builtIn("okx", { pingIntervalMs: 5000 }).ping).toEqual({ everyMs: 5000, when: "idle", isFrame: false });
    expect(builtIn("okx", { pingIntervalMs: 0 }).ping).toBeNull();
    expect(testVenue().ping).toBeNull();
  });
});

describe("compileVenue()", () => {
  test("takes another address, but no other protocol", () => {
    expect(builtIn("binance", { urlOverride: "ws://127.0.0.1:9/x" }).url).toBe("ws://127.0.0.1:9/x");
    for (const urlOverride of ["http://127.0.0.1", "127.0.0.1:9", "wss//x", ""]) {
      expect(() => builtIn("binance", { urlOverride })).toThrow("it must start with ws:// or wss://");
    }
  });

  test("keeps a secret in a bad address out of the error", () => {
    expect(() => builtIn("binance", { urlOverride: "https://x/?token=s3cret" })).not.toThrow("s3cret");
  });

  test("createDecoder() refuses symbols the venue cannot have, and two that are one", () => {
    const create = (name: string, ...symbols: string[]) => {
      const instruments = symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: name, symbol }));
      return () => builtIn(name).createDecoder(instruments, { accept: () => {} }, 1);
    };
    expect(create("coinbase", "BTCUSD")).toThrow(
      'Cannot use the symbols: "BTCUSD" is not a symbol of coinbase: want one like "BTC-USD"',
    );
    expect(create("binance", "BTCUSDT", "btcusdt")).toThrow('two of them are "BTCUSDT" at the venue');
    expect(create("binance", "BTCUSDT", "币安人生USDT")).not.toThrow();
  });
});

describe("readControl()", () => {
  const messages: ProfileInput["messages"] = [
    { kind: "quote", when: { q: 1 }, quote: FLAT_QUOTE },
    { kind: "ack", when: { ok: "all" } },
    { kind: "ack", when: { ok: "id" }, id: "id" },
    { kind: "ack", when: { ok: "names" }, symbol: { path: "names.*", template: "q.{symbol.lower}" } },
    { kind: "refusal", when: { no: 1 }, id: "id", symbol: "name", symbolInText: "why", reason: ["code", "why"] },
    {
      kind: "ack",
      when: { ok: "listed" },
      id: "id",
      symbol: { path: "names.*", template: "q.{symbol.lower}" },
      othersRefused: true,
    },
    {
      kind: "answer",
      when: { ask: 1 },
      value: "what",
      message: { say: "{value}", text: "<{value}>", deep: [null, 1] },
    },
    { kind: "answer", when: { ask: 2 }, message: { op: "pong" } },
    { kind: "fatal", when: { end: 1 }, isRateLimit: true, reason: ["why"] },
    { kind: "reconnect", frameText: "bye" },
  ];
  const venue = testVenue({ messages, subscribe: { s: "{symbols}", id: "{id}" }, ackTimeoutMs: 1000 });
  const read = (text: string) => control(venue, ["AAA", "BBB"], text);

  test("an ack is for everything, for a request, or for symbols of ours", () => {
    expect(read('{"ok":"all"}')).toEqual({ kind: "ack", id: 0, symbols: [] });
    expect(read('{"ok":"id","id":"12"}')).toEqual({ kind: "ack", id: 12, symbols: [] });
    expect(read('{"ok":"names","names":["q.bbb","q.zzz","q.bbb","BBB",5]}')).toEqual({
      kind: "ack",
      id: 0,
      symbols: ["BBB"],
    });
  });

  test.each([
    '{"ok":"id"}',
    '{"ok":"id","id":null}',
    '{"ok":"id","id":"x"}',
    '{"ok":"id","id":-1}',
    '{"ok":"names","names":["q.zzz"]}',
    '{"ok":"names"}',
  ])("an ack of nothing we know, such as %p, acks nothing", (text) => {
    expect(read(text)).toEqual({ kind: "none" });
  });

  test("a refusal is of the named symbol, of the one its text names, or of the request", () => {
    expect(read('{"no":1,"id":4,"name":"BBB","why":"AAA?"}')).toEqual({
      kind: "refusal",
      id: 4,
      symbols: ["BBB"],
      text: "AAA?",
    });
    expect(read('{"no":1,"name":"ZZZ","code":7,"why":"AAA is unknown"}')).toEqual({
      kind: "refusal",
      id: 0,
      symbols: ["AAA"],
      text: "7: AAA is unknown",
    });
    expect(read('{"no":1,"id":4,"why":"ZZZ"}')).toEqual({ kind: "refusal", id: 4, symbols: [], text: "ZZZ" });
  });

  test("an ack that lists what was accepted names the request it answers, and none where that is not told", () => {
    const symbols = ["BBB"];
    expect(read('{"ok":"listed","id":3,"names":["q.bbb","q.zzz"]}')).toEqual({ kind: "accepted", id: 3, symbols });
    expect(read('{"ok":"listed","id":3,"names":[]}')).toEqual({ kind: "accepted", id: 3, symbols: [] });
    expect(read('{"ok":"listed","names":["q.bbb"]}')).toEqual({ kind: "ack", id: 0, symbols });
    expect(read('{"ok":"listed","names":[]}')).toEqual({ kind: "none" });
  });

  test("an answer repeats the value as it was, and as text within text", () => {
    const answer = (what: string) => read(`{"ask":1,"what":${what}}`);
    const said = (say: string, text: string) => ({
      kind: "answer" as const,
      text: `{"say":${say},"text":"<${text}>","deep":[null,1]}`,
    });
    expect(answer("1492420473027")).toEqual(said("1492420473027", "1492420473027"));
    expect(answer('"$&{value}"')).toEqual(said('"$&{value}"', "$&{value}"));
    expect(answer("null")).toEqual(said("null", "null"));
    expect(read('{"ask":1}')).toEqual({ kind: "none" });
    expect(read('{"ask":2}')).toEqual({ kind: "answer", text: '{"op":"pong"}' });
  });

  test("a text of the venue is one line of at most 300 characters", () => {
    expect(read('{"end":1,"why":"slow\\n\\u0007down"}')).toEqual({
      kind: "fatal",
      text: "slow down",
      isRateLimit: true,
    });
    expect(read(`{"end":1,"why":"${"x".repeat(1000)}"}`)).toMatchObject({ text: "x".repeat(300) });
    expect(read('{"end":1}')).toMatchObject({ text: '{"end":1}' });
  });

  test("frames that are no JSON may be control messages too", () => {
    expect(read("bye")).toEqual({ kind: "reconnect", text: "bye" });
  });

  test.each(['{"q":1}', "{", "", "[]", '{"unknown":1}'])("%p is no control message", (text) => {
    expect(read(text)).toEqual({ kind: "none" });
  });

  test("property: any bytes and any JSON give a message, never a throw", () => {
    const kinds = ["ack", "accepted", "answer", "refusal", "fatal", "reconnect", "none"];
    const member = fc.oneof(fc.constantFrom("all", "id", "names", "listed", 1, 2, "AAA", null), fc.jsonValue());
    const json = fc.dictionary(fc.constantFrom("ok", "id", "names", "no", "name", "why", "end", "ask", "what"), member);
    const frame = fc.oneof(
      fc.uint8Array(),
      json.map((value) => Buffer.from(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(frame, (bytes) => {
        expect(kinds).toContain(venue.readControl(bytes).kind);
      }),
      { numRuns: 1000 },
    );
  });
});
