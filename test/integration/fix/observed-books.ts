import { MarketDataBooks } from "../../../src/adapters/fix/book/market-data-books.ts";

/** The books that were last asked for data, in this process: a session has its own and hands them to nobody. */
let latest: MarketDataBooks | null = null;

const bindRequest = MarketDataBooks.prototype.bindRequest;
MarketDataBooks.prototype.bindRequest = function (this: MarketDataBooks, id, symbols): void {
  latest = this;
  bindRequest.call(this, id, symbols);
};

/**
 * Every entry of the youngest session's books as a peer dumps its own: `side|id|price|size`, sorted, by symbol. A book that
 * is not trusted has none.
 */
export function dumpBooks(symbols: readonly string[]): Record<string, string[]> {
  const dump: Record<string, string[]> = {};
  symbols.forEach((symbol, index) => {
    const { bids, asks } = latest?.dump(index) ?? { bids: [], asks: [] };
    const lines = [...bids.map((each) => ["0", each] as const), ...asks.map((each) => ["1", each] as const)];
    dump[symbol] = lines.map(([side, { id, price, size }]) => `${side}|${id}|${price}|${size}`).sort();
  });
  return dump;
}
