import { afterEach, expect, test } from "bun:test";
import { connect } from "node:net";
import { startSimulator } from "../../src/simulator/simulator.ts";
import type { ExpectedQuote } from "../../src/simulator/venue-dialect.ts";
import { Bench, VenueClient } from "./venue-client.ts";

let bench: Bench;
afterEach(() => bench.stop());

const SUBSCRIBE = { method: "SUBSCRIBE", params: ["btcusdt@bookTicker", "ethusdt@bookTicker"], id: 1 };

async function subscribed(): Promise<VenueClient> {
  const client = await bench.connect();
  client.send(SUBSCRIBE);
  expect(await client.next()).toEqual({ result: null, id: 1 });
  return client;
}

/** The first quotes of one run, as the simulator lists them. */
async function firstQuotes(seed: number, symbols: string[]): Promise<ExpectedQuote[]> {
  const quotes: ExpectedQuote[] = [];
  bench = new Bench({ venue: "binance", seed, ratePerSecond: 100, onSent: (_, quote) => quotes.push(quote) });
  const client = await bench.connect();
  client.send({ ...SUBSCRIBE, params: symbols.map((symbol) => `${symbol.toLowerCase()}@bookTicker`) });
  await client.nextText();
  await bench.clock.advance(1000);
  bench.stop();
  return quotes;
}

test("startSimulator() gives the same quotes of a symbol for the same seed, whatever else is subscribed", async () => {
  const alone = await firstQuotes(7, ["BTCUSDT"]);
  const among = await firstQuotes(7, ["ETHUSDT", "BTCUSDT"]);
  const others = await firstQuotes(8, ["BTCUSDT"]);
  expect(alone).toHaveLength(100);
  expect(among.filter((quote) => quote.symbol === "BTCUSDT")).toEqual(alone.slice(0, 50));
  expect(others).not.toEqual(alone);
});

test("startSimulator() holds an exact average rate and shares it between the symbols", async () => {
  bench = new Bench({ venue: "binance", ratePerSecond: 333 });
  await subscribed();
  await bench.clock.advance(30_000);
  const { quotesSent, sentBySymbol } = bench.simulator.stats();
  expect(quotesSent).toBe(9990);
  expect(sentBySymbol).toMatchObject({ BTCUSDT: 4995, ETHUSDT: 4995, SOLUSDT: 0 });
});

test("startSimulator() lists by onSent exactly what a client receives, in order", async () => {
  const sent: ExpectedQuote[] = [];
  bench = new Bench({ venue: "binance", ratePerSecond: 500, onSent: (_, quote) => sent.push(quote) });
  const client = await subscribed();
  await bench.clock.advance(2000);
  await client.until(() => client.messages.length === 1001);
  const received = client.takeAll().map((text) => (JSON.parse(text) as { data: Record<string, string> }).data);
  expect(received.map(({ s, b, B, a, A, u }): (string | null)[] => [s, b, B, a, A, String(u)])).toEqual(
    sent.map((quote) => [
      quote.symbol,
      quote.bidPrice,
      quote.bidSize,
      quote.askPrice,
      quote.askSize,
      quote.sequence ?? "",
    ]),
  );
});

test("startSimulator() at full speed sends exactly its limit, in order, to a client that reads in bursts", async () => {
  const limit = 50_000;
  const simulator = startSimulator({ venue: "binance", seed: 1, ratePerSecond: "full", quoteLimit: limit });
  try {
    const client = new VenueClient(simulator.url);
    await client.opened();
    client.send(SUBSCRIBE);
    await client.until(() => client.messages.length === limit + 1);
    const numbers = client.messages.slice(1).map((text) => JSON.parse(text).data) as { s: string; u: number }[];
    const bitcoin = numbers.filter((quote) => quote.s === "BTCUSDT").map((quote) => quote.u);
    expect(bitcoin).toHaveLength(limit / 2);
    expect(bitcoin.every((u, i) => i === 0 || u > bitcoin[i - 1])).toBe(true);
    expect(simulator.stats()).toMatchObject({ quotesSent: limit, withheld: 0 });
    client.vanish();
  } finally {
    simulator.stop();
  }
});

test("startSimulator() at full speed lists every quote when asked to", async () => {
  const sent: ExpectedQuote[] = [];
  bench = new Bench({
    venue: "bybit",
    ratePerSecond: "full",
    quoteLimit: 5000,
    onSent: (_, quote) => sent.push(quote),
  });
  const client = await bench.connect();
  client.send({ op: "subscribe", args: ["orderbook.1.BTCUSDT"] });
  await bench.requestsRead(1);
  await bench.clock.advance(1);
  await client.until(() => client.messages.length === 5002);
  const received = client.messages.slice(1).map((text) => (JSON.parse(text) as { data: { u: number } }).data.u);
  expect(received.map(String)).toEqual(sent.map((quote) => quote.sequence ?? ""));
});

test("startSimulator() at full speed keeps its memory bounded while a client does not read", async () => {
  const simulator = startSimulator({ venue: "binance", seed: 1, ratePerSecond: "full" });
  const socket = connect(simulator.port, "127.0.0.1");
  try {
    const key = Buffer.alloc(16).toString("base64");
    socket.write(
      `GET /stream?streams=btcusdt@bookTicker HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    let before = -1;
    for (let quiet = 0; quiet < 5; ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const { quotesSent } = simulator.stats();
      quiet = quotesSent === before && quotesSent > 0 ? quiet + 1 : 0;
      before = quotesSent;
    }
    expect(simulator.stats().sessionsOpen).toBe(1);
  } finally {
    socket.destroy();
    simulator.stop();
  }
});

test("disconnect() closes in good order, disconnectHard() resets, drop() just ends", async () => {
  bench = new Bench({ venue: "binance" });
  const orderly = await bench.connect();
  bench.simulator.disconnect(1013, "Try again later");
  expect(await orderly.closed).toEqual({ code: 1013, reason: "Try again later", wasClean: true });
  const second = await bench.connect();
  bench.simulator.drop();
  expect(await second.closed).toMatchObject({ code: 1006, wasClean: false });
  const socket = connect(bench.simulator.port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nSec-WebSocket-Key: x\r\n\r\n");
  await bench.until(() => bench.simulator.stats().sessionsOpen === 1);
  const failed = new Promise<string>((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(String(error.code)));
  });
  bench.simulator.disconnectHard();
  expect(await failed).toBe("ECONNRESET");
});

test("goSilent() sends nothing at all until resume()", async () => {
  bench = new Bench({ venue: "binance", ratePerSecond: 100 });
  const client = await subscribed();
  bench.simulator.goSilent();
  client.send({ method: "LIST_SUBSCRIPTIONS", id: 2 });
  client.ping();
  await bench.requestsRead(2);
  await bench.clock.advance(25_000);
  const late = await bench.connect();
  expect([client.messages.length, client.pingsSeen, late.messages.length]).toEqual([1, 0, 0]);
  expect(bench.simulator.stats()).toMatchObject({ quotesSent: 0, withheld: 2500, sessionsOpen: 2 });
  bench.simulator.resume();
  await bench.clock.advance(10);
  expect(await client.next()).toMatchObject({ data: { s: expect.any(String) } });
});

test("goSilent('quotes') leaves heartbeats and answers", async () => {
  bench = new Bench({ venue: "kraken", ratePerSecond: 100 });
  const client = await bench.connect();
  client.send({ method: "subscribe", params: { channel: "ticker", symbol: ["BTC/USD"] }, req_id: 1 });
  await client.until(() => client.messages.length === 3);
  client.takeAll();
  bench.simulator.goSilent("quotes");
  await bench.clock.advance(2000);
  expect(await client.nextText()).toBe('{"channel":"heartbeat"}');
  client.send({ method: "ping", req_id: 2 });
  await client.until(() => client.messages.some((text) => text.includes("pong")));
  expect(client.takeAll().some((text) => text.includes("ticker"))).toBe(false);
});

test("skipSequence() leaves a hole in the venue's numbers", async () => {
  bench = new Bench({ venue: "bybit", ratePerSecond: 10 });
  const client = await bench.connect();
  client.send({ op: "subscribe", args: ["orderbook.1.BTCUSDT"] });
  await client.until(() => client.messages.length === 2);
  bench.simulator.skipSequence("BTCUSDT", 40);
  await bench.clock.advance(100);
  await client.until(() => client.messages.length === 3);
  const [, before, after] = client.messages.map((text) => (JSON.parse(text) as { data?: { u: number } }).data?.u);
  expect(Number(after) - Number(before)).toBe(41);
});

test("sendRaw(), sendGarbage() and sendBytes() put on the wire what they are given", async () => {
  bench = new Bench({ venue: "binance" });
  const client = await bench.connect();
  bench.simulator.sendRaw("grüße");
  expect(await client.nextText()).toBe("grüße");
  bench.simulator.sendGarbage();
  bench.simulator.sendGarbage();
  expect([await client.nextText(), await client.nextText()]).toEqual(["", "{"]);
  // A text frame of one byte that is no UTF-8.
  bench.simulator.sendBytes(new Uint8Array([0x81, 1, 0xff]));
  expect(await client.closed).toMatchObject({ wasClean: false });
});

test("rejectHandshakes() answers with a status and headers, acceptHandshakes() takes clients again", async () => {
  bench = new Bench({ venue: "binance" });
  bench.simulator.rejectHandshakes(429, { "Retry-After": "7" });
  const response = await fetch(bench.simulator.url.replace("ws:", "http:"), {
    headers: { "sec-websocket-key": Buffer.alloc(16).toString("base64") },
  });
  expect([response.status, response.headers.get("retry-after")]).toEqual([429, "7"]);
  await expect(bench.connect()).rejects.toThrow("429");
  bench.simulator.acceptHandshakes();
  await bench.connect();
  await bench.until(() => bench.simulator.stats().sessionsOpened === 1);
});

test("holdHandshakes() leaves a client without an answer", async () => {
  bench = new Bench({ venue: "binance" });
  bench.simulator.holdHandshakes();
  const client = new VenueClient(bench.simulator.url);
  const first = await Promise.race([
    client.opened().then(() => "opened"),
    client.closed.then(() => "closed"),
    new Promise((resolve) => setTimeout(resolve, 100, "nothing")),
  ]);
  expect(first).toBe("nothing");
  client.vanish();
});

test("stop() leaves no timer and no session", async () => {
  bench = new Bench({ venue: "kraken" });
  await bench.connect();
  await bench.until(() => bench.simulator.stats().sessionsOpen === 1);
  expect(bench.clock.armedTimers).toBeGreaterThan(0);
  bench.simulator.stop();
  expect([bench.clock.armedTimers, bench.simulator.stats().sessionsOpen]).toEqual([0, 0]);
});

test("startSimulator() rejects an unknown venue and a bad rate", () => {
  bench = new Bench({ venue: "binance" });
  expect(() => startSimulator({ venue: "nasdaq", seed: 1, ratePerSecond: 1 })).toThrow(
    "Cannot simulate venue 'nasdaq': wanted one of binance, coinbase, kraken, okx, bybit, bitstamp, binance-futures, okx-tickers, gate, deribit",
  );
  for (const ratePerSecond of [0, -1, Number.NaN, 1e9]) {
    expect(() => startSimulator({ venue: "okx", seed: 1, ratePerSecond })).toThrow("Cannot simulate at rate");
  }
  expect(() => startSimulator({ venue: "okx", seed: 1, ratePerSecond: 1, port: bench.simulator.port })).toThrow(
    `Cannot listen on 127.0.0.1:${bench.simulator.port}`,
  );
});
