import { afterEach, expect, test } from "bun:test";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import type { ExpectedQuote } from "../../../src/simulator/venue-dialect.ts";
import { BookReader } from "./book-reader.ts";
import { type FixClient, LpBench, type SeenMessage, textOf } from "./fix-client.ts";

let bench: LpBench;
afterEach(() => bench.stop());

const SYMBOL = "EUR/USD";

function topOf({ bidPrice, bidSize, askPrice, askSize }: ExpectedQuote): (string | null)[] {
  return [bidPrice, bidSize, askPrice, askSize];
}

/** A reader's book behind all that a client got since the last snapshot. */
function readAll(client: FixClient): BookReader {
  const reader = new BookReader("id");
  const data = client.messages.filter(({ msgType }) => msgType === "W" || msgType === "X");
  for (const message of data.slice(data.findLastIndex(({ msgType }) => msgType === "W"))) reader.take(message);
  return reader;
}

function sequences(messages: readonly SeenMessage[]): number[] {
  return messages.map(({ sequence }) => sequence);
}

test("skipSequence() loses messages that a ResendRequest brings back, and the book is whole again", async () => {
  const sent: ExpectedQuote[] = [];
  bench = new LpBench({ onSent: (_, quote) => sent.push(quote) });
  const client = await bench.subscribed(SYMBOL);
  bench.lp.skipSequence(SYMBOL, 3);
  const [revealing] = await bench.pass(client, 100);
  expect(revealing.sequence).toBe(6);
  client.send("2", [
    [7, "3"],
    [16, "5"],
  ]);
  const replayed = await bench.drain(client);
  expect(replayed.map((message) => [message.msgType, message.sequence, textOf(message, 43)])).toEqual([
    ["X", 3, "Y"],
    ["X", 4, "Y"],
    ["X", 5, "Y"],
  ]);
  const reader = new BookReader("id");
  const inOrder = client.messages.filter(({ msgType }) => msgType === "W" || msgType === "X");
  for (const message of inOrder.sort((a, b) => a.sequence - b.sequence)) reader.take(message);
  expect(reader.top()).toEqual(topOf(sent[sent.length - 1]));
  // What was lost is no fresh quote: only the snapshot and the update behind the hole are.
  expect(sent).toHaveLength(2);
});

test("loseMessages() for good is answered by a GapFill, and a snapshot alone helps", async () => {
  const sent: ExpectedQuote[] = [];
  bench = new LpBench({ onSent: (_, quote) => sent.push(quote) });
  const client = await bench.subscribed(SYMBOL);
  bench.lp.commands.loseMessages(SYMBOL, 20, "gone");
  await bench.pass(client, 100);
  client.send("2", [
    [7, "3"],
    [16, "0"],
  ]);
  const [fill, update] = await bench.drain(client);
  expect([fill.msgType, textOf(fill, 123), textOf(fill, 36), update.sequence]).toEqual(["4", "Y", "23", 23]);
  client.subscribe("r2", [SYMBOL]);
  await bench.drain(client);
  expect(readAll(client).top()).toEqual(topOf(sent[sent.length - 1]));
});

test("loseMessages() of a symbol nobody has loses bare numbers", async () => {
  bench = new LpBench();
  const client = await bench.subscribed(SYMBOL);
  bench.lp.skipSequence("GBP/USD", 5);
  expect((await bench.pass(client, 100))[0].sequence).toBe(8);
});

test("disconnectHard() resets, drop() ends without a Logout", async () => {
  bench = new LpBench();
  const first = await bench.loggedOn();
  bench.lp.drop();
  expect(await first.closed).toBe("end");
  expect(first.takeAll()).toEqual([]);
  const second = await bench.loggedOn();
  bench.lp.disconnectHard();
  expect(await second.closed).toBe("ECONNRESET");
});

test("goSilent() sends nothing and loses no number, resume() goes on where it stopped", async () => {
  bench = new LpBench();
  const client = await bench.subscribed(SYMBOL);
  bench.lp.goSilent();
  const { requests } = bench.lp.stats();
  client.send("1", [[112, "x"]]);
  await client.until(() => bench.lp.stats().requests > requests);
  await bench.clock.advance(5000);
  expect(client.takeAll()).toEqual([]);
  expect(bench.lp.stats().withheld).toBe(50);
  bench.lp.resume();
  expect(sequences(await bench.pass(client, 200))).toEqual([3, 4]);
  readAll(client);
});

test("goSilent('quotes') leaves heartbeats and answers", async () => {
  bench = new LpBench();
  const client = await bench.subscribed(SYMBOL);
  bench.lp.goSilent("quotes");
  expect((await bench.pass(client, 31_000)).map(({ msgType }) => msgType)).toEqual(["0"]);
});

test("goHalfOpen() neither speaks nor hears; a new connection of another client is served", async () => {
  bench = new LpBench();
  const client = await bench.subscribed(SYMBOL);
  bench.lp.commands.goHalfOpen();
  const { requests } = bench.lp.stats();
  client.send("1", [[112, "x"]]);
  const other = await bench.loggedOn({ sender: "OTHER" });
  await bench.drain(other);
  expect(client.takeAll()).toEqual([]);
  // The other's Logon and TestRequest.
  expect(bench.lp.stats().requests).toBe(requests + 2);
  // The other is cut off when it does not answer any more; nobody closes what is half-open.
  await bench.clock.advance(90_000);
  expect(await other.closed).toBe("end");
  expect(bench.lp.sessions.map(({ topics }) => topics)).toEqual([[SYMBOL]]);
});

test.each(["checksum", "bodyLength"] as const)(
  "damageNext('%s') spoils messages that can be asked for again",
  async (kind) => {
    bench = new LpBench();
    const client = await bench.subscribed(SYMBOL);
    bench.lp.commands.damageNext(kind, 2);
    bench.lp.commands.sendSnapshot(SYMBOL);
    bench.lp.commands.sendSnapshot(SYMBOL);
    client.send("2", [
      [7, "3"],
      [16, "4"],
    ]);
    await client.until(() => client.messages.some(({ text }) => text.includes("|34=4|43=Y|")));
    const wire = client.messages.map(({ text }) => text).join("");
    const good = client.messages.filter(({ hasRightSum }) => hasRightSum);
    if (kind === "checksum") expect(client.messages.filter(({ hasRightSum }) => !hasRightSum)).toHaveLength(2);
    else expect(wire.match(/\|9=/g)).toHaveLength(6);
    expect(good.at(-1)?.text).toContain("|34=4|43=Y|");
  },
);

test("sendGarbage() puts bytes between messages and uses no number", async () => {
  bench = new LpBench();
  const client = await bench.subscribed(SYMBOL);
  bench.lp.sendGarbage();
  bench.lp.sendRaw("barrier");
  const messages = await bench.pass(client, 100);
  expect(messages.map(({ text }) => text.slice(0, 14)).slice(0, 1)).toEqual(["garbagebarrier"]);
  expect(messages.at(-1)?.sequence).toBe(3);
});

test("repeatLast() sends market data again with PossDupFlag", async () => {
  bench = new LpBench();
  const client = await bench.subscribed(SYMBOL);
  const updates = await bench.pass(client, 500);
  bench.lp.commands.repeatLast(2);
  const repeated = await bench.drain(client);
  expect(sequences(repeated)).toEqual(sequences(updates.slice(-2)));
  expect(repeated.map((message) => textOf(message, 43))).toEqual(["Y", "Y"]);
});

test("sendLowSequence() uses a number again without saying so", async () => {
  bench = new LpBench();
  const client = await bench.subscribed(SYMBOL);
  bench.lp.commands.sendLowSequence();
  const [heartbeat] = await bench.drain(client);
  expect([heartbeat.msgType, heartbeat.sequence, textOf(heartbeat, 43)]).toEqual(["0", 2, null]);
});

test("resetSequence() in both modes moves the numbers on", async () => {
  bench = new LpBench();
  const client = await bench.subscribed(SYMBOL);
  bench.lp.commands.resetSequence("gapFill", 10);
  bench.lp.commands.resetSequence("reset", 5);
  const [fill, reset, update] = await bench.pass(client, 100);
  expect([fill.sequence, textOf(fill, 123), textOf(fill, 36)]).toEqual([3, "Y", "10"]);
  expect([reset.sequence, textOf(reset, 123), textOf(reset, 36)]).toEqual([10, null, "5"]);
  expect(update.sequence).toBe(5);
});

test("testRequest() and resendRequest() ask the client", async () => {
  bench = new LpBench();
  const client = await bench.loggedOn();
  bench.lp.commands.testRequest();
  bench.lp.commands.resendRequest(1);
  const [test, resend] = await bench.drain(client);
  expect([test.msgType, textOf(test, 112)]).toEqual(["1", "TEST-1"]);
  expect([resend.msgType, textOf(resend, 7), textOf(resend, 16)]).toEqual(["2", "1", "0"]);
});

test("logoutStorm() refuses so many Logons with a text, then takes them", async () => {
  bench = new LpBench();
  const client = await bench.loggedOn();
  bench.lp.commands.logoutStorm("Service is not available", 2);
  expect(textOf(await client.expect("5"), 58)).toBe("Service is not available");
  await client.closed;
  for (let refused = 0; refused < 2; refused++) {
    const again = bench.connect();
    again.logon();
    expect(textOf(await again.expect("5"), 58)).toBe("Service is not available");
    await again.closed;
  }
  await bench.loggedOn();
});

test("holdHandshakes() takes the connection and answers no Logon", async () => {
  bench = new LpBench();
  bench.lp.holdHandshakes();
  const client = bench.connect();
  client.logon();
  await client.until(() => bench.lp.stats().requests === 1);
  await bench.clock.advance(60_000);
  expect([client.messages, bench.lp.stats().sessionsOpen]).toEqual([[], 1]);
  bench.lp.acceptHandshakes();
  client.logon();
  await client.expect("A");
});

test("splitWrites() sends so many bytes at a time", async () => {
  bench = new LpBench({ clock: new SystemClock() });
  const client = await bench.loggedOn();
  bench.lp.commands.splitWrites(5);
  const { length } = client.reads;
  bench.lp.commands.testRequest();
  await client.until(() => client.messages.length === 2);
  expect(client.messages[1].hasRightSum).toBe(true);
  expect(client.reads.length - length).toBeGreaterThan(2);
});

test("joinWrites() sends what was gathered by one write", async () => {
  bench = new LpBench({ ratePerSecond: 100 });
  const client = await bench.subscribed(SYMBOL);
  bench.lp.commands.joinWrites(500);
  const { length } = client.reads;
  await bench.clock.advance(510);
  await client.until(() => client.messages.length === 52);
  expect(client.reads.slice(length)).toHaveLength(1);
  bench.lp.commands.joinWrites(0);
});

test("crossBook() shows a bid above the offer until the next update", async () => {
  bench = new LpBench();
  const client = await bench.subscribed(SYMBOL, { depth: 0 });
  bench.lp.commands.crossBook(SYMBOL);
  await bench.drain(client);
  const [bid, , ask] = readAll(client).top();
  expect(Number(bid)).toBeGreaterThan(Number(ask));
  await bench.pass(client, 100);
  const after = readAll(client);
  expect(Number(after.top()[0])).toBeLessThan(Number(after.top()[2]));
  expect(after.bids).toHaveLength(5);
});

test("deleteUnknown() deletes what nobody has", async () => {
  bench = new LpBench();
  const client = await bench.subscribed(SYMBOL);
  bench.lp.commands.deleteUnknown(SYMBOL);
  const [message] = await bench.drain(client);
  expect(message.text).toContain("|268=1|279=2|269=0|278=999999999999|55=EUR/USD|");
  expect(() => readAll(client)).toThrow("Action 2 of an entry that is not there");
});

test("emptySide() takes one side away until the price moves", async () => {
  const sent: ExpectedQuote[] = [];
  bench = new LpBench({ onSent: (_, quote) => sent.push(quote) });
  const client = await bench.subscribed(SYMBOL);
  bench.lp.commands.emptySide(SYMBOL, "asks");
  await bench.drain(client);
  expect(readAll(client).top()).toEqual(topOf(sent[sent.length - 1]));
  expect(sent[sent.length - 1]).toMatchObject({ askPrice: null, askSize: null });
  await bench.pass(client, 3000);
  expect(readAll(client).top()).toEqual(topOf(sent[sent.length - 1]));
  expect(sent[sent.length - 1].askPrice).not.toBeNull();
});

test("dailyReset() logs all out, and the numbers of both sides begin at 1", async () => {
  bench = new LpBench();
  const client = await bench.subscribed(SYMBOL);
  bench.lp.commands.dailyReset();
  expect(textOf(await client.expect("5"), 58)).toBe("End of trading day");
  await client.closed;
  const next = bench.connect();
  expect((await next.loggedOn([])).sequence).toBe(1);
});

test("requestReconnect() sends News where the venue has it, else a Logout", async () => {
  bench = new LpBench({ venue: "binance-fix", logon: {} });
  const client = await bench.loggedOn();
  bench.lp.requestReconnect();
  expect((await client.expect("B")).text).toContain("|148=Server maintenance");
  bench.stop();
  bench = new LpBench();
  const other = await bench.loggedOn();
  bench.lp.requestReconnect();
  await other.expect("5");
});

test("stop() leaves no timer and no session", async () => {
  bench = new LpBench();
  await bench.subscribed(SYMBOL);
  bench.lp.commands.splitWrites(3);
  bench.lp.commands.testRequest();
  expect(bench.clock.armedTimers).toBeGreaterThan(0);
  bench.lp.stop();
  expect([bench.clock.armedTimers, bench.lp.stats().sessionsOpen]).toEqual([0, 0]);
});
