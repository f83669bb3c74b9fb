import type { Board, FeedRow, HelloMessage, UpdateMessage } from "../../../src/telemetry/dashboard/protocol.ts";

/** A feed that is live and well, except for what the test says. */
export function feedRow(changes: Partial<FeedRow> = {}): FeedRow {
  return {
    name: "binance",
    venue: "binance",
    transport: "websocket",
    state: "live",
    tone: "good",
    isSilent: false,
    reason: "",
    retryInMs: null,
    symbolsLive: 1,
    symbols: 1,
    quotesPerSecond: 60,
    ackedPerSecond: 59,
    quotes: 1000,
    lastQuoteAgeMs: 12,
    gaps: 0,
    reconnects: 0,
    rejects: 0,
    duplicates: 0,
    regressions: 0,
    venueP50Ms: 1,
    venueP99Ms: 2,
    connections: [],
    connectionsLeftOut: 0,
    troubledSymbols: [],
    troubledSymbolsLeftOut: 0,
    ...changes,
  };
}

/** A program that is well, except for what the test says. */
export function board(changes: Partial<Board> = {}): Board {
  return {
    nowMs: 1_700_000_000_000,
    phase: "running",
    uptimeMs: 5000,
    totals: {
      quotesPerSecond: 100,
      ackedPerSecond: 90,
      accepted: 1000,
      acked: 990,
      inMemory: 10,
      onSpool: 0,
      dropped: 0,
      imbalance: 0,
      venueP50Ms: 1,
      venueP99Ms: 2,
      ackP50Ms: 3,
      ackP99Ms: 4,
    },
    process: { residentBytes: 1e8, cpuShare: 0.1, loopLagP99Ms: 1 },
    sink: { kind: "kafka", tone: "good", trouble: "" },
    spool: null,
    memory: { usedBytes: 1, limitBytes: 100 },
    lanes: [],
    lanesLeftOut: 0,
    feeds: [feedRow()],
    feedsLeftOut: 0,
    viewers: { now: 1, max: 16, skippedUpdates: 0 },
    ...changes,
  };
}

/** The first message of a program. */
export function hello(changes: Partial<HelloMessage> = {}): HelloMessage {
  return {
    type: "hello",
    pageId: "page",
    product: { version: "0", commit: "c", bunVersion: "1", instanceId: "edge-1", startedMs: 1 },
    board: board(),
    sampleMs: 2000,
    instruments: [
      ["binance", "BTCUSDT"],
      ["kraken", "BTC/USD"],
    ],
    instrumentsLeftOut: 0,
    quotes: [],
    events: [],
    history: {
      times: [1, 2],
      accepted: [10, 20],
      acked: [10, 20],
      venueP50Ms: [null, 1],
      venueP99Ms: [null, 1],
      ackP50Ms: [1, 1],
      ackP99Ms: [1, 1],
    },
    ...changes,
  };
}

/** A message after the first. */
export function update(changes: Partial<UpdateMessage> = {}): UpdateMessage {
  return { type: "update", board: board(), sampleMs: 3000, quotes: [], events: [], eventsLeftOut: 0, ...changes };
}
