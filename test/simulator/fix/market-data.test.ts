import { afterEach, describe, expect, test } from "bun:test";
import type { ExpectedQuote } from "../../../src/simulator/venue-dialect.ts";
import type { FixField } from "../../../src/venues/compiled-fix-venue.ts";
import { BookReader, type ReaderKey } from "./book-reader.ts";
import { type FixClient, LpBench, type SeenMessage, textOf } from "./fix-client.ts";

let bench: LpBench;
let sent: ExpectedQuote[];
afterEach(() => bench.stop());

/** What an LP needs at logon and how its increments name entries, by depth asked for. */
const LPS: readonly { venue: string; keys: Readonly<Record<number, ReaderKey>>; hasIncrements: boolean }[] = [
  { venue: "fix-generic", keys: { 0: "id", 1: "id", 3: "id" }, hasIncrements: true },
  { venue: "lp-alpha", keys: { 1: "id" }, hasIncrements: true },
  { venue: "ctrader", keys: { 0: "id", 1: "id" }, hasIncrements: true },
  { venue: "binance-fix", keys: { 0: "price", 1: "side", 3: "price" }, hasIncrements: true },
  { venue: "revolut-fix", keys: { 0: "price", 1: "price" }, hasIncrements: false },
  { venue: "osl-fix", keys: { 0: "position", 1: "position", 3: "position" }, hasIncrements: true },
];

const CASES = LPS.flatMap(({ venue, keys }) =>
  Object.entries(keys).map(([depth, key]) => ({ venue, depth: Number(depth), key })),
);

function openBench(options: ConstructorParameters<typeof LpBench>[0]): void {
  sent = [];
  // Any Logon will do here.
  bench = new LpBench({ seed: 11, logon: {}, onSent: (_, quote) => sent.push(quote), ...options });
}

function expectedTop({ bidPrice, bidSize, askPrice, askSize }: ExpectedQuote): (string | null)[] {
  return [bidPrice, bidSize, askPrice, askSize];
}

async function run(client: FixClient, symbol: string, depth: number): Promise<SeenMessage[]> {
  client.subscribe("r1", [symbol], { depth });
  const first = await bench.drain(client);
  return [...first, ...(await bench.pass(client, 20_000))];
}

describe.each(CASES)("$venue with depth $depth", ({ venue, depth, key }) => {
  test("every message leads a plain reader to the book that was meant", async () => {
    openBench({ venue, levels: 4 });
    const [symbol] = bench.lp.symbols;
    const client = await bench.loggedOn();
    const messages = await run(client, symbol, depth);
    const reader = new BookReader(key);
    const tops = new Map<string, (string | null)[]>();
    for (const message of messages) {
      reader.take(message);
      tops.set(String(message.sequence), reader.top());
      expect(message.hasRightSum).toBe(true);
    }
    expect(messages).toHaveLength(201);
    for (const quote of sent) expect(tops.get(quote.sequence ?? "")).toEqual(expectedTop(quote));
    expect(sent.map(({ symbol: name }) => name)).toEqual(sent.map(() => symbol));
    expect(sent.length).toBeGreaterThan(90);
    expect(reader.bids).toHaveLength(depth === 0 ? 4 : depth);
  });

  test("the same seed makes the same messages", async () => {
    const runs: string[][] = [];
    for (let round = 0; round < 2; round++) {
      openBench({ venue });
      const client = await bench.loggedOn();
      runs.push((await run(client, bench.lp.symbols[1], depth)).map(({ text }) => text));
      bench.stop();
    }
    expect(runs[1]).toEqual(runs[0]);
  });
});

test("the generic LP writes ids, makers, five digits and ms", async () => {
  openBench({});
  const client = await bench.loggedOn();
  client.subscribe("r1", ["EUR/USD"]);
  const [snapshot] = await bench.drain(client);
  expect(snapshot.text).toMatch(
    /\|35=W\|.*\|52=20231114-22:13:20\.000\|56=EDGE\|262=r1\|55=EUR\/USD\|268=2\|269=0\|278=\d{10}\|270=1\.\d{5}\|271=\d+00000\|282=BANK1\|269=1\|/,
  );
  const updates = await bench.pass(client, 5000);
  expect(updates[0].text).toMatch(
    /\|35=X\|.*\|262=r1\|268=\d\|279=1\|269=[01]\|278=\d{10}\|(?:280=\d{10}\|)?55=EUR\/USD\|270=/,
  );
  expect(updates.some(({ text }) => text.includes("|280="))).toBe(true);
});

test("cTrader names no request, gives prices alone for the best, and deletes by id alone", async () => {
  openBench({ venue: "ctrader" });
  const client = await bench.loggedOn();
  client.subscribe("r1", ["1"]);
  const [top, next] = [...(await bench.drain(client)), ...(await bench.pass(client, 100))];
  for (const { text } of [top, next])
    expect(text).toMatch(/\|35=W\|.*\|55=1\|268=2\|269=0\|270=1\.\d{5}\|269=1\|270=1\.\d{5}\|10=/);
  client.send("V", [
    [262, "r1"],
    [263, "2"],
  ]);
  client.subscribe("r2", ["2"], { depth: 0 });
  const messages = [...(await bench.drain(client)), ...(await bench.pass(client, 5000))];
  expect(messages[0].text).toMatch(/\|55=2\|268=10\|269=0\|270=[\d.]+\|271=\d+\|278=\d+\|269=0\|/);
  expect(
    messages.some(({ text }) => /\|268=2\|279=2\|278=\d+\|55=2\|279=0\|269=[01]\|278=\d+\|55=2\|270=/.test(text)),
  ).toBe(true);
  expect(messages.every(({ text }) => !text.includes("|262="))).toBe(true);
});

test("cTrader starts both sides' numbers anew with every Logon, asked or not", async () => {
  openBench({ venue: "ctrader" });
  const first = await bench.loggedOn();
  first.send("5");
  await first.closed;
  const second = bench.connect();
  const answer = await second.loggedOn([]);
  expect([answer.sequence, textOf(answer, 141)]).toEqual([1, "Y"]);
});

test("Binance leaves out what an entry has in common with the one before, pads 9 and writes µs", async () => {
  openBench({ venue: "binance-fix" });
  const client = await bench.loggedOn();
  client.subscribe("r1", ["BTCUSDT"], { depth: 2, fields: [[266, "Y"]] });
  const messages = [...(await bench.drain(client)), ...(await bench.pass(client, 5000))];
  for (const { text } of messages)
    expect(text).toMatch(/^8=FIX\.4\.4\|9=0000\d{3}\|35=[WX]\|.*\|52=20231114-22:13:2\d\.\d{6}\|/);
  expect(messages[0].text).toMatch(/\|262=r1\|55=BTCUSDT\|25044=\d{10}\|268=4\|269=0\|270=/);
  const several = messages.filter((message) => Number(textOf(message, 268)) > 1 && message.msgType === "X");
  expect(several.length).toBeGreaterThan(5);
  for (const { fields } of several) {
    for (const tag of [55, 25043, 25044]) expect(fields.filter((field) => field[0] === tag)).toHaveLength(1);
  }
});

test("Binance replaces the best quote by Change for a client that asked for it alone", async () => {
  openBench({ venue: "binance-fix" });
  const client = await bench.loggedOn();
  client.subscribe("r1", ["BTCUSDT"], { depth: 1, fields: [[266, "Y"]] });
  await bench.drain(client);
  const updates = await bench.pass(client, 3000);
  expect(
    new Set(updates.flatMap(({ fields }) => fields.filter(([tag]) => tag === 279).map(([, value]) => value))),
  ).toEqual(new Set(["1"]));
});

test("Revolut sends snapshots only, and a new request ends the one before", async () => {
  openBench({ venue: "revolut-fix" });
  const client = await bench.loggedOn();
  client.subscribe("r1", ["BTC/USD"]);
  client.subscribe("r2", ["ETH/USD", "SOL/USD"]);
  await bench.drain(client);
  expect(bench.lp.sessions[0].topics).toEqual(["ETH/USD", "SOL/USD"]);
  expect(new Set((await bench.pass(client, 2000)).map(({ msgType }) => msgType))).toEqual(new Set(["W"]));
});

test("OSL gives the symbol on the first entry, positions, and 346=0 for an empty side", async () => {
  openBench({ venue: "osl-fix" });
  const client = await bench.loggedOn();
  client.subscribe("r1", ["BTC/USD"], { depth: 3 });
  const messages = [...(await bench.drain(client)), ...(await bench.pass(client, 5000))];
  const several = messages.filter((message) => Number(textOf(message, 268)) > 1 && message.msgType === "X");
  for (const { fields } of several) expect(fields.filter(([tag]) => tag === 55)).toHaveLength(1);
  expect(several[0].text).toMatch(/\|272=20231114\|273=22:13:2\d\.\d{3}\|336=OPEN\|/);
  bench.lp.commands.emptySide("BTC/USD", "bids");
  bench.lp.commands.sendSnapshot("BTC/USD");
  const [, snapshot] = await bench.drain(client);
  expect(snapshot.text).toMatch(/\|268=4\|269=0\|272=\d{8}\|273=[\d:.]+\|336=OPEN\|346=0\|269=1\|270=/);
  expect(sent.at(-1)).toMatchObject({ bidPrice: null, bidSize: null, askPrice: expect.any(String) });
});

test("OSL refuses a subscription without MDUpdateType", async () => {
  openBench({ venue: "osl-fix" });
  const client = await bench.loggedOn();
  client.subscribe("r1", ["BTC/USD"], { fields: [] });
  expect((await client.expect("Y")).text).toContain("|262=r1|281=6|58=MDUpdateType is missing|");
});

test.each(["i", "S"] as const)(
  "FXSpotStream answers a QuoteRequest with %s, and ends it by request",
  async (quoteMessage) => {
    openBench({ venue: "fxspotstream", levels: 3, shape: { quoteMessage }, wantsQuoteAcks: true });
    const client = await bench.loggedOn();
    client.send("R", [
      [131, "q1"],
      [146, "1"],
      [55, "EUR/USD"],
      [303, "2"],
    ]);
    const messages = [...(await bench.drain(client)), ...(await bench.pass(client, 5000))];
    const reader = new BookReader("id");
    const tops = messages.map((message) => {
      reader.take(message);
      return reader.top();
    });
    expect(messages.map(({ msgType }) => msgType)).toEqual(messages.map(() => quoteMessage));
    expect(tops).toEqual(sent.map(expectedTop));
    expect(messages[0].text.includes("|301=2|")).toBe(quoteMessage === "i");
    client.send("b", [[131, "q1"]]);
    bench.lp.commands.cancelQuotes("EUR/USD");
    const [cancel] = await bench.drain(client);
    expect(cancel.text).toContain("|35=Z|");
    expect(cancel.text).toContain("|131=q1|117=q1|298=1|295=1|55=EUR/USD|");
    client.send("R", [
      [131, "q1"],
      [263, "2"],
    ]);
    await bench.drain(client);
    expect(bench.lp.sessions[0].topics).toEqual([]);
  },
);

test("FXSpotStream refuses an unknown pair by QuoteRequestReject", async () => {
  openBench({ venue: "fxspotstream" });
  const client = await bench.loggedOn();
  client.send("R", [
    [131, "q1"],
    [146, "1"],
    [55, "NOK/ZAR"],
  ]);
  expect((await client.expect("AG")).text).toContain("|131=q1|658=1|146=1|55=NOK/ZAR|58=Unknown symbol NOK/ZAR|");
});

test("one request may name several symbols, and 263=2 with the same id ends them all", async () => {
  openBench({ symbols: ["EURUSD", "GBP/USD", "NEW/ONE"] });
  const client = await bench.loggedOn();
  client.subscribe("r1", ["EURUSD", "NEW/ONE"]);
  client.subscribe("r2", ["GBP/USD"]);
  expect((await bench.drain(client)).map((message) => [textOf(message, 262), textOf(message, 55)])).toEqual([
    ["r1", "EURUSD"],
    ["r1", "NEW/ONE"],
    ["r2", "GBP/USD"],
  ]);
  client.send("V", [
    [262, "r1"],
    [263, "2"],
  ]);
  await bench.drain(client);
  expect(new Set((await bench.pass(client, 1000)).map((message) => textOf(message, 55)))).toEqual(new Set(["GBP/USD"]));
  expect(bench.lp.stats().sentBySymbol).toMatchObject({ EURUSD: 1, "NEW/ONE": 1, "GBP/USD": 11 });
});

test("updateTogether() puts several symbols into one increment", async () => {
  openBench({ venue: "binance-fix" });
  const client = await bench.loggedOn();
  client.subscribe("r1", ["BTCUSDT", "ETHUSDT"], { fields: [] });
  await bench.drain(client);
  bench.lp.commands.updateTogether(["BTCUSDT", "ETHUSDT"]);
  const [message] = await bench.drain(client);
  const symbols = message.fields.filter(([tag]) => tag === 55).map(([, value]) => value);
  expect(symbols).toEqual(["BTCUSDT", "ETHUSDT"]);
  expect(sent.slice(-2).map(({ symbol, sequence }) => [symbol, sequence])).toEqual(
    symbols.map((symbol) => [symbol, String(message.sequence)]),
  );
});

test("263=0 gives one snapshot, 265=0 snapshots only, 269 the side that was asked for", async () => {
  openBench({});
  const client = await bench.loggedOn();
  const request = (id: string, fields: readonly FixField[]) =>
    client.send("V", [[262, id], ...fields, [146, "1"], [55, "EUR/USD"]]);
  request("once", [
    [263, "0"],
    [264, "0"],
    [267, "1"],
    [269, "1"],
  ]);
  const [once] = await bench.drain(client);
  expect(once.text).toContain("|268=5|269=1|");
  expect(bench.lp.sessions[0].topics).toEqual([]);
  request("full", [
    [263, "1"],
    [264, "1"],
    [265, "0"],
    [267, "2"],
    [269, "0"],
    [269, "1"],
  ]);
  const messages = [...(await bench.drain(client)), ...(await bench.pass(client, 500))];
  expect(messages.map(({ msgType }) => msgType)).toEqual(["W", "W", "W", "W", "W", "W"]);
});

test("a request that cannot be met is refused with its reason", async () => {
  openBench({});
  const client = await bench.loggedOn();
  const refusal = async (id: string, fields: readonly FixField[]) => {
    client.send("V", [[262, id], ...fields]);
    const message = await client.expect("Y");
    return [textOf(message, 262), textOf(message, 281), textOf(message, 58)];
  };
  const good: readonly FixField[] = [
    [263, "1"],
    [264, "1"],
    [265, "1"],
    [267, "1"],
    [269, "0"],
    [146, "1"],
  ];
  expect(await refusal("a", [...good, [55, "DOGE"]])).toEqual(["a", "0", "Unknown symbol DOGE"]);
  bench.lp.refuse("GBP/USD");
  expect(await refusal("b", [...good, [55, "GBP/USD"]])).toEqual(["b", "3", "No permission for GBP/USD"]);
  expect(
    await refusal("c", [
      [263, "7"],
      [264, "1"],
    ]),
  ).toEqual(["c", "4", "Unsupported SubscriptionRequestType '7'"]);
  expect(await refusal("d", [[263, "1"]])).toEqual(["d", "5", "MarketDepth is missing"]);
  bench.lp.allow("GBP/USD");
  client.send("V", [[262, "e"], ...good, [55, "GBP/USD"]]);
  await client.expect("W");
  expect(await refusal("e", [...good, [55, "EUR/USD"]])).toEqual(["e", "1", "Duplicate request e"]);
  client.send("V", [[263, "1"]]);
  expect((await client.expect("3")).text).toContain("|371=262|372=V|373=1|");
});

test("RptSeq counts each symbol's messages, and TransactTime stands where the shape has it", async () => {
  openBench({ shape: { incrementHead: [262, 60, 83], time: "transactTime" } });
  const client = await bench.loggedOn();
  client.subscribe("r1", ["EUR/USD", "GBP/USD"]);
  await bench.drain(client);
  const updates = await bench.pass(client, 1000);
  const numbers = updates
    .filter((message) => textOf(message, 55) === "EUR/USD")
    .map((message) => Number(textOf(message, 83)));
  expect(numbers.map((number) => number - numbers[0])).toEqual([0, 1, 2, 3, 4]);
  expect(textOf(updates[0], 60)).toBe("20231114-22:13:20.100");
  expect(sent[2].venueTimeMs).toBe(1_700_000_000_100);
});
