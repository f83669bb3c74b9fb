import type { RunningFeed } from "../adapters/running-feed.ts";
import { IngestError } from "../domain/ingest-error.ts";
import { Instrument } from "../domain/instrument.ts";
import { errorFields, type Log } from "../domain/log.ts";
import type { QuotePipeline } from "../pipeline/quote-pipeline.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ControlOutcome, FeedControl, FeedRequest } from "../telemetry/control/feed-control.ts";
import type { AppPhase } from "../telemetry/metrics-source.ts";
import type { PreparedFeed } from "./prepare-feeds.ts";
import type { ConfigRereader } from "./reread-config.ts";

/** Requests to one feed that may wait for each other. */
const WAITING_MAX = 16;
/** Instruments one feed may have had in one life of the process: each keeps its numbers. */
const INSTRUMENTS_EVER_MAX = 16_384;

/** What the controller works with. */
export interface FeedControllerOptions {
  readonly phase: () => AppPhase;
  /** Every configured feed, disabled ones too. */
  readonly prepared: readonly PreparedFeed[];
  /** The enabled ones, by feed index. */
  readonly feeds: readonly RunningFeed[];
  readonly pipeline: Pick<QuotePipeline, "register" | "interrupt">;
  readonly clock: Clock;
  readonly log: Log;
  /** Checks a list of symbols as the start does. */
  readonly reread: ConfigRereader;
}

/** Connects, disconnects and changes feeds while the program runs. What it changes lasts until the next start. */
export class FeedController implements FeedControl {
  readonly #options: FeedControllerOptions;
  readonly #queues = new Map<string, { waiting: number; last: Promise<unknown> }>();
  /** The lists that are no longer those of the configuration, by name of the feed. */
  readonly #changedSymbols = new Map<string, readonly string[]>();
  /** Every instrument a feed has had, by feed index and symbol: one that comes back goes on with its numbers. */
  readonly #known: readonly Map<string, Instrument>[];
  #nextInstrumentId: number;

  constructor(options: FeedControllerOptions) {
    this.#options = options;
    this.#known = options.feeds.map(
      (feed) => new Map(feed.instruments.map((instrument) => [instrument.symbol, instrument])),
    );
    this.#nextInstrumentId = options.feeds.reduce((sum, feed) => sum + feed.instruments.length, 0);
  }

  /** The lists of symbols that were changed, by name of the feed. */
  get changedSymbols(): ReadonlyMap<string, readonly string[]> {
    return this.#changedSymbols;
  }

  async apply(name: string, request: FeedRequest): Promise<ControlOutcome> {
    const found = this.#options.prepared.find(({ config }) => config.name === name);
    if (found === undefined) return { kind: "unknown", message: "there is no feed of this name" };
    if (found.feedIndex < 0) return refused("the configuration has it switched off");
    const queue = this.#queues.get(name) ?? { waiting: 0, last: Promise.resolve() };
    this.#queues.set(name, queue);
    if (queue.waiting >= WAITING_MAX) return refused("too many requests to this feed are under way");
    queue.waiting++;
    const answer = queue.last.then(() => this.#safely(found.feedIndex, request));
    queue.last = answer;
    const outcome = await answer;
    queue.waiting--;
    return outcome;
  }

  async #safely(feedIndex: number, request: FeedRequest): Promise<ControlOutcome> {
    const phase = this.#options.phase();
    if (phase !== "running") return refused(`the program is ${phase}`);
    try {
      return await this.#change(this.#options.feeds[feedIndex], { feedIndex, request });
    } catch (error) {
      if (error instanceof IngestError) return refused(error.message);
      this.#options.log.error(errorFields(error), "control_failed");
      return refused("it failed: the log says why");
    }
  }

  async #change(
    feed: RunningFeed,
    { feedIndex, request }: { feedIndex: number; request: FeedRequest },
  ): Promise<ControlOutcome> {
    switch (request.action) {
      case "connect":
        // What comes of it takes its time: /status tells.
        feed.start();
        return done({});
      case "disconnect":
        await feed.stop();
        return done({ state: feed.state });
      case "resubscribe":
        return resubscribe(feed, request.symbols);
      case "symbols":
        return await this.#changeSymbols(feed, { feedIndex, request });
    }
  }

  async #changeSymbols(
    feed: RunningFeed,
    { feedIndex, request }: { feedIndex: number; request: { add: readonly string[]; remove: readonly string[] } },
  ): Promise<ControlOutcome> {
    const both = request.add.find((symbol) => request.remove.includes(symbol));
    if (both !== undefined) return refused(`${both} cannot be added and removed at once`);
    const present = new Set(feed.instruments.map(({ symbol }) => symbol));
    const added = request.add.filter((symbol) => !present.has(symbol));
    const removed = feed.instruments.filter(({ symbol }) => request.remove.includes(symbol));
    const symbols = [...present].filter((symbol) => !request.remove.includes(symbol)).concat(added);
    if (symbols.length === 0) return refused("a feed has one symbol at least; it can be disconnected instead");
    const known = this.#known[feedIndex];
    const fresh = added.filter((symbol) => !known.has(symbol));
    if (known.size + fresh.length > INSTRUMENTS_EVER_MAX) {
      return refused(
        `the feed has had ${known.size} symbols since the start, and ${INSTRUMENTS_EVER_MAX} are the limit`,
      );
    }
    if (added.length > 0) {
      const problem = await this.#findProblem(feed.name, symbols);
      if (problem !== "") return refused(problem);
      if (this.#options.phase() !== "running") return refused("the program is draining");
    }
    await feed.changeInstruments(this.#takeIn(feed, feedIndex, added), removed);
    this.#changedSymbols.set(feed.name, symbols);
    return done({ added, removed: removed.map(({ symbol }) => symbol), symbols: symbols.length, state: feed.state });
  }

  /** What is wrong with these symbols, as a start would tell it; empty when nothing is. */
  async #findProblem(feed: string, symbols: readonly string[]): Promise<string> {
    const torn = symbols.find((symbol) => symbol.includes(",") || symbol.trim() !== symbol);
    if (torn !== undefined) return "a symbol has no comma, and no blank at its ends";
    const symbolsByFeed = new Map([...this.#changedSymbols, [feed, symbols]]);
    const { problems } = await this.#options.reread({ symbolsByFeed, onlyFeed: feed });
    return problems.map(({ wanted, state }) => `it must ${wanted}: ${state}`).join("; ");
  }

  #takeIn(feed: RunningFeed, feedIndex: number, symbols: readonly string[]): Instrument[] {
    const { pipeline, clock } = this.#options;
    const known = this.#known[feedIndex];
    return symbols.map((symbol) => {
      const former = known.get(symbol);
      if (former !== undefined) {
        // What came in between was not seen.
        pipeline.interrupt([former], "disconnect", clock.wallUs());
        return former;
      }
      const instrument = new Instrument({ id: this.#nextInstrumentId++, feedIndex, source: feed.name, symbol });
      pipeline.register(instrument);
      known.set(symbol, instrument);
      return instrument;
    });
  }
}

function resubscribe(feed: RunningFeed, symbols: readonly string[]): ControlOutcome {
  if (feed.state === "stopped") return refused("the feed is stopped: connect it");
  const unknown = symbols.find((symbol) => !feed.instruments.some((instrument) => instrument.symbol === symbol));
  if (unknown !== undefined) return refused(`the feed has no symbol ${unknown}`);
  const chosen = feed.instruments.filter(({ symbol }) => symbols.length === 0 || symbols.includes(symbol));
  for (const instrument of chosen) feed.resubscribe(instrument, "asked for on the admin server");
  return done({ symbols: chosen.length, state: feed.state });
}

function done(facts: Extract<ControlOutcome, { kind: "done" }>["facts"]): ControlOutcome {
  return { kind: "done", facts };
}

function refused(message: string): ControlOutcome {
  return { kind: "refused", message };
}
