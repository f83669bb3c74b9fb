import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Adapter, Session, SessionEnd } from "../../src/adapters/adapter.ts";
import { IngestError } from "../../src/domain/ingest-error.ts";
import { Instrument } from "../../src/domain/instrument.ts";
import { CountingClock } from "../harness/counting-clock.ts";
import { eventually } from "../harness/fake-venue-server.ts";
import { ManualPressure, RecordingMonitor, RecordingQuotes } from "../harness/recorders.ts";

/** Symbols every conforming peer serves, and one that it refuses. */
export const SERVED_SYMBOLS = ["A", "B"] as const;
/** The symbol every conforming peer refuses. */
export const REFUSED_SYMBOL = "Z";

/** A venue on loopback that an adapter is held against. It acks the served symbols and refuses {@link REFUSED_SYMBOL}. */
export interface ConformancePeer {
  /** The adapter under test, pointed at this peer. */
  readonly adapter: Adapter;
  /** Connections that are open now; of polls, the requests under way. */
  readonly openConnections: number;
  /** False where the first answer opens a session (polls): while memory is full, none is asked for. */
  readonly opensWhilePaused?: false;
  /** How often the symbol was asked for, over all connections. */
  subscriptions(symbol: string): number;
  /** Sends one quote on the newest connection; prices are decimal text. */
  quote(symbol: string, bidPrice: string, askPrice: string): void;
  /** Sends what the venue sends when it has nothing to say. */
  heartbeat(): void;
  /** Sends one message that cannot be decoded. */
  garbage(): void;
  /** Sends quotes of the symbol without end, as fast as they are taken. */
  flood(symbol: string): void;
  /** From now on nothing is written and nothing is closed: the link looks half-open. */
  freeze(): void;
  /** Ends the connections without a word of the protocol. */
  drop(): void;
  /** New connections are taken and never answered. */
  holdHandshakes(): void;
  /** Ends everything; afterwards the port refuses connections. */
  stop(): void;
}

/** A session must be over this soon after its abort, ms (the supervisor leaves it behind after 2 s). */
const ABORT_MS_MAX = 1000;
/** A timer may be late by this much under a flood, ms: wide, as the machine is shared; the bench has the figure. */
const TIMER_DRIFT_MS_MAX = 200;
/** How long a flood is watched, ms. */
const FLOOD_MS = 500;

/** One session under test, with all it reports. */
class Subject {
  readonly clock = new CountingClock();
  readonly quotes = new RecordingQuotes();
  readonly monitor = new RecordingMonitor();
  readonly pressure = new ManualPressure();
  readonly controller = new AbortController();
  readonly instruments: readonly Instrument[];
  readonly session: Session;
  readonly ends: (SessionEnd | IngestError)[] = [];

  constructor(adapter: Adapter, options: { symbols?: readonly string[]; isAborted?: boolean } = {}) {
    this.instruments = (options.symbols ?? SERVED_SYMBOLS).map(
      (symbol, id) => new Instrument({ id, feedIndex: 0, source: "feed", symbol }),
    );
    if (options.isAborted === true) this.controller.abort();
    this.session = adapter.startSession({
      signal: this.controller.signal,
      epoch: 7,
      instruments: this.instruments,
      quotes: this.quotes,
      monitor: this.monitor,
      backpressure: this.pressure,
      clock: this.clock,
    });
    this.session.ended.then(
      (end) => this.ends.push(end),
      (error) => this.ends.push(error),
    );
  }

  /** Resolves once every symbol was answered. */
  async isServed(): Promise<this> {
    const answers = () => this.monitor.notes.filter((note) => / (acked|rejected)/.test(note)).length;
    await eventually(() => answers() >= this.instruments.length, "answers to all subscriptions");
    return this;
  }

  /** Resolves once `count` quotes are there. */
  async hasQuotes(count: number): Promise<void> {
    await eventually(() => this.quotes.count >= count, `${count} quotes`);
  }

  /** Resolves once the session is over, and checks that it holds nothing. */
  async isOver(): Promise<SessionEnd | IngestError> {
    await eventually(() => this.ends.length > 0, "the end of the session");
    this.holdsNothing();
    return this.ends[0];
  }

  holdsNothing(): void {
    expect(this.clock.armedTimers).toBe(0);
    expect(this.pressure.listeners).toBe(0);
  }
}

/**
 * What every adapter must do, whatever its transport. The supervisor relies on each of these.
 *
 * @param createPeer makes a fresh peer for each case
 */
export function describeAdapterConformance(name: string, createPeer: () => ConformancePeer): void {
  let peer: ConformancePeer;
  const subjects: Subject[] = [];

  function startSession(options: { symbols?: readonly string[]; isAborted?: boolean } = {}): Subject {
    const subject = new Subject(peer.adapter, options);
    subjects.push(subject);
    return subject;
  }

  beforeEach(() => {
    peer = createPeer();
  });

  afterEach(async () => {
    for (const subject of subjects.splice(0)) {
      subject.controller.abort();
      await subject.isOver();
      // However it went: a session ends once.
      expect(subject.ends.length).toBe(1);
    }
    peer.stop();
  });

  describe(`Conformance of the ${name} adapter: data`, () => {
    test("a session opens, asks for every symbol and reports each ack", async () => {
      const subject = await startSession().isServed();
      expect(subject.monitor.notes[0]).toBe("open");
      for (const symbol of SERVED_SYMBOLS) {
        expect(peer.subscriptions(symbol)).toBe(1);
        expect(subject.monitor.notes.filter((note) => note === `${symbol} acked`).length).toBe(1);
      }
    });

    test("every quote reaches the sink, in order, digit by digit, under the session's epoch", async () => {
      const subject = await startSession().isServed();
      peer.quote("A", "1.10", "1.20");
      peer.quote("B", "0.00000001", "12345678901234567890.5");
      peer.quote("A", "1.11", "1.21");
      await subject.hasQuotes(3);
      expect(subject.quotes.quotes).toEqual(["A 1.10/1.20", "B 0.00000001/12345678901234567890.5", "A 1.11/1.21"]);
      expect(subject.instruments.map(({ ownerEpoch }) => ownerEpoch)).toEqual([7, 7]);
      expect(subject.monitor.data).toBeGreaterThanOrEqual(3);
      expect(subject.monitor.frames).toBeGreaterThanOrEqual(3);
      expect(subject.monitor.bytes).toBeGreaterThan(0);
    });

    test("a heartbeat counts as data", async () => {
      const subject = await startSession().isServed();
      const before = subject.monitor.data;
      peer.heartbeat();
      await eventually(() => subject.monitor.data > before, "the heartbeat");
      expect(subject.quotes.count).toBe(0);
    });

    test("a refused symbol is reported with the venue's reason and does not stop the others", async () => {
      const subject = await startSession({ symbols: ["A", REFUSED_SYMBOL, "B"] }).isServed();
      const refusals = subject.monitor.notes.filter((note) => note.includes("rejected"));
      expect(refusals.length).toBe(1);
      expect(refusals[0]).toMatch(new RegExp(`^${REFUSED_SYMBOL} rejected: .+`));
      peer.quote("A", "1", "2");
      peer.quote("B", "3", "4");
      await subject.hasQuotes(2);
      expect(subject.ends).toEqual([]);
    });

    test("a session whose every symbol is refused fails", async () => {
      const subject = startSession({ symbols: [REFUSED_SYMBOL] });
      expect(await subject.isOver()).toMatchObject({ code: "subscription_refused" });
    });

    test("garbage costs the one message", async () => {
      const subject = await startSession().isServed();
      peer.quote("A", "1", "2");
      peer.garbage();
      peer.quote("A", "3", "4");
      await subject.hasQuotes(2);
      expect(subject.monitor.rejects.length).toBe(1);
      expect(subject.ends).toEqual([]);
    });

    test("resubscribe() asks the venue anew for that one symbol", async () => {
      const subject = await startSession().isServed();
      subject.session.resubscribe(subject.instruments[0], "sequence gap");
      await eventually(() => peer.subscriptions("A") === 2, "the second request for A");
      expect(peer.subscriptions("B")).toBe(1);
      peer.quote("A", "1", "2");
      await subject.hasQuotes(1);
    });

    test("two sessions of one adapter run side by side", async () => {
      const first = await startSession().isServed();
      const second = await startSession().isServed();
      first.controller.abort();
      await first.isOver();
      peer.quote("A", "1", "2");
      await second.hasQuotes(1);
      expect(second.ends).toEqual([]);
    });
  });

  describe(`Conformance of the ${name} adapter: ends`, () => {
    test("an abort ends a live session soon, frees everything and closes the connection", async () => {
      const subject = await startSession().isServed();
      const beganMs = performance.now();
      subject.controller.abort();
      expect(await subject.isOver()).toEqual({ reason: "aborted" });
      expect(performance.now() - beganMs).toBeLessThan(ABORT_MS_MAX);
      await eventually(() => peer.openConnections === 0, "the end of the connection");
    });

    test("an abort ends a session whose connection is not up yet", async () => {
      peer.holdHandshakes();
      const subject = startSession();
      await eventually(() => peer.openConnections > 0, "a connection");
      subject.controller.abort();
      expect(await subject.isOver()).toEqual({ reason: "aborted" });
      await eventually(() => peer.openConnections === 0, "the end of the connection");
    });

    test("a session that is aborted before it starts ends at once", async () => {
      const subject = startSession({ isAborted: true });
      expect(await subject.isOver()).toEqual({ reason: "aborted" });
      expect(subject.monitor.notes).toEqual([]);
    });

    test("an abort in the middle of a flood ends the session, and nothing comes afterwards", async () => {
      const subject = await startSession().isServed();
      peer.flood("A");
      await subject.hasQuotes(1000);
      subject.controller.abort();
      const count = subject.quotes.count;
      await subject.isOver();
      await Bun.sleep(50);
      expect(subject.quotes.count).toBe(count);
    });

    test("a link that has gone dead is ended by the watchdog's abort", async () => {
      const subject = await startSession().isServed();
      peer.freeze();
      subject.controller.abort(new IngestError("Cannot hear the venue", { code: "half_open", retry: "backoff" }));
      expect(await subject.isOver()).toEqual({ reason: "aborted" });
      await eventually(() => peer.openConnections === 0, "the end of the connection");
    });

    test("a connection that breaks fails the session once, with a code", async () => {
      const subject = await startSession().isServed();
      peer.drop();
      const end = await subject.isOver();
      expect(end).toBeInstanceOf(IngestError);
      await Bun.sleep(50);
      expect(subject.ends.length).toBe(1);
      subject.holdsNothing();
    });

    test("a venue that is not there fails the session with connect_refused", async () => {
      peer.stop();
      expect(await startSession().isOver()).toMatchObject({ code: "connect_refused", retry: "backoff" });
    });

    test("resubscribe() on a session that is over does nothing", async () => {
      const subject = await startSession().isServed();
      subject.controller.abort();
      await subject.isOver();
      subject.session.resubscribe(subject.instruments[0], "late");
      subject.holdsNothing();
      expect(peer.subscriptions("A")).toBe(1);
    });
  });

  describe(`Conformance of the ${name} adapter: flood and back-pressure`, () => {
    test("timers keep their time under a flood", async () => {
      const subject = await startSession().isServed();
      peer.flood("A");
      await subject.hasQuotes(1);
      const endMs = performance.now() + FLOOD_MS;
      let driftMsMax = 0;
      while (performance.now() < endMs) {
        const dueMs = performance.now() + 5;
        await Bun.sleep(5);
        driftMsMax = Math.max(driftMsMax, performance.now() - dueMs);
      }
      expect(subject.quotes.count).toBeGreaterThan(1000);
      expect(driftMsMax).toBeLessThan(TIMER_DRIFT_MS_MAX);
    });

    test("a session does not read while memory is full, says so, and loses nothing", async () => {
      const subject = await startSession().isServed();
      subject.pressure.set(true);
      expect(subject.monitor.pauses).toBe(1);
      const frames = subject.monitor.frames;
      for (let i = 0; i < 100; i++) peer.quote("A", String(i), String(i + 1));
      await Bun.sleep(50);
      expect(subject.monitor.frames).toBe(frames);
      subject.pressure.set(false);
      await subject.hasQuotes(100);
      expect(subject.quotes.quotes).toEqual(Array.from({ length: 100 }, (_, i) => `A ${i}/${i + 1}`));
    });

    test("a flood stops within bounds when memory is full", async () => {
      const subject = await startSession().isServed();
      peer.flood("A");
      await subject.hasQuotes(1000);
      subject.pressure.set(true);
      await Bun.sleep(50);
      const count = subject.quotes.count;
      await Bun.sleep(100);
      expect(subject.quotes.count).toBe(count);
      subject.pressure.set(false);
      await subject.hasQuotes(count + 1000);
    });

    test("a session that starts while memory is full does not read either", async () => {
      const subject = startSession();
      subject.pressure.isPaused = true;
      if (peer.opensWhilePaused !== false) {
        await eventually(() => subject.monitor.notes.includes("open"), "the connection");
      }
      await eventually(() => subject.monitor.pauses > 0, "the pause");
      expect(subject.monitor.pauses).toBe(1);
      await Bun.sleep(50);
      expect(subject.monitor.frames).toBe(0);
      subject.pressure.set(false);
      await subject.isServed();
    });

    test("an abort ends a session that does not read", async () => {
      const subject = await startSession().isServed();
      peer.flood("A");
      subject.pressure.set(true);
      await Bun.sleep(20);
      subject.controller.abort();
      expect(await subject.isOver()).toEqual({ reason: "aborted" });
      await eventually(() => peer.openConnections === 0, "the end of the connection");
    });
  });
}
