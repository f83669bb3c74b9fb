import { Fragment, type MarketDataMessage } from "../../src/fix/market-data-message.ts";
import { MarketDataScanner } from "../../src/fix/market-data-scanner.ts";
import type { MarketDataPlan } from "../../src/venues/compiled-fix-venue.ts";
import { slice, withFrame } from "./fix-text.ts";

/** The plan of a venue that does as the book says. */
export const PLAIN_PLAN: MarketDataPlan = {
  symbolTag: 55,
  requestIdTag: 262,
  time: "sendingTime",
  levelTag: 0,
  hasRptSeq: false,
  quoteKey: "symbol",
};

/** A message that was scanned, as people read it: absent members left out. */
export interface ReadMessage {
  readonly [name: string]: string | number | boolean | ReadEntry[];
  readonly entries: ReadEntry[];
}

/** One entry, absent members left out. */
export type ReadEntry = Readonly<Record<string, string | number>>;

/** What the scanner makes of a message; null when it declines. */
export function scanMarketData(message: Uint8Array, plan: Partial<MarketDataPlan> = {}): ReadMessage | null {
  const scanner = new MarketDataScanner({ ...PLAIN_PLAN, ...plan });
  return withFrame(message, (frame) => (scanner.scan(frame) ? describeMessage(scanner.message) : null));
}

function describeMessage(message: MarketDataMessage): ReadMessage {
  const { bytes } = message;
  const texts = {
    requestId: slice(bytes, message.requestIdStart, message.requestIdEnd),
    symbol: slice(bytes, message.symbolStart, message.symbolEnd),
    rptSeq: slice(bytes, message.rptSeqStart, message.rptSeqEnd),
    time: slice(bytes, message.timeStart, message.timeEnd),
    quoteId: slice(bytes, message.quoteIdStart, message.quoteIdEnd),
  };
  return {
    ...present(texts),
    ...(message.wantsAck ? { wantsAck: true } : {}),
    ...(message.fragment === Fragment.none ? {} : { fragment: message.fragment === Fragment.more ? "more" : "last" }),
    entries: Array.from({ length: message.count }, (_, entry) => describeEntry(message, entry)),
  };
}

function describeEntry(message: MarketDataMessage, entry: number): ReadEntry {
  const { bytes } = message;
  const text = (from: Int32Array, to: Int32Array) => slice(bytes, from[entry], to[entry]);
  const texts = {
    symbol: text(message.symbolFrom, message.symbolTo),
    id: text(message.idFrom, message.idTo),
    refId: text(message.refIdFrom, message.refIdTo),
    price: text(message.priceFrom, message.priceTo),
    size: text(message.sizeFrom, message.sizeTo),
    rptSeq: text(message.rptSeqFrom, message.rptSeqTo),
    date: text(message.dateFrom, message.dateTo),
    time: text(message.timeFrom, message.timeTo),
  };
  const level = message.level[entry];
  return {
    action: String.fromCharCode(message.action[entry]),
    type: message.type[entry] === 0 ? "" : String.fromCharCode(message.type[entry]),
    ...present(texts),
    ...(level === 0 ? {} : { level }),
  };
}

function present(texts: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).flatMap(([name, text]) => (text === null ? [] : [[name, text]])));
}
