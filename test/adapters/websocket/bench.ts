import type { SessionEnd } from "../../../src/adapters/adapter.ts";
import { WebSocketAdapter } from "../../../src/adapters/websocket/websocket-adapter.ts";
import { IngestError } from "../../../src/domain/ingest-error.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import { TurnQueue } from "../../../src/runtime/turn-queue.ts";
import { CountingClock } from "../../harness/counting-clock.ts";
import { eventually, FakeVenueServer, type FakeVenueTls } from "../../harness/fake-venue-server.ts";
import { ManualPressure, RecordingMonitor, RecordingQuotes } from "../../harness/recorders.ts";
import { createTextVenue, type TextVenueOptions } from "../../harness/text-venue.ts";

/** What a session under test is started with. */
export interface SessionBenchOptions {
  readonly venue?: TextVenueOptions;
  readonly symbols?: readonly string[];
  readonly handshakeLimitMs?: number;
  readonly caPem?: string;
  readonly tls?: FakeVenueTls;
  /** Instead of the fake venue's own. */
  readonly url?: string;
}

/** A fake venue and one session against it. */
export class SessionBench {
  readonly server: FakeVenueServer;
  readonly clock = new CountingClock();
  readonly monitor = new RecordingMonitor();
  readonly quotes = new RecordingQuotes();
  readonly pressure = new ManualPressure();
  readonly controller = new AbortController();
  readonly #options: SessionBenchOptions;

  constructor(options: SessionBenchOptions = {}) {
    this.#options = options;
    this.server = new FakeVenueServer(options.tls);
  }

  /** Starts the session; resolves with how it ended, an error included. */
  run(): Promise<SessionEnd | IngestError> {
    const { venue, symbols = ["A"], handshakeLimitMs, caPem, url = this.server.url } = this.#options;
    const adapter = new WebSocketAdapter({
      venue: createTextVenue(venue),
      url,
      turns: new TurnQueue(this.clock),
      ...(handshakeLimitMs === undefined ? {} : { handshakeLimitMs }),
      ...(caPem === undefined ? {} : { caPem }),
    });
    const session = adapter.startSession({
      signal: this.controller.signal,
      epoch: 1,
      instruments: symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "feed", symbol })),
      quotes: this.quotes,
      monitor: this.monitor,
      backpressure: this.pressure,
      clock: this.clock,
    });
    return session.ended.catch((error) => {
      if (error instanceof IngestError) return error;
      throw error;
    });
  }

  /** Ends what is left and checks that nothing is held: no timer here, no socket there. */
  async close(): Promise<string> {
    this.controller.abort();
    await eventually(() => this.clock.armedTimers === 0, "the end of all timers");
    await eventually(() => this.server.openSockets === 0, "the end of all sockets");
    this.server.stop();
    return "nothing is held";
  }
}
