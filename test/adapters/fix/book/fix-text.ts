import { FixFrame, packMsgType } from "../../../../src/fix/fix-frame.ts";
import { Fragment, MarketDataMessage } from "../../../../src/fix/market-data-message.ts";
import type { MarketDataPlan } from "../../../../src/venues/compiled-fix-venue.ts";

/** What most venues do. */
export const PLAN: MarketDataPlan = {
  symbolTag: 55,
  requestIdTag: 262,
  time: "sendingTime",
  levelTag: 0,
  hasRptSeq: false,
  quoteKey: "symbol",
};

/** A message as the gate hands it over. */
export interface ReadMessage {
  readonly frame: FixFrame;
  readonly message: MarketDataMessage;
}

interface Field {
  readonly tag: number;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

const HEADER_TAGS: readonly number[] = [8, 9, 35, 34, 43, 49, 50, 52, 56, 57, 97, 122];
/** Tags that begin an entry: 269 in W, 279 in X, 299 in i. */
const FIRST_OF_ENTRY: Readonly<Record<string, number>> = { W: 269, X: 279, i: 299 };

/**
 * Reads a message written with `|` for SOH, from `35=` on, slowly and plainly: a second opinion on what the scanner does.
 * 8, 9 and 10 are put around it.
 */
export function readFix(text: string, plan: Partial<MarketDataPlan> = {}): ReadMessage {
  const rules = { ...PLAN, ...plan };
  const body = `${text}|`.replaceAll("|", "\x01");
  const head = `8=FIX.4.4\x019=${body.length}\x01`;
  const sum = [...Buffer.from(head + body, "latin1")].reduce((a, b) => a + b, 0) % 256;
  const bytes = Buffer.from(`${head}${body}10=${String(sum).padStart(3, "0")}\x01`, "latin1");
  const fields = fieldsOf(bytes);
  const type = fields.find(({ tag }) => tag === 35)?.value ?? "";
  return { frame: frameOf(bytes, fields, type), message: messageOf({ bytes, fields, type, rules }) };
}

function fieldsOf(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  while (at < bytes.length) {
    const equals = bytes.indexOf("=", at);
    const end = bytes.indexOf(1, at);
    const tag = Number(bytes.toString("latin1", at, equals));
    fields.push({ tag, value: bytes.toString("latin1", equals + 1, end), start: equals + 1, end });
    at = end + 1;
  }
  return fields;
}

function frameOf(bytes: Buffer, fields: readonly Field[], type: string): FixFrame {
  const frame = new FixFrame();
  const of = (tag: number) => fields.find((field) => field.tag === tag);
  frame.bytes = bytes;
  frame.end = bytes.length;
  frame.bodyStart = startOf(fields.find(({ tag }) => !HEADER_TAGS.includes(tag)));
  frame.bodyEnd = startOf(of(10));
  frame.msgType = packMsgType(type);
  frame.sequence = Number(of(34)?.value ?? -1);
  frame.sequenceStart = of(34)?.start ?? -1;
  frame.sequenceEnd = of(34)?.end ?? -1;
  frame.sendingTimeStart = of(52)?.start ?? -1;
  frame.sendingTimeEnd = of(52)?.end ?? -1;
  frame.isPossDup = of(43)?.value === "Y";
  frame.isPossResend = of(97)?.value === "Y";
  return frame;
}

/** Where a field begins, its tag included. */
function startOf(field: Field | undefined): number {
  return field === undefined ? -1 : field.start - String(field.tag).length - 1;
}

function messageOf(read: { bytes: Buffer; fields: Field[]; type: string; rules: MarketDataPlan }): MarketDataMessage {
  const { bytes, fields, type, rules } = read;
  const message = new MarketDataMessage();
  message.bytes = bytes;
  message.msgType = packMsgType(type);
  const first = fields.findIndex(({ tag }) => tag === FIRST_OF_ENTRY[type]);
  const head = first < 0 ? fields : fields.slice(0, first);
  const of = (tag: number) => head.find((field) => field.tag === tag);
  [message.requestIdStart, message.requestIdEnd] = slice(of(rules.requestIdTag));
  [message.symbolStart, message.symbolEnd] = slice(of(rules.symbolTag));
  [message.rptSeqStart, message.rptSeqEnd] = slice(of(83));
  [message.timeStart, message.timeEnd] = slice(of(60));
  const cut = of(893)?.value;
  if (cut !== undefined) message.fragment = cut === "N" ? Fragment.more : Fragment.last;
  if (type === "S") addQuote(message, head, of(rules.symbolTag));
  let symbol = of(rules.symbolTag);
  for (const entry of first < 0 ? [] : entriesOf(fields.slice(first), FIRST_OF_ENTRY[type])) {
    symbol = entry.find(({ tag }) => tag === rules.symbolTag) ?? symbol;
    if (type === "i") addQuote(message, entry, symbol);
    else addEntry(message, { entry, symbol, rules });
  }
  return message;
}

function entriesOf(fields: readonly Field[], firstTag: number): Field[][] {
  const entries: Field[][] = [];
  for (const field of fields) {
    if (field.tag === 10) break;
    if (field.tag === firstTag) entries.push([]);
    entries.at(-1)?.push(field);
  }
  return entries;
}

function addEntry(
  message: MarketDataMessage,
  read: { entry: Field[]; symbol: Field | undefined; rules: MarketDataPlan },
) {
  const of = (tag: number) => read.entry.find((field) => field.tag === tag);
  message.grow();
  const i = message.count++;
  message.action[i] = (of(279)?.value ?? "0").charCodeAt(0);
  message.type[i] = of(269)?.value.length === 1 ? (of(269)?.value.charCodeAt(0) ?? 0) : 0;
  [message.symbolFrom[i], message.symbolTo[i]] = slice(read.symbol);
  [message.idFrom[i], message.idTo[i]] = slice(of(278));
  [message.refIdFrom[i], message.refIdTo[i]] = slice(of(280));
  [message.priceFrom[i], message.priceTo[i]] = slice(of(270));
  [message.sizeFrom[i], message.sizeTo[i]] = slice(of(271));
  message.level[i] = Number(of(read.rules.levelTag)?.value ?? 0);
  [message.rptSeqFrom[i], message.rptSeqTo[i]] = slice(of(83));
  [message.dateFrom[i], message.dateTo[i]] = slice(of(272));
  [message.timeFrom[i], message.timeTo[i]] = slice(of(273));
}

/** Two entries: `new` with its price, `delete` without one. */
function addQuote(message: MarketDataMessage, fields: readonly Field[], symbol: Field | undefined): void {
  const of = (tag: number) => fields.find((field) => field.tag === tag);
  for (const [type, priceTag, sizeTag] of [
    ["0", 132, 134],
    ["1", 133, 135],
  ] as const) {
    const price = of(priceTag);
    const isThere = price !== undefined && Number(price.value) !== 0;
    message.grow();
    const i = message.count++;
    message.action[i] = (isThere ? "0" : "2").charCodeAt(0);
    message.type[i] = type.charCodeAt(0);
    [message.symbolFrom[i], message.symbolTo[i]] = slice(symbol);
    [message.idFrom[i], message.idTo[i]] = slice(of(299));
    [message.refIdFrom[i], message.refIdTo[i]] = slice(undefined);
    [message.priceFrom[i], message.priceTo[i]] = slice(isThere ? price : undefined);
    [message.sizeFrom[i], message.sizeTo[i]] = slice(isThere ? of(sizeTag) : undefined);
    [message.rptSeqFrom[i], message.rptSeqTo[i]] = slice(undefined);
    [message.dateFrom[i], message.dateTo[i]] = slice(undefined);
    [message.timeFrom[i], message.timeTo[i]] = slice(undefined);
    message.level[i] = 0;
  }
}

function slice(field: Field | undefined): [number, number] {
  return field === undefined ? [-1, -1] : [field.start, field.end];
}
