import type { FeedState } from "../domain/feed-event.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import { type BoardRates, RateWindow } from "./board-rates.ts";
import type { BoardSnapshot } from "./board-snapshot.ts";
import { ageText, backlogText, countText, durationText, latencyText, rateText } from "./board-text.ts";
import { sanitizeText } from "./sanitize-text.ts";
import { renderTable, styled, type TableCell, type TableColumn } from "./text-table.ts";

/** The size and the abilities of the screen. */
export interface BoardScreen {
  readonly columns: number;
  readonly rows: number;
  readonly isAnsi: boolean;
}

/** Where the board is written; size is read anew for each picture. */
export interface BoardOutput {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

/** Undoes what the board did to the terminal; also good to write when the process ends in a hurry. */
export const RESTORE_TERMINAL = "\u001b[0m\u001b[?25h";

const LIVE_EVERY_MS = 250;
const PLAIN_EVERY_MS = 1000;
/** Smallest screen drawn for; on a smaller one lines are cut by the terminal. */
const MIN_COLUMNS = 20;
const MIN_ROWS = 4;
/** Feeds named on a plain line. */
const PLAIN_FEEDS_MAX = 12;
const CLEAR_SCREEN = "\u001b[?25l\u001b[2J";
const CURSOR_HOME = "\u001b[H";
const CLEAR_TO_LINE_END = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

const STATE_STYLES: Readonly<Record<FeedState, string>> = {
  disabled: "2",
  connecting: "36",
  subscribing: "36",
  live: "32",
  stale: "33",
  "backing-off": "33",
  closed: "2",
  failed: "31;1",
  stopped: "2",
};

const FEED_COLUMNS: readonly TableColumn[] = [
  { title: "FEED", align: "left", priority: 0 },
  { title: "STATE", align: "left", priority: 0 },
  { title: "SYMBOLS", align: "right", priority: 7 },
  { title: "QUOTES/S", align: "right", priority: 1 },
  { title: "QUOTES", align: "right", priority: 4 },
  { title: "LAST", align: "right", priority: 2 },
  { title: "GAPS", align: "right", priority: 5 },
  { title: "RECONNECTS", align: "right", priority: 6 },
  { title: "REJECTS", align: "right", priority: 8 },
  { title: "P50", align: "right", priority: 9 },
  { title: "P99", align: "right", priority: 3 },
];

const QUOTE_COLUMNS: readonly TableColumn[] = [
  { title: "SOURCE", align: "left", priority: 2 },
  { title: "SYMBOL", align: "left", priority: 0 },
  { title: "BID SIZE", align: "right", priority: 4 },
  { title: "BID", align: "right", priority: 0 },
  { title: "ASK", align: "right", priority: 0 },
  { title: "ASK SIZE", align: "right", priority: 3 },
  { title: "AGE", align: "right", priority: 1 },
];

/**
 * One picture of the board: at most `rows` lines of at most `columns` characters, without a line end at the end. With ANSI it
 * has colours and is drawn over the last picture; without it is plain text.
 */
export function renderBoard(snapshot: BoardSnapshot, rates: BoardRates, screen: BoardScreen): string {
  // A terminal that has just filled a line would erase its last character with the rest of the line.
  const columns = Math.max(MIN_COLUMNS, screen.isAnsi ? screen.columns - 1 : screen.columns);
  const rows = Math.max(MIN_ROWS, screen.rows);
  const at = { columns, isAnsi: screen.isAnsi };
  const hints = snapshot.hints.map((hint) => styled(fit(hint, columns), "2", screen.isAnsi));
  const top = [...headerLines(snapshot, rates, at), "", ...renderTable(FEED_COLUMNS, feedRows(snapshot, rates), at)];
  const room = rows - top.length - (hints.length > 0 ? hints.length + 1 : 0);
  const lines = [...top, ...quoteLines(snapshot, room, at), ...(hints.length > 0 ? ["", ...hints] : [])].slice(0, rows);
  if (!screen.isAnsi) return lines.join("\n");
  return CURSOR_HOME + lines.map((line) => line + CLEAR_TO_LINE_END).join("\r\n") + CLEAR_BELOW;
}

/** The board in one line, for a log or a pipe. */
export function renderSummaryLine(snapshot: BoardSnapshot, rates: BoardRates): string {
  const feeds = snapshot.feeds.slice(0, PLAIN_FEEDS_MAX).map((feed) => {
    const rate = rateText(rates.byFeed.get(feed.name) ?? 0);
    return `${feed.name} ${feed.state} ${rate}/s`;
  });
  const more = snapshot.feeds.length - feeds.length;
  if (more > 0) feeds.push(`${more} more`);
  const { accepted, acked, dropped } = snapshot;
  const totals = `quotes ${countText(accepted)} (${rateText(rates.accepted)}/s), acked ${countText(acked)}, dropped ${countText(dropped)}`;
  const backlog = backlogText(snapshot, rates.drain);
  const parts = [totals, ...(backlog === "" ? [] : [backlog]), feeds.join(", ")];
  return `${durationText(snapshot.uptimeMs)}  ${parts.join("  |  ")}`;
}

/** Draws the board again and again: a live picture four times a second, or one line a second. */
export class TerminalBoard {
  readonly #clock: Clock;
  readonly #output: BoardOutput;
  readonly #style: "live" | "plain";
  readonly #readSnapshot: () => BoardSnapshot;
  readonly #rates = new RateWindow();
  #timer: Timer | null = null;

  /** @param options.style `live` needs a terminal that knows ANSI */
  constructor(options: {
    clock: Clock;
    output: BoardOutput;
    style: "live" | "plain";
    readSnapshot: () => BoardSnapshot;
  }) {
    this.#clock = options.clock;
    this.#output = options.output;
    this.#style = options.style;
    this.#readSnapshot = options.readSnapshot;
  }

  start(): void {
    if (this.#timer !== null) return;
    if (this.#style === "live") {
      this.#output.write(CLEAR_SCREEN);
      this.#draw();
    } else {
      this.#rates.add(this.#readSnapshot());
      this.#arm();
    }
  }

  /** Draws once more, so that the last figures stay, and gives the cursor back. */
  stop(): void {
    if (this.#timer === null) return;
    this.#timer.cancel();
    this.#timer = null;
    this.#write();
    if (this.#style === "live") this.#output.write(`\r\n${RESTORE_TERMINAL}`);
  }

  #draw(): void {
    this.#arm();
    this.#write();
  }

  #arm(): void {
    const everyMs = this.#style === "live" ? LIVE_EVERY_MS : PLAIN_EVERY_MS;
    this.#timer = this.#clock.schedule(everyMs, () => this.#draw());
  }

  #write(): void {
    const snapshot = this.#readSnapshot();
    const rates = this.#rates.add(snapshot);
    const { columns, rows } = this.#output;
    this.#output.write(
      this.#style === "live"
        ? renderBoard(snapshot, rates, { columns, rows, isAnsi: true })
        : `${renderSummaryLine(snapshot, rates)}\n`,
    );
  }
}

function headerLines(snapshot: BoardSnapshot, rates: BoardRates, at: { columns: number; isAnsi: boolean }): string[] {
  const { accepted, acked, dropped } = snapshot;
  const where = [snapshot.title, `up ${durationText(snapshot.uptimeMs)}`, `sink ${snapshot.sink}`];
  if (snapshot.adminUrl !== null) where.push(snapshot.adminUrl);
  const flow = [
    `${rateText(rates.accepted)} quotes/s`,
    `accepted ${countText(accepted)}`,
    `acked ${countText(acked)} (${rateText(rates.acked)}/s)`,
    `dropped ${countText(dropped)}`,
  ];
  const backlog = backlogText(snapshot, rates.drain);
  return [
    styled(fit(where.join("  "), at.columns), "1", at.isAnsi),
    styled(fit(flow.join("  "), at.columns), dropped > 0 ? "33" : "", at.isAnsi),
    ...(backlog === "" ? [] : [styled(fit(backlog, at.columns), "33", at.isAnsi)]),
  ];
}

function feedRows(snapshot: BoardSnapshot, rates: BoardRates): TableCell[][] {
  const latencies = new Map(snapshot.latencies.map(({ source, histogram }) => [source, histogram]));
  return snapshot.feeds.map((feed) => {
    const histogram = latencies.get(feed.name);
    const live = feed.subscriptions.filter(({ state }) => state === "live" || state === "acked").length;
    return [
      cell(feed.name),
      cell(feed.state, STATE_STYLES[feed.state]),
      cell(`${live}/${feed.subscriptions.length}`, live < feed.subscriptions.length ? "33" : ""),
      cell(rateText(rates.byFeed.get(feed.name) ?? 0)),
      cell(countText(feed.quotesAccepted)),
      cell(ageText(snapshot.nowMs, feed.lastQuoteTimeMs)),
      cell(countText(feed.gaps), feed.gaps > 0 ? "33" : ""),
      cell(countText(feed.disconnections), feed.disconnections > 0 ? "33" : ""),
      cell(countText(feed.parseErrors), feed.parseErrors > 0 ? "33" : ""),
      cell(histogram === undefined ? "-" : latencyText(histogram, 0.5)),
      cell(histogram === undefined ? "-" : latencyText(histogram, 0.99)),
    ];
  });
}

/** The table of quotes in `room` lines, the empty line above it included. */
function quoteLines(snapshot: BoardSnapshot, room: number, at: { columns: number; isAnsi: boolean }): string[] {
  const fits = room - 2;
  if (fits < 1 || snapshot.quotes.length === 0) return [];
  const isCut = snapshot.quotes.length > fits;
  const shown = snapshot.quotes.slice(0, isCut ? fits - 1 : fits);
  const rows = shown.map((quote) => [
    cell(quote.source),
    cell(quote.symbol),
    cell(quote.bidSize ?? "-"),
    cell(quote.bidPrice ?? "-", "32"),
    cell(quote.askPrice ?? "-", "31"),
    cell(quote.askSize ?? "-"),
    cell(ageText(snapshot.nowMs, quote.receivedTimeMs)),
  ]);
  const table = shown.length === 0 ? [] : renderTable(QUOTE_COLUMNS, rows, at);
  const more = isCut ? [fit(`and ${snapshot.quotes.length - shown.length} more`, at.columns)] : [];
  return ["", ...table, ...more];
}

function cell(text: string, style = ""): TableCell {
  return { text: sanitizeText(text), style };
}

function fit(text: string, columns: number): string {
  return sanitizeText(text).slice(0, columns);
}
