/*
 * What the FIX books cost per message, without scanner and pipeline: `bun test/bench/fix-book.bench.ts`. Prints a table;
 * no limit is tested, for times are the machine's. The best round counts, which is the least disturbed one.
 */
import { MarketDataBooks } from "../../src/adapters/fix/book/market-data-books.ts";
import { Instrument } from "../../src/domain/instrument.ts";
import { PLAN, type ReadMessage, readFix } from "../adapters/fix/book/fix-text.ts";

const ROUNDS = 8;
const MESSAGES_PER_ROUND = 60_000;
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
function snapshotOf(symbol: number, depth: number, n = 0): ReadMessage {
  const entries = Array.from({ length: depth }, (_, i) => {
    const bid = `269=0|278=b${i}|270=1.${13_000 - i * 10 - (n % 5)}|271=${1_000_000 + n}`;
    return `${bid}|269=1|278=a${i}|270=1.${13_100 + i * 10 + (n % 5)}|271=${2_000_000 + n}`;
  });
  return readFix(`35=W|${HEAD}|262=r1|55=${nameOf(symbol)}|268=${depth * 2}|${entries.join("|")}`);
}

/** One to four changes of price or size near the top, every other time of the top itself. */
function incrementOf(symbol: number, depth: number, n: number): ReadMessage {
  const count = 1 + (n % 4);
  const entries = Array.from({ length: count }, (_, i) => {
    const at = (n >> 1) % 2 === 0 ? 0 : (n + i) % depth;
    const isBid = (n + i) % 2 === 0;
    const price = isBid ? 13_000 - at * 10 + (n % 9) : 13_100 + at * 10 - (n % 9);
    return `279=1|269=${isBid ? 0 : 1}|278=${isBid ? "b" : "a"}${at}|55=${nameOf(symbol)}|270=1.${price}|271=${1_000_000 + n}`;
  });
  return readFix(`35=X|${HEAD}|262=r1|268=${count}|${entries.join("|")}`);
}

function booksOf(symbolCount: number, depth: number) {
  const symbols = Array.from({ length: symbolCount }, (_, symbol) => symbol);
  const seen = { quotes: 0, trouble: 0 };
  const books = new MarketDataBooks({
    instruments: symbols.map((id) => new Instrument({ id, feedIndex: 0, source: "lp", symbol: nameOf(id) })),
    wireSymbols: symbols.map(nameOf),
    rules: { key: "id", isOneQuotePerSide: false, entriesMax: 1000 },
    plan: PLAN,
    epoch: 1,
    quotes: { accept: () => void seen.quotes++ },
    listener: { onDistrust: () => void seen.trouble++, onSymbolGap: () => void seen.trouble++ },
    publish: "top_change",
  });
  books.bindRequest("r1", symbols);
  for (const symbol of symbols) {
    const { message, frame } = snapshotOf(symbol, depth);
    books.apply(message, frame, 1);
  }
  return { books, seen };
}

/** Nanoseconds per message: the best round. */
function measure(books: MarketDataBooks, messages: readonly ReadMessage[]): number {
  let bestNs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const startNs = Bun.nanoseconds();
    for (let i = 0; i < MESSAGES_PER_ROUND; i++) {
      const { message, frame } = messages[i % VARIANTS];
      books.apply(message, frame, 1);
    }
    bestNs = Math.min(bestNs, (Bun.nanoseconds() - startNs) / MESSAGES_PER_ROUND);
  }
  return bestNs;
}

const rows: Record<string, number | string>[] = [];
for (const depth of [1, 10, 50]) {
  for (const symbolCount of [10, 200, 2000]) {
    const { books, seen } = booksOf(symbolCount, depth);
    const variants = Array.from({ length: VARIANTS }, (_, n) => n);
    const increments = variants.map((n) => incrementOf(symbolOf(n, symbolCount), depth, n));
    const xNs = measure(books, increments);
    const quotesOfX = seen.quotes;
    const snapshots = variants.map((n) => snapshotOf(symbolOf(n, symbolCount), 1, n));
    const wNs = measure(books, snapshots);
    if (seen.trouble > 0) throw new Error(`${seen.trouble} books were distrusted`);
    rows.push({
      "entries a side": depth,
      symbols: symbolCount,
      "X (1-4 entries) ns": Math.round(xNs),
      "X per entry ns": Math.round(xNs / 2.5),
      "quotes per X": (quotesOfX / (ROUNDS * MESSAGES_PER_ROUND)).toFixed(2),
      "W (2 entries) ns": Math.round(wNs),
    });
  }
}
console.table(rows);
