import type { SessionEnd } from "../../../src/adapters/adapter.ts";
import { RestAdapter } from "../../../src/adapters/rest/rest-adapter.ts";
import type { IngestError } from "../../../src/domain/ingest-error.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import type { QuoteView } from "../../../src/domain/quote.ts";
import { RequestBudget } from "../../../src/runtime/request-budget.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import { findRestDialect } from "../../../src/simulator/rest/rest-dialect-registry.ts";
import { RestSimulator, type RestSimulatorOptions } from "../../../src/simulator/rest/rest-simulator.ts";
import type { ExpectedQuote } from "../../../src/simulator/venue-dialect.ts";
import { compileRestVenue } from "../../../src/venues/rest/compile-rest-venue.ts";
import { RecordingMonitor } from "../../harness/recorders.ts";
import { builtInRestProfile } from "../../venues/rest/rest-fixtures.ts";

/** No limit to speak of. */
const FAST = { weight: 100_000, windowMs: 1000 };

/** A simulated venue and the real adapter on it, with the built-in profile. Real time: sockets need it. */
export class RestBench {
  readonly clock = new SystemClock();
  readonly budget = new RequestBudget(this.clock);
  readonly simulator: RestSimulator;
  readonly monitor = new RecordingMonitor();
  readonly controller = new AbortController();
  /** What the venue put into answers, and what the adapter made of it. */
  readonly sent: ExpectedQuote[] = [];
  readonly taken: ExpectedQuote[] = [];
  readonly ends: (SessionEnd | IngestError)[] = [];
  readonly #venue: string;
  readonly #pace: "own" | "fast";

  /** @param options `pace: "fast"`: neither side keeps the venue's limits, so that a test need not wait for them */
  constructor(venue: string, options: Partial<RestSimulatorOptions> & { readonly pace?: "own" | "fast" } = {}) {
    const dialect = findRestDialect(venue);
    if (dialect === null) throw new Error(`${venue} cannot be simulated over REST`);
    this.#venue = venue;
    this.#pace = options.pace ?? "own";
    this.simulator = new RestSimulator(dialect, {
      venue,
      seed: 11,
      ratePerSecond: 200,
      onSent: (_, quote) => this.sent.push(quote),
      ...(this.#pace === "fast" ? { meter: FAST } : {}),
      ...options,
    });
  }

  /** Starts a session; `pollIntervalMs` short enough for a test. */
  start(symbols: readonly string[], pollIntervalMs = 20): void {
    const { ACCOUNT, TOKEN } = this.simulator.clientSettings;
    const profile = builtInRestProfile(this.#venue);
    const budget = this.#pace === "fast" ? { ...profile.budget, windows: [FAST] } : profile.budget;
    const venue = compileRestVenue(
      { ...profile, budget },
      {
        urlOverride: this.simulator.url,
        pollIntervalMs,
      },
    );
    const adapter = new RestAdapter({
      venue,
      budget: this.budget,
      userAgent: "test",
      ...(ACCOUNT === undefined ? {} : { account: ACCOUNT }),
      ...(TOKEN === undefined ? {} : { token: () => TOKEN }),
    });
    const session = adapter.startSession({
      signal: this.controller.signal,
      epoch: 1,
      instruments: symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: this.#venue, symbol })),
      quotes: { accept: (quote) => void this.taken.push(plainQuote(quote)) },
      monitor: this.monitor,
      backpressure: { isPaused: false, onChange: () => () => {} },
      clock: this.clock,
    });
    session.ended.then(
      (end) => this.ends.push(end),
      (error) => this.ends.push(error),
    );
  }

  async stop(): Promise<void> {
    this.controller.abort();
    for (let i = 0; i < 200 && this.ends.length === 0; i++) await Bun.sleep(5);
    this.simulator.stop();
  }
}

function plainQuote(quote: QuoteView): ExpectedQuote {
  const text = (start: number, end: number) => Buffer.from(quote.fields.subarray(start, end)).toString("latin1");
  return {
    symbol: quote.instrument?.symbol ?? "",
    bidPrice: text(quote.bidPriceStart, quote.bidPriceEnd),
    bidSize: text(quote.bidSizeStart, quote.bidSizeEnd),
    askPrice: text(quote.askPriceStart, quote.askPriceEnd),
    askSize: text(quote.askSizeStart, quote.askSizeEnd),
    sequence: quote.sequenceStart < 0 ? null : text(quote.sequenceStart, quote.sequenceEnd),
    venueTimeMs: quote.venueTimeMs < 0 ? null : quote.venueTimeMs,
  };
}
