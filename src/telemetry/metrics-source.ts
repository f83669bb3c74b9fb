import type { FeedStatus } from "../domain/feed-status.ts";
import type { SpoolStatus } from "../domain/spool-status.ts";
import type { LedgerRow } from "../pipeline/ledger.ts";
import type { LatencyHistogram } from "../runtime/latency-histogram.ts";
import type { HostBudgetStatus } from "../runtime/request-budget.ts";

/** How a lane's batches go. */
export type LaneState =
  /** From memory. */
  | "direct"
  /** To the disk: nothing is acknowledged now. */
  | "spooling"
  /** Through the disk: acknowledged batch by batch, oldest first. */
  | "draining"
  /** To the disk until what lies before them (a backlog of other partitions) is delivered. */
  | "held";

/** One lane: the one ordered path to one partition. Times are monotonic ms of the program's clock. */
export interface LaneStatus {
  readonly topic: string;
  /** −1: the partitions are not known yet. */
  readonly partition: number;
  readonly state: LaneState;
  readonly isInFlight: boolean;
  /** Batches closed and not yet acked, the one in flight among them. */
  readonly sealedBatches: number;
  readonly sealedBytes: number;
  /** On the disk alone, behind those in memory. */
  readonly spooledBatches: number;
  readonly spooledRecords: number;
  readonly spooledBytes: number;
  /** Records in the batch that is still filling. */
  readonly openRecords: number;
  readonly ackedBatches: number;
  /** Attempts that ended without an ack. */
  readonly retries: number;
  /** Batches sent again under a new producer id: each may stand twice in the log. */
  readonly possibleDuplicates: number;
  /** When an attempt began or ended, or work came. */
  readonly lastProgressMs: number;
  /** By when what the lane waits for now ends by itself: `/healthz` calls a lane with work stuck that waits longer. */
  readonly deadlineMs: number;
  /** When the last ack came; −1 before the first. */
  readonly lastAckMs: number;
}

/** Where batches go, and whether they can go there now. */
export interface SinkStatus {
  readonly kind: "kafka" | "stdout" | "sqlite" | "discard";
  /** Partition counts are known and the lanes are open. */
  readonly isStarted: boolean;
  /** Why nothing can be written now; empty when it can. */
  readonly trouble: string;
}

/** The budget of open and sealed batches. */
export interface BatchMemory {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** The latencies the pipeline and the lanes record. */
export interface Latencies {
  /** Venue's stamp to our receive time, only where the venue sends a stamp. */
  readonly venueToEdge: readonly { readonly source: string; readonly histogram: LatencyHistogram }[];
  /** First record of a batch in hand to the ack of the batch, counted per record. */
  readonly edgeToAck: LatencyHistogram;
}

/** A file of certificates the program was given. */
export interface CertificateExpiry {
  /** Its path, as configured. */
  readonly file: string;
  /** When the first certificate in it runs out, ms since the epoch. */
  readonly notAfterMs: number;
}

/** Where the program stands in its own life. */
export type AppPhase = "starting" | "running" | "draining";

/**
 * What telemetry reads. `app.ts` fills it; every method makes a snapshot on request and is called only for a scrape, a
 * page or a health check, so the hot path keeps plain counters. All methods are synchronous: what one scrape reads
 * belongs to one moment.
 */
export interface MetricsSource {
  phase(): AppPhase;
  /** Every configured feed, disabled ones too. */
  feeds(): readonly FeedStatus[];
  /** One row per enabled feed. */
  ledger(): readonly LedgerRow[];
  /** Failed attempts to write a batch, counted once for each source with quotes in it. */
  publishErrors(): readonly { readonly source: string; readonly count: number }[];
  /** Records of the events and the rejected topic. */
  sideRecords(): { readonly acked: number; readonly dropped: number };
  lanes(): readonly LaneStatus[];
  latencies(): Latencies;
  memory(): BatchMemory;
  /** What venues allow our address, and where we stand: one per host that is polled. */
  requestBudgets(): readonly HostBudgetStatus[];
  /** Our own certificates and the authorities we trust, where files name them. */
  certificates(): readonly CertificateExpiry[];
  sink(): SinkStatus;
  /** Null without a spool. */
  spool(): SpoolStatus | null;
  /** Topics of records on the spool that are no topic of this configuration: nobody sends them. */
  strangeTopics(): readonly string[];
  /** Log lines left out (`RootLog.linesLeftOut`). */
  logLinesLeftOut(): number;
}

/** What this program is. */
export interface BuildInfo {
  readonly version: string;
  /** Commit the program was built from; `unknown` in a checkout. */
  readonly commit: string;
  readonly bunVersion: string;
  readonly instanceId: string;
}
