import type { Session, SessionEnd } from "../../../src/adapters/adapter.ts";
import { RestAdapter, type RestAdapterOptions } from "../../../src/adapters/rest/rest-adapter.ts";
import type { IngestError } from "../../../src/domain/ingest-error.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import { RequestBudget } from "../../../src/runtime/request-budget.ts";
import { compileRestVenue } from "../../../src/venues/rest/compile-rest-venue.ts";
import type { RestProfile } from "../../../src/venues/rest/rest-profile-schema.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { FakeRestServer, type RestAnswer } from "../../harness/fake-rest-server.ts";
import { eventually } from "../../harness/fake-venue-server.ts";
import { ManualPressure, RecordingMonitor, RecordingQuotes } from "../../harness/recorders.ts";
import { plainRestProfile } from "../../harness/rest-venue.ts";

/** What a rig is made of; all has defaults. */
export interface RestRigOptions extends Partial<RestAdapterOptions> {
  readonly symbols?: readonly string[];
  readonly profile?: RestProfile;
  readonly server?: FakeRestServer;
  readonly clock?: FakeClock;
}

/** An answer of the plain venue: quotes as `A 1 2`, a symbol, its bid and its ask. */
export function quotes(...texts: readonly string[]): RestAnswer {
  const elements = texts.map((text) => {
    const [symbol, bid, ask] = text.split(" ");
    return `{"s":"${symbol}","b":"${bid}","a":"${ask}"}`;
  });
  return { kind: "answer", body: `[${elements.join()}]` };
}

/** One session of polls on a clock that stands still, against a server that a test plays by hand. */
export class RestRig {
  readonly clock: FakeClock;
  readonly server: FakeRestServer;
  readonly budget: RequestBudget;
  readonly adapter: RestAdapter;
  readonly quotes = new RecordingQuotes();
  readonly monitor = new RecordingMonitor();
  readonly pressure = new ManualPressure();
  readonly controller = new AbortController();
  readonly instruments: readonly Instrument[];
  readonly ends: (SessionEnd | IngestError)[] = [];
  session: Session | null = null;

  constructor(options: RestRigOptions = {}) {
    this.clock = options.clock ?? new FakeClock();
    this.server = options.server ?? new FakeRestServer();
    this.budget = options.budget ?? new RequestBudget(this.clock);
    const { symbols = ["A", "B"], profile = plainRestProfile(), server: _, clock: __, ...rest } = options;
    const venue = compileRestVenue(profile, { urlOverride: this.server.url });
    this.adapter = new RestAdapter({ venue, budget: this.budget, userAgent: "test/1", ...rest });
    this.instruments = symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "feed", symbol }));
  }

  start(): this {
    const session = this.adapter.startSession({
      signal: this.controller.signal,
      epoch: 7,
      instruments: this.instruments,
      quotes: this.quotes,
      monitor: this.monitor,
      backpressure: this.pressure,
      clock: this.clock,
    });
    this.session = session;
    session.ended.then(
      (end) => this.ends.push(end),
      (error) => this.ends.push(error),
    );
    return this;
  }

  /** Moves the time on; what is asked for meanwhile is answered in real time, step by step. */
  async advance(ms: number, stepMs = 50): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= stepMs) {
      await this.clock.advance(Math.min(stepMs, leftMs));
      await this.isQuiet();
    }
  }

  /** Resolves once no request is under way but those the server holds, and its answers have been taken. */
  async isQuiet(): Promise<void> {
    // Loopback and the client's own thread take a few turns of the event loop; a request shows within them.
    for (let i = 0; i < 6; i++) await Bun.sleep(0);
    await Bun.sleep(1);
  }

  /** Resolves when the server has been asked so often. */
  async asked(count: number): Promise<void> {
    await eventually(() => this.server.requests.length >= count, `${count} requests`);
    await this.isQuiet();
  }

  /** Resolves with the end of the session. */
  async end(): Promise<SessionEnd | IngestError> {
    await eventually(() => this.ends.length > 0, "the end of the session");
    return this.ends[0];
  }

  /** What each request named, as `A,B`. */
  get askedFor(): string[] {
    return this.server.requests.map(({ query }) => query.get("symbols") ?? "");
  }

  stop(): void {
    this.controller.abort();
    this.server.stop();
  }
}
