import { expect, test } from "bun:test";
import fc from "fast-check";
import type { FeedStatus } from "../../src/domain/feed-status.ts";
import { LatencyHistogram } from "../../src/runtime/latency-histogram.ts";
import type { BoardRates } from "../../src/telemetry/board-rates.ts";
import type { BoardQuote, BoardSnapshot } from "../../src/telemetry/board-snapshot.ts";
import { ageText, bytesText, countText, durationText, latencyText, rateText } from "../../src/telemetry/board-text.ts";
import { RESTORE_TERMINAL, renderBoard, renderSummaryLine, TerminalBoard } from "../../src/telemetry/terminal-board.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { spoolStatus } from "./fake-source.ts";

const NOW_MS = 1_700_000_000_000;
const NO_RATES: BoardRates = { accepted: 0, acked: 0, byFeed: new Map(), drain: null };

function feed(name: string, over: Partial<FeedStatus> = {}): FeedStatus {
  return {
    name,
    venue: name,
    transport: "websocket",
    state: "live",
    connected: true,
    lastHeartbeat: NOW_MS,
    lastQuoteTimeMs: NOW_MS - 40,
    subscribedSymbols: ["BTCUSDT", "ETHUSDT"],
    subscriptions: [
      { symbol: "BTCUSDT", state: "live", reason: "", lastQuoteTimeMs: NOW_MS, quotes: 5 },
      { symbol: "ETHUSDT", state: "rejected", reason: "no", lastQuoteTimeMs: null, quotes: 0 },
    ],
    connections: [],
    messagesReceived: 10,
    bytesReceived: 1000,
    quotesAccepted: 1234,
    duplicates: 0,
    regressions: 0,
    gaps: 2,
    parseErrors: 0,
    errors: 0,
    disconnections: 3,
    attempts: 0,
    pauses: 0,
    adapterCounts: {},
    sequence: 1234,
    ...over,
  };
}

function quote(symbol: string, over: Partial<BoardQuote> = {}): BoardQuote {
  const prices = { bidPrice: "64123.45", bidSize: "1.50", askPrice: "64123.46", askSize: "2.00" };
  return { source: "binance", symbol, ...prices, receivedTimeMs: NOW_MS - 12, ...over };
}

function snapshot(over: Partial<BoardSnapshot> = {}): BoardSnapshot {
  const histogram = new LatencyHistogram();
  for (let i = 0; i < 100; i++) histogram.record(i < 90 ? 400 : 45_000);
  return {
    title: "edge-ingester demo",
    uptimeMs: 125_000,
    nowMs: NOW_MS,
    adminUrl: "http://127.0.0.1:9464",
    sink: "sqlite",
    accepted: 1_234_567,
    acked: 1_234_000,
    dropped: 0,
    spool: null,
    feeds: [feed("binance"), feed("coinbase", { state: "backing-off", lastQuoteTimeMs: null })],
    latencies: [{ source: "coinbase", histogram }],
    quotes: [quote("BTCUSDT"), quote("ETHUSDT", { bidPrice: null, bidSize: null })],
    hints: ["Look at http://127.0.0.1:9464/status"],
    ...over,
  };
}

/** A backlog as it is while it drains. */
const BACKLOG = spoolStatus({ unreadRecords: 340_000, unreadBytes: 24_000_000, oldestUnreadMs: NOW_MS - 340_000 });

const WIDE = { columns: 120, rows: 40, isAnsi: false };

test("renderBoard() shows totals, feeds, quotes and hints", () => {
  const rates = { accepted: 301.4, acked: 300, byFeed: new Map([["binance", 250]]), drain: null };
  const lines = renderBoard(snapshot(), rates, WIDE).split("\n");
  expect(lines[0]).toBe("edge-ingester demo  up 2m05s  sink sqlite  http://127.0.0.1:9464");
  expect(lines[1]).toBe("301 quotes/s  accepted 1,234,567  acked 1,234,000 (300/s)  dropped 0");
  expect(lines[3].split(/ {2,}/)).toEqual([
    "FEED",
    "STATE",
    "SYMBOLS",
    "QUOTES/S",
    "QUOTES",
    "LAST",
    "GAPS",
    "RECONNECTS",
    "REJECTS",
    "P50",
    "P99",
  ]);
  expect(lines[4].split(/ {2,}/)).toEqual(["binance", "live", "1/2", "250", "1,234", "40ms", "2", "3", "0", "-", "-"]);
  expect(lines[5].split(/ {2,}/)).toEqual([
    "coinbase",
    "backing-off",
    "1/2",
    "0",
    "1,234",
    "-",
    "2",
    "3",
    "0",
    "500us",
    "50ms",
  ]);
  expect(lines[8].split(/ {2,}/)).toEqual(["binance", "BTCUSDT", "1.50", "64123.45", "64123.46", "2.00", "12ms"]);
  expect(lines[9].split(/ {2,}/)).toEqual(["binance", "ETHUSDT", "-", "-", "64123.46", "2.00", "12ms"]);
  expect(lines.at(-1)).toBe("Look at http://127.0.0.1:9464/status");
});

test("renderBoard() never exceeds the screen, whatever its size, and keeps state and price to the last", () => {
  const many = snapshot({
    quotes: Array.from({ length: 50 }, (_, i) => quote(`SYMBOL${i}`)),
    hints: ["a".repeat(300), "second"],
  });
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 200 }), fc.integer({ min: 4, max: 60 }), (columns, rows) => {
      const lines = renderBoard(many, NO_RATES, { columns, rows, isAnsi: false }).split("\n");
      expect(lines.length).toBeLessThanOrEqual(rows);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    }),
  );
  const narrow = renderBoard(many, NO_RATES, { columns: 40, rows: 20, isAnsi: false });
  expect(narrow).toContain("backing-off");
  expect(narrow).toContain("64123.45");
  expect(narrow).not.toContain("RECONNECTS");
});

test("renderBoard() says how many quotes found no room", () => {
  const quotes = Array.from({ length: 50 }, (_, i) => quote(`SYMBOL${i}`));
  const lines = renderBoard(snapshot({ quotes }), NO_RATES, { columns: 100, rows: 20, isAnsi: false }).split("\n");
  expect(lines).toHaveLength(20);
  const shown = lines.filter((line) => line.includes("SYMBOL") && line.includes("64123.45")).length;
  expect(lines).toContain(`and ${50 - shown} more`);
});

test("renderBoard() with ANSI draws over itself and shows the same characters", () => {
  const plain = renderBoard(snapshot(), NO_RATES, WIDE);
  const ansi = renderBoard(snapshot(), NO_RATES, { ...WIDE, isAnsi: true });
  expect(ansi.startsWith("\u001b[H")).toBe(true);
  expect(ansi.endsWith("\u001b[J")).toBe(true);
  expect(ansi).not.toContain("\u001b[2J");
  expect(ansi).toContain("\u001b[32m  live");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is taken out here
  const bare = ansi.replace(/\u001b\[[\d;]*[a-zA-Z]/g, "").replaceAll("\r\n", "\n");
  expect(bare).toBe(plain);
  expect(ansi.split("\r\n").every((line) => line.includes("\u001b[K"))).toBe(true);
});

test("renderBoard() lets no control character of a feed or a hint through", () => {
  const hostile = snapshot({
    feeds: [feed("x\u001b[2Jy\nz")],
    quotes: [quote("A\u0007B")],
    hints: ["\u001b]0;title\u0007"],
  });
  const text = renderBoard(hostile, NO_RATES, WIDE);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the test is about control characters
  expect(text.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f]/);
});

test("renderSummaryLine() tells the same in one line", () => {
  const rates = { accepted: 4.21, acked: 4, byFeed: new Map([["binance", 2.5]]), drain: null };
  expect(renderSummaryLine(snapshot({ dropped: 7 }), rates)).toBe(
    "2m05s  quotes 1,234,567 (4.2/s), acked 1,234,000, dropped 7  |  binance live 2.5/s, coinbase backing-off 0/s",
  );
});

test("renderBoard() and renderSummaryLine() show what waits on the disk, and only when something does", () => {
  const rates = { ...NO_RATES, drain: { recordsPerSecond: 12_000, bytesPerSecond: 840_000, secondsLeft: 29.4 } };
  const backlog = "spool 24 MB (340,000 records, oldest 5m40s)  12,000 records/s  30s left";
  expect(renderBoard(snapshot({ spool: BACKLOG }), rates, WIDE).split("\n")[2]).toBe(backlog);
  expect(renderSummaryLine(snapshot({ spool: BACKLOG }), rates)).toContain(`dropped 0  |  ${backlog}  |  binance live`);
  for (const spool of [null, spoolStatus()]) {
    expect(renderBoard(snapshot({ spool }), rates, WIDE)).not.toContain("spool");
    expect(renderSummaryLine(snapshot({ spool }), rates)).not.toContain("spool");
  }
});

test("renderBoard() tells no time left while the backlog grows, and a disk that is not well", () => {
  const rates = { ...NO_RATES, drain: { recordsPerSecond: 0, bytesPerSecond: 0, secondsLeft: null } };
  const spool = { ...BACKLOG, state: "full", trouble: "SPOOL_MAX_BYTES is used up" } as const;
  expect(renderBoard(snapshot({ spool }), rates, WIDE).split("\n")[2]).toBe(
    "spool 24 MB (340,000 records, oldest 5m40s)  full: SPOOL_MAX_BYTES is used up  0 records/s",
  );
  const failing = spoolStatus({ state: "failing", trouble: "EIO" });
  expect(renderSummaryLine(snapshot({ spool: failing }), rates)).toContain("spool 0 B (0 records)  failing: EIO");
});

test("TerminalBoard computes the pace of the drain from what it saw before", async () => {
  const clock = new FakeClock();
  const output = new FakeOutput();
  const readSnapshot = () => {
    const sent = Math.floor(clock.monotonicMs() / 1000) * 1000;
    const spool = { ...BACKLOG, readRecords: sent, unreadRecords: 10_000 - sent, unreadBytes: 100 * (10_000 - sent) };
    return snapshot({ uptimeMs: clock.monotonicMs(), spool });
  };
  const board = new TerminalBoard({ clock, output, style: "plain", readSnapshot });
  board.start();
  await clock.advance(4000);
  board.stop();
  expect(output.written[3]).toContain("spool 600 kB (6,000 records, oldest 5m40s)  1,000 records/s  6s left");
});

class FakeOutput {
  columns = 100;
  rows = 30;
  readonly written: string[] = [];

  write(text: string): void {
    this.written.push(text);
  }
}

function startBoard(style: "live" | "plain"): { clock: FakeClock; output: FakeOutput; board: TerminalBoard } {
  const clock = new FakeClock();
  const output = new FakeOutput();
  const readSnapshot = () => {
    const accepted = Math.floor(clock.monotonicMs() / 10);
    return snapshot({ uptimeMs: clock.monotonicMs(), accepted, acked: accepted });
  };
  const board = new TerminalBoard({ clock, output, style, readSnapshot });
  board.start();
  return { clock, output, board };
}

test("TerminalBoard draws four times a second, hides the cursor and gives it back", async () => {
  const { clock, output, board } = startBoard("live");
  expect(output.written[0]).toContain("\u001b[?25l");
  await clock.advance(3000);
  expect(output.written).toHaveLength(2 + 12);
  expect(output.written.at(-1)).toContain("100 quotes/s");
  output.columns = 30;
  await clock.advance(250);
  expect(output.written.at(-1)).not.toContain("RECONNECTS");
  board.stop();
  expect(output.written.at(-1)?.endsWith(RESTORE_TERMINAL)).toBe(true);
  expect(clock.armedTimers).toBe(0);
  const count = output.written.length;
  board.stop();
  expect(output.written).toHaveLength(count);
});

test("TerminalBoard prints one plain line a second and no escape sequence", async () => {
  const { clock, output, board } = startBoard("plain");
  expect(output.written).toEqual([]);
  await clock.advance(3000);
  expect(output.written).toHaveLength(3);
  expect(output.written[2]).toStartWith("3s  quotes 300 (100/s), acked 300");
  expect(output.written.every((line) => line.endsWith("\n") && !line.includes("\u001b"))).toBe(true);
  board.stop();
  expect(output.written).toHaveLength(4);
});

test("bytesText() writes powers of 1000", () => {
  const bytes = [0, 999, 1000, 9949, 9950, 999_499, 999_500, 1_234_567_890, 5e15];
  expect(bytes.map(bytesText)).toEqual([
    ...["0 B", "999 B", "1.0 kB", "9.9 kB", "10 kB", "999 kB", "1.0 MB", "1.2 GB", "5000 TB"],
  ]);
});

test("countText(), rateText(), ageText() and durationText() write figures for people", () => {
  expect([0, 999, 1000, 1_234_567].map(countText)).toEqual(["0", "999", "1,000", "1,234,567"]);
  expect([0, 0.04, 9.94, 9.96, 1234.5].map(rateText)).toEqual(["0", "0", "9.9", "10", "1,235"]);
  const ages = [-5, 12.7, 999, 3450, 59_999, 61_000, 7_300_000].map((age) => ageText(NOW_MS, NOW_MS - age));
  expect(ages).toEqual(["0ms", "12ms", "999ms", "3.4s", "59.9s", "1m", "2h"]);
  expect(ageText(NOW_MS, null)).toBe("-");
  const durations = [0, 59_999, 60_000, 3_723_000, 93_600_000].map(durationText);
  expect(durations).toEqual(["0s", "59s", "1m00s", "1h02m", "1d02h"]);
});

test("latencyText() names the bucket, nothing when empty, and what lies above all buckets", () => {
  const histogram = new LatencyHistogram();
  expect(latencyText(histogram, 0.5)).toBe("-");
  histogram.record(1_500_000);
  expect(latencyText(histogram, 0.5)).toBe("2s");
  histogram.record(200_000_000, 9);
  expect(latencyText(histogram, 0.99)).toBe(">100s");
});
