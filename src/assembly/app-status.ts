import type { RunningFeed } from "../adapters/running-feed.ts";
import type { Config } from "../config/config.ts";
import type { FeedStatus } from "../domain/feed-status.ts";
import type { SpoolStatus } from "../domain/spool-status.ts";
import type { Ledger, LedgerRow } from "../pipeline/ledger.ts";
import type { FeedCounters } from "../pipeline/quote-pipeline.ts";
import type { BatchTransport } from "../publish/batch-transport.ts";
import type { Publisher } from "../publish/publisher.ts";
import type { Spool } from "../publish/spool/batch-log.ts";
import type { HostBudgetStatus, RequestBudget } from "../runtime/request-budget.ts";
import type { RootLog } from "../telemetry/log.ts";
import type {
  AppPhase,
  BatchMemory,
  CertificateExpiry,
  LaneStatus,
  Latencies,
  MetricsSource,
  SinkStatus,
} from "../telemetry/metrics-source.ts";
import { certificateExpiries } from "./certificate-expiries.ts";
import type { PreparedFeed } from "./prepare-feeds.ts";

/** Where the status is read from. */
export interface AppStatusParts {
  phase(): AppPhase;
  isSinkStarted(): boolean;
  readonly config: Config;
  /** Every configured feed, disabled ones too. */
  readonly prepared: readonly PreparedFeed[];
  /** The enabled ones, by feed index. */
  readonly feeds: readonly RunningFeed[];
  readonly ledger: Ledger;
  readonly publisher: Publisher;
  readonly transport: BatchTransport;
  readonly spool: Spool | null;
  readonly requestBudget: RequestBudget;
  /** By feed index. */
  readonly counters: readonly FeedCounters[];
  readonly log: RootLog;
}

/** What metrics, health, `/status` and the terminal read; every method takes a snapshot. */
export class AppStatus implements MetricsSource {
  readonly #parts: AppStatusParts;
  readonly #certificates: readonly CertificateExpiry[];

  constructor(parts: AppStatusParts) {
    this.#parts = parts;
    this.#certificates = certificateExpiries(parts.config);
  }

  phase(): AppPhase {
    return this.#parts.phase();
  }

  feeds(): FeedStatus[] {
    const { prepared, feeds } = this.#parts;
    return prepared.map((feed) => (feed.feedIndex < 0 ? disabledStatus(feed) : feeds[feed.feedIndex].status()));
  }

  ledger(): LedgerRow[] {
    return this.#parts.ledger.rows(this.#parts.publisher.held());
  }

  publishErrors(): { source: string; count: number }[] {
    const { feeds, publisher } = this.#parts;
    return feeds.map((feed, index) => ({ source: feed.name, count: publisher.publishErrorsByFeed[index] }));
  }

  sideRecords(): { acked: number; dropped: number } {
    const { publisher } = this.#parts;
    return { acked: publisher.coldAcked, dropped: publisher.coldDropped };
  }

  lanes(): LaneStatus[] {
    return this.#parts.publisher.lanes().map((lane) => ({
      topic: lane.topic,
      partition: lane.partition,
      state: lane.state,
      isInFlight: lane.isInFlight,
      sealedBatches: lane.queue.memoryBatches,
      sealedBytes: lane.queue.memoryBytes,
      spooledBatches: lane.queue.unreadBatches,
      spooledRecords: lane.queue.unreadRecords,
      spooledBytes: lane.queue.unreadBytes,
      openRecords: lane.open.recordCount,
      ackedBatches: lane.ackedBatches,
      retries: lane.retries,
      possibleDuplicates: lane.possibleDuplicates,
      lastProgressMs: lane.lastProgressMs,
      deadlineMs: lane.wait.deadlineMs,
      lastAckMs: lane.lastAckMs,
    }));
  }

  latencies(): Latencies {
    const { feeds, counters, publisher } = this.#parts;
    return {
      venueToEdge: feeds.map((feed, index) => ({ source: feed.name, histogram: counters[index].venueLatency })),
      edgeToAck: publisher.ackLatency,
    };
  }

  memory(): BatchMemory {
    const { usedBytes, limitBytes } = this.#parts.publisher.budget;
    return { usedBytes, limitBytes };
  }

  spool(): SpoolStatus | null {
    return this.#parts.spool?.status() ?? null;
  }

  strangeTopics(): string[] {
    return this.#parts.publisher.strangeTopics();
  }

  certificates(): readonly CertificateExpiry[] {
    return this.#certificates;
  }

  requestBudgets(): HostBudgetStatus[] {
    return this.#parts.requestBudget.status();
  }

  sink(): SinkStatus {
    const { config, transport } = this.#parts;
    return { kind: config.sink.kind, isStarted: this.#parts.isSinkStarted(), trouble: transport.trouble };
  }

  logLinesLeftOut(): number {
    return this.#parts.log.linesLeftOut;
  }
}

function disabledStatus({ config }: PreparedFeed): FeedStatus {
  return {
    name: config.name,
    venue: config.venue,
    transport: config.transport,
    state: "disabled",
    connected: false,
    lastHeartbeat: null,
    lastQuoteTimeMs: null,
    subscribedSymbols: [],
    subscriptions: [],
    connections: [],
    messagesReceived: 0,
    bytesReceived: 0,
    quotesAccepted: 0,
    duplicates: 0,
    regressions: 0,
    gaps: 0,
    parseErrors: 0,
    errors: 0,
    disconnections: 0,
    attempts: 0,
    pauses: 0,
    adapterCounts: {},
    sequence: 0,
  };
}
