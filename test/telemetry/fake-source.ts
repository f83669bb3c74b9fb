import type { FeedStatus } from "../../src/domain/feed-status.ts";
import type { SpoolStatus } from "../../src/domain/spool-status.ts";
import { LatencyHistogram } from "../../src/runtime/latency-histogram.ts";
import type { LaneStatus, MetricsSource } from "../../src/telemetry/metrics-source.ts";

/** A feed that is live and well, except for what the test says. */
export function feedStatus(changes: Partial<FeedStatus> = {}): FeedStatus {
  return {
    name: "binance",
    venue: "binance",
    transport: "websocket",
    state: "live",
    connected: true,
    lastHeartbeat: 1_700_000_000_500,
    lastQuoteTimeMs: 1_700_000_000_250,
    subscribedSymbols: ["BTCUSDT"],
    subscriptions: [{ symbol: "BTCUSDT", state: "live", reason: "", lastQuoteTimeMs: 1_700_000_000_250, quotes: 10 }],
    connections: [
      {
        index: 0,
        state: "live",
        url: "wss://stream.example/ws",
        connectedSinceMs: 1_700_000_000_000,
        attempts: 0,
        retryInMs: null,
        lastError: null,
      },
    ],
    messagesReceived: 11,
    bytesReceived: 1234,
    quotesAccepted: 10,
    duplicates: 1,
    regressions: 2,
    gaps: 3,
    parseErrors: 4,
    errors: 5,
    disconnections: 6,
    attempts: 0,
    pauses: 7,
    adapterCounts: { crossed: 8 },
    sequence: 10,
    ...changes,
  };
}

/** A lane that has nothing to do, except for what the test says. */
export function laneStatus(changes: Partial<LaneStatus> = {}): LaneStatus {
  return {
    topic: "quotes",
    partition: 0,
    state: "direct",
    isInFlight: false,
    sealedBatches: 0,
    sealedBytes: 0,
    spooledBatches: 0,
    spooledRecords: 0,
    spooledBytes: 0,
    openRecords: 0,
    ackedBatches: 3,
    retries: 2,
    possibleDuplicates: 1,
    lastProgressMs: 0,
    deadlineMs: 0,
    lastAckMs: -1,
    ...changes,
  };
}

/** A spool that is well and empty, except for what the test says. */
export function spoolStatus(changes: Partial<SpoolStatus> = {}): SpoolStatus {
  return {
    directory: "/var/lib/edge-ingester/spool",
    state: "ok",
    trouble: "",
    usedBytes: 4096,
    limitBytes: 10_000_000,
    freeBytes: 50_000_000,
    segments: 1,
    unreadBatches: 0,
    unreadRecords: 0,
    unreadBytes: 0,
    oldestUnreadMs: -1,
    writtenRecords: 100,
    writtenBytes: 7000,
    readRecords: 80,
    readBytes: 5600,
    recoveredRecords: 20,
    damagedRecords: 1,
    missingRecords: 0,
    droppedRecords: 3,
    expiredRecords: 0,
    lastSyncMs: 2,
    syncingSinceMs: -1,
    ...changes,
  };
}

/** What `app.ts` would tell, as a test sets it. */
export class FakeSource implements MetricsSource {
  currentPhase: ReturnType<MetricsSource["phase"]> = "running";
  feedList: FeedStatus[] = [feedStatus()];
  ledgerRows: ReturnType<MetricsSource["ledger"]> = [
    {
      source: "binance",
      accepted: 10,
      recovered: 20,
      acked: 6,
      inMemory: 1,
      onSpool: 16,
      dropped: {
        memory_full: 2,
        record_too_large: 0,
        broker_rejected: 1,
        shutdown: 0,
        spool_full: 3,
        spool_expired: 0,
        spool_damaged: 1,
      },
      balanceError: 0,
    },
  ];
  laneList: LaneStatus[] = [laneStatus()];
  budgetList: ReturnType<MetricsSource["requestBudgets"]> = [
    {
      host: "api.example",
      blockedForMs: 1500,
      blockReason: "429",
      waiting: 0,
      windows: [
        { weight: 6000, windowMs: 60_000, usedShare: 0.25, weightPerSecond: 100 },
        { weight: 10, windowMs: 1000, usedShare: null, weightPerSecond: 10 },
      ],
    },
  ];
  venueToEdge = new LatencyHistogram();
  edgeToAck = new LatencyHistogram();
  spoolStatus: SpoolStatus | null = spoolStatus();
  otherTopics: string[] = [];
  sinkStatus: ReturnType<MetricsSource["sink"]> = { kind: "kafka", isStarted: true, trouble: "" };

  phase() {
    return this.currentPhase;
  }
  feeds() {
    return this.feedList;
  }
  ledger() {
    return this.ledgerRows;
  }
  publishErrors() {
    return [{ source: "binance", count: 9 }];
  }
  sideRecords() {
    return { acked: 8, dropped: 1 };
  }
  lanes() {
    return this.laneList;
  }
  latencies() {
    return { venueToEdge: [{ source: "binance", histogram: this.venueToEdge }], edgeToAck: this.edgeToAck };
  }
  memory() {
    return { usedBytes: 1000, limitBytes: 4000 };
  }
  certificates() {
    return [{ file: "/etc/edge-ingester/client.pem", notAfterMs: 1_800_000_000_000 }];
  }

  requestBudgets() {
    return this.budgetList;
  }
  sink() {
    return this.sinkStatus;
  }
  spool() {
    return this.spoolStatus;
  }
  strangeTopics() {
    return this.otherTopics;
  }
  logLinesLeftOut() {
    return 0;
  }
}
