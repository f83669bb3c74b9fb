import { afterEach, expect, test } from "bun:test";
import { Bench, type VenueClient } from "../venue-client.ts";

let bench: Bench;
afterEach(() => bench.stop());

function subscribe(symbols: string[], id = 1): object {
  return { method: "subscribe", params: { channel: "ticker", symbol: symbols, event_trigger: "bbo" }, req_id: id };
}

async function connected(): Promise<VenueClient> {
  const client = await bench.connect();
  expect(await client.next()).toMatchObject({ channel: "status", type: "update", data: [{ system: "online" }] });
  return client;
}

test("kraken greets with its status, acks each symbol and sends a snapshot first", async () => {
  bench = new Bench({ venue: "kraken", ratePerSecond: 10 });
  const client = await connected();
  client.send(subscribe(["BTC/USD", "ETH/USD"], 9));
  const result = { channel: "ticker", snapshot: true, symbol: "BTC/USD" };
  expect(await client.next()).toMatchObject({ method: "subscribe", req_id: 9, success: true, result });
  expect(await client.next()).toMatchObject({ channel: "ticker", type: "snapshot", data: [{ symbol: "BTC/USD" }] });
  expect(await client.next()).toMatchObject({ req_id: 9, result: { symbol: "ETH/USD" } });
  expect(await client.next()).toMatchObject({ channel: "ticker", type: "snapshot", data: [{ symbol: "ETH/USD" }] });
  await bench.clock.advance(100);
  expect(await client.next()).toMatchObject({ channel: "ticker", type: "update" });
});

test("kraken writes prices and sizes as JSON numbers with their zeros", async () => {
  const seen: string[] = [];
  bench = new Bench({ venue: "kraken", onSent: (_, quote) => seen.push(String(quote.bidSize)) });
  const client = await connected();
  client.send(subscribe(["EUR/USD"]));
  await bench.requestsRead(1);
  await bench.clock.advance(3000);
  await client.until(() => client.messages.length >= 33);
  const sizes = client.messages.flatMap((text) => /"bid_qty":([^,]+),/.exec(text)?.[1] ?? []);
  expect(sizes).toEqual(seen);
  expect(sizes.every((size) => /^\d+\.\d{8}$/.test(size))).toBe(true);
  expect(sizes.some((size) => size.endsWith("0"))).toBe(true);
});

test("kraken refuses one symbol and takes the others", async () => {
  bench = new Bench({ venue: "kraken" });
  bench.simulator.refuse("ETH/USD");
  const client = await connected();
  client.send(subscribe(["FOO/USD", "ETH/USD", "SOL/USD"], 3));
  const refusal = { method: "subscribe", success: false, req_id: 3 };
  expect(await client.next()).toMatchObject({
    ...refusal,
    error: "Currency pair not supported FOO/USD",
    symbol: "FOO/USD",
  });
  expect(await client.next()).toMatchObject({ ...refusal, symbol: "ETH/USD" });
  expect(await client.next()).toMatchObject({ success: true, result: { symbol: "SOL/USD" } });
  expect(bench.simulator.sessions[0].topics).toEqual(["ticker:SOL/USD"]);
});

test("kraken beats once a second only while it has nothing else to say", async () => {
  bench = new Bench({ venue: "kraken", ratePerSecond: 0.1 });
  const client = await connected();
  await bench.clock.advance(3000);
  expect(client.messages).toHaveLength(1);
  client.send(subscribe(["BTC/USD"]));
  await client.until(() => client.messages.length === 3);
  await bench.clock.advance(3000);
  await client.until(() => client.messages.length === 6);
  expect(client.messages.slice(3)).toEqual(Array(3).fill('{"channel":"heartbeat"}'));
});

test("kraken answers pings and malformed requests", async () => {
  bench = new Bench({ venue: "kraken" });
  const client = await connected();
  client.send({ method: "ping", req_id: 4 });
  expect(await client.next()).toMatchObject({ method: "pong", req_id: 4 });
  client.send("{]");
  expect(await client.next()).toMatchObject({ error: "Malformed request", success: false });
  client.send({ method: "subscribe", params: { channel: "gossip", symbol: ["BTC/USD"] }, req_id: 5 });
  expect(await client.next()).toMatchObject({ success: false, req_id: 5 });
});

test("kraken unsubscribes each symbol with an ack", async () => {
  bench = new Bench({ venue: "kraken" });
  const client = await connected();
  client.send(subscribe(["BTC/USD"]));
  await client.until(() => client.messages.length === 3);
  client.takeAll();
  client.send({ method: "unsubscribe", params: { channel: "ticker", symbol: ["BTC/USD", "ETH/USD"] }, req_id: 2 });
  expect(await client.next()).toMatchObject({ method: "unsubscribe", success: true, result: { symbol: "BTC/USD" } });
  expect(await client.next()).toMatchObject({ method: "unsubscribe", success: false, symbol: "ETH/USD" });
  expect(bench.simulator.sessions[0].topics).toEqual([]);
});
