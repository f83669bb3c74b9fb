import { HISTORY_COLUMNS, type History, type HistoryColumn, type HistoryPoint } from "./protocol.ts";

/** 15 minutes of seconds. */
export const HISTORY_SECONDS = 900;
/** Feeds with a history of their own: 22 kB each. Those beyond are in the totals alone. */
export const HISTORY_FEEDS_MAX = 64;

/** The values of one second. */
export interface HistorySample {
  /** Wall clock, ms since the epoch. */
  readonly wallMs: number;
  readonly total: HistoryPoint;
  readonly byFeed: ReadonlyMap<string, HistoryPoint>;
}

type Columns = Readonly<Record<HistoryColumn, Float32Array>>;

/** The last 15 minutes of all feeds together and of each, one value a second; kept whether anybody looks or not. */
export class HistoryRing {
  readonly #times = new Float64Array(HISTORY_SECONDS);
  readonly #total = createColumns();
  readonly #byFeed = new Map<string, Columns>();
  #next = 0;
  #length = 0;

  add({ wallMs, total, byFeed }: HistorySample): void {
    const at = this.#next;
    this.#next = (at + 1) % HISTORY_SECONDS;
    this.#length = Math.min(HISTORY_SECONDS, this.#length + 1);
    this.#times[at] = wallMs / 1000;
    put(this.#total, at, total);
    for (const name of byFeed.keys()) {
      if (this.#byFeed.has(name)) continue;
      if (this.#byFeed.size >= HISTORY_FEEDS_MAX) break;
      this.#byFeed.set(name, createColumns());
    }
    for (const [name, columns] of this.#byFeed) put(columns, at, byFeed.get(name) ?? null);
  }

  /** The whole history of one feed, or of all together (null); without a point for a feed that has none. */
  read(feed: string | null): History {
    const columns = feed === null ? this.#total : this.#byFeed.get(feed);
    const length = columns === undefined ? 0 : this.#length;
    const first = (this.#next - length + HISTORY_SECONDS) % HISTORY_SECONDS;
    const order = Array.from({ length }, (_, i) => (first + i) % HISTORY_SECONDS);
    const values = (column: HistoryColumn) => order.map((at) => valueAt(columns?.[column], at));
    return {
      times: order.map((at) => Math.round(this.#times[at] * 1000) / 1000),
      accepted: values("accepted"),
      acked: values("acked"),
      venueP50Ms: values("venueP50Ms"),
      venueP99Ms: values("venueP99Ms"),
      ackP50Ms: values("ackP50Ms"),
      ackP99Ms: values("ackP99Ms"),
    };
  }
}

function createColumns(): Columns {
  const column = () => new Float32Array(HISTORY_SECONDS).fill(Number.NaN);
  return {
    accepted: column(),
    acked: column(),
    venueP50Ms: column(),
    venueP99Ms: column(),
    ackP50Ms: column(),
    ackP99Ms: column(),
  };
}

function put(columns: Columns, at: number, point: HistoryPoint | null): void {
  for (const name of HISTORY_COLUMNS) columns[name][at] = point?.[name] ?? Number.NaN;
}

/** Four digits are more than a pixel shows. */
function valueAt(column: Float32Array | undefined, at: number): number | null {
  const value = column?.[at] ?? Number.NaN;
  return Number.isNaN(value) ? null : Number(value.toPrecision(4));
}
