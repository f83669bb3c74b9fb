import type { FeedState } from "../../domain/feed-event.ts";
import type { LaneState } from "../metrics-source.ts";

/** How much attention something wants: `bad` is shown in red. */
export type Tone = "good" | "warn" | "bad" | "off";

/** One connection of a feed, with what it waits for. */
export interface ConnectionRow {
  readonly index: number;
  readonly state: FeedState;
  readonly url: string;
  readonly attempts: number;
  readonly retryInMs: number | null;
  /** `code: message` of the last error; empty when there was none. */
  readonly error: string;
  readonly errorAgeMs: number | null;
}

/** One feed. Rates and latencies are those of the last sample (once a second), all else is of the moment. */
export interface FeedRow {
  readonly name: string;
  readonly venue: string;
  readonly transport: string;
  readonly state: FeedState;
  readonly tone: Tone;
  /** Live by its state, and yet without the quotes it usually has. */
  readonly isSilent: boolean;
  /** Why it is not well; empty when it is. */
  readonly reason: string;
  /** Soonest next try of any of its connections, ms; null when none is planned. */
  readonly retryInMs: number | null;
  readonly symbolsLive: number;
  readonly symbols: number;
  readonly quotesPerSecond: number;
  readonly ackedPerSecond: number;
  readonly quotes: number;
  readonly lastQuoteAgeMs: number | null;
  readonly gaps: number;
  readonly reconnects: number;
  readonly rejects: number;
  readonly duplicates: number;
  readonly regressions: number;
  /** Venue to edge over the last seconds; null where the venue sends no time, or nothing came. */
  readonly venueP50Ms: number | null;
  readonly venueP99Ms: number | null;
  readonly connections: readonly ConnectionRow[];
  readonly connectionsLeftOut: number;
  /** Symbols that do not flow: `SYMBOL state reason`. */
  readonly troubledSymbols: readonly string[];
  readonly troubledSymbolsLeftOut: number;
}

/** One lane: the one ordered path to one partition. */
export interface LaneRow {
  readonly topic: string;
  readonly partition: number;
  readonly state: LaneState;
  readonly isInFlight: boolean;
  readonly waitingBatches: number;
  readonly waitingBytes: number;
  readonly spooledRecords: number;
  readonly spooledBytes: number;
  readonly lastAckAgeMs: number | null;
  readonly retries: number;
}

/** The disk and how fast it empties. */
export interface SpoolRow {
  readonly state: string;
  readonly tone: Tone;
  readonly trouble: string;
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly unreadRecords: number;
  readonly unreadBytes: number;
  readonly oldestAgeMs: number | null;
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | null;
  /** Damaged, missing, expired or given up for room. */
  readonly lostRecords: number;
}

/** The whole program at one moment. */
export interface Board {
  /** Wall clock of the server, ms since the epoch. */
  readonly nowMs: number;
  readonly phase: string;
  readonly uptimeMs: number;
  readonly totals: {
    readonly quotesPerSecond: number;
    readonly ackedPerSecond: number;
    readonly accepted: number;
    readonly acked: number;
    readonly inMemory: number;
    readonly onSpool: number;
    readonly dropped: number;
    /** Not 0: the ledger does not balance. */
    readonly imbalance: number;
    readonly venueP50Ms: number | null;
    readonly venueP99Ms: number | null;
    readonly ackP50Ms: number | null;
    readonly ackP99Ms: number | null;
  };
  readonly process: {
    readonly residentBytes: number;
    /** Of one core, over the last second. */
    readonly cpuShare: number;
    readonly loopLagP99Ms: number;
  };
  readonly sink: { readonly kind: string; readonly tone: Tone; readonly trouble: string };
  readonly spool: SpoolRow | null;
  readonly memory: { readonly usedBytes: number; readonly limitBytes: number };
  readonly lanes: readonly LaneRow[];
  readonly lanesLeftOut: number;
  readonly feeds: readonly FeedRow[];
  readonly feedsLeftOut: number;
  readonly viewers: { readonly now: number; readonly max: number; readonly skippedUpdates: number };
}

/** The last quote of one instrument as the venue wrote it: source, symbol, bid, bid size, ask, ask size, receive time (ms). */
export type QuoteRow = readonly [
  source: string,
  symbol: string,
  bidPrice: string | null,
  bidSize: string | null,
  askPrice: string | null,
  askSize: string | null,
  receivedMs: number,
];

/** One line of the event log. */
export interface EventRow {
  /** Grows by one with every event of this life of the process. */
  readonly id: number;
  readonly timeMs: number;
  readonly tone: Tone;
  readonly kind: "state" | "gap" | "stale" | "drop" | "reject" | "sink" | "spool";
  readonly source: string;
  readonly text: string;
  /** The number of an event that this one tells again, with how often; 0: none. */
  readonly replaces: number;
  /** What could not be decoded: printable ASCII, other bytes as `\xNN`; empty unless a reject. */
  readonly bytes: string;
}

/** The names of the columns of a {@link History}, in the order they are kept. */
export const HISTORY_COLUMNS = ["accepted", "acked", "venueP50Ms", "venueP99Ms", "ackP50Ms", "ackP99Ms"] as const;

/** One column of a {@link History}. */
export type HistoryColumn = (typeof HISTORY_COLUMNS)[number];

/** The values of one second; null where there was nothing to measure. */
export type HistoryPoint = Readonly<Record<HistoryColumn, number | null>>;

/** The last minutes, one value a second, oldest first; all columns are as long as `times`. */
export interface History extends Readonly<Record<HistoryColumn, readonly (number | null)[]>> {
  /** Wall clock, s since the epoch. */
  readonly times: readonly number[];
}

/** The first message to a viewer, and again when it has missed updates: everything. */
export interface HelloMessage {
  readonly type: "hello";
  /** Of the page this program serves: a page that is another one loads itself anew. */
  readonly pageId: string;
  readonly product: {
    readonly version: string;
    readonly commit: string;
    readonly bunVersion: string;
    readonly instanceId: string;
    readonly startedMs: number;
  };
  readonly board: Board;
  /** Wall clock of the last sample in `history`, ms. */
  readonly sampleMs: number;
  /** Every subscribed instrument, `[source, symbol]`; quotes come as they come. */
  readonly instruments: readonly (readonly [string, string])[];
  readonly instrumentsLeftOut: number;
  readonly quotes: readonly QuoteRow[];
  readonly events: readonly EventRow[];
  /** Of all feeds together. */
  readonly history: History;
}

/** What has changed since the message before; four a second. */
export interface UpdateMessage {
  readonly type: "update";
  readonly board: Board;
  readonly sampleMs: number;
  /** Instruments with a new quote, a bounded number each time. */
  readonly quotes: readonly QuoteRow[];
  readonly events: readonly EventRow[];
  /** Events that came too fast to be shown. */
  readonly eventsLeftOut: number;
}

/** The answer to a {@link PlotRequest}. */
export interface HistoryMessage {
  readonly type: "history";
  readonly feed: string | null;
  readonly history: History;
}

/** What the server sends. */
export type ServerMessage = HelloMessage | UpdateMessage | HistoryMessage;

/** All a viewer may ask for: the history of one feed; null: of all together. */
export interface PlotRequest {
  readonly type: "plot";
  readonly feed: string | null;
}
