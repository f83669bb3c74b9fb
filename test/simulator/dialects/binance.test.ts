import { afterEach, expect, test } from "bun:test";
import { Bench } from "../venue-client.ts";

let bench: Bench;
afterEach(() => bench.stop());

function subscribe(streams: string[], id = 1): object {
  return { method: "SUBSCRIBE", params: streams, id };
}

test("binance acks a subscription and sends wrapped book tickers", async () => {
  bench = new Bench({ venue: "binance" });
  const client = await bench.connect();
  client.send(subscribe(["btcusdt@bookTicker"], 7));
  expect(await client.next()).toEqual({ result: null, id: 7 });
  await bench.clock.advance(100);
  const text = await client.nextText();
  expect(text).toMatch(
    /^\{"stream":"btcusdt@bookTicker","data":\{"u":\d+,"s":"BTCUSDT","b":"\d+\.\d{8}","B":"\d+\.\d{8}","a":"\d+\.\d{8}","A":"\d+\.\d{8}"\}\}$/,
  );
});

test("binance sends bare data on /ws and takes streams from the URL", async () => {
  bench = new Bench({ venue: "binance" });
  const bare = await bench.connect("/ws/ethusdt@bookTicker");
  const wrapped = await bench.connect("/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker");
  await bench.clock.advance(200);
  expect(await bare.next()).toMatchObject({ s: "ETHUSDT" });
  expect(await wrapped.next()).toMatchObject({ stream: "btcusdt@bookTicker", data: { s: "BTCUSDT" } });
  expect(await wrapped.next()).toMatchObject({ stream: "ethusdt@bookTicker" });
});

test("binance numbers the updates of a symbol upwards and stops at UNSUBSCRIBE", async () => {
  bench = new Bench({ venue: "binance" });
  const client = await bench.connect();
  client.send(subscribe(["btcusdt@bookTicker"]));
  await client.nextText();
  await bench.clock.advance(1000);
  const numbers: number[] = [];
  for (let i = 0; i < 10; i++) numbers.push((await client.next<{ data: { u: number } }>()).data.u);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(new Set(numbers).size).toBe(10);
  client.send({ method: "UNSUBSCRIBE", params: ["btcusdt@bookTicker"], id: 2 });
  expect(await client.next()).toEqual({ result: null, id: 2 });
  await bench.clock.advance(1000);
  client.send({ method: "LIST_SUBSCRIPTIONS", id: 3 });
  expect(await client.next()).toEqual({ result: [], id: 3 });
});

test("binance answers malformed requests with its error codes", async () => {
  bench = new Bench({ venue: "binance" });
  const client = await bench.connect();
  client.send("{");
  expect(await client.next()).toMatchObject({ code: 3 });
  client.send({ method: "SUBSCRIBE", params: "btcusdt@bookTicker", id: 1 });
  expect(await client.next()).toMatchObject({ code: 2, id: 1 });
  client.send({ method: "SHOUT", params: [], id: 2 });
  expect(await client.next()).toMatchObject({ code: 2, id: 2 });
});

test("binance refuses on command and acks an unknown symbol without ever quoting it", async () => {
  bench = new Bench({ venue: "binance" });
  bench.simulator.refuse("ETHUSDT");
  const client = await bench.connect();
  client.send(subscribe(["btcusdt@bookTicker", "ethusdt@bookTicker"], 1));
  expect(await client.next()).toMatchObject({ code: 2, id: 1, msg: expect.stringContaining("ethusdt@bookTicker") });
  client.send(subscribe(["nosuch@bookTicker"], 2));
  expect(await client.next()).toEqual({ result: null, id: 2 });
  await bench.clock.advance(1000);
  expect(bench.simulator.stats().quotesSent).toBe(0);
});

test("binance closes with 1008 at the sixth message within a second", async () => {
  bench = new Bench({ venue: "binance" });
  const client = await bench.connect();
  for (let id = 1; id <= 5; id++) client.send({ method: "LIST_SUBSCRIPTIONS", id });
  await client.until(() => client.messages.length === 5);
  await bench.clock.advance(1000);
  for (let id = 6; id <= 10; id++) client.send({ method: "LIST_SUBSCRIPTIONS", id });
  await client.until(() => client.messages.length === 10);
  client.ping();
  expect(await client.closed).toMatchObject({ code: 1008, reason: "Too many requests", wasClean: true });
});

test("binance pings every 20 s and closes on a client that never answers", async () => {
  bench = new Bench({ venue: "binance" });
  const client = await bench.connect();
  await bench.clock.advance(20_000);
  await client.until(() => client.pingsSeen === 1);
  await bench.clock.advance(60_000);
  await client.until(() => client.pingsSeen === 4);
  // Here the pongs are real, the clock is not: in one stride of it no pong can arrive in time.
  await bench.clock.advance(200_000);
  expect(await client.closed).toMatchObject({ code: 1008 });
});

test("binance announces a shutdown in the form of the stream", async () => {
  bench = new Bench({ venue: "binance" });
  const wrapped = await bench.connect();
  const bare = await bench.connect("/ws/btcusdt@bookTicker");
  bench.simulator.requestReconnect();
  expect(await wrapped.next()).toEqual({
    stream: "!serverShutdown",
    data: { e: "serverShutdown", E: expect.any(Number) },
  });
  expect(await bare.next()).toEqual({ e: "serverShutdown", E: expect.any(Number) });
});

test("binance-futures adds the event type and the times", async () => {
  bench = new Bench({ venue: "binance-futures" });
  const client = await bench.connect("/stream?streams=btcusdt@bookTicker");
  await bench.clock.advance(100);
  const timeMs = 1_700_000_000_100;
  expect(await client.next()).toMatchObject({ data: { e: "bookTicker", s: "BTCUSDT", T: timeMs, E: timeMs } });
});
