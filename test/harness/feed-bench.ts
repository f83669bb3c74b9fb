import type { Adapter } from "../../src/adapters/adapter.ts";
import type { DescriptorUse } from "../../src/adapters/descriptor-use.ts";
import { Feed, type FeedOptions } from "../../src/adapters/feed.ts";
import { type FeedEnvironment, WATCHDOG_INTERVAL_MS } from "../../src/adapters/feed-parts.ts";
import type { FeedPolicy } from "../../src/adapters/feed-policy.ts";
import { Instrument } from "../../src/domain/instrument.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { ConnectRateLimiter } from "../../src/runtime/rate-limiter.ts";
import { Ticker } from "../../src/runtime/ticker.ts";
import { ManualPressure, RecordingEvents, RecordingQuotes } from "./recorders.ts";

/** A policy with round numbers. */
export const TEST_POLICY: FeedPolicy = {
  maxRetries: 10,
  whenExhausted: "probe",
  initialDelayMs: 1000,
  maxDelayMs: 60_000,
  staleAfterMs: 5000,
  deadAfterMs: 10_000,
  noDataAfterMs: 30_000,
  symbolStaleAfterMs: 0,
  openLimitMs: 30_000,
  healthyAfterMs: 10_000,
  handoverLimitMs: 15_000,
  maxSessionMs: 0,
  symbolsPerConnection: 100,
  connects: { count: 1000, windowMs: 1000 },
};

/** What a bench is made of; all but the clock have defaults. */
export interface FeedBenchOptions {
  readonly clock: Clock;
  readonly policy?: Partial<FeedPolicy>;
  readonly symbols?: readonly string[];
  readonly isEnabled?: boolean;
  /** Fixed chance; 1 by default, so that every wait is its bound. */
  readonly random?: () => number;
  /** File descriptors of the process; absent: as many as are wanted. */
  readonly descriptors?: () => DescriptorUse | null;
}

/** The surroundings of feeds under test, with everything they tell kept. */
export class FeedBench {
  readonly events = new RecordingEvents();
  readonly quotes = new RecordingQuotes();
  readonly pressure = new ManualPressure();
  /** `disconnect A,B` or `stale A`. */
  readonly interruptions: string[] = [];
  readonly environment: FeedEnvironment;
  readonly #options: FeedBenchOptions;

  constructor(options: FeedBenchOptions) {
    this.#options = options;
    const { clock } = options;
    this.environment = {
      quotes: this.quotes,
      events: this.events,
      interruptions: {
        interrupt: (instruments, reason) => {
          this.interruptions.push(`${reason} ${instruments.map((instrument) => instrument.symbol).join(",")}`);
        },
        reportGap: ({ instruments, from, to }) => {
          this.interruptions.push(`gap ${from}-${to} ${instruments.map((instrument) => instrument.symbol).join(",")}`);
        },
      },
      backpressure: this.pressure,
      limiter: new ConnectRateLimiter(clock),
      ticker: new Ticker(clock, WATCHDOG_INTERVAL_MS),
      clock,
      random: options.random ?? (() => 1),
      descriptors: options.descriptors ?? (() => null),
    };
  }

  createFeed(adapter: Adapter, name = "feed"): Feed {
    const symbols = this.#options.symbols ?? ["A", "B"];
    const options: FeedOptions = {
      name,
      venue: "test",
      isEnabled: this.#options.isEnabled ?? true,
      adapter,
      instruments: symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: name, symbol })),
      policy: { ...TEST_POLICY, ...this.#options.policy },
      counters: { sequence: 0, duplicates: 0, regressions: 0, gaps: 0 },
      environment: this.environment,
    };
    return new Feed(options);
  }
}
