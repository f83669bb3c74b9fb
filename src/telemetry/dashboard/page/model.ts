import {
  type Board,
  type EventRow,
  type FeedRow,
  type HelloMessage,
  HISTORY_COLUMNS,
  type History,
  type HistoryColumn,
  type HistoryPoint,
  type QuoteRow,
  type ServerMessage,
  type UpdateMessage,
} from "../protocol.ts";

/** What the page keeps of events. */
export const EVENTS_KEPT_MAX = 500;
/** Seconds of history that the plots show, as the server keeps. */
export const HISTORY_SECONDS = 900;

/** One line of the table of quotes; `quote` is null until the first one comes while the page looks. */
export interface Instrument {
  readonly source: string;
  readonly symbol: string;
  quote: QuoteRow | null;
}

/** A history that grows. */
type MutableHistory = { times: number[] } & Record<HistoryColumn, (number | null)[]>;

/** All the page knows, out of what the server has sent. Knows nothing of the browser. */
export class Model {
  product: HelloMessage["product"] | null = null;
  board: Board | null = null;
  /** By `source symbol`. */
  readonly instruments = new Map<string, Instrument>();
  instrumentsLeftOut = 0;
  /** Newest first. */
  events: EventRow[] = [];
  eventsLeftOut = 0;
  history: MutableHistory = emptyHistory();
  /** The feed whose history is plotted; null: all together. */
  plotFeed: string | null = null;
  /** Hellos of another process than the one before. */
  restarts = 0;
  #sampleMs = 0;

  /** Takes in a message. */
  apply(message: ServerMessage): void {
    if (message.type === "hello") this.#applyHello(message);
    else if (message.type === "update") this.#applyUpdate(message);
    else if (message.feed === this.plotFeed) this.history = copyHistory(message.history);
  }

  /** Plots another feed; its past has to be asked for. */
  choosePlot(feed: string | null): void {
    this.plotFeed = feed;
    this.history = emptyHistory();
  }

  feed(name: string): FeedRow | null {
    return this.board?.feeds.find((row) => row.name === name) ?? null;
  }

  #applyHello(hello: HelloMessage): void {
    const { product } = hello;
    const isOther = this.product !== null && this.product.startedMs !== product.startedMs;
    if (isOther) this.restarts++;
    this.product = product;
    this.board = hello.board;
    this.instruments.clear();
    for (const [source, symbol] of hello.instruments)
      this.instruments.set(keyOf(source, symbol), { source, symbol, quote: null });
    this.instrumentsLeftOut = hello.instrumentsLeftOut;
    this.#applyQuotes(hello.quotes);
    this.events = hello.events.toReversed();
    this.eventsLeftOut = 0;
    this.#sampleMs = hello.sampleMs;
    // The history of a chosen feed is asked for anew; until it comes there is none.
    this.history = this.plotFeed === null ? copyHistory(hello.history) : emptyHistory();
  }

  #applyUpdate(update: UpdateMessage): void {
    this.board = update.board;
    this.#applyQuotes(update.quotes);
    const replaced = new Set(update.events.map(({ replaces }) => replaces));
    if (update.events.length > 0) {
      const all = [...update.events.toReversed(), ...this.events];
      this.events = all.filter(({ id }) => !replaced.has(id)).slice(0, EVENTS_KEPT_MAX);
    }
    this.eventsLeftOut += update.eventsLeftOut;
    if (update.sampleMs === this.#sampleMs) return;
    this.#sampleMs = update.sampleMs;
    const point = this.#point(update.board);
    if (point !== null) addPoint(this.history, update.sampleMs / 1000, point);
  }

  #applyQuotes(quotes: readonly QuoteRow[]): void {
    for (const quote of quotes) {
      const key = keyOf(quote[0], quote[1]);
      const known = this.instruments.get(key);
      if (known === undefined) this.instruments.set(key, { source: quote[0], symbol: quote[1], quote });
      else known.quote = quote;
    }
  }

  /** The newest values of what is plotted; null when the chosen feed is not there. */
  #point({ totals }: Board): HistoryPoint | null {
    if (this.plotFeed === null) {
      const { quotesPerSecond: accepted, ackedPerSecond: acked, venueP50Ms, venueP99Ms, ackP50Ms, ackP99Ms } = totals;
      return { accepted, acked, venueP50Ms, venueP99Ms, ackP50Ms, ackP99Ms };
    }
    const row = this.feed(this.plotFeed);
    if (row === null) return null;
    const { quotesPerSecond: accepted, ackedPerSecond: acked, venueP50Ms, venueP99Ms } = row;
    return { accepted, acked, venueP50Ms, venueP99Ms, ackP50Ms: null, ackP99Ms: null };
  }
}

function keyOf(source: string, symbol: string): string {
  return `${source} ${symbol}`;
}

function emptyHistory(): MutableHistory {
  return { times: [], accepted: [], acked: [], venueP50Ms: [], venueP99Ms: [], ackP50Ms: [], ackP99Ms: [] };
}

function copyHistory(history: History): MutableHistory {
  const copy = emptyHistory();
  copy.times = [...history.times];
  for (const column of HISTORY_COLUMNS) copy[column] = [...history[column]];
  return copy;
}

/** Adds a second, and forgets what is older than the plots show. Times only grow: after a step of the clock it begins anew. */
function addPoint(history: MutableHistory, time: number, point: HistoryPoint): void {
  const { times } = history;
  if (times.length > 0 && time <= times[times.length - 1]) Object.assign(history, emptyHistory());
  history.times.push(time);
  for (const column of HISTORY_COLUMNS) history[column].push(point[column]);
  while (history.times[0] < time - HISTORY_SECONDS) {
    history.times.shift();
    for (const column of HISTORY_COLUMNS) history[column].shift();
  }
}
