import type { Backpressure } from "../../adapters/adapter.ts";
import type { RunningFeed } from "../../adapters/running-feed.ts";
import type { FeedState } from "../../domain/feed-event.ts";
import type { FeedStatus } from "../../domain/feed-status.ts";
import { IngestError } from "../../domain/ingest-error.ts";
import type { Instrument } from "../../domain/instrument.ts";
import { delay } from "../../runtime/abortable.ts";
import type { FeedSurroundings } from "../create-feeds.ts";
import type { EnabledFeed } from "../prepare-feeds.ts";
import type { RecordedStep } from "./recording-format.ts";
import { readRecording } from "./recording-reader.ts";
import { StepPlayer } from "./step-player.ts";

/** Steps played before other work of the process gets its turn. */
const STEPS_PER_TURN = 256;
/** While memory is full it is looked at this often, ms. */
const LOOK_AGAIN_MS = 5;

/** How a recording is played. */
export interface ReplayOptions {
  readonly path: string;
  /** 1 as recorded, 10 ten times faster; `max`: as fast as the sink takes it. */
  readonly speed: number | "max";
  /** Once, when it has ended by itself: whole, cut off, or unreadable from some line on. */
  onEnd(end: { readonly isWhole: boolean; readonly error: IngestError | null; readonly player: StepPlayer }): void;
}

/** A feed that plays a recording through the pipeline instead of asking a venue. */
export class ReplayFeed implements RunningFeed {
  readonly name: string;
  readonly instruments: readonly Instrument[];
  readonly #feed: EnabledFeed;
  readonly #options: ReplayOptions;
  readonly #surroundings: FeedSurroundings;
  readonly #player: StepPlayer;
  readonly #stop = new AbortController();
  #playing: Promise<void> | null = null;
  #isOver = false;

  constructor(feed: EnabledFeed, options: ReplayOptions, surroundings: FeedSurroundings) {
    this.name = feed.config.name;
    this.instruments = feed.instruments;
    this.#feed = feed;
    this.#options = options;
    this.#surroundings = surroundings;
    const { quotes, pipeline, config } = surroundings;
    this.#player = new StepPlayer({ feed, quotes, interruptions: pipeline, hasRaw: config.rawPayload === "on" });
  }

  get state(): FeedState {
    return this.#playing === null || this.#isOver ? "stopped" : "live";
  }

  start(): void {
    this.#playing ??= this.#play();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#playing;
  }

  /** Nobody can be asked. */
  resubscribe(): void {}

  /** Nothing is connected. */
  setAdapter(): void {}

  async changeInstruments(): Promise<void> {
    throw new IngestError(`Cannot change the symbols of ${this.name}: a recording holds what it holds`, {
      code: "config_invalid",
      retry: "never",
    });
  }

  status(): FeedStatus {
    const { venue, feedIndex, transport } = this.#feed;
    const counters = this.#surroundings.pipeline.counters[feedIndex];
    const lastQuoteTimeUs = Math.max(0, ...this.instruments.map((instrument) => instrument.lastQuoteTimeUs));
    return {
      name: this.name,
      venue: venue.name,
      transport,
      state: this.state,
      connected: this.state === "live",
      lastHeartbeat: null,
      lastQuoteTimeMs: lastQuoteTimeUs === 0 ? null : Math.floor(lastQuoteTimeUs / 1000),
      subscribedSymbols: this.instruments.map(({ symbol }) => symbol),
      subscriptions: this.instruments.map(({ symbol, sequence, lastQuoteTimeUs: timeUs }) => ({
        symbol,
        state: sequence > 0 ? "live" : "acked",
        reason: "",
        lastQuoteTimeMs: timeUs === 0 ? null : Math.floor(timeUs / 1000),
        quotes: sequence,
      })),
      connections: [],
      messagesReceived: this.#player.frames,
      bytesReceived: this.#player.bytes,
      quotesAccepted: counters.sequence,
      duplicates: counters.duplicates,
      regressions: counters.regressions,
      gaps: counters.gaps,
      parseErrors: this.#player.rejected,
      errors: 0,
      disconnections: 0,
      attempts: 0,
      pauses: 0,
      adapterCounts: {},
      sequence: counters.sequence,
    };
  }

  async #play(): Promise<void> {
    let isWhole = false;
    let error: IngestError | null = null;
    try {
      isWhole = await this.#playSteps();
    } catch (thrown) {
      if (!(thrown instanceof IngestError)) throw thrown;
      error = thrown;
    }
    this.#isOver = true;
    if (!this.#stop.signal.aborted) this.#options.onEnd({ isWhole, error, player: this.#player });
  }

  /** True when the last line was there. */
  async #playSteps(): Promise<boolean> {
    const { clock, backpressure } = this.#surroundings;
    const { signal } = this.#stop;
    await this.#player.prepare();
    const pace = new Pace(this.#options.speed, clock.monotonicMs());
    let steps = 0;
    let isWhole = false;
    for await (const step of readRecording(this.#options.path)) {
      if (signal.aborted) return false;
      if (step.kind === "header") continue;
      const waitMs = pace.waitMs(step, clock.monotonicMs());
      if (waitMs > 0 || ++steps % STEPS_PER_TURN === 0) await delay(waitMs, signal, clock);
      while (isFull(backpressure) && !signal.aborted) await delay(LOOK_AGAIN_MS, signal, clock);
      if (signal.aborted) return false;
      this.#player.play(step);
      isWhole = step.kind === "end";
    }
    return isWhole;
  }
}

/** Asked anew each time: it changes while we wait. */
function isFull(backpressure: Backpressure): boolean {
  return backpressure.isPaused;
}

/** When each step is due. */
class Pace {
  readonly #speed: number | "max";
  readonly #startMs: number;
  #firstUs = -1;

  constructor(speed: number | "max", startMs: number) {
    this.#speed = speed;
    this.#startMs = startMs;
  }

  /** ms until the step is due; 0 or less: now. */
  waitMs(step: RecordedStep, nowMs: number): number {
    if (this.#speed === "max" || !("timeUs" in step)) return 0;
    if (this.#firstUs < 0) this.#firstUs = step.timeUs;
    return this.#startMs + (step.timeUs - this.#firstUs) / 1000 / this.#speed - nowMs;
  }
}
