import { afterEach, describe, expect, test } from "bun:test";
import { Instrument } from "../../src/domain/instrument.ts";
import type { QuoteView } from "../../src/domain/quote.ts";
import { DIALECTS } from "../../src/simulator/dialect-registry.ts";
import type { ExpectedQuote } from "../../src/simulator/venue-dialect.ts";
import { findBuiltInProfile } from "../../src/venues/built-in-venues.ts";
import { compileVenue } from "../../src/venues/compile-venue.ts";
import { type CompiledVenue, type ControlMessage, FrameKind } from "../../src/venues/compiled-venue.ts";
import { Bench, type VenueClient } from "./venue-client.ts";

// The dialects were written from the venues' documents and the profiles by somebody else from the same documents: what
// one sends, the other must read.

const VENUES = DIALECTS.map((dialect) => dialect.venue);
/** What each venue does when it wants its clients on another connection; the others just close. */
const VENUES_WITH_NOTICE = ["binance", "binance-futures", "okx", "okx-tickers", "bitstamp"];
/** Binance acks symbols it does not know; the command makes it refuse. */
const VENUES_THAT_REFUSE_UNKNOWN = VENUES.filter((venue) => !venue.startsWith("binance"));

/** Where the bench's clock stands. */
const WALL_MS = 1_700_000_000_000;

const END_MARK = "that was all";

/** A quote as text; what a decoder made of it may be anything. */
type QuoteTexts = Record<keyof ExpectedQuote, unknown>;

let bench: Bench;
let sent: ExpectedQuote[];
afterEach(() => bench.stop());

function compiled(venue: string): CompiledVenue {
  const profile = findBuiltInProfile(venue, "websocket");
  if (profile === null) throw new Error(`Cannot find the built-in profile of '${venue}'`);
  return compileVenue(profile, { urlOverride: bench.simulator.url });
}

function openBench(venue: string): void {
  sent = [];
  bench = new Bench({ venue, seed: 11, ratePerSecond: 400, onSent: (_, quote) => sent.push(quote) });
}

/** All messages the client was sent and has not taken; a marker behind them tells that they have arrived. */
async function drain(client: VenueClient): Promise<string[]> {
  bench.simulator.sendRaw(END_MARK);
  await client.until(() => client.messages.at(-1) === END_MARK);
  return client.takeAll().slice(0, -1);
}

/** Sends requests with as much time between them as the profile keeps. */
async function sendAll(client: VenueClient, venue: CompiledVenue, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    const { requests } = bench.simulator.stats();
    client.send(text);
    await bench.requestsRead(requests + 1);
    await bench.clock.advance(venue.limits.messageSpacingMs);
  }
}

/** Subscribes to symbols, lets time pass until at least so many quotes were sent, and reads all that came. */
async function subscribeAndWait(symbols: readonly string[], name: string, quotesAtLeast: number) {
  const venue = compiled(name);
  const client = await bench.connect();
  let id = 0;
  const requests = venue.subscribeRequests(symbols, () => ++id, WALL_MS);
  await sendAll(
    client,
    venue,
    requests.map(({ text }) => text),
  );
  while (bench.simulator.stats().quotesSent < quotesAtLeast) {
    await bench.clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return readMessages(venue, symbols, await drain(client));
}

function priceKey(quote: QuoteTexts): string {
  return [quote.symbol, quote.bidPrice, quote.bidSize, quote.askPrice, quote.askSize].join(" ");
}

function slice(bytes: Uint8Array, start: number, end: number): string | null {
  return start < 0 ? null : Buffer.from(bytes.subarray(start, end)).toString();
}

function textsOf(view: QuoteView): QuoteTexts {
  return {
    symbol: view.instrument?.symbol,
    bidPrice: slice(view.fields, view.bidPriceStart, view.bidPriceEnd),
    bidSize: slice(view.fields, view.bidSizeStart, view.bidSizeEnd),
    askPrice: slice(view.fields, view.askPriceStart, view.askPriceEnd),
    askSize: slice(view.fields, view.askSizeStart, view.askSizeEnd),
    sequence: slice(view.fields, view.sequenceStart, view.sequenceEnd),
    venueTimeMs: view.venueTimeMs < 0 ? null : view.venueTimeMs,
  };
}

function makeInstruments(symbols: readonly string[]): Instrument[] {
  return symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "x", symbol }));
}

/** Reads messages as a session does: quotes by the decoder, control messages by `readControl`. */
function readMessages(venue: CompiledVenue, symbols: readonly string[], messages: readonly string[]) {
  const quotes: QuoteTexts[] = [];
  const controls: ControlMessage[] = [];
  const kinds: number[] = [];
  const decoder = venue.createDecoder(makeInstruments(symbols), { accept: (view) => quotes.push(textsOf(view)) }, 1);
  for (const text of messages) {
    const frame = Buffer.from(text);
    const kind = decoder.decode(frame, 1_700_000_000_000_000);
    kinds.push(kind);
    if (kind === FrameKind.control) controls.push(venue.readControl(frame));
    if (kind === FrameKind.rejected) throw new Error(`Rejected (${decoder.rejectReason}): ${text}`);
  }
  return { quotes, controls, kinds };
}

describe.each(VENUES)("%s", (name) => {
  test("every quote sent is decoded to exactly what was meant, and every symbol is acked", async () => {
    openBench(name);
    const venue = compiled(name);
    const symbols = bench.simulator.symbols.slice();
    const client = await bench.connect();
    let id = 0;
    const requests = venue.subscribeRequests(symbols, () => ++id, WALL_MS);
    await sendAll(
      client,
      venue,
      requests.map(({ text }) => text),
    );
    await bench.clock.advance(3000);
    const { quotes, controls } = readMessages(venue, symbols, await drain(client));
    expect(sent.length).toBeGreaterThan(1000);
    expect(quotes).toEqual(sent);
    const acked = new Set<string>();
    for (const control of controls) {
      if (control.kind !== "ack" && control.kind !== "accepted")
        throw new Error(`Wanted an ack: got ${JSON.stringify(control)}`);
      const byId = requests.find((request) => request.id !== 0 && request.id === control.id)?.symbols ?? [];
      for (const symbol of control.symbols.length > 0 ? control.symbols : byId) acked.add(symbol);
    }
    expect([...acked].sort()).toEqual(symbols.sort());
  });

  test("at full speed the same prices go round with numbers and times that rise", async () => {
    openBench(name);
    const symbol = bench.simulator.symbols[0];
    await subscribeAndWait([symbol], name, 100);
    const walked = new Set(sent.map(priceKey));
    bench.stop();
    bench = new Bench({ venue: name, seed: 11, ratePerSecond: "full", quoteLimit: 1000 });
    bench.clock.stepWall(777);
    const { quotes } = await subscribeAndWait([symbol], name, 1000);
    expect(quotes.length).toBeGreaterThanOrEqual(1000);
    expect(quotes.filter((quote) => !walked.has(priceKey(quote)))).toEqual([]);
    expect(new Set(quotes.map(priceKey)).size).toBeGreaterThan(50);
    const numbers = quotes.map((quote) => Number(quote.sequence));
    if (quotes[0].sequence !== null) expect(numbers.every((n, i) => i === 0 || n > numbers[i - 1])).toBe(true);
    if (quotes[0].venueTimeMs !== null) expect(quotes.at(-1)?.venueTimeMs).toBeGreaterThanOrEqual(1_700_000_000_777);
  });

  test("a refused symbol is told by its name, by the request, or as the only one pending", async () => {
    openBench(name);
    const venue = compiled(name);
    const symbol = bench.simulator.symbols[1];
    bench.simulator.refuse(symbol);
    const client = await bench.connect();
    const [request] = venue.subscribeRequests([symbol], () => 41, WALL_MS);
    await sendAll(client, venue, [request.text]);
    const { controls } = readMessages(venue, [symbol], await drain(client));
    expect(controls).toHaveLength(1);
    const [refusal] = controls;
    if (refusal.kind === "accepted") {
      // Not among those it lists, which is how this venue refuses.
      expect(refusal).toEqual({ kind: "accepted", id: request.id, symbols: [] });
      return;
    }
    if (refusal.kind !== "refusal") throw new Error(`Wanted a refusal: got ${JSON.stringify(refusal)}`);
    expect([[], [symbol]]).toContainEqual([...refusal.symbols]);
    expect([0, request.id]).toContain(refusal.id);
    expect(refusal.text.length).toBeGreaterThan(5);
  });

  test("unsubscribe stops the quotes", async () => {
    openBench(name);
    const venue = compiled(name);
    const symbols = bench.simulator.symbols.slice(0, 2);
    const client = await bench.connect();
    let id = 0;
    const nextId = () => ++id;
    await sendAll(
      client,
      venue,
      venue.subscribeRequests(symbols, nextId, WALL_MS).map(({ text }) => text),
    );
    await sendAll(
      client,
      venue,
      venue.unsubscribeRequests([symbols[0]], nextId, WALL_MS).map(({ text }) => text),
    );
    const before = sent.length;
    await bench.clock.advance(1000);
    const symbolsSince = new Set(sent.slice(before).map((quote) => quote.symbol));
    expect([...symbolsSince]).toEqual([symbols[1]]);
  });

  test("the venue answers the ping of the profile and the answer counts as a sign of life", async () => {
    openBench(name);
    const venue = compiled(name);
    const client = await bench.connect();
    const isFrame = venue.ping === null || venue.ping.isFrame;
    expect(isFrame).toBe(venue.pingText(() => 77, 1_700_000_000_000) === "");
    if (isFrame) return;
    await sendAll(client, venue, [venue.pingText(() => 77, 1_700_000_000_000)]);
    const { kinds } = readMessages(venue, [], await drain(client));
    expect(kinds.at(-1)).toBe(FrameKind.heartbeat);
  });
});

test.each(VENUES_WITH_NOTICE)("%s: its notice is read as a wish to reconnect", async (name) => {
  openBench(name);
  const venue = compiled(name);
  const client = await bench.connect();
  await bench.until(() => bench.simulator.stats().sessionsOpen === 1);
  bench.simulator.requestReconnect();
  expect(readMessages(venue, [], await drain(client)).controls).toMatchObject([{ kind: "reconnect" }]);
});

test.each(VENUES_THAT_REFUSE_UNKNOWN)("%s: a symbol it does not list is refused", async (name) => {
  openBench(name);
  const venue = compiled(name);
  const client = await bench.connect();
  const unknown = bench.simulator.symbols[0].replace(/[A-Za-z]{3}/, (head) =>
    head === head.toLowerCase() ? "zzz" : "ZZZ",
  );
  const [request] = venue.subscribeRequests([unknown], () => 5, WALL_MS);
  await sendAll(client, venue, [request.text]);
  const [control, ...others] = readMessages(venue, [unknown], await drain(client)).controls;
  expect(others).toEqual([]);
  if (control.kind === "accepted") expect(control).toEqual({ kind: "accepted", id: 5, symbols: [] });
  else expect(control.kind).toBe("refusal");
});

test("deribit: asks for a sign of life, and the profile's answer is the one it wants", async () => {
  openBench("deribit");
  const venue = compiled("deribit");
  const client = await bench.connect();
  await sendAll(
    client,
    venue,
    venue.openingTexts(() => 1, WALL_MS),
  );
  await bench.clock.advance(20_000);
  const { controls, kinds } = readMessages(venue, [], await drain(client));
  expect(kinds).toEqual([FrameKind.ignored, FrameKind.heartbeat, FrameKind.control]);
  const [question] = controls;
  if (question.kind !== "answer") throw new Error(`Wanted an answer: got ${JSON.stringify(question)}`);
  await sendAll(client, venue, [question.text]);
  await bench.clock.advance(10_000);
  const messages = [await client.nextText(), await client.nextText()];
  expect(readMessages(venue, [], messages).kinds).toEqual([FrameKind.heartbeat, FrameKind.heartbeat]);
});

test.each(["coinbase", "kraken"])("%s: its heartbeat counts as a sign of life", async (name) => {
  openBench(name);
  const venue = compiled(name);
  const symbols = bench.simulator.symbols.slice(0, 1);
  const client = await bench.connect();
  await sendAll(
    client,
    venue,
    venue.subscribeRequests(symbols, () => 1, WALL_MS).map(({ text }) => text),
  );
  bench.simulator.goSilent("quotes");
  await bench.clock.advance(3000);
  const { kinds } = readMessages(venue, symbols, await drain(client));
  expect(kinds.filter((kind) => kind === FrameKind.heartbeat).length).toBeGreaterThanOrEqual(2);
});
