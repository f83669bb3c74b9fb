// Hot path.
import type { Instrument } from "../../domain/instrument.ts";
import { QuoteView } from "../../domain/quote.ts";
import { isSequenceText } from "../decimal-text.ts";
import { JsonType, skipSpace } from "../json-grammar.ts";
import type { JsonScanner } from "../json-scanner.ts";
import { unescapeText } from "../json-unescape.ts";
import { UNWANTED } from "../path-trie.ts";
import type { FieldPlan, ItemsPlan, QuoteSlots } from "../quote-plan.ts";
import type { RejectReason } from "../reject-reason.ts";
import { SideReader } from "../side-reader.ts";
import { UNKNOWN_SYMBOL } from "../symbol-table.ts";
import { BAD_TIME, NO_TIME } from "../time-text.ts";
import type { AnswerNames } from "./answer-names.ts";
import type { AnswerQuotePlan } from "./answer-plan.ts";
import { memberKeyEnd, memberValueStart } from "./object-members.ts";
import type { PublishedQuotes } from "./published-quotes.ts";

const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NONE = -1;
/** Instead of an index: the quote does not say whose it is. */
const NOT_TOLD = -2;

/** What a reader works on for the length of a session. */
export interface AnswerQuoteReaderParts {
  readonly scanner: JsonScanner;
  readonly instruments: readonly Instrument[];
  readonly names: AnswerNames;
  readonly published: PublishedQuotes;
  readonly epoch: number;
  /** Per instrument: 1 when the present answer holds it. Cleared by the caller. */
  readonly found: Uint8Array;
  /** A quote could not be read; the bytes are those of its element. */
  onReject(reason: RejectReason, bytes: Uint8Array): void;
}

/** Turns a scanned answer into quotes by one mapping. What cannot be read of one quote costs that quote alone. */
export class AnswerQuoteReader {
  /** Quotes read, and quotes rejected, in the last answer. */
  read = 0;
  rejected = 0;
  readonly #plan: AnswerQuotePlan;
  readonly #parts: AnswerQuoteReaderParts;
  readonly #bid: SideReader;
  readonly #ask: SideReader;
  /** The one view all quotes of the session pass through. */
  readonly #view = new QuoteView();
  /** The instrument asked for when it was one alone, else UNKNOWN_SYMBOL. */
  #askedAlone: number = UNKNOWN_SYMBOL;

  constructor(plan: AnswerQuotePlan, parts: AnswerQuoteReaderParts) {
    this.#plan = plan;
    this.#parts = parts;
    this.#bid = new SideReader(parts.scanner, plan.quote.isZeroPriceEmpty);
    this.#ask = new SideReader(parts.scanner, plan.quote.isZeroPriceEmpty);
    this.#view.epoch = parts.epoch;
  }

  /** Reads the body the scanner has just scanned; returns why none of it can be read, or the empty text. */
  readAnswer(body: Uint8Array, asked: readonly number[], receivedTimeUs: number): RejectReason | "" {
    this.read = 0;
    this.rejected = 0;
    this.#askedAlone = asked.length === 1 ? asked[0] : UNKNOWN_SYMBOL;
    this.#view.receivedTimeUs = receivedTimeUs;
    this.#view.raw = body;
    const { items, slots } = this.#plan.quote;
    if (items === null) {
      this.#readQuote(slots, this.#indexAt(slots), 0, body.length);
      return "";
    }
    const type = this.#parts.scanner.types[items.listNode];
    if (type === JsonType.array) return this.#readElements(items);
    if (type === JsonType.object) return this.#readMembers(items);
    return type === JsonType.absent ? "missing_field" : "bad_list";
  }

  #readElements({ listNode, itemRoot, slots }: ItemsPlan): RejectReason | "" {
    const { scanner } = this.#parts;
    const bodyEnd = this.#view.raw.length;
    const end = scanner.ends[listNode] - 1;
    let at = skipSpace(scanner.text, scanner.starts[listNode] + 1, end);
    while (at < end) {
      const start = at;
      at = scanner.scanPart(itemRoot, at, bodyEnd);
      if (at < 0) return scanner.problem === "" ? "invalid_json" : scanner.problem;
      this.#readQuote(slots, this.#indexAt(slots), start, at);
      at = this.#nextItem(at, end);
    }
    return "";
  }

  #readMembers({ listNode, itemRoot, slots }: ItemsPlan): RejectReason | "" {
    const { scanner } = this.#parts;
    const bodyEnd = this.#view.raw.length;
    const end = scanner.ends[listNode] - 1;
    const isAlone = this.#askedAlone !== UNKNOWN_SYMBOL && this.#plan.isRenamed && this.#hasOneMember(listNode);
    let at = skipSpace(scanner.text, scanner.starts[listNode] + 1, end);
    while (at < end) {
      const keyStart = at + 1;
      const keyEnd = memberKeyEnd(scanner.text, at, end);
      const start = memberValueStart(scanner.text, keyEnd, end);
      at = scanner.scanPart(itemRoot, start, bodyEnd);
      if (at < 0) return scanner.problem === "" ? "invalid_json" : scanner.problem;
      const index =
        this.#plan.symbolFrom === "key" ? this.#indexOfKey(keyStart, keyEnd, isAlone) : this.#indexAt(slots);
      this.#readQuote(slots, index, start, at);
      at = this.#nextItem(at, end);
    }
    return "";
  }

  #nextItem(from: number, end: number): number {
    const { text } = this.#parts.scanner;
    const at = skipSpace(text, from, end);
    return at < end && text[at] === COMMA ? skipSpace(text, at + 1, end) : at;
  }

  /** The list is an object with exactly one member. */
  #hasOneMember(listNode: number): boolean {
    const { scanner } = this.#parts;
    const { itemRoot } = this.#plan.quote.items as ItemsPlan;
    const end = scanner.ends[listNode] - 1;
    const at = skipSpace(scanner.text, scanner.starts[listNode] + 1, end);
    if (at >= end || scanner.text[at] !== QUOTE) return false;
    const value = memberValueStart(scanner.text, memberKeyEnd(scanner.text, at, end), end);
    const valueEnd = scanner.scanPart(itemRoot, value, this.#view.raw.length);
    return valueEnd >= 0 && this.#nextItem(valueEnd, end) >= end;
  }

  /** The one quote of an answer to one symbol is that symbol's, whatever its key: the key is its name from now on. */
  #indexOfKey(start: number, end: number, isAlone: boolean): number {
    const { scanner } = this.#parts;
    if (hasEscape(scanner.text, start, end)) {
      const key = Buffer.from(unescapeText(scanner.text, start, end), "utf8");
      return this.#indexOfName(key, 0, key.length, isAlone);
    }
    return this.#indexOfName(scanner.text, start, end, isAlone);
  }

  #indexOfName(bytes: Uint8Array, start: number, end: number, isAlone: boolean): number {
    const { names } = this.#parts;
    const index = names.find(bytes, start, end);
    if (index !== UNKNOWN_SYMBOL || !isAlone) return index;
    names.learn(bytes, start, end, this.#askedAlone);
    return this.#askedAlone;
  }

  /** Index of the instrument a quote is of; UNKNOWN_SYMBOL when it is none of ours, NONE when that cannot be told. */
  #indexAt({ symbolNode }: QuoteSlots): number {
    if (this.#plan.symbolFrom === "request") return this.#askedAlone;
    const { scanner, names } = this.#parts;
    if (scanner.types[symbolNode] !== JsonType.string) return NOT_TOLD;
    return names.find(scanner.text, scanner.starts[symbolNode], scanner.ends[symbolNode]);
  }

  /** Reads one quote; `[start, end)` is its own JSON within the body. */
  #readQuote(slots: QuoteSlots, index: number, start: number, end: number): void {
    if (index === UNKNOWN_SYMBOL) return;
    const { instruments, published, found, scanner } = this.#parts;
    const view = this.#view;
    if (index === NOT_TOLD) {
      const isAbsent = scanner.types[slots.symbolNode] === JsonType.absent;
      this.#reject(isAbsent ? "missing_field" : "bad_symbol", start, end);
      return;
    }
    found[index] = 1;
    const problem = this.#readTime(slots.time) || this.#readSequence(slots.sequence) || this.#readSides(slots);
    if (problem !== "") {
      this.#reject(problem, start, end);
      return;
    }
    this.read++;
    view.instrument = instruments[index];
    view.rawStart = start;
    view.rawEnd = end;
    published.offer(index, view);
  }

  #readSides(slots: QuoteSlots): RejectReason | "" {
    const problem = this.#bid.read(slots.bid) || this.#ask.read(slots.ask);
    if (problem !== "") return problem;
    const view = this.#view;
    view.fields = this.#parts.scanner.text;
    view.bidPriceStart = this.#bid.priceStart;
    view.bidPriceEnd = this.#bid.priceEnd;
    view.bidSizeStart = this.#bid.sizeStart;
    view.bidSizeEnd = this.#bid.sizeEnd;
    view.askPriceStart = this.#ask.priceStart;
    view.askPriceEnd = this.#ask.priceEnd;
    view.askSizeStart = this.#ask.sizeStart;
    view.askSizeEnd = this.#ask.sizeEnd;
    return "";
  }

  #readTime({ node, isOptional }: FieldPlan): RejectReason | "" {
    const view = this.#view;
    view.venueTimeMs = NO_TIME;
    if (node === UNWANTED) return "";
    const { types, starts, ends, text } = this.#parts.scanner;
    if (types[node] === JsonType.absent) return isOptional ? "" : "missing_field";
    if (types[node] === JsonType.null || starts[node] === ends[node]) return "";
    if (types[node] !== JsonType.string && types[node] !== JsonType.number) return "bad_time";
    const timeMs = this.#plan.quote.timeReader.readMs(text, starts[node], ends[node]);
    if (timeMs === BAD_TIME) return "bad_time";
    view.venueTimeMs = timeMs;
    return "";
  }

  #readSequence({ node, isOptional }: FieldPlan): RejectReason | "" {
    const view = this.#view;
    view.sequenceStart = NONE;
    view.sequenceEnd = NONE;
    if (node === UNWANTED) return "";
    const { types, starts, ends, text } = this.#parts.scanner;
    if (types[node] === JsonType.absent) return isOptional ? "" : "missing_field";
    if (types[node] === JsonType.null) return "";
    const isText = types[node] === JsonType.string || types[node] === JsonType.number;
    if (!isText || !isSequenceText(text, starts[node], ends[node])) return "bad_sequence";
    view.sequenceStart = starts[node];
    view.sequenceEnd = ends[node];
    return "";
  }

  #reject(reason: RejectReason, start: number, end: number): void {
    this.rejected++;
    this.#parts.onReject(reason, this.#view.raw.subarray(start, end));
  }
}

function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}
