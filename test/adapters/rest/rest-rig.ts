import type { Session, SessionEnd } from "../../../src/adapters/adapter.ts";
import { RestAdapter, type RestAdapterOptions } from "../../../src/adapters/rest/rest-adapter.ts";
import type { IngestError } from "../../../src/domain/ingest-error.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import type { Timer } from "../../../src/runtime/clock.ts";
import { RequestBudget } from "../../../src/runtime/request-budget.ts";
import { compileRestVenue } from "../../../src/venues/rest/compile-rest-venue.ts";
import type { RestProfile } from "../../../src/venues/rest/rest-profile-schema.ts";
import { FakeClock, settle } from "../../harness/fake-clock.ts";
import { FakeRestServer, type RestAnswer } from "../../harness/fake-rest-server.ts";
import { eventually } from "../../harness/fake-venue-server.ts";
import { ManualPressure, RecordingMonitor, RecordingQuotes } from "../../harness/recorders.ts";
import { PLAIN_TIMEOUT_MS, plainRestProfile } from "../../harness/rest-venue.ts";

/** Time-outs of polls: the plain venue's, and the default of the built-in ones. */
const TIMEOUTS_MS: readonly number[] = [PLAIN_TIMEOUT_MS, 5000];

/** A clock that stands still and knows how many polls are under way: each has a timer for its time-out. */
export class PollClock extends FakeClock {
  pollsUnderWay = 0;

  override schedule(delayMs: number, callback: () => void): Timer {
    if (!TIMEOUTS_MS.includes(delayMs)) return super.schedule(delayMs, callback);
    this.pollsUnderWay++;
    let isArmed = true;
    const disarm = () => {
      if (isArmed) this.pollsUnderWay--;
      isArmed = false;
    };
    const timer = super.schedule(delayMs, () => {
      disarm();
      callback();
    });
    return {
      cancel: () => {
        disarm();
        timer.cancel();
      },
    };
  }
}

/** What a rig is made of; all has defaults. */
export interface RestRigOptions extends Partial<RestAdapterOptions> {
  readonly symbols?: readonly string[];
  readonly profile?: RestProfile;
  readonly server?: FakeRestServer;
  readonly clock?: PollClock;
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
  readonly clock: PollClock;
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
    this.clock = options.clock ?? new PollClock();
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

  /** Moves the time on in steps; the clock stands still while a poll that the server answers is under way. */
  async advance(ms: number, stepMs = 50): Promise<void> {
    await this.clock.advance(0);
    await this.isQuiet();
    for (let leftMs = ms; leftMs > 0; leftMs -= stepMs) {
      await this.clock.advance(Math.min(stepMs, leftMs));
      await this.isQuiet();
    }
  }

  /** Resolves once no poll is under way but those the server holds. */
  async isQuiet(): Promise<void> {
    for (let quietTurns = 0; quietTurns < 2; quietTurns++) {
      await eventually(() => this.clock.pollsUnderWay === this.server.openRequests, "quiet");
      await settle();
    }
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
