/** Our numbers (`instrumentSequence`) that were never seen, or that an event says were dropped. */
interface Range {
  from: number;
  to: number;
  why: string;
}

interface Stream {
  source: string;
  symbol: string;
  session: string;
  last: number;
  holes: Range[];
  dropped: Range[];
}

/** Streams remembered: one per source, symbol and session; of the rest the one unused for longest is forgotten. */
const STREAMS_MAX = 100_000;
/** Holes and drops remembered per stream, the newest. */
const RANGES_MAX = 100;
/** Why of a hole that may as well be older than what we have read, or than what the topic keeps. */
const BEFORE = "before";

/** What is known of each stream of quotes: enough to tell a new quote from a duplicate, and a hole from a quiet market. */
export class QuoteStreams {
  #streams = new Map<string, Stream>();
  /** `source:symbol` of every stream there was. */
  #known = new Set<string>();
  /** Sources that lost quotes nobody can number any more (a damaged disk), and why. */
  #unnumbered = new Map<string, string>();
  #tell: (finding: object) => void;

  constructor(tell: (finding: object) => void) {
    this.#tell = tell;
  }

  /** True when the quote is new. Any quotes topic, any order between topics; within one, numbers only rise. */
  take(source: string, symbol: string, session: string, seq: number): boolean {
    const stream = this.#stream(source, symbol, session);
    if (seq > stream.last) {
      const why = stream.last === 0 && !this.#known.has(`${source}:${symbol}`) ? BEFORE : "";
      if (stream.last === 0) this.#tell({ found: "session", source, symbol, session });
      if (seq > stream.last + 1) keep(stream.holes, { from: stream.last + 1, to: seq - 1, why });
      stream.last = seq;
      this.#known.add(`${source}:${symbol}`);
      return true;
    }
    // From the backfill topic: what came later was read first.
    const at = stream.holes.findIndex(({ from, to }) => from <= seq && seq <= to);
    if (at < 0) {
      this.#tell({ found: "duplicate", source, symbol, session, seq });
      return false;
    }
    const { from, to, why } = stream.holes[at];
    const rest = [
      { from, to: seq - 1, why },
      { from: seq + 1, to, why },
    ].filter((range) => range.from <= range.to);
    stream.holes.splice(at, 1, ...rest);
    return true;
  }

  /** A `market-data.dropped` event; `session` is the payload's, or else the metadata's. */
  dropped(
    event: { source: string; symbol?: string; reason: string; fromSequence?: number; toSequence?: number },
    session: string,
  ) {
    const { source, symbol, reason, fromSequence: from, toSequence: to } = event;
    if (symbol === undefined || from === undefined || to === undefined) this.#unnumbered.set(source, reason);
    else keep(this.#stream(source, symbol, session).dropped, { from, to, why: reason });
  }

  /** Tells of every hole that is still open: which numbers, and why. */
  tellHoles(): void {
    for (const { source, symbol, session, holes, dropped } of this.#streams.values()) {
      const unnumbered = this.#unnumbered.get(source) ?? this.#unnumbered.get("*");
      const unknown = unnumbered === undefined ? "unknown" : `perhaps ${unnumbered}`;
      for (const hole of holes) {
        for (const { from, to, why } of explain({ ...hole, why: hole.why || unknown }, dropped))
          if (why !== BEFORE) this.#tell({ found: "hole", source, symbol, session, from, to, why });
      }
    }
  }

  #stream(source: string, symbol: string, session: string): Stream {
    const key = JSON.stringify([source, symbol, session]);
    const stream = this.#streams.get(key) ?? { source, symbol, session, last: 0, holes: [], dropped: [] };
    // Put last: the first of a Map is then the one unused for longest.
    this.#streams.delete(key);
    this.#streams.set(key, stream);
    if (this.#streams.size > STREAMS_MAX) this.#streams.delete(this.#streams.keys().next().value ?? key);
    return stream;
  }
}

function keep(ranges: Range[], range: Range): void {
  ranges.push(range);
  if (ranges.length > RANGES_MAX) ranges.shift();
}

/** The hole in pieces: those an event tells of with its reason, and the rest. */
function explain(hole: Range, dropped: Range[]): Range[] {
  const explained: Range[] = [];
  let rest = [hole];
  for (const { from, to, why } of dropped) {
    rest = rest.flatMap((piece) => {
      const [start, end] = [Math.max(piece.from, from), Math.min(piece.to, to)];
      if (start > end) return [piece];
      explained.push({ from: start, to: end, why });
      return [
        { ...piece, to: start - 1 },
        { ...piece, from: end + 1 },
      ].filter((range) => range.from <= range.to);
    });
  }
  return [...explained, ...rest].sort((a, b) => a.from - b.from);
}
