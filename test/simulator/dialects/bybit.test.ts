import { afterEach, expect, test } from "bun:test";
import { Bench } from "../venue-client.ts";

let bench: Bench;
afterEach(() => bench.stop());

function subscribe(symbols: string[], id = "r1"): object {
  return { req_id: id, op: "subscribe", args: symbols.map((symbol) => `orderbook.1.${symbol}`) };
}

interface Book {
  topic: string;
  type: string;
  data: { s: string; u: number; b: string[][]; a: string[][] };
}

test("bybit acks by req_id and sends a snapshot of one level", async () => {
  bench = new Bench({ venue: "bybit" });
  const client = await bench.connect();
  client.send(subscribe(["BTCUSDT"], "abc"));
  expect(await client.next()).toMatchObject({ success: true, ret_msg: "subscribe", req_id: "abc", op: "subscribe" });
  const book = await client.next<Book>();
  expect(book).toMatchObject({ topic: "orderbook.1.BTCUSDT", type: "snapshot", data: { s: "BTCUSDT" } });
  expect(book.data.b).toHaveLength(1);
  expect(Number(book.data.b[0][0])).toBeLessThan(Number(book.data.a[0][0]));
});

test("bybit sends an unchanged book again after 3 s with the same u", async () => {
  bench = new Bench({ venue: "bybit", ratePerSecond: 0.05 });
  const client = await bench.connect();
  client.send(subscribe(["BTCUSDT"]));
  await client.nextText();
  const first = await client.nextText();
  await bench.clock.advance(2999);
  expect(client.takeAll()).toEqual([]);
  await bench.clock.advance(301);
  expect(await client.nextText()).toBe(first);
  await bench.clock.advance(3300);
  expect(await client.nextText()).toBe(first);
});

test("bybit counts u upwards by one", async () => {
  bench = new Bench({ venue: "bybit", ratePerSecond: 10 });
  const client = await bench.connect();
  client.send(subscribe(["BTCUSDT"]));
  await client.nextText();
  await bench.clock.advance(500);
  const numbers: number[] = [];
  for (let i = 0; i < 6; i++) numbers.push((await client.next<Book>()).data.u);
  expect(numbers[0]).toBeGreaterThan(1);
  expect(numbers.map((u) => u - numbers[0])).toEqual([0, 1, 2, 3, 4, 5]);
});

test("bybit refuses a whole request and names the topic only in the text", async () => {
  bench = new Bench({ venue: "bybit" });
  const client = await bench.connect();
  client.send(subscribe(["BTCUSDT", "NOSUCH"], "r2"));
  expect(await client.next()).toMatchObject({
    success: false,
    ret_msg: "Invalid topic: orderbook.1.NOSUCH",
    req_id: "r2",
    op: "subscribe",
  });
  expect(bench.simulator.sessions[0].topics).toEqual([]);
});

test("bybit takes at most ten arguments in a request", async () => {
  bench = new Bench({ venue: "bybit", symbols: Array.from({ length: 11 }, (_, i) => `S${i}`) });
  const client = await bench.connect();
  client.send(subscribe(bench.simulator.symbols.slice()));
  expect(await client.next()).toMatchObject({ success: false, ret_msg: "args size >10" });
  client.send(subscribe(bench.simulator.symbols.slice(0, 10)));
  expect(await client.next()).toMatchObject({ success: true });
});

test("bybit answers pings and closes after ten idle minutes", async () => {
  bench = new Bench({ venue: "bybit" });
  const client = await bench.connect();
  client.send({ op: "ping" });
  expect(await client.next()).toMatchObject({ success: true, ret_msg: "pong", op: "ping" });
  await bench.clock.advance(600_000);
  expect(await client.closed).toMatchObject({ code: 1000 });
});
