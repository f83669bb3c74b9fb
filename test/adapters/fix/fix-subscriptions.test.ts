import { beforeEach, describe, expect, test } from "bun:test";
import { FixSubscriptions, type SubscribedBooks } from "../../../src/adapters/fix/fix-subscriptions.ts";
import { SecretHider } from "../../../src/adapters/fix/secret-hider.ts";
import type { IngestError } from "../../../src/domain/ingest-error.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import { FrameScanner } from "../../../src/fix/frame-scanner.ts";
import { buildMessage } from "../../../src/fix/message-builder.ts";
import type { FixField } from "../../../src/venues/compiled-fix-venue.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { createPlainFixVenue, type PlainFixVenueOptions } from "../../harness/fix-plain-venue.ts";
import { ManualPressure, RecordingMonitor, RecordingQuotes } from "../../harness/recorders.ts";

const TIMEOUT_MS = 2000;

/** Books that are the LP's when a test says so, of the request that was bound last. */
class FakeBooks implements SubscribedBooks {
  readonly trusted = new Set<number>();
  readonly log: string[] = [];

  bindRequest(id: string, symbols: readonly number[]): void {
    this.log.push(`bind ${id} ${symbols.join(",")}`);
    for (const symbol of symbols) this.trusted.delete(symbol);
  }

  unbindRequest(id: string): void {
    this.log.push(`unbind ${id}`);
  }

  isTrusted(symbol: number): boolean {
    return this.trusted.has(symbol);
  }
}

let clock: FakeClock;
let books: FakeBooks;
let monitor: RecordingMonitor;
/** `+A,B:id` asked for, `-A,B:id` ended. */
let sent: string[];
/** When each symbol or group was asked for, ms. */
let askedMs: number[];
let failures: IngestError[];
let instruments: Instrument[];

beforeEach(() => {
  clock = new FakeClock();
  books = new FakeBooks();
  monitor = new RecordingMonitor();
  sent = [];
  askedMs = [];
  failures = [];
});

function create(symbols: string, venue: PlainFixVenueOptions = {}, isSubscribing = true): FixSubscriptions {
  instruments = [...symbols].map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "feed", symbol }));
  let lastId = 0;
  let lastSequence = 1;
  const subscriptions = new FixSubscriptions({
    venue: createPlainFixVenue(venue),
    context: {
      signal: new AbortController().signal,
      epoch: 1,
      instruments,
      quotes: new RecordingQuotes(),
      monitor,
      backpressure: new ManualPressure(),
      clock,
    },
    secrets: new SecretHider({ username: null, password: () => "s3cret" }),
    lastSequence: () => 57,
    clock,
    target: "tcp://lp:1",
    depth: 1,
    isSubscribing,
    timeoutMs: TIMEOUT_MS,
    books,
    nextId: () => String(++lastId),
    send: (_msgType, fields) => {
      sent.push(describeRequest(fields));
      if (sent.at(-1)?.startsWith("+")) askedMs.push(clock.monotonicMs());
      return ++lastSequence;
    },
    onFailed: (error) => {
      failures.push(error);
      subscriptions.stop();
    },
  });
  return subscriptions;
}

function describeRequest(fields: readonly FixField[]): string {
  const read = (tag: number) => fields.find(([fieldTag]) => fieldTag === tag)?.[1];
  const symbols = fields.filter(([tag]) => tag === 55).map(([, value]) => value);
  return `${read(263) === "2" ? "-" : "+"}${symbols.join(",")}:${read(262)}`;
}

/** The LP has sent snapshots of these. */
function serve(subscriptions: FixSubscriptions, symbols: string): void {
  for (const [index, { symbol }] of instruments.entries()) if (symbols.includes(symbol)) books.trusted.add(index);
  subscriptions.noteData();
}

function refuse(subscriptions: FixSubscriptions, id: string, text = "no"): void {
  const header = { beginString: "FIX.4.4", msgType: "Y", sequence: 1, sender: "LP", target: "US", sendingTime: "" };
  const scanner = new FrameScanner({
    maxMessageBytes: 1000,
    listener: {
      onFrame: (frame) => subscriptions.noteMessage(frame),
      onGarbage: (reason) => expect(reason).toBeUndefined(),
    },
  });
  scanner.feed(
    buildMessage(header, [
      [262, id],
      [58, text],
    ]),
  );
}

function taken(): string[] {
  return sent.splice(0);
}

function states(): string[] {
  const last = new Map(monitor.notes.map((note) => [note.slice(0, 1), note.slice(2)]));
  return instruments.map(({ symbol }) => `${symbol} ${last.get(symbol)}`);
}

describe("FixSubscriptions", () => {
  test("start() asks for every symbol and tells the books which request each is on", () => {
    create("AB").start();
    expect(taken()).toEqual(["+A:1", "+B:2"]);
    expect(books.log).toEqual(["bind 1 0", "bind 2 1"]);
    expect(states()).toEqual(["A pending", "B pending"]);
  });

  test("requests keep the distance the LP wants", async () => {
    create("ABC", { limits: { messageSpacingMs: 100 } }).start();
    expect(sent).toEqual(["+A:1"]);
    await clock.advance(99);
    expect(sent.length).toBe(1);
    await clock.advance(1);
    expect(sent.length).toBe(2);
    await clock.advance(100);
    expect(sent.length).toBe(3);
  });

  test("the first data of a symbol is its ack", () => {
    const subscriptions = create("AB");
    subscriptions.start();
    expect(subscriptions.isWaiting).toBe(true);
    serve(subscriptions, "A");
    expect(states()).toEqual(["A acked", "B pending"]);
    serve(subscriptions, "B");
    expect(subscriptions.isWaiting).toBe(false);
  });

  test("data from before a request is out acks nothing", async () => {
    const subscriptions = create("AB", { limits: { messageSpacingMs: 100 } });
    subscriptions.start();
    serve(subscriptions, "B");
    expect(states()).toEqual(["A pending", "B pending"]);
  });

  test("stop() leaves no timer and sends nothing any more", async () => {
    const subscriptions = create("AB", { limits: { messageSpacingMs: 100 } });
    subscriptions.start();
    subscriptions.resubscribe(instruments[0]);
    subscriptions.stop();
    expect(clock.armedTimers).toBe(0);
    subscriptions.resubscribe(instruments[1]);
    await clock.advance(10_000);
    expect(sent).toEqual(["+A:1"]);
    expect(clock.armedTimers).toBe(0);
  });
});

describe("FixSubscriptions: refusals", () => {
  test("one refused symbol does not stop the others", () => {
    const subscriptions = create("AZ");
    subscriptions.start();
    refuse(subscriptions, "2", "no such symbol");
    serve(subscriptions, "A");
    expect(states()).toEqual(["A acked", "Z rejected: no such symbol"]);
    expect(failures).toEqual([]);
  });

  test("the symbols of a refused request are asked for alone, so that the good ones get through", () => {
    const subscriptions = create("AZB", { limits: { symbolsPerRequest: 10 } });
    subscriptions.start();
    refuse(subscriptions, "1");
    // Refused as a whole, so there is nothing to end.
    expect(taken()).toEqual(["+A,Z,B:1", "+A:2", "+Z:3", "+B:4"]);
    refuse(subscriptions, "3", "bad");
    serve(subscriptions, "AB");
    expect(states()).toEqual(["A acked", "Z rejected: bad", "B acked"]);
  });

  test("where a new request ends the one before it, a refusal is of all its symbols", () => {
    const subscriptions = create("AZ", { limits: { symbolsPerRequest: 10 }, hasOneRequest: true });
    subscriptions.start();
    refuse(subscriptions, "1", "bad");
    expect(taken()).toEqual(["+A,Z:1"]);
    expect(failures[0]).toMatchObject({ code: "subscription_refused" });
  });

  test("the refusal of a request that is over is nobody's", async () => {
    const subscriptions = create("A");
    subscriptions.start();
    serve(subscriptions, "A");
    subscriptions.resubscribe(instruments[0]);
    await clock.advance(0);
    refuse(subscriptions, "1");
    expect(states()).toEqual(["A pending"]);
  });

  test("a grant that is taken back is told of, and asked for again", async () => {
    const subscriptions = create("AB");
    subscriptions.start();
    serve(subscriptions, "AB");
    taken();
    refuse(subscriptions, "1", "market closed");
    expect(states()).toEqual(["A rejected: market closed", "B acked"]);
    await clock.advance(0);
    expect(taken()).toEqual(["+A:3"]);
    expect(failures).toEqual([]);
  });
});

describe("FixSubscriptions: answers that do not come", () => {
  test("a request is sent once more with a new id, then its symbol is left alone for five minutes", async () => {
    const subscriptions = create("AB");
    subscriptions.start();
    serve(subscriptions, "B");
    await clock.advance(TIMEOUT_MS - 1);
    expect(taken()).toEqual(["+A:1", "+B:2"]);
    await clock.advance(1);
    expect(taken()).toEqual(["-A:1", "+A:3"]);
    expect(books.log.slice(2)).toEqual(["unbind 1", "bind 3 0"]);
    await clock.advance(TIMEOUT_MS);
    expect(states()).toEqual(["A rejected: no answer within 2000 ms, twice", "B acked"]);
    await clock.advance(299_999);
    expect(taken()).toEqual([]);
    await clock.advance(1);
    expect(taken()).toEqual(["-A:3", "+A:4"]);
    serve(subscriptions, "A");
    expect([states(), failures]).toEqual([["A acked", "B acked"], []]);
  });

  test("a symbol that was served is asked for again, ever more seldom", async () => {
    const subscriptions = create("AB");
    subscriptions.start();
    serve(subscriptions, "AB");
    taken();
    subscriptions.resubscribe(instruments[0]);
    await clock.advance(600_000);
    const asked = taken().filter((request) => request.startsWith("+A"));
    expect(asked.length).toBeWithin(10, 40);
    expect(failures).toEqual([]);
    subscriptions.stop();
  });
});

describe("FixSubscriptions: resubscribe()", () => {
  test("ends the old request by its own id and asks with a new one", async () => {
    const subscriptions = create("AB");
    subscriptions.start();
    serve(subscriptions, "AB");
    taken();
    subscriptions.resubscribe(instruments[0]);
    await clock.advance(0);
    expect(taken()).toEqual(["-A:1", "+A:3"]);
    expect(books.log.slice(2)).toEqual(["unbind 1", "bind 3 0"]);
    expect(states()).toEqual(["A pending", "B acked"]);
  });

  test("asks without an end where the LP knows none", async () => {
    const subscriptions = create("A", { cannotUnsubscribe: true });
    subscriptions.start();
    serve(subscriptions, "A");
    taken();
    subscriptions.resubscribe(instruments[0]);
    await clock.advance(0);
    expect(taken()).toEqual(["+A:2"]);
  });

  test("those who share a request move to another one, apart from the one that failed", async () => {
    const subscriptions = create("ABC", { limits: { symbolsPerRequest: 10 } });
    subscriptions.start();
    serve(subscriptions, "ABC");
    taken();
    subscriptions.resubscribe(instruments[1]);
    await clock.advance(0);
    expect(taken()).toEqual(["+B:2", "-A,B,C:1", "+A,C:3"]);
    expect(monitor.notes.filter((note) => note.startsWith("gap"))).toEqual(["gap 57-58 B", "gap 57-58 A,C"]);
    serve(subscriptions, "ABC");
    await clock.advance(5000);
    subscriptions.resubscribe(instruments[1]);
    await clock.advance(0);
    expect(taken()).toEqual(["-B:2", "+B:4"]);
  });

  test("those who share a request stay where the LP cannot end it", async () => {
    const subscriptions = create("ABC", { limits: { symbolsPerRequest: 10 }, cannotUnsubscribe: true });
    subscriptions.start();
    serve(subscriptions, "ABC");
    taken();
    subscriptions.resubscribe(instruments[1]);
    await clock.advance(0);
    expect(taken()).toEqual(["+B:2"]);
  });

  test("all are asked for together where a new request ends the one before it", async () => {
    const options = { limits: { symbolsPerRequest: 10 }, hasOneRequest: true, cannotUnsubscribe: true };
    const subscriptions = create("ABC", options);
    subscriptions.start();
    serve(subscriptions, "ABC");
    taken();
    subscriptions.resubscribe(instruments[1]);
    await clock.advance(0);
    expect(taken()).toEqual(["+A,B,C:2"]);
  });

  test("many in one turn are one round of requests", async () => {
    const subscriptions = create("ABC", { limits: { symbolsPerRequest: 10 } });
    subscriptions.start();
    serve(subscriptions, "ABC");
    taken();
    for (const instrument of instruments) subscriptions.resubscribe(instrument);
    for (const instrument of instruments) subscriptions.resubscribe(instrument);
    await clock.advance(0);
    expect(taken()).toEqual(["-A,B,C:1", "+A,B,C:2"]);
  });

  test("one that is asked for already is let be, and its answer is enough", async () => {
    const subscriptions = create("A");
    subscriptions.start();
    subscriptions.resubscribe(instruments[0]);
    await clock.advance(100);
    serve(subscriptions, "A");
    await clock.advance(10_000);
    expect(taken()).toEqual(["+A:1"]);
  });

  test("a symbol that is distrusted again and again is asked for ever more seldom", async () => {
    const subscriptions = create("AB");
    subscriptions.start();
    serve(subscriptions, "AB");
    askedMs = [];
    for (let ms = 0; ms < 200_000; ms += 100) {
      subscriptions.resubscribe(instruments[0]);
      await clock.advance(100);
      serve(subscriptions, "A");
    }
    expect(askedMs.length).toBeWithin(6, 11);
    const pausesMs = askedMs.slice(1).map((ms, i) => ms - askedMs[i]);
    expect(pausesMs.slice(0, 3)).toEqual([1000, 2000, 4000]);
    expect(Math.max(...pausesMs)).toBe(60_000);
  });

  test("after a good while a symbol is at the beginning again", async () => {
    const subscriptions = create("A");
    subscriptions.start();
    serve(subscriptions, "A");
    for (let round = 0; round < 3; round++) {
      taken();
      subscriptions.resubscribe(instruments[0]);
      await clock.advance(0);
      expect(sent.length).toBe(2);
      serve(subscriptions, "A");
      await clock.advance(60_000);
    }
  });

  test("a thousand symbols are no storm", async () => {
    const symbols = Array.from({ length: 1000 }, (_, i) => String.fromCharCode(0x100 + i)).join("");
    const subscriptions = create(symbols);
    subscriptions.start();
    serve(subscriptions, symbols);
    taken();
    for (const instrument of instruments) subscriptions.resubscribe(instrument);
    await clock.advance(999);
    expect(taken().length).toBe(2 * 250);
    await clock.advance(1);
    expect(taken().length).toBe(2 * 250);
    await clock.advance(999);
    expect(taken().length).toBe(0);
    subscriptions.stop();
  });

  test("nothing is asked for where the LP quotes without being asked", async () => {
    const subscriptions = create("AB", {}, false);
    subscriptions.start();
    subscriptions.resubscribe(instruments[0]);
    await clock.advance(100_000);
    expect(sent).toEqual([]);
    serve(subscriptions, "A");
    expect(states()).toEqual(["A acked", "B pending"]);
    expect(clock.armedTimers).toBe(0);
  });
});
