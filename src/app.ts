import type { Feed } from "./adapters/feed.ts";
import { AppStatus } from "./assembly/app-status.ts";
import type { SecretReader } from "./assembly/create-adapter.ts";
import { createFeeds } from "./assembly/create-feeds.ts";
import { createSink } from "./assembly/create-transport.ts";
import { eventLogLine } from "./assembly/event-log-line.ts";
import { ledgerLogFields } from "./assembly/ledger-log-fields.ts";
import { enabledFeeds, type PreparedFeed } from "./assembly/prepare-feeds.ts";
import type { Config } from "./config/config.ts";
import type { FeedEvent, FeedEventSink, RejectedMessage } from "./domain/feed-event.ts";
import type { IngestError } from "./domain/ingest-error.ts";
import { errorFields } from "./domain/log.ts";
import type { QuoteSink } from "./domain/quote.ts";
import { eventRecord, rejectedRecord } from "./pipeline/event-envelope.ts";
import { Ledger } from "./pipeline/ledger.ts";
import { MemoryPressure } from "./pipeline/memory-pressure.ts";
import { QuotePipeline } from "./pipeline/quote-pipeline.ts";
import { type LostQuotes, Publisher } from "./publish/publisher.ts";
import type { Clock, RandomSource, Timer } from "./runtime/clock.ts";
import { RequestBudget } from "./runtime/request-budget.ts";
import { type AdminServer, startAdminServer } from "./telemetry/admin-server.ts";
import { HealthMonitor } from "./telemetry/health.ts";
import type { RootLog } from "./telemetry/log.ts";
import { createMetricsRegistry } from "./telemetry/metrics-registry.ts";
import { createSnapshotReader } from "./telemetry/metrics-snapshot.ts";
import type { AppPhase, BuildInfo } from "./telemetry/metrics-source.ts";

/** Runs of dropped quotes that no later quote has closed are published this often, ms. */
const FLUSH_DROPPED_EVERY_MS = 1000;
/** A sink that cannot be started yet is looked at this often, so that the log says why no feed starts, ms. */
const LOOK_AT_SINK_EVERY_MS = 1000;
/** The same reason is logged again after this, ms. */
const TELL_WAITING_EVERY_MS = 60_000;
/** Sockets and files get this long to close after the drain, ms. */
const CLOSE_LIMIT_MS = 1000;

/** What the program is made of. */
export interface AppOptions {
  readonly config: Config;
  readonly feeds: readonly PreparedFeed[];
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: RootLog;
  readonly redact: (text: string) => string;
  readonly readSecret: SecretReader;
  readonly build: BuildInfo;
  /** This life of the process: `metadata.session`. */
  readonly session: string;
  /** The sink can never be written again, or cannot be used as it is: the program should end. */
  onFatal(error: unknown): void;
  /** Sees every quote before the pipeline does; the demo's board. */
  readonly tapQuotes?: (next: QuoteSink) => QuoteSink;
}

/** The running program: wires the rooms, starts and stops them in order; knows no protocol. */
export class App implements FeedEventSink {
  readonly status: AppStatus;
  readonly feeds: readonly Feed[];
  readonly #options: AppOptions;
  readonly #ledger: Ledger;
  readonly #publisher: Publisher;
  readonly #pipeline: QuotePipeline;
  readonly #pressure: MemoryPressure;
  readonly #health: HealthMonitor;
  readonly #start = new AbortController();
  #admin: AdminServer | null = null;
  #phase: AppPhase = "starting";
  #isSinkStarted = false;
  #flushTimer: Timer | null = null;

  constructor(options: AppOptions) {
    this.#options = options;
    const { config, clock, random, log, feeds } = options;
    const enabled = enabledFeeds(feeds);
    const feedNames = enabled.map((feed) => feed.config.name);
    const onReaderGone = (error: IngestError) => options.onFatal(error);
    const sink = createSink(config, { clock, random, log: log.child({ part: "sink" }) }, onReaderGone);
    this.#ledger = new Ledger(feedNames);
    this.#publisher = new Publisher({
      transport: sink.transport,
      clock,
      random,
      topics: config.topics,
      compression: sink.compression,
      isStamped: sink.isStamped,
      batchMaxBytes: sink.batchMaxBytes,
      lingerMs: config.limits.lingerMs,
      memoryMaxBytes: config.limits.memoryMaxBytes,
      feedNames,
      instrumentCount: enabled.reduce((sum, feed) => sum + feed.instruments.length, 0),
      onAcked: (counts) => this.#ledger.ack(counts),
      onDropped: (counts, reason, lost) => this.#onDropped(counts, reason, lost),
      onTrouble: ({ topic, partition }, code, message) =>
        log.warn({ code, topic, partition, message }, "publish_retried"),
    });
    this.#pressure = new MemoryPressure({
      clock,
      limitBytes: config.limits.memoryMaxBytes,
      pauseMaxMs: config.limits.memoryPauseMaxMs,
    });
    this.#publisher.budget.onChange((usedBytes) => this.#pressure.update(usedBytes));
    this.#pipeline = new QuotePipeline({
      identity: this.#identity,
      rawPayload: config.rawPayload,
      ledger: this.#ledger,
      events: this,
      rules: enabled.map((feed) => feed.venue.sequence),
      laneFor: (key) => this.#publisher.quoteLane(key),
      onUntrusted: (instrument, reason) => this.feeds[instrument.feedIndex].resubscribe(instrument, reason),
    });
    const requestBudget = new RequestBudget(clock);
    this.feeds = createFeeds(enabled, {
      config,
      clock,
      requestBudget,
      readSecret: options.readSecret,
      random,
      quotes: options.tapQuotes?.(this.#pipeline) ?? this.#pipeline,
      pipeline: this.#pipeline,
      events: this,
      backpressure: this.#pressure,
      log,
    });
    this.status = new AppStatus({
      phase: () => this.#phase,
      isSinkStarted: () => this.#isSinkStarted,
      config,
      prepared: feeds,
      feeds: this.feeds,
      ledger: this.#ledger,
      publisher: this.#publisher,
      transport: sink.transport,
      requestBudget,
      counters: this.#pipeline.counters,
      log,
    });
    this.#health = new HealthMonitor({ clock, source: this.status, attemptMaxMs: sink.attemptMaxMs });
  }

  /** Where the admin server listens; empty before {@link start}. */
  get adminUrl(): string {
    return this.#admin?.url ?? "";
  }

  /**
   * Starts the admin server, then the sink, and once that knows its partitions the feeds: no venue is asked for prices
   * that could not be kept. Returns at once; an unreachable sink is tried until it answers.
   * @throws IngestError when the admin server cannot listen
   */
  start(): void {
    const { config, clock, log, redact, build } = this.#options;
    const takeSnapshot = createSnapshotReader({ source: this.status, loop: this.#health.loop, clock, build });
    this.#admin = startAdminServer({
      ...config.admin,
      source: this.status,
      health: this.#health,
      metrics: createMetricsRegistry(takeSnapshot),
      takeSnapshot,
      redact,
      log,
    });
    this.#health.start();
    this.#startSink().catch((error: unknown) => this.#options.onFatal(error));
  }

  /**
   * Stops feeds, drains the lanes within `drainMs` (`DRAIN_MS` unless told), closes everything. True when every accepted
   * quote is acked.
   */
  async stop(drainMs = this.#options.config.limits.drainMs): Promise<boolean> {
    const { clock, log } = this.#options;
    this.#phase = "draining";
    this.#start.abort();
    const deadlineMs = clock.monotonicMs() + drainMs;
    await Promise.all(this.feeds.map((feed) => feed.stop()));
    this.#flushTimer?.cancel();
    this.#pressure.stop();
    if (this.#isSinkStarted) this.#pipeline.flushDropped(clock.wallUs());
    const isDrained = await this.#publisher.drain(Math.max(0, deadlineMs - clock.monotonicMs()));
    await this.#publisher.stop(CLOSE_LIMIT_MS);
    this.#health.stop();
    await this.#admin?.stop();
    const ledger = this.status.ledger();
    const quotesDropped = ledger.reduce((sum, row) => sum + row.dropped.shutdown, 0);
    const level = isDrained ? "info" : "error";
    for (const row of ledger) log[level](ledgerLogFields(row), "ledger_closed");
    if (isDrained) log.info({}, "drained");
    else log.error({ quotesDropped, drainMs }, "drain_cut_short");
    return isDrained;
  }

  publishEvent(event: FeedEvent): boolean {
    const { level, fields, name } = eventLogLine(event);
    this.#options.log[level](fields, name);
    const whenFull = event.type === "market-data.dropped" ? "kept" : "lost";
    return this.#isSinkStarted && this.#publisher.publishEvent(eventRecord(event, this.#identity), whenFull);
  }

  publishRejected(message: RejectedMessage): void {
    if (this.#isSinkStarted) this.#publisher.publishRejected(rejectedRecord(message, this.#identity));
  }

  get #identity() {
    return { session: this.#options.session, ingester: this.#options.config.instanceId };
  }

  async #startSink(): Promise<void> {
    const { log, config, clock } = this.#options;
    this.#tellWaiting("", 0);
    try {
      await this.#publisher.start(this.#start.signal);
    } catch (error) {
      if (this.#start.signal.aborted) return;
      log.error(errorFields(error), "sink_failed");
      throw error;
    }
    if (this.#start.signal.aborted) return;
    this.#isSinkStarted = true;
    log.info({ kind: config.sink.kind }, "sink_started");
    for (const feed of this.feeds) for (const instrument of feed.instruments) this.#pipeline.register(instrument);
    for (const feed of this.feeds) feed.start();
    this.#phase = "running";
    const flush = () => {
      this.#pipeline.flushDropped(clock.wallUs());
      this.#flushTimer = clock.schedule(FLUSH_DROPPED_EVERY_MS, flush);
    };
    this.#flushTimer = clock.schedule(FLUSH_DROPPED_EVERY_MS, flush);
  }

  /** Logs why the sink is not started: when that changes, and now and then. */
  #tellWaiting(told: string, toldMs: number): void {
    const { clock, log, config } = this.#options;
    clock.schedule(LOOK_AT_SINK_EVERY_MS, () => {
      if (this.#isSinkStarted || this.#start.signal.aborted) return;
      const { trouble } = this.status.sink();
      const nowMs = clock.monotonicMs();
      if (trouble === told && nowMs - toldMs < TELL_WAITING_EVERY_MS) return this.#tellWaiting(told, toldMs);
      log.warn({ kind: config.sink.kind, message: trouble }, "sink_waiting");
      this.#tellWaiting(trouble, nowMs);
    });
  }

  #onDropped(
    counts: Int32Array,
    reason: "record_too_large" | "broker_rejected" | "shutdown",
    lost: readonly LostQuotes[],
  ): void {
    for (let feed = 0; feed < counts.length; feed++)
      if (counts[feed] > 0) this.#ledger.drop(reason, feed, counts[feed]);
    if (reason === "shutdown") return;
    const timeUs = this.#options.clock.wallUs();
    for (const { source, symbol, count, fromSequence, toSequence } of lost) {
      this.#pipeline.noteLost(source, symbol, fromSequence, toSequence, timeUs);
      const isTold = this.publishEvent({
        type: "market-data.dropped",
        source,
        symbol,
        timeUs,
        reason,
        count,
        fromSequence,
        toSequence,
      });
      if (!isTold) this.#publisher.coldDropped++;
    }
  }
}
