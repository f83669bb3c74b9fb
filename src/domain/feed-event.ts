/** Where a feed stands; `docs/architecture.md` draws the changes between them. */
export type FeedState =
  | "disabled"
  | "connecting"
  | "subscribing"
  | "live"
  | "stale"
  | "backing-off"
  /** Outside the venue's trading hours. */
  | "closed"
  | "failed"
  | "stopped";

/** Why quotes were lost or not accepted: closed list, also the metric label. */
export type DropReason =
  | "memory_full"
  | "record_too_large"
  | "broker_rejected"
  | "shutdown"
  /** On the disk, and given up to make room, for their age, or for damage. */
  | "spool_full"
  | "spool_expired"
  | "spool_damaged";

/** The feed changed state. */
export interface FeedStatusEvent {
  readonly type: "market-data.feed-status";
  readonly source: string;
  readonly timeUs: number;
  /** Which connection of the feed, from 0. */
  readonly connection: number;
  readonly from: FeedState;
  readonly to: FeedState;
  /** Low-cardinality code of the cause, or `ok`. */
  readonly code: string;
  readonly message: string;
  readonly attempt: number;
  /** Time until the next try, ms; 0 when none is planned. */
  readonly retryInMs: number;
}

/**
 * The venue's own numbers jumped: messages between `from` and `to` were never seen. `symbol` is absent when the numbers are
 * those of the whole connection.
 */
export interface SequenceGapEvent {
  readonly type: "market-data.sequence-gap";
  readonly source: string;
  readonly symbol?: string;
  readonly timeUs: number;
  /** The last venue sequence seen, and the one that revealed the hole; decimal text. */
  readonly from: string;
  readonly to: string;
}

/** No data for `silentMs`; `symbol` is absent when the whole feed is silent. */
export interface FeedStaleEvent {
  readonly type: "market-data.feed-stale";
  readonly source: string;
  readonly symbol?: string;
  readonly timeUs: number;
  readonly silentMs: number;
}

/**
 * Quotes that had been accepted were lost: our own numbers `fromSequence..toSequence` of the instrument. `symbol` and numbers are absent
 * when they stood on a damaged piece of the disk: the holes in the numbers tell then. `source` is `*` when not even that is known.
 */
export interface DroppedEvent {
  readonly type: "market-data.dropped";
  readonly source: string;
  readonly symbol?: string;
  readonly timeUs: number;
  readonly reason: DropReason;
  /** The session whose numbers these are, when it is an earlier life of the process. */
  readonly session?: string;
  readonly count: number;
  readonly fromSequence?: number;
  readonly toSequence?: number;
}

/** Everything that goes to the events topic (key `source`). */
export type FeedEvent = FeedStatusEvent | SequenceGapEvent | FeedStaleEvent | DroppedEvent;

/** A venue message that could not be decoded, for the rejected topic; bounded before it is made. */
export interface RejectedMessage {
  readonly source: string;
  readonly timeUs: number;
  /** Closed list of the decoder's reasons. */
  readonly reason: string;
  readonly bytes: Uint8Array;
}

/** Where events and rejects go. Never blocks, never throws. */
export interface FeedEventSink {
  /** False when there was no room: then nobody but the log was told, and a `market-data.dropped` must be told again. */
  publishEvent(event: FeedEvent): boolean;
  publishRejected(message: RejectedMessage): void;
}
