/*
 * What the FIX books cost per message, without scanner and pipeline: `bun test/bench/fix-book.bench.ts`. As in the
 * session, one scanner fills one message; its own time is measured first and taken off. Prints a table; no limit is
 * tested, for times are the machine's. The best round counts, which is the least disturbed one.
 */
import { MarketDataBooks } from "../../src/adapters/fix/book/market-data-books.ts";
import { Instrument } from "../../src/domain/instrument.ts";
import type { FixFrame } from "../../src/fix/fix-frame.ts";
import { MarketDataScanner } from "../../src/fix/market-data-scanner.ts";
import { PLAN, readFix } from "../adapters/fix/book/fix-text.ts";

const ROUNDS = 150;
/** Messages prepared per case: each is used in turn, so that no branch is learned by heart. */
const VARIANTS = 4096;
const HEAD = "34=123456|49=LP|52=20241019-05:41:52.867|56=EDGE";

/** Symbols are visited in a scattered order, as a market does. */
function symbolOf(n: number, symbolCount: number): number {
  return (n * 7919) % symbolCount;
}

function nameOf(symbol: number): string {
  return `SYM${String(symbol).padStart(4, "0")}`;
}

/** `depth` entries a side, ids `b1…`, `a1…`. */
function snapshotOf(symbol: number, depth: number, n = 0): FixFrame {
  const entries = Array.from({ length: depth }, (_, i) => {
    const bid = `269=0|278=b${i}|270=1.${13_000 - i * 10 - (n % 5)}|271=${1_000_000 + n}`;
    return `${bid}|269=1|278=a${i}|270=1.${13_100 + i * 10 + (n % 5)}|271=${2_000_000 + n}`;
  });
  return readFix(`35=W|${HEAD}|262=r1|55=${nameOf(symbol)}|268=${depth * 2}|${entries.join("|")}`).frame;
}

/** One to four changes of price or size near the top, every other time of the top itself. */
function incrementOf(symbol: number, depth: number, n: number): FixFrame {
  const count = 1 + (n % 4);
  const entries = Array.from({ length: count }, (_, i) => {
    const at = (n >> 1) % 2 === 0 ? 0 : (n + i) % depth;
    const isBid = (n + i) % 2 === 0;
    const price = isBid ? 13_000 - at * 10 + (n % 9) : 13_100 + at * 10 - (n % 9);
    return `279=1|269=${isBid ? 0 : 1}|278=${isBid ? "b" : "a"}${at}|55=${nameOf(symbol)}|270=1.${price}|271=${1_000_000 + n}`;
  });
  return readFix(`35=X|${HEAD}|262=r1|268=${count}|${entries.join("|")}`).frame;
}

function booksOf(symbolCount: number, depth: number) {
  const symbols = Array.from({ length: symbolCount }, (_, symbol) => symbol);
  const seen = { quotes: 0, trouble: 0 };
  const books = new MarketDataBooks({
    instruments: symbols.map((id) => new Instrument({ id, feedIndex: 0, source: "lp", symbol: nameOf(id) })),
    wireSymbols: symbols.map(nameOf),
    rules: { key: "id", isOneQuotePerSide: false, entriesMax: 1000, crossed: "distrust" },
    plan: PLAN,
    epoch: 1,
    quotes: { accept: () => void seen.quotes++ },
    listener: { onDistrust: () => void seen.trouble++, onSymbolGap: () => void seen.trouble++ },
    publish: "top_change",
  });
  books.bindRequest("r1", symbols);
  for (const symbol of symbols) {
    const frame = snapshotOf(symbol, depth);
    scanner.scan(frame);
    books.apply(scanner.message, frame, 1);
  }
  return { books, seen };
}

/** Nanoseconds per frame of scanner and books, and of the scanner alone: best rounds, taken in turns. */
function measure(frames: readonly FixFrame[], books: MarketDataBooks): { scanNs: number; bookNs: number } {
  let scanNs = Number.POSITIVE_INFINITY;
  let bothNs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const startNs = Bun.nanoseconds();
    for (const frame of frames) scan(frame);
    const middleNs = Bun.nanoseconds();
    for (const frame of frames) {
      scan(frame);
      books.apply(scanner.message, frame, 1);
    }
    const endNs = Bun.nanoseconds();
    scanNs = Math.min(scanNs, (middleNs - startNs) / frames.length);
    bothNs = Math.min(bothNs, (endNs - middleNs) / frames.length);
  }
  return { scanNs, bookNs: bothNs - scanNs };
}

function scan(frame: FixFrame): void {
  if (!scanner.scan(frame)) throw new Error("The scanner declined a message");
}

const scanner = new MarketDataScanner(PLAN);
const rows: Record<string, number | string>[] = [];
for (const depth of [1, 10, 50]) {
  for (const symbolCount of [10, 200, 2000]) {
    const { books, seen } = booksOf(symbolCount, depth);
    const variants = Array.from({ length: VARIANTS }, (_, n) => n);
    const increments = variants.map((n) => incrementOf(symbolOf(n, symbolCount), depth, n));
    const x = measure(increments, books);
    const quotesOfX = seen.quotes;
    const snapshots = variants.map((n) => snapshotOf(symbolOf(n, symbolCount), 1, n));
    const w = measure(snapshots, books);
    if (seen.trouble > 0) throw new Error(`${seen.trouble} books were distrusted`);
    rows.push({
      "entries a side": depth,
      symbols: symbolCount,
      "X (1-4 entries) ns": Math.round(x.bookNs),
      "X per entry ns": Math.round(x.bookNs / 2.5),
      "quotes per X": (quotesOfX / (ROUNDS * VARIANTS)).toFixed(2),
      "W (2 entries) ns": Math.round(w.bookNs),
      "scan X ns": Math.round(x.scanNs),
      "scan W ns": Math.round(w.scanNs),
    });
  }
}
console.table(rows);
