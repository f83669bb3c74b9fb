import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Session, SessionEnd } from "../../../src/adapters/adapter.ts";
import { loadFixEngine } from "../../../src/adapters/fix/engine/load-engine.ts";
import { FixAdapter, type FixAdapterOptions } from "../../../src/adapters/fix/fix-adapter.ts";
import { SequenceStore } from "../../../src/adapters/fix/sequence-store.ts";
import { IngestError } from "../../../src/domain/ingest-error.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import { TurnQueue } from "../../../src/runtime/turn-queue.ts";
import type { FixField } from "../../../src/venues/compiled-fix-venue.ts";
import { CountingClock } from "../../harness/counting-clock.ts";
import { eventually } from "../../harness/fake-venue-server.ts";
import { createPlainFixVenue } from "../../harness/fix-plain-venue.ts";
import { ManualPressure, RecordingMonitor, RecordingQuotes } from "../../harness/recorders.ts";
import {
  type AcceptorConnection,
  type AcceptorTls,
  type ReceivedMessage,
  ScriptedAcceptor,
} from "../../harness/scripted-acceptor.ts";

/** What a session under test is started with, beside the adapter's own options. */
export interface SessionBenchOptions extends Partial<FixAdapterOptions> {
  readonly symbols?: readonly string[];
  readonly acceptorTls?: AcceptorTls;
}

/** Prices of one side after the other: bid, offer. */
export type TestPrices = readonly [bid: string, offer: string] | readonly [];

/** A scripted LP, and sessions against it, one after the other. */
export class SessionBench {
  readonly acceptor: ScriptedAcceptor;
  readonly clock = new CountingClock();
  readonly folder = mkdtempSync(join(tmpdir(), "fix-session-"));
  readonly adapter: FixAdapter;
  readonly instruments: readonly Instrument[];
  /** Of the session started last. */
  monitor = new RecordingMonitor();
  quotes = new RecordingQuotes();
  pressure = new ManualPressure();
  controller = new AbortController();
  session: Session | null = null;
  /** Called for each V and R; by default each symbol is answered with a snapshot of 1/2. */
  onRequest: (connection: AcceptorConnection, message: ReceivedMessage) => void = answerRequest;
  #epoch = 0;

  constructor(options: SessionBenchOptions = {}) {
    const { symbols = ["A", "B"], acceptorTls, ...rest } = options;
    this.acceptor = new ScriptedAcceptor(acceptorTls);
    this.acceptor.onMessage = (connection, message) => {
      if (message.type !== "V" && message.type !== "R") return false;
      this.onRequest(connection, message);
      return true;
    };
    this.instruments = symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "feed", symbol }));
    this.adapter = this.createAdapter(rest);
  }

  /** Another adapter on the same store: what a new process would have. */
  createAdapter(options: Partial<FixAdapterOptions>): FixAdapter {
    const identity = { beginString: "FIX.4.4", sender: "US", target: "LP", senderSub: null, targetSub: null };
    const place = { host: "127.0.0.1", port: this.acceptor.port };
    const { clock, folder: directory } = this;
    return new FixAdapter({
      ...place,
      name: "feed",
      venue: createPlainFixVenue(),
      identity,
      tls: null,
      heartbeatS: 30,
      credentials: { username: null, password: () => null },
      reset: "logon",
      depth: 1,
      publish: "every_update",
      isSubscribing: true,
      logonTimeoutMs: 2000,
      subscribeTimeoutMs: 2000,
      calendar: null,
      store: new SequenceStore({ ...place, name: "feed", directory, identity, clock, onTrouble: () => {} }),
      turns: new TurnQueue(clock),
      loadEngine: loadFixEngine,
      dictionaryXml: null,
      ...options,
    });
  }

  /** Starts a session; resolves with how it ended, an error included. */
  run(adapter = this.adapter): Promise<SessionEnd | IngestError> {
    this.controller = new AbortController();
    this.monitor = new RecordingMonitor();
    this.quotes = new RecordingQuotes();
    this.pressure = new ManualPressure();
    this.session = adapter.startSession({
      signal: this.controller.signal,
      epoch: ++this.#epoch,
      instruments: this.instruments,
      quotes: this.quotes,
      monitor: this.monitor,
      backpressure: this.pressure,
      clock: this.clock,
    });
    return this.session.ended.catch((error) => {
      if (error instanceof IngestError) return error;
      throw error;
    });
  }

  /** Starts a session; resolves once every symbol was answered. */
  async serve(): Promise<AcceptorConnection> {
    const count = this.acceptor.connections.length;
    void this.run();
    const connection = await this.acceptor.loggedOn(count + 1);
    await this.notes(/ (?:acked|rejected)/, this.instruments.length);
    return connection;
  }

  /** Resolves with the notes of the monitor that match, once there are `count`. */
  async notes(pattern: RegExp, count = 1): Promise<string[]> {
    const found = () => this.monitor.notes.filter((note) => pattern.test(note));
    await eventually(() => found().length >= count, `${count} × ${pattern}`);
    return found();
  }

  async hasQuotes(count: number): Promise<string[]> {
    await eventually(() => this.quotes.count >= count, `${count} quotes`);
    return this.quotes.quotes;
  }

  /** Ends what is left and checks that nothing is held: no timer here, no socket there. */
  async close(): Promise<string> {
    this.controller.abort();
    await this.session?.ended.catch(() => {});
    await eventually(() => this.clock.armedTimers === 0, "the end of all timers");
    await eventually(() => this.acceptor.openConnections === 0, "the end of all sockets");
    this.acceptor.stop();
    rmSync(this.folder, { recursive: true, force: true });
    return "nothing is held";
  }
}

/** A snapshot of one symbol. */
export function snapshot(id: string, symbol: string, prices: TestPrices): FixField[] {
  const entries = prices.flatMap((price, side): FixField[] => [
    [269, String(side)],
    [270, price],
    [271, "10"],
    [278, `${symbol}${side}`],
  ]);
  return [[262, id], [55, symbol], [268, String(prices.length)], ...entries];
}

/** Answers a request as an LP does: a snapshot of 1/2 for each symbol, or nothing when it ends a stream. */
export function answerRequest(connection: AcceptorConnection, message: ReceivedMessage): void {
  if (message.get(263) === "2") return;
  const id = message.get(262) ?? message.get(131) ?? "";
  for (const symbol of message.all(55)) connection.send("W", snapshot(id, symbol, ["1", "2"]));
}

/** The requests an LP has received: `+A,B` asked for, `-A` ended; with the id behind a colon. */
export function requestsOf(connection: AcceptorConnection): string[] {
  return connection.received
    .filter(({ type }) => type === "V")
    .map((message) => `${message.get(263) === "2" ? "-" : "+"}${message.all(55).join(",")}:${idNumber(message)}`);
}

/** The rising part of MDReqID (262): ids begin with the second of the first one. */
function idNumber(message: ReceivedMessage): string {
  return String(Number(message.get(262)) % 1_000_000);
}
