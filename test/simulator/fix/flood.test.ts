import { afterEach, describe, expect, test } from "bun:test";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import type { FixSimulatorOptions } from "../../../src/simulator/fix/fix-simulator.ts";
import type { ExpectedQuote } from "../../../src/simulator/venue-dialect.ts";
import { BookReader, type ReaderKey } from "./book-reader.ts";
import { type FixClient, LpBench, type SeenMessage, textOf } from "./fix-client.ts";

let bench: LpBench;
afterEach(() => bench.stop());

const LIMIT = 5000;

function openFlood(options: Partial<FixSimulatorOptions>): void {
  bench = new LpBench({ ratePerSecond: "full", quoteLimit: LIMIT, logon: {}, clock: new SystemClock(), ...options });
}

/** All market data of a flood of `LIMIT` updates; the limit does not count snapshots. */
async function readFlood(client: FixClient): Promise<SeenMessage[]> {
  await client.until(() => bench.lp.stats().quotesSent >= LIMIT);
  return await bench.drain(client);
}

const VENUES: readonly [venue: string, key: ReaderKey][] = [
  ["fix-generic", "id"],
  ["ctrader", "id"],
  ["binance-fix", "price"],
  ["revolut-fix", "price"],
  ["osl-fix", "position"],
];

describe.each(VENUES)("%s at full speed", (venue, key) => {
  test("sends messages that are whole, in order, and lead to one book", async () => {
    openFlood({ venue });
    const [first, second] = bench.lp.symbols;
    const client = await bench.loggedOn();
    client.subscribe("r1", [first, second], { depth: 0 });
    const messages = await readFlood(client);
    const readers = new Map([first, second].map((symbol) => [symbol, new BookReader(key)]));
    for (const message of messages) {
      readers.get(textOf(message, 55) ?? "")?.take(message);
      expect(message.hasRightSum).toBe(true);
    }
    expect(messages.map(({ sequence }) => sequence)).toEqual(messages.map((_, index) => index + 2));
    for (const reader of readers.values()) {
      expect([reader.bids.length, reader.asks.length]).toEqual([5, 5]);
      expect(Number(reader.top()[0])).toBeLessThan(Number(reader.top()[2]));
    }
    expect(bench.lp.stats().withheld).toBe(0);
  });
});

test("a flood lists every update when asked to", async () => {
  const sent: ExpectedQuote[] = [];
  openFlood({ onSent: (_, quote) => sent.push(quote), lists: "every_update" });
  const client = await bench.loggedOn();
  client.subscribe("r1", ["EUR/USD"]);
  const messages = await readFlood(client);
  expect(sent.map(({ sequence }) => Number(sequence))).toEqual(messages.map(({ sequence }) => sequence));
});

test("a flood of MassQuotes keeps each bank's line", async () => {
  openFlood({ venue: "fxspotstream", levels: 3 });
  const client = await bench.loggedOn();
  client.send("R", [
    [131, "q1"],
    [146, "1"],
    [55, "EUR/USD"],
  ]);
  const reader = new BookReader("id");
  for (const message of await readFlood(client)) reader.take(message);
  expect(reader.bids.map(({ id }) => id)).toEqual(["BANK1", "BANK2", "BANK3"]);
});

test("what a flood sent can be asked for again, and faults know the book the client has", async () => {
  openFlood({});
  const client = await bench.loggedOn();
  client.subscribe("r1", ["EUR/USD"]);
  const messages = await readFlood(client);
  bench.lp.commands.crossBook("EUR/USD");
  bench.lp.commands.emptySide("EUR/USD", "bids");
  const reader = new BookReader("id");
  for (const message of [...messages, ...(await bench.drain(client))]) reader.take(message);
  expect([reader.bids.length, reader.asks.length]).toEqual([0, 1]);
  client.send("2", [
    [7, "100"],
    [16, "102"],
  ]);
  const replayed = await bench.drain(client);
  expect(replayed.map((message) => [message.sequence, textOf(message, 43), message.msgType])).toEqual([
    [100, "Y", "X"],
    [101, "Y", "X"],
    [102, "Y", "X"],
  ]);
});

test("a flood stops while the client does not read, and its memory stays bounded", async () => {
  openFlood({ quoteLimit: Number.MAX_SAFE_INTEGER });
  const client = await bench.loggedOn();
  client.subscribe("r1", ["EUR/USD"]);
  await client.until(() => client.messages.length > 10);
  client.pause();
  let before = -1;
  for (let quiet = 0; quiet < 5; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { quotesSent } = bench.lp.stats();
    quiet = quotesSent === before ? quiet + 1 : 0;
    before = quotesSent;
  }
  expect(bench.lp.stats().sessionsOpen).toBe(1);
});
