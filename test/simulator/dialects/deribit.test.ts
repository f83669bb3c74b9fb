import { afterEach, expect, test } from "bun:test";
import { Bench } from "../venue-client.ts";

let bench: Bench;
afterEach(() => bench.stop());

function call(id: number, method: string, params: object = {}): object {
  return { jsonrpc: "2.0", id, method, params };
}

test("deribit lists the channels it accepts, leaves out what it does not know, and sends the best prices", async () => {
  bench = new Bench({ venue: "deribit" });
  const client = await bench.connect();
  const channels = ["quote.BTC-PERPETUAL", "quote.NO-SUCH", "nonsense"];
  client.send(call(7, "public/subscribe", { channels }));
  expect(await client.next()).toEqual({ jsonrpc: "2.0", id: 7, result: ["quote.BTC-PERPETUAL"] });
  expect(await client.nextText()).toMatch(
    /^\{"jsonrpc":"2\.0","method":"subscription","params":\{"channel":"quote\.BTC-PERPETUAL","data":\{"timestamp":1700000000000,"instrument_name":"BTC-PERPETUAL","best_bid_price":[\d.]+,"best_bid_amount":\d+,"best_ask_price":[\d.]+,"best_ask_amount":\d+\}\}\}$/,
  );
});

test("deribit beats as it was asked to, and an answered test_request keeps the connection", async () => {
  bench = new Bench({ venue: "deribit" });
  const client = await bench.connect();
  client.send(call(1, "public/set_heartbeat", { interval: 10 }));
  expect(await client.next()).toEqual({ jsonrpc: "2.0", id: 1, result: "ok" });
  await bench.clock.advance(10_000);
  expect(await client.next()).toMatchObject({ method: "heartbeat", params: { type: "heartbeat" } });
  await bench.clock.advance(10_000);
  expect(await client.next()).toMatchObject({ method: "heartbeat", params: { type: "test_request" } });
  client.send(call(2, "public/test"));
  expect(await client.next()).toMatchObject({ id: 2, result: { version: expect.any(String) } });
  await bench.clock.advance(10_000);
  expect(await client.next()).toMatchObject({ params: { type: "heartbeat" } });
});

test("deribit closes a connection that does not answer its test_request", async () => {
  bench = new Bench({ venue: "deribit" });
  const client = await bench.connect();
  client.send(call(1, "public/set_heartbeat", { interval: 10 }));
  await client.next();
  await bench.clock.advance(30_000);
  expect(await client.closed).toMatchObject({ code: 1000, reason: "No answer to test_request" });
});

test("deribit answers wrong requests with the errors of JSON-RPC", async () => {
  bench = new Bench({ venue: "deribit" });
  const client = await bench.connect();
  client.send(call(1, "public/dance"));
  expect(await client.next()).toMatchObject({ id: 1, error: { code: -32601 } });
  client.send(call(2, "public/set_heartbeat", { interval: 9 }));
  expect(await client.next()).toMatchObject({ id: 2, error: { code: -32602, data: { param: "interval" } } });
  client.send(call(3, "public/subscribe", { channels: "quote.BTC-PERPETUAL" }));
  expect(await client.next()).toMatchObject({ id: 3, error: { code: -32602, data: { param: "channels" } } });
  client.send("nonsense");
  expect(await client.next()).toMatchObject({ error: { code: -32601 } });
});

test("deribit ends a connection that asks too much", async () => {
  bench = new Bench({ venue: "deribit" });
  const client = await bench.connect();
  for (let id = 1; id <= 101; id++) client.send(call(id, "public/test"));
  expect(await client.closed).toMatchObject({ code: 1008 });
  expect(client.messages.at(-1)).toContain('"code":10028');
});
