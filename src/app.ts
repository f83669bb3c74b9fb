import type { RunningFeed } from "./adapters/running-feed.ts";
import { AppStatus } from "./assembly/app-status.ts";
import type { AdapterParts, SecretReader } from "./assembly/create-adapter.ts";
import { createAdapterParts, createFeeds, type FeedSurroundings } from "./assembly/create-feeds.ts";
import { createSpool, recordsLeftBehind } from "./assembly/create-spool.ts";
import { type ChosenSink, createSink } from "./assembly/create-transport.ts";
import { eventLogLine } from "./assembly/event-log-line.ts";
import { ledgerLogFields } from "./assembly/ledger-log-fields.ts";
import { LossReporter } from "./assembly/loss-reporter.ts";
import { type EnabledFeed, enabledFeeds, type PreparedFeed } from "./assembly/prepare-feeds.ts";
import type { ConfigRereader } from "./assembly/reread-config.ts";
import { createRunTimeControl, type RunTimeControl } from "./assembly/run-time-control.ts";
import type { Config } from "./config/config.ts";
import type { FeedEvent, FeedEventSink, RejectedMessage } from "./domain/feed-event.ts";
import type { IngestError } from "./domain/ingest-error.ts";
import { errorFields } from "./domain/log.ts";
import type { QuoteSink } from "./domain/quote.ts";
import { EventEnvelope } from "./pipeline/event-envelope.ts";
import { Ledger } from "./pipeline/ledger.ts";
import { MemoryPressure } from "./pipeline/memory-pressure.ts";
import { QuotePipeline } from "./pipeline/quote-pipeline.ts";
import { headerText } from "./publish/batch-split.ts";
import { Publisher } from "./publish/publisher.ts";
import type { BatchRecord } from "./publish/record-batch-reader.ts";
import type { Spool } from "./publish/spool/batch-log.ts";
import { settlesWithin } from "./runtime/abortable.ts";
import type { Clock, RandomSource, Timer } from "./runtime/clock.ts";
import { RequestBudget } from "./runtime/request-budget.ts";
import { type AdminServer, startAdminServer } from "./telemetry/admin-server.ts";
import { BacklogLog } from "./telemetry/backlog-log.ts";
import { DashboardTaps } from "./telemetry/dashboard/dashboard-taps.ts";
import { HealthMonitor } from "./telemetry/health.ts";
import type { RootLog } from "./telemetry/log.ts";
import { createMetricsRegistry } from "./telemetry/metrics-registry.ts";
import { createSnapshotReader, type MetricsSnapshot } from "./telemetry/metrics-snapshot.ts";
import type { AppPhase, BuildInfo } from "./telemetry/metrics-source.ts";

/** Runs of dropped quotes that no later quote has closed are published this often, ms. */
const FLUSH_DROPPED_EVERY_MS = 1000;
/** A sink that cannot be started yet is looked at this often, so that the log says why no feed starts, ms. */
const LOOK_AT_SINK_EVERY_MS = 1000;
/** With a spool the feeds wait no longer than this for the sink, ms. */
const START_PATIENCE_MS = 3000;
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
  readonly reread: ConfigRereader;
  readonly build: BuildInfo;
  /** This life of the process: `metadata.session`. */
  readonly session: string;
  /** The sink can never be written again, or cannot be used as it is: the program should end. */
  onFatal(error: unknown): void;
  /** Sees every quote before the pipeline does; the demo's board. */
  readonly tapQuotes?: (next: QuoteSink) => QuoteSink;
  /** Instead of feeds that ask venues: one per enabled feed, in their order. */
  readonly createFeeds?: (enabled: readonly EnabledFeed[], surroundings: FeedSurroundings) => readonly RunningFeed[];
}

/** The running program: wires the rooms, starts and stops them in order; knows no protocol. */
export class App implements FeedEventSink {
  readonly status: AppStatus;
  /** Everything the metrics show, read at one moment. */
  readonly takeSnapshot: () => MetricsSnapshot;
  readonly feeds: readonly RunningFeed[];
  readonly #options: AppOptions;
  readonly #losses: LossReporter;
  readonly #spool: Spool | null;
  readonly #ledger: Ledger;
  readonly #publisher: Publisher;
  readonly #pipeline: QuotePipeline;
  readonly #envelope: EventEnvelope;
  readonly #pressure: MemoryPressure;
  readonly #health: HealthMonitor;
  readonly #taps = new DashboardTaps();
  readonly #backlogLog: BacklogLog;
  readonly #control: RunTimeControl;
  readonly #start = new AbortController();
  #admin: AdminServer | null = null;
  #phase: AppPhase = "starting";
  #isSinkStarted = false;
  /** Records can be taken: the lanes are there. */
  #isAccepting = false;
  #flushTimer: Timer | null = null;

  /** @throws IngestError when the spool cannot be used */
  constructor(options: AppOptions) {
    this.#options = options;
    const { config, clock, random, log, feeds, readSecret } = options;
    const enabled = enabledFeeds(feeds);
    this.#losses = new LossReporter(log);
    const enabledNames = enabled.map((feed) => feed.config.name);
    this.#spool = this.#openSpool(enabledNames);
    const feedNames = this.#spool?.feedNames ?? enabledNames;
    const onReaderGone = (error: IngestError) => options.onFatal(error);
    const sink = createSink(config, { clock, random, log: log.child({ part: "sink" }) }, onReaderGone);
    this.#ledger = new Ledger(feedNames);
    if (this.#spool !== null) this.#ledger.recovered.set(this.#spool.recoveredByFeed);
    this.#publisher = this.#createPublisher(sink, feedNames);
    this.#pressure = new MemoryPressure({
      clock,
      limitBytes: config.limits.memoryMaxBytes,
      pauseMaxMs: config.limits.memoryPauseMaxMs,
    });
    this.#publisher.budget.onChange((usedBytes) => this.#pressure.update(usedBytes));
    const identity = { session: options.session, ingester: config.instanceId, format: config.valueFormat };
    this.#envelope = new EventEnvelope(identity);
    this.#pipeline = new QuotePipeline({
      identity,
      rawPayload: config.rawPayload,
      ledger: this.#ledger,
      events: this,
      rules: enabled.map((feed) => feed.venue.sequence),
      laneFor: (key) => this.#publisher.quoteLane(key),
      onUntrusted: (instrument, reason) => this.feeds[instrument.feedIndex].resubscribe(instrument, reason),
    });
    this.#losses.attach({
      ledger: this.#ledger,
      pipeline: this.#pipeline,
      feedNames,
      session: options.session,
      nowUs: () => clock.wallUs(),
      publishEvent: (event) => this.publishEvent(event),
      onUntold: () => this.#publisher.coldDropped++,
    });
    const requestBudget = new RequestBudget(clock);
    const adapterParts = createAdapterParts(config, { clock, budget: requestBudget, readSecret, log });
    this.feeds = (options.createFeeds ?? createFeeds)(enabled, {
      config,
      clock,
      adapterParts,
      random,
      quotes: this.#taps.watchQuotes(options.tapQuotes?.(this.#pipeline) ?? this.#pipeline),
      pipeline: this.#pipeline,
      events: this,
      backpressure: this.#pressure,
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
      spool: this.#spool,
      requestBudget,
      counters: this.#pipeline.counters,
      log,
    });
    this.#control = this.#createControl(adapterParts);
    this.#health = new HealthMonitor({ clock, source: this.status });
    const { loop } = this.#health;
    this.takeSnapshot = createSnapshotReader({ source: this.status, loop, clock, build: options.build });
    this.#backlogLog = new BacklogLog({ clock, source: this.status, log });
  }

  /** Where the admin server listens; empty before {@link start}. */
  get adminUrl(): string {
    return this.#admin?.url ?? "";
  }

  /**
   * Starts the admin server, then the sink, and once that knows its partitions the feeds: no venue is asked for prices
   * that could not be kept. With a spool they can, so then the feeds wait for the sink a moment only. Returns at once; an unreachable sink is tried until it answers.
   * @throws IngestError when the admin server cannot listen
   */
  start(): void {
    const { config, clock, log, redact } = this.#options;
    const { takeSnapshot } = this;
    this.#admin = startAdminServer({
      ...config.admin,
      health: this.#health,
      metrics: createMetricsRegistry(takeSnapshot),
      takeSnapshot,
      redact,
      log,
      clock,
      taps: this.#taps,
      control: this.#control.controller,
    });
    this.#tellLeftBehind();
    this.#health.start();
    this.#backlogLog.start();
    this.#startSink().catch((error: unknown) => this.#options.onFatal(error));
  }

  /** Takes in what the files of the configuration say now. Never rejects. */
  async reload(by: string): Promise<void> {
    if (this.#phase !== "draining") await this.#control.reloader.reload(by);
  }

  /**
   * Stops feeds, drains the lanes within `drainMs` (`DRAIN_MS` unless told), closes everything. True when every accepted
   * quote is acked or on the spool.
   */
  async stop(drainMs = this.#options.config.limits.drainMs): Promise<boolean> {
    const { clock, log } = this.#options;
    this.#phase = "draining";
    this.#start.abort();
    const deadlineMs = clock.monotonicMs() + drainMs;
    await Promise.all(this.feeds.map((feed) => feed.stop()));
    this.#flushTimer?.cancel();
    this.#pressure.stop();
    if (this.#isAccepting) this.#pipeline.flushDropped(clock.wallUs());
    this.#losses.retell();
    const isSettled = await this.#publisher.drain(Math.max(0, deadlineMs - clock.monotonicMs()));
    await this.#publisher.stop(CLOSE_LIMIT_MS);
    await this.#spool?.close();
    this.#health.stop();
    this.#backlogLog.stop();
    await this.#admin?.stop();
    const ledger = this.status.ledger();
    const quotesDropped = ledger.reduce((sum, row) => sum + row.dropped.shutdown, 0);
    const quotesOnSpool = ledger.reduce((sum, row) => sum + row.onSpool, 0);
    // What was late for the sink and found its place on the disk is not lost.
    const isDrained = quotesDropped === 0 && (isSettled || this.#spool !== null);
    const level = isDrained ? "info" : "error";
    for (const row of ledger) log[level](ledgerLogFields(row), "ledger_closed");
    if (isDrained) log.info(this.#spool === null ? {} : { quotesOnSpool }, "drained");
    else log.error({ quotesDropped, drainMs }, "drain_cut_short");
    return isDrained;
  }

  publishEvent(event: FeedEvent): boolean {
    const { level, fields, name } = eventLogLine(event);
    this.#options.log[level](fields, name);
    this.#taps.events.noteEvent(event);
    const whenFull = event.type === "market-data.dropped" ? "kept" : "lost";
    return this.#isAccepting && this.#publisher.publishEvent(this.#envelope.event(this.#redacted(event)), whenFull);
  }

  publishRejected(message: RejectedMessage): void {
    this.#taps.events.noteRejected(message);
    if (!this.#isAccepting) return;
    const text = Buffer.from(message.bytes).toString("latin1");
    const safe = this.#options.redact(text);
    const bytes = safe === text ? message.bytes : Buffer.from(safe, "latin1");
    this.#publisher.publishRejected(this.#envelope.rejected({ ...message, bytes }));
  }

  /** A venue may say our own token back to us, in the text of a refusal. */
  #redacted(event: FeedEvent): FeedEvent {
    return "message" in event ? { ...event, message: this.#options.redact(event.message) } : event;
  }

  #createControl(adapterParts: AdapterParts): RunTimeControl {
    return createRunTimeControl({
      ...this.#options,
      phase: () => this.#phase,
      prepared: this.#options.feeds,
      feeds: this.feeds,
      pipeline: this.#pipeline,
      adapterParts,
      setTokens: (tokens) => this.#admin?.setTokens(tokens),
    });
  }

  #createPublisher(sink: ChosenSink, feedNames: readonly string[]): Publisher {
    const { config, clock, random, log, feeds } = this.#options;
    const enabled = enabledFeeds(feeds);
    const backfill = config.spool.backfill === "live_first" ? config.topics.backfill : null;
    return new Publisher({
      transport: sink.transport,
      clock,
      random,
      topics: { ...config.topics, backfill },
      spool: this.#spool,
      spoolMode: config.spool.mode,
      compression: sink.compression,
      isStamped: sink.isStamped,
      batchMaxBytes: sink.batchMaxBytes,
      lingerMs: config.limits.lingerMs,
      memoryMaxBytes: config.limits.memoryMaxBytes,
      feedNames,
      instrumentCount: enabled.reduce((sum, feed) => sum + feed.instruments.length, 0),
      onAcked: (counts) => this.#ledger.ack(counts),
      onDropped: (counts, reason, lost) => this.#losses.onDropped(counts, reason, lost),
      onRejected: (records) => this.#keepRejected(records),
      onAssigned: () => this.#pipeline.reassignLanes(),
      onTrouble: ({ topic, partition }, code, message) =>
        log.warn({ code, topic, partition, message }, "publish_retried"),
    });
  }

  #openSpool(feedNames: readonly string[]): Spool | null {
    const { config, clock } = this.#options;
    return createSpool(config.spool, clock, {
      feedNames,
      yieldLast: [config.topics.events],
      onLoss: (loss) => this.#losses.onSpoolLoss(loss),
      onLostBatch: (bytes, reason) => this.#losses.onLostBatch(bytes, reason),
      onTrouble: (message) => this.#tellSpoolTrouble(message),
    });
  }

  /** The feeds wait for the sink; with a spool, only for a moment: what they bring is kept on the disk meanwhile. */
  async #startSink(): Promise<void> {
    const { log, config, clock } = this.#options;
    this.#tellWaiting("", 0);
    try {
      const started = this.#publisher.start(this.#start.signal);
      if (this.#spool !== null && !(await settlesWithin(started, START_PATIENCE_MS, clock))) {
        if (this.#start.signal.aborted) return;
        log.warn({ spool: config.spool.directory }, "sink_late_quotes_go_to_the_spool");
        this.#publisher.accept();
        this.#startFeeds();
      }
      await started;
    } catch (error) {
      if (this.#start.signal.aborted) return;
      log.error(errorFields(error), "sink_failed");
      throw error;
    }
    if (this.#start.signal.aborted) return;
    this.#isSinkStarted = true;
    log.info({ kind: config.sink.kind }, "sink_started");
    for (const topic of this.#publisher.strangeTopics()) log.warn({ topic }, "spool_holds_another_topic");
    if (this.#isAccepting) this.#pipeline.reassignLanes();
    else this.#startFeeds();
  }

  #startFeeds(): void {
    const { clock } = this.#options;
    this.#isAccepting = true;
    for (const feed of this.feeds) for (const instrument of feed.instruments) this.#pipeline.register(instrument);
    for (const feed of this.feeds) feed.start();
    this.#phase = "running";
    const flush = () => {
      this.#pipeline.flushDropped(clock.wallUs());
      this.#losses.retell();
      this.#flushTimer = clock.schedule(FLUSH_DROPPED_EVERY_MS, flush);
    };
    this.#flushTimer = clock.schedule(FLUSH_DROPPED_EVERY_MS, flush);
  }

  /** What the broker refuses for good is kept with the other rejects: nothing of it is lost unseen. */
  #keepRejected(records: readonly BatchRecord[]): void {
    for (const record of records) {
      const source = headerText(record, "source");
      const bytes = record.value ?? new Uint8Array(0);
      this.publishRejected({ source, timeUs: record.timestampMs * 1000, reason: "broker_rejected", bytes });
    }
  }

  #tellLeftBehind(): void {
    const { log, config } = this.#options;
    const { directory } = config.spool;
    try {
      const records = recordsLeftBehind(config.spool);
      if (records > 0) log.warn({ directory, records }, "spool_is_off_and_not_empty");
    } catch (error) {
      log.warn({ directory, ...errorFields(error) }, "spool_is_off_and_not_readable");
    }
  }

  #tellSpoolTrouble(message: string): void {
    const { log, config } = this.#options;
    if (message === "") log.info({ directory: config.spool.directory }, "spool_recovered");
    else log.error({ directory: config.spool.directory, message }, "spool_trouble");
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
}
