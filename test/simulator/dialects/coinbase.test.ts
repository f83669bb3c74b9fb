import { afterEach, expect, test } from "bun:test";
import { Bench } from "../venue-client.ts";

let bench: Bench;
afterEach(() => bench.stop());

const SUBSCRIBE = { type: "subscribe", product_ids: ["BTC-USD"], channels: ["ticker", "heartbeat"] };

test("coinbase answers with the whole set of subscriptions and the present ticker", async () => {
  bench = new Bench({ venue: "coinbase" });
  const client = await bench.connect();
  client.send(SUBSCRIBE);
  expect(await client.next()).toEqual({
    type: "subscriptions",
    channels: [
      { name: "ticker", product_ids: ["BTC-USD"] },
      { name: "heartbeat", product_ids: ["BTC-USD"] },
    ],
  });
  expect(await client.next()).toMatchObject({
    type: "ticker",
    product_id: "BTC-USD",
    best_bid: expect.stringMatching(/^\d+\.\d{2}$/),
    best_bid_size: expect.stringMatching(/^\d+\.\d{8}$/),
    time: "2023-11-14T22:13:20.000000Z",
  });
  client.send({ type: "subscribe", channels: [{ name: "ticker", product_ids: ["ETH-USD"] }] });
  expect(await client.next()).toMatchObject({
    channels: [{ name: "ticker", product_ids: ["BTC-USD", "ETH-USD"] }, { name: "heartbeat" }],
  });
  expect(await client.next()).toMatchObject({ type: "ticker", product_id: "ETH-USD" });
  client.send({ type: "unsubscribe", product_ids: ["BTC-USD"], channels: ["ticker", "heartbeat"] });
  expect(await client.next()).toEqual({
    type: "subscriptions",
    channels: [{ name: "ticker", product_ids: ["ETH-USD"] }],
  });
});

test("coinbase refuses a whole request for one bad product", async () => {
  bench = new Bench({ venue: "coinbase" });
  const client = await bench.connect();
  client.send({ ...SUBSCRIBE, product_ids: ["BTC-USD", "FOO-USD"] });
  expect(await client.next()).toEqual({
    type: "error",
    message: "Failed to subscribe",
    reason: "FOO-USD is not a valid product",
  });
  client.send("nonsense");
  expect(await client.next()).toEqual({ type: "error", message: "Malformed JSON" });
  expect(bench.simulator.sessions[0].topics).toEqual([]);
});

test("coinbase closes a client that has not subscribed within 5 s", async () => {
  bench = new Bench({ venue: "coinbase" });
  const silent = await bench.connect();
  const subscribed = await bench.connect();
  subscribed.send(SUBSCRIBE);
  await subscribed.nextText();
  await bench.clock.advance(5000);
  expect(await silent.closed).toMatchObject({ code: 1000 });
  expect(bench.simulator.stats().sessionsOpen).toBe(1);
});

test("coinbase sends one heartbeat a second per product with the product's shared sequence", async () => {
  bench = new Bench({ venue: "coinbase", ratePerSecond: 1 });
  const client = await bench.connect();
  client.send({ ...SUBSCRIBE, product_ids: ["BTC-USD", "ETH-USD"], channels: ["heartbeat"] });
  await client.nextText();
  await bench.clock.advance(3000);
  await client.until(() => client.messages.length === 7);
  const beats = client.takeAll().map((text) => JSON.parse(text) as { product_id: string; sequence: number });
  expect(beats.filter((beat) => beat.product_id === "BTC-USD")).toHaveLength(3);
  client.send({ ...SUBSCRIBE, channels: ["ticker"] });
  await client.nextText();
  const ticker = await client.next<{ sequence: number }>();
  expect(ticker.sequence).toBe(beats[0].sequence);
});
