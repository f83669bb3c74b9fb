import { afterEach, expect, test } from "bun:test";
import { Bench } from "../venue-client.ts";

let bench: Bench;
afterEach(() => bench.stop());

function subscribe(...symbols: string[]): object {
  return { op: "subscribe", args: symbols.map((instId) => ({ channel: "bbo-tbt", instId })) };
}

test("okx acks each argument, refuses an unknown one with 60018 and sends the book's top", async () => {
  bench = new Bench({ venue: "okx" });
  const client = await bench.connect();
  client.send(subscribe("BTC-USDT", "NO-SUCH", "ETH-USDT"));
  const arg = { channel: "bbo-tbt", instId: "BTC-USDT" };
  expect(await client.next()).toEqual({ event: "subscribe", arg, connId: expect.any(String) });
  const quote = await client.nextText();
  expect(quote).toMatch(
    /^\{"arg":\{"channel":"bbo-tbt","instId":"BTC-USDT"\},"data":\[\{"asks":\[\["[\d.]+","[\d.]+","0","\d"\]\],"bids":\[\["[\d.]+","[\d.]+","0","\d"\]\],"ts":"1700000000000","seqId":\d+\}\]\}$/,
  );
  expect(await client.next()).toMatchObject({ event: "error", code: "60018", msg: expect.stringContaining("NO-SUCH") });
  expect(await client.next()).toMatchObject({ event: "subscribe", arg: { instId: "ETH-USDT" } });
});

test("okx answers the text ping with the text pong", async () => {
  bench = new Bench({ venue: "okx" });
  const client = await bench.connect();
  client.send("ping");
  expect(await client.nextText()).toBe("pong");
});

test("okx drops a connection on which nothing moved for 30 s, and a ping keeps it", async () => {
  bench = new Bench({ venue: "okx" });
  const idle = await bench.connect();
  const pinging = await bench.connect();
  await bench.clock.advance(20_000);
  pinging.send("ping");
  await pinging.nextText();
  await bench.clock.advance(10_000);
  expect(await idle.closed).toMatchObject({ code: 4004 });
  await bench.until(() => bench.simulator.stats().sessionsOpen === 1);
});

test("okx announces an upgrade with notice 64008", async () => {
  bench = new Bench({ venue: "okx" });
  const client = await bench.connect();
  bench.simulator.requestReconnect();
  expect(await client.next()).toMatchObject({ event: "notice", code: "64008" });
});

test("okx rejects what is no request and unsubscribes with an ack", async () => {
  bench = new Bench({ venue: "okx" });
  const client = await bench.connect();
  client.send({ op: "dance" });
  expect(await client.next()).toMatchObject({ event: "error", code: "60012" });
  client.send({ op: "subscribe", args: [{ channel: "bbo-tbt" }] });
  expect(await client.next()).toMatchObject({ event: "error", code: "60012" });
  client.send(subscribe("BTC-USDT"));
  await client.until(() => client.messages.length === 4);
  client.takeAll();
  client.send({ op: "unsubscribe", args: [{ channel: "bbo-tbt", instId: "BTC-USDT" }] });
  expect(await client.next()).toMatchObject({ event: "unsubscribe", arg: { instId: "BTC-USDT" } });
});

test("okx-tickers speaks the tickers channel", async () => {
  bench = new Bench({ venue: "okx-tickers" });
  const client = await bench.connect();
  client.send({ op: "subscribe", args: [{ channel: "tickers", instId: "BTC-USDT" }] });
  expect(await client.next()).toMatchObject({ event: "subscribe", arg: { channel: "tickers" } });
  expect(await client.next()).toMatchObject({
    arg: { channel: "tickers", instId: "BTC-USDT" },
    data: [{ instId: "BTC-USDT", bidPx: expect.stringMatching(/^\d+\.\d$/), ts: "1700000000000" }],
  });
});
