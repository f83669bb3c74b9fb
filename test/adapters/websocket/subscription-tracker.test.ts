import { describe, expect, test } from "bun:test";
import { Outbox } from "../../../src/adapters/websocket/outbox.ts";
import { SubscriptionTracker } from "../../../src/adapters/websocket/subscription-tracker.ts";
import type { IngestError } from "../../../src/domain/ingest-error.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { ManualPressure, RecordingMonitor, RecordingQuotes } from "../../harness/recorders.ts";
import { createTextVenue, type TextVenueOptions } from "../../harness/text-venue.ts";

class Bench {
  readonly clock = new FakeClock();
  readonly monitor = new RecordingMonitor();
  readonly sent: string[] = [];
  readonly failures: IngestError[] = [];
  readonly instruments: readonly Instrument[];
  readonly tracker: SubscriptionTracker;

  constructor(symbols: string, options: TextVenueOptions & { spacingMs?: number } = {}) {
    this.instruments = [...symbols].map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "feed", symbol }));
    const outbox = new Outbox(this.clock, options.spacingMs ?? 0, (text) => this.sent.push(text ?? "ping frame"));
    let lastId = 0;
    this.tracker = new SubscriptionTracker({
      venue: createTextVenue(options),
      context: {
        signal: new AbortController().signal,
        epoch: 5,
        instruments: this.instruments,
        quotes: new RecordingQuotes(),
        monitor: this.monitor,
        backpressure: new ManualPressure(),
        clock: this.clock,
      },
      outbox,
      target: "wss://venue.test/",
      nextId: () => ++lastId,
      onFailed: (error) => this.failures.push(error),
    });
    this.tracker.start();
  }

  /** What was reported beside `pending`. */
  get answers(): string[] {
    return this.monitor.notes.filter((note) => !note.endsWith("pending"));
  }

  /** A quote of this session, as the pipeline books it. */
  quote(symbol: string): void {
    const instrument = this.instruments.find((candidate) => candidate.symbol === symbol) as Instrument;
    instrument.ownerEpoch = 5;
    instrument.sequence++;
  }
}

describe("SubscriptionTracker and answers", () => {
  test("start() asks for every symbol, as many at a time as the venue takes", () => {
    const bench = new Bench("ABCDE", { limits: { symbolsPerRequest: 2 } });
    expect(bench.sent).toEqual(["SUB 1 A,B", "SUB 2 C,D", "SUB 3 E"]);
    expect(bench.monitor.notes).toEqual(["A pending", "B pending", "C pending", "D pending", "E pending"]);
  });

  test("onAck() of a request acks its symbols, of symbols those, of neither all that was sent", () => {
    const bench = new Bench("ABCDE", { limits: { symbolsPerRequest: 2 } });
    bench.tracker.onAck(2, []);
    expect(bench.answers).toEqual(["C acked", "D acked"]);
    bench.tracker.onAck(0, ["E", "unknown"]);
    expect(bench.answers).toEqual(["C acked", "D acked", "E acked"]);
    bench.tracker.onAck(0, []);
    expect(bench.answers).toEqual(["C acked", "D acked", "E acked", "A acked", "B acked"]);
    expect(bench.clock.armedTimers).toBe(1);
  });

  test("onAck() that lists the whole set again reports nothing twice", () => {
    const bench = new Bench("AB");
    bench.tracker.onAck(0, ["A"]);
    bench.tracker.onAck(0, ["A", "B"]);
    expect(bench.answers).toEqual(["A acked", "B acked"]);
  });

  test("onAck() of everything leaves what was not sent yet", async () => {
    const bench = new Bench("AB", { limits: { symbolsPerRequest: 1 }, spacingMs: 500 });
    bench.tracker.onAck(0, []);
    expect(bench.answers).toEqual(["A acked"]);
    await bench.clock.advance(500);
    bench.tracker.onAck(0, []);
    expect(bench.answers).toEqual(["A acked", "B acked"]);
  });

  test("onRefusal() that names symbols rejects those alone", () => {
    const bench = new Bench("AZ");
    bench.tracker.onRefusal(0, ["Z"], "Invalid symbol\n\u0000");
    bench.tracker.onAck(1, []);
    expect(bench.answers).toEqual(["Z rejected: Invalid symbol ", "A acked"]);
    expect(bench.failures).toEqual([]);
  });

  test("onRefusal() of a request of several asks for each alone", () => {
    const bench = new Bench("AZB");
    bench.tracker.onRefusal(1, [], "bad");
    expect(bench.sent).toEqual(["SUB 1 A,Z,B", "SUB 2 A", "SUB 3 Z", "SUB 4 B"]);
    bench.tracker.onAck(2, []);
    bench.tracker.onRefusal(3, [], "bad");
    bench.tracker.onAck(4, []);
    expect(bench.answers).toEqual(["A acked", "Z rejected: bad", "B acked"]);
  });

  test("onAccepted() acks what is listed and rejects the rest of that request", () => {
    const bench = new Bench("ABCD", { limits: { symbolsPerRequest: 3 } });
    bench.tracker.onAccepted(1, ["A", "C"]);
    expect(bench.answers).toEqual(["A acked", "C acked", "B rejected: not among those the venue accepted"]);
    bench.tracker.onAccepted(9, ["D"]);
    expect(bench.answers.at(-1)).toBe("D acked");
    expect(bench.failures).toEqual([]);
  });

  test("onAccepted() that answers an unsubscription changes nothing", () => {
    const bench = new Bench("A");
    bench.tracker.onAccepted(1, ["A"]);
    bench.tracker.resubscribe(bench.instruments[0]);
    expect(bench.sent.slice(1)).toEqual(["UNSUB 2 A", "SUB 3 A"]);
    const before = bench.answers.length;
    bench.tracker.onAccepted(2, ["A"]);
    expect(bench.answers.length).toBe(before);
    bench.tracker.onAccepted(3, []);
    expect(bench.failures).toMatchObject([{ code: "subscription_refused" }]);
  });

  test("onRefusal() without id or symbols means the oldest request without answer", () => {
    const bench = new Bench("AZB", { hasIds: false });
    // OKX: an ack per symbol, and an error that names nothing.
    bench.tracker.onAck(0, ["A"]);
    bench.tracker.onAck(0, ["B"]);
    bench.tracker.onRefusal(0, [], "doesn't exist");
    expect(bench.answers).toEqual(["A acked", "B acked", "Z rejected: doesn't exist"]);
    expect(bench.sent.length).toBe(1);
  });

  test("onRefusal() of a symbol whose quotes flow is none", () => {
    const bench = new Bench("AB");
    bench.quote("A");
    bench.tracker.onRefusal(0, ["A"], "Already subscribed");
    expect(bench.answers).toEqual([]);
  });

  test("onRefusal() of the last symbol fails the session", () => {
    const bench = new Bench("YZ");
    bench.tracker.onRefusal(0, ["Y"], "bad");
    expect(bench.failures).toEqual([]);
    bench.tracker.onRefusal(0, ["Z"], "bad");
    expect(bench.failures).toMatchObject([{ code: "subscription_refused", retry: "backoff" }]);
  });

  test("onRefusal() and onAck() of unknown requests change nothing", () => {
    const bench = new Bench("AB");
    bench.tracker.onRefusal(99, [], "what");
    bench.tracker.onAck(99, []);
    bench.tracker.onRefusal(0, ["nobody"], "what");
    expect(bench.answers).toEqual([]);
  });
});

describe("SubscriptionTracker and time", () => {
  test("a request without answer is sent once more, then its symbols count as refused", async () => {
    const bench = new Bench("ABC");
    bench.tracker.onAck(0, ["A"]);
    await bench.clock.advance(1999);
    expect(bench.sent).toEqual(["SUB 1 A,B,C"]);
    await bench.clock.advance(1);
    expect(bench.sent).toEqual(["SUB 1 A,B,C", "SUB 2 B,C"]);
    bench.tracker.onAck(0, ["B"]);
    await bench.clock.advance(2000);
    expect(bench.answers).toEqual(["A acked", "B acked", "C rejected: no answer within 2000 ms, twice"]);
    expect(bench.failures).toEqual([]);
    expect(bench.clock.armedTimers).toBe(0);
  });

  test("no answer to anything fails the session with subscribe_timeout", async () => {
    const bench = new Bench("AB");
    await bench.clock.advance(4000);
    expect(bench.failures).toMatchObject([{ code: "subscribe_timeout" }]);
  });

  test("quotes are an answer", async () => {
    const bench = new Bench("AB");
    bench.quote("A");
    bench.quote("B");
    await bench.clock.advance(2000);
    expect(bench.answers).toEqual(["A acked", "B acked"]);
    expect(bench.sent.length).toBe(1);
  });

  test("the answer is awaited from when the request was sent, not from when it was made", async () => {
    const bench = new Bench("AB", { limits: { symbolsPerRequest: 1 }, spacingMs: 5000 });
    bench.tracker.onAck(0, ["A"]);
    await bench.clock.advance(6999);
    expect(bench.sent).toEqual(["SUB 1 A", "SUB 2 B"]);
    await bench.clock.advance(3001);
    expect(bench.sent).toEqual(["SUB 1 A", "SUB 2 B", "SUB 3 B"]);
  });

  test("a venue that sends no acks is awaited for ever", async () => {
    const bench = new Bench("AB", { ackTimeoutMs: 0 });
    expect(bench.clock.armedTimers).toBe(0);
    await bench.clock.advance(600_000);
    expect(bench.sent.length).toBe(1);
  });
});

describe("SubscriptionTracker resubscribes", () => {
  test("resubscribe() unsubscribes and subscribes that one symbol; the ack of the first is not taken for the second", () => {
    const bench = new Bench("AB");
    bench.tracker.onAck(1, []);
    bench.tracker.resubscribe(bench.instruments[0]);
    expect(bench.sent).toEqual(["SUB 1 A,B", "UNSUB 2 A", "SUB 3 A"]);
    expect(bench.monitor.notes.at(-1)).toBe("A pending");
    bench.tracker.onAck(2, []);
    expect(bench.monitor.notes.at(-1)).toBe("A pending");
    bench.tracker.onAck(3, []);
    expect(bench.monitor.notes.at(-1)).toBe("A acked");
  });

  test("resubscribe() lets a symbol be that is being asked for", () => {
    const bench = new Bench("AB");
    bench.tracker.resubscribe(bench.instruments[0]);
    expect(bench.sent).toEqual(["SUB 1 A,B"]);
  });

  test("resubscribe() in a storm asks once per five seconds, and never loses the last wish", async () => {
    const bench = new Bench("A");
    bench.tracker.onAck(1, []);
    const asks = () => bench.sent.filter((text) => text.startsWith("SUB")).length;
    for (let i = 0; i < 100; i++) {
      bench.tracker.resubscribe(bench.instruments[0]);
      bench.tracker.onAck(0, ["A"]);
    }
    expect(asks()).toBe(2);
    await bench.clock.advance(4999);
    expect(asks()).toBe(2);
    await bench.clock.advance(1);
    expect(asks()).toBe(3);
    bench.tracker.onAck(0, ["A"]);
    await bench.clock.advance(60_000);
    expect(asks()).toBe(3);
    expect(bench.clock.armedTimers).toBe(0);
  });

  test("quotes from before a resubscription are no answer to it", async () => {
    const bench = new Bench("A");
    bench.quote("A");
    bench.tracker.onAck(1, []);
    bench.tracker.resubscribe(bench.instruments[0]);
    await bench.clock.advance(2000);
    expect(bench.sent.at(-1)).toBe("SUB 4 A");
  });

  test("stop() holds no timer", () => {
    const bench = new Bench("AB");
    bench.tracker.stop();
    expect(bench.clock.armedTimers).toBe(0);
  });
});
