import { afterEach, expect, test } from "bun:test";
import { Bench } from "../venue-client.ts";

let bench: Bench;
afterEach(() => bench.stop());

const SUBSCRIBE = { event: "bts:subscribe", data: { channel: "order_book_btcusd" } };

test("bitstamp acks a channel and sends books of 100 levels a side, best first", async () => {
  bench = new Bench({ venue: "bitstamp" });
  const client = await bench.connect();
  client.send(SUBSCRIBE);
  const succeeded = { event: "bts:subscription_succeeded", channel: "order_book_btcusd", data: {} };
  expect(await client.next()).toEqual(succeeded);
  const book = await client.next<{ data: { microtimestamp: string; bids: string[][]; asks: string[][] } }>();
  expect(book).toMatchObject({ event: "data", channel: "order_book_btcusd" });
  expect(book.data.microtimestamp).toBe("1700000000000000");
  expect(book.data.bids).toHaveLength(100);
  expect(book.data.asks).toHaveLength(100);
  const bids = book.data.bids.map(([price]) => Number(price));
  const asks = book.data.asks.map(([price]) => Number(price));
  expect(bids).toEqual([...bids].sort((a, b) => b - a));
  expect(asks).toEqual([...asks].sort((a, b) => a - b));
  expect(bids[0]).toBeLessThan(asks[0]);
});

test("bitstamp answers an error without channel, a heartbeat, and unsubscribes", async () => {
  bench = new Bench({ venue: "bitstamp" });
  const client = await bench.connect();
  client.send({ event: "bts:subscribe", data: { channel: "order_book_nosuch" } });
  expect(await client.next()).toMatchObject({ event: "bts:error", channel: "", data: { code: null } });
  client.send("}{");
  expect(await client.next()).toMatchObject({ event: "bts:error", data: { message: "Incorrect JSON format." } });
  client.send({ event: "bts:heartbeat" });
  expect(await client.next()).toMatchObject({ event: "bts:heartbeat", data: { status: "success" } });
  client.send(SUBSCRIBE);
  await client.until(() => client.messages.length === 5);
  client.takeAll();
  client.send({ event: "bts:unsubscribe", data: { channel: "order_book_btcusd" } });
  expect(await client.next()).toMatchObject({ event: "bts:unsubscription_succeeded", channel: "order_book_btcusd" });
});

test("bitstamp asks for a reconnect in its own words", async () => {
  bench = new Bench({ venue: "bitstamp" });
  const client = await bench.connect();
  bench.simulator.requestReconnect();
  expect(await client.next()).toEqual({ event: "bts:request_reconnect", channel: "", data: "" });
});
