import { afterEach, expect, test } from "bun:test";
import { Bench } from "../venue-client.ts";

const NOW_S = 1_700_000_000;

let bench: Bench;
afterEach(() => bench.stop());

function subscribe(id: number, ...payload: string[]): object {
  return { time: NOW_S, id, channel: "spot.book_ticker", event: "subscribe", payload };
}

test("gate acks with the request's id and sends the best prices", async () => {
  bench = new Bench({ venue: "gate" });
  const client = await bench.connect();
  client.send(subscribe(7, "BTC_USDT"));
  expect(await client.next()).toMatchObject({
    ...{ time: NOW_S, time_ms: NOW_S * 1000, id: 7, channel: "spot.book_ticker", event: "subscribe" },
    ...{ payload: ["BTC_USDT"], result: { status: "success" } },
  });
  expect(await client.nextText()).toMatch(
    /^\{"time":1700000000,"time_ms":1700000000000,"channel":"spot\.book_ticker","event":"update","result":\{"t":1700000000000,"u":\d+,"s":"BTC_USDT","b":"[\d.]+","B":"[\d.]+","a":"[\d.]+","A":"[\d.]+"\}\}$/,
  );
});

test("gate refuses a request with an unknown pair, and takes none of its pairs", async () => {
  bench = new Bench({ venue: "gate" });
  const client = await bench.connect();
  client.send(subscribe(8, "BTC_USDT", "NO_SUCH"));
  expect(await client.next()).toMatchObject({ id: 8, error: { code: 2, message: "unknown currency pair NO_SUCH" } });
  await bench.clock.advance(1000);
  expect(bench.simulator.stats().quotesSent).toBe(0);
});

test("gate refuses a request whose time is more than a minute off, or missing", async () => {
  bench = new Bench({ venue: "gate" });
  const client = await bench.connect();
  const error = { code: 2, message: "invalid request time" };
  client.send({ ...subscribe(1, "BTC_USDT"), time: NOW_S - 61 });
  expect(await client.next()).toMatchObject({ id: 1, error });
  client.send({ ...subscribe(2, "BTC_USDT"), time: undefined });
  expect(await client.next()).toMatchObject({ id: 2, error });
  client.send({ ...subscribe(3, "BTC_USDT"), time: NOW_S + 60 });
  expect(await client.next()).toMatchObject({ id: 3, result: { status: "success" } });
});

test("gate answers spot.ping, and what is no request with an error", async () => {
  bench = new Bench({ venue: "gate" });
  const client = await bench.connect();
  client.send({ time: NOW_S, channel: "spot.ping" });
  expect(await client.next()).toMatchObject({ channel: "spot.pong", result: null });
  client.send("nonsense");
  expect(await client.next()).toMatchObject({ error: { code: 2 } });
  client.send({ ...subscribe(4), event: "dance" });
  expect(await client.next()).toMatchObject({ id: 4, error: { message: "unknown event dance" } });
  client.send(subscribe(5));
  expect(await client.next()).toMatchObject({ id: 5, error: { message: "payload must name currency pairs" } });
});

test("gate unsubscribes with an ack", async () => {
  bench = new Bench({ venue: "gate" });
  const client = await bench.connect();
  client.send(subscribe(1, "BTC_USDT"));
  await client.until(() => client.messages.length === 2);
  client.takeAll();
  client.send({ ...subscribe(2, "BTC_USDT"), event: "unsubscribe" });
  expect(await client.next()).toMatchObject({ id: 2, event: "unsubscribe", result: { status: "success" } });
});
