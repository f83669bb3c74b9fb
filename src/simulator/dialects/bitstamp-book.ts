/** Levels the real channel sends on each side. */
const BOOK_DEPTH = 100;
/** Instruments whose books are kept. */
const MAX_BOOKS = 1000;
const DIFF_FORM = /^diff_order_book_(\w+)$/;

interface DiffMessage {
  readonly event?: unknown;
  readonly channel?: unknown;
  readonly data?: {
    readonly timestamp?: unknown;
    readonly microtimestamp?: unknown;
    readonly bids?: unknown;
    readonly asks?: unknown;
  } | null;
}

/** Price text → size text. */
type Side = Map<string, string>;

/**
 * Says recorded `diff_order_book` messages in the form of `order_book`: the book that the changes seen so far amount to,
 * from an empty one. Levels that a newer change crosses are dropped, as the recording does not hold the snapshot that
 * would remove them.
 *
 * @returns a function from message to message; null for anything else
 */
export function createDiffTranslator(): (message: unknown) => { topic: string; text: string } | null {
  const books = new Map<string, { bids: Side; asks: Side }>();
  return (message) => {
    const { event, channel, data } = (message ?? {}) as DiffMessage;
    const pair = typeof channel === "string" ? DIFF_FORM.exec(channel)?.[1] : undefined;
    if (event !== "data" || pair === undefined || typeof data !== "object" || data === null) return null;
    let book = books.get(pair);
    if (book === undefined) {
      if (books.size >= MAX_BOOKS) return null;
      book = { bids: new Map(), asks: new Map() };
      books.set(pair, book);
    }
    apply(book.bids, data.bids, { other: book.asks, crosses: (bid, ask) => bid >= ask });
    apply(book.asks, data.asks, { other: book.bids, crosses: (ask, bid) => ask <= bid });
    const { timestamp, microtimestamp } = data;
    const bids = best(book.bids, (a, b) => b - a);
    const asks = best(book.asks, (a, b) => a - b);
    const topic = `order_book_${pair}`;
    return { topic, text: JSON.stringify({ data: { timestamp, microtimestamp, bids, asks }, channel: topic, event }) };
  };
}

/** Numbers only put prices in order here; what is sent on is the venue's own text. */
function apply(
  side: Side,
  changes: unknown,
  rule: { other: Side; crosses: (mine: number, theirs: number) => boolean },
): void {
  if (!Array.isArray(changes)) return;
  for (const [price, size] of changes as readonly [string, string][]) {
    if (Number(size) === 0) {
      side.delete(price);
      continue;
    }
    side.set(price, size);
    for (const theirs of rule.other.keys()) if (rule.crosses(Number(price), Number(theirs))) rule.other.delete(theirs);
  }
}

function best(side: Side, order: (a: number, b: number) => number): [string, string][] {
  return [...side].sort((a, b) => order(Number(a[0]), Number(b[0]))).slice(0, BOOK_DEPTH);
}
