import type { FeedStatus } from "../../domain/feed-status.ts";
import type { SpoolStatus } from "../../domain/spool-status.ts";
import type { MetricsSnapshot } from "../metrics-snapshot.ts";
import type { LaneStatus } from "../metrics-source.ts";
import { readFeedRow } from "./feed-row.ts";
import type { Board, LaneRow, SpoolRow, Tone } from "./protocol.ts";
import { round, roundOrNull } from "./round.ts";
import type { Sampler } from "./sampler.ts";

/** Feeds and lanes that a viewer is shown. */
const FEEDS_MAX = 200;
const LANES_MAX = 64;

/** What a board is made of. */
export interface BoardParts {
  readonly snapshot: MetricsSnapshot;
  readonly sampler: Sampler;
  /** Cleans venues' and the system's texts. */
  readonly clean: (text: string) => string;
  readonly viewers: Board["viewers"];
}

/** The whole program at the moment of a snapshot. */
export function readBoard({ snapshot, sampler, clean, viewers }: BoardParts): Board {
  const { feeds, lanes, lagSummary, process, memory, wallMs } = snapshot;
  return {
    nowMs: Math.round(wallMs),
    phase: snapshot.phase,
    uptimeMs: Math.round(process.uptimeSeconds * 1000),
    totals: readTotals(snapshot, sampler),
    process: {
      residentBytes: process.residentBytes,
      cpuShare: round(sampler.cpuShare, 3),
      loopLagP99Ms: round(lagSummary.p99Ms, 1),
    },
    sink: readSink(snapshot, clean),
    spool: snapshot.spool === null ? null : readSpool(snapshot.spool, snapshot, clean),
    memory: { usedBytes: memory.usedBytes, limitBytes: memory.limitBytes },
    lanes: busiestLanes(lanes).map((lane) => readLane(lane, snapshot.nowMs)),
    lanesLeftOut: Math.max(0, lanes.length - LANES_MAX) + snapshot.lanesLeftOut,
    feeds: feeds.slice(0, FEEDS_MAX).map((feed) => readFeedRow(feed, feedParts(feed, { snapshot, sampler, clean }))),
    feedsLeftOut: Math.max(0, feeds.length - FEEDS_MAX),
    viewers,
  };
}

function feedParts(feed: FeedStatus, parts: Pick<BoardParts, "snapshot" | "sampler" | "clean">) {
  const { snapshot, sampler, clean } = parts;
  const { wallMs } = snapshot;
  const lastQuoteAgeMs = feed.lastQuoteTimeMs === null ? null : Math.max(0, Math.round(wallMs - feed.lastQuoteTimeMs));
  return {
    wallMs,
    clean,
    lastQuoteAgeMs,
    isSilent: feed.state === "live" && sampler.isSilent(feed.name, lastQuoteAgeMs),
    point: sampler.last?.byFeed.get(feed.name) ?? null,
  };
}

function readTotals({ ledger }: MetricsSnapshot, { last }: Sampler): Board["totals"] {
  const sum = (pick: (row: (typeof ledger)[number]) => number) => ledger.reduce((total, row) => total + pick(row), 0);
  const total = last?.total;
  return {
    quotesPerSecond: round(total?.accepted ?? 0, 1),
    ackedPerSecond: round(total?.acked ?? 0, 1),
    accepted: sum((row) => row.accepted),
    acked: sum((row) => row.acked),
    inMemory: sum((row) => row.inMemory),
    onSpool: sum((row) => row.onSpool),
    dropped: sum((row) => Object.values(row.dropped).reduce((lost, count) => lost + count, 0)),
    imbalance: sum((row) => Math.abs(row.balanceError)),
    venueP50Ms: roundOrNull(total?.venueP50Ms ?? null, 3),
    venueP99Ms: roundOrNull(total?.venueP99Ms ?? null, 3),
    ackP50Ms: roundOrNull(total?.ackP50Ms ?? null, 3),
    ackP99Ms: roundOrNull(total?.ackP99Ms ?? null, 3),
  };
}

function readSink({ sink, spool }: MetricsSnapshot, clean: (text: string) => string): Board["sink"] {
  const { kind, isStarted, trouble } = sink;
  // What the disk takes is late, not lost.
  const ifNot: Tone = spool?.state === "ok" ? "warn" : "bad";
  if (trouble !== "") return { kind, tone: ifNot, trouble: clean(trouble) };
  return { kind, tone: isStarted ? "good" : "warn", trouble: isStarted ? "" : "is not started yet" };
}

function readSpool(spool: SpoolStatus, { drain, wallMs }: MetricsSnapshot, clean: (text: string) => string): SpoolRow {
  const isBad = spool.state !== "ok";
  return {
    state: spool.state,
    tone: isBad ? "bad" : spool.unreadRecords > 0 ? "warn" : "good",
    trouble: clean(spool.trouble),
    usedBytes: spool.usedBytes,
    limitBytes: spool.limitBytes,
    unreadRecords: spool.unreadRecords,
    unreadBytes: spool.unreadBytes,
    oldestAgeMs: spool.oldestUnreadMs < 0 ? null : Math.max(0, Math.round(wallMs - spool.oldestUnreadMs)),
    recordsPerSecond: Math.round(drain?.recordsPerSecond ?? 0),
    bytesPerSecond: Math.round(drain?.bytesPerSecond ?? 0),
    secondsLeft: drain === null ? null : roundOrNull(drain.secondsLeft, 0),
    lostRecords: spool.damagedRecords + spool.missingRecords + spool.droppedRecords + spool.expiredRecords,
  };
}

/** Those with the most work when not all can be shown; else all as they are. */
function busiestLanes(lanes: readonly LaneStatus[]): readonly LaneStatus[] {
  if (lanes.length <= LANES_MAX) return lanes;
  const work = (lane: LaneStatus) => lane.sealedBytes + lane.spooledBytes;
  return lanes.toSorted((a, b) => work(b) - work(a)).slice(0, LANES_MAX);
}

function readLane(lane: LaneStatus, nowMs: number): LaneRow {
  return {
    topic: lane.topic,
    partition: lane.partition,
    state: lane.state,
    isInFlight: lane.isInFlight,
    waitingBatches: lane.sealedBatches,
    waitingBytes: lane.sealedBytes,
    spooledRecords: lane.spooledRecords,
    spooledBytes: lane.spooledBytes,
    lastAckAgeMs: lane.lastAckMs < 0 ? null : Math.max(0, Math.round(nowMs - lane.lastAckMs)),
    retries: lane.retries,
  };
}
