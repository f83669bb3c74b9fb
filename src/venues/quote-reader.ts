// Hot path.
import type { Instrument } from "../domain/instrument.ts";
import type { QuoteSink, QuoteView } from "../domain/quote.ts";
import { FrameKind } from "./compiled-venue.ts";
import { isSequenceText } from "./decimal-text.ts";
import { JsonType, skipSpace } from "./json-grammar.ts";
import type { JsonScanner } from "./json-scanner.ts";
import { MergedQuotes } from "./merged-quotes.ts";
import { UNWANTED } from "./path-trie.ts";
import type { FieldPlan, ItemsPlan, QuotePlan, QuoteSlots } from "./quote-plan.ts";
import type { RejectReason } from "./reject-reason.ts";
import { allHold } from "./rule-matcher.ts";
import { SideReader } from "./side-reader.ts";
import { SymbolTable, UNKNOWN_SYMBOL } from "./symbol-table.ts";
import { renderSymbol } from "./templates.ts";
import { BAD_TIME, NO_TIME } from "./time-text.ts";

const COMMA = 0x2c;
const MINUS = 0x2d;
const CLOSE_ARRAY = 0x5d;
const NONE = -1;

/** What a quote reader works on for the length of a session. */
export interface QuoteReaderParts {
  readonly scanner: JsonScanner;
  readonly instruments: readonly Instrument[];
  readonly view: QuoteView;
  readonly sink: QuoteSink;
}

/** Turns the slots of a scanned message into quotes by one mapping, and gives them to the sink. State of one session. */
export class QuoteReader {
  /** Why the last message was rejected. */
  rejectReason: RejectReason | "" = "";

  readonly #plan: QuotePlan;
  readonly #scanner: JsonScanner;
  readonly #instruments: readonly Instrument[];
  readonly #view: QuoteView;
  readonly #sink: QuoteSink;
  readonly #symbols: SymbolTable;
  readonly #bid: SideReader;
  readonly #ask: SideReader;
  readonly #merged: MergedQuotes | null;

  constructor(plan: QuotePlan, parts: QuoteReaderParts) {
    const { scanner, instruments } = parts;
    this.#plan = plan;
    this.#scanner = scanner;
    this.#instruments = instruments;
    this.#view = parts.view;
    this.#sink = parts.sink;
    this.#symbols = new SymbolTable(instruments.map(({ symbol }) => renderSymbol(plan.symbolTemplate, symbol)));
    this.#bid = new SideReader(scanner, plan.isZeroPriceEmpty);
    this.#ask = new SideReader(scanner, plan.isZeroPriceEmpty);
    this.#merged = plan.isMerged ? new MergedQuotes(plan, scanner, instruments.length) : null;
  }

  /** Reads the message the scanner has just scanned: `quote`, `ignored` (not our symbol) or `rejected`. */
  read(): FrameKind {
    this.rejectReason = "";
    const { items, slots } = this.#plan;
    if (items === null) return this.#readQuote(slots);
    const types = this.#scanner.types;
    const listType = types[items.listNode];
    if (listType === JsonType.absent) return this.#reject("missing_field");
    if (listType !== JsonType.array) return this.#reject("bad_list");
    if (types[items.secondNode] !== JsonType.absent) return this.#readItems(items);
    return types[items.firstNode] === JsonType.absent ? FrameKind.ignored : this.#readQuote(slots);
  }

  /** Reads each element of an array of quotes. A bad element costs itself alone; the message then counts as rejected. */
  #readItems({ listNode, itemRoot, slots }: ItemsPlan): FrameKind {
    const scanner = this.#scanner;
    const end = scanner.ends[listNode];
    let kind: FrameKind = FrameKind.ignored;
    let at = skipSpace(scanner.text, scanner.starts[listNode] + 1, end);
    while (scanner.text[at] !== CLOSE_ARRAY) {
      at = scanner.scanPart(itemRoot, at, end);
      if (at < 0) return this.#reject(scanner.problem === "" ? "invalid_json" : scanner.problem);
      const itemKind = this.#readQuote(slots);
      if (itemKind === FrameKind.rejected || kind === FrameKind.ignored) kind = itemKind;
      at = skipSpace(scanner.text, at, end);
      if (scanner.text[at] === COMMA) at = skipSpace(scanner.text, at + 1, end);
    }
    return kind;
  }

  #readQuote(slots: QuoteSlots): FrameKind {
    const { types, starts, ends, text } = this.#scanner;
    const plan = this.#plan;
    const symbolNode = slots.symbolNode;
    const symbolType = types[symbolNode];
    if (symbolType !== JsonType.string) {
      return this.#reject(symbolType === JsonType.absent ? "missing_field" : "bad_symbol");
    }
    const index = this.#symbols.find(text, starts[symbolNode], ends[symbolNode]);
    if (index === UNKNOWN_SYMBOL) return FrameKind.ignored;
    const view = this.#view;
    view.instrument = this.#instruments[index];
    const isSnapshot = plan.snapshotTests !== null && allHold(plan.snapshotTests, this.#scanner);
    view.isSnapshot = isSnapshot && plan.doesSnapshotRestart;
    const problem = this.#readTime(slots.time) || this.#readSequence(slots);
    if (problem !== "") return this.#reject(problem);
    if (this.#merged !== null) {
      const mergeProblem = this.#merged.update(index, slots, isSnapshot);
      if (mergeProblem !== "") return this.#reject(mergeProblem);
      if (!this.#merged.isTouched) return FrameKind.quote;
      this.#merged.show(index, view);
    } else {
      const sideProblem = this.#readSides(slots);
      if (sideProblem !== "") return this.#reject(sideProblem);
    }
    this.#sink.accept(view);
    return FrameKind.quote;
  }

  #readSides(slots: QuoteSlots): RejectReason | "" {
    const view = this.#view;
    const bid = this.#bid;
    const ask = this.#ask;
    const problem = bid.read(slots.bid) || ask.read(slots.ask);
    if (problem !== "") return problem;
    view.fields = this.#scanner.text;
    view.bidPriceStart = bid.priceStart;
    view.bidPriceEnd = bid.priceEnd;
    view.bidSizeStart = bid.sizeStart;
    view.bidSizeEnd = bid.sizeEnd;
    view.askPriceStart = ask.priceStart;
    view.askPriceEnd = ask.priceEnd;
    view.askSizeStart = ask.sizeStart;
    view.askSizeEnd = ask.sizeEnd;
    return "";
  }

  #readTime(time: FieldPlan): RejectReason | "" {
    const view = this.#view;
    view.venueTimeMs = NO_TIME;
    if (time.node === UNWANTED) return "";
    const { types, starts, ends, text } = this.#scanner;
    const type = types[time.node];
    if (type === JsonType.absent) return time.isOptional ? "" : "missing_field";
    if (type === JsonType.null) return "";
    if (type !== JsonType.string && type !== JsonType.number) return "bad_time";
    const start = starts[time.node];
    const end = ends[time.node];
    if (start === end) return "";
    const timeMs = this.#plan.timeReader.readMs(text, start, end);
    if (timeMs === BAD_TIME) return "bad_time";
    view.venueTimeMs = timeMs;
    return "";
  }

  /** The sequence numbers; `null`, and a negative predecessor (OKX: −1 with a snapshot), mean that there is none. */
  #readSequence({ sequence, previousSequence }: QuoteSlots): RejectReason | "" {
    const view = this.#view;
    const { starts, ends } = this.#scanner;
    view.sequenceStart = NONE;
    view.sequenceEnd = NONE;
    view.previousSequenceStart = NONE;
    view.previousSequenceEnd = NONE;
    if (sequence.node !== UNWANTED) {
      const state = sequenceState(this.#scanner, sequence.node);
      if (state === ABSENT && !sequence.isOptional) return "missing_field";
      if (state === BAD || state === NEGATIVE) return "bad_sequence";
      if (state === NUMBER) {
        view.sequenceStart = starts[sequence.node];
        view.sequenceEnd = ends[sequence.node];
      }
    }
    if (previousSequence.node === UNWANTED) return "";
    const state = sequenceState(this.#scanner, previousSequence.node);
    if (state === ABSENT && !previousSequence.isOptional) return "missing_field";
    if (state === BAD) return "bad_sequence";
    if (state === NUMBER) {
      view.previousSequenceStart = starts[previousSequence.node];
      view.previousSequenceEnd = ends[previousSequence.node];
    }
    return "";
  }

  #reject(reason: RejectReason): FrameKind {
    this.rejectReason = reason;
    return FrameKind.rejected;
  }
}

const ABSENT = 0;
const EMPTY = 1;
const NUMBER = 2;
const NEGATIVE = 3;
const BAD = 4;

/** What the slot says of a sequence number. */
function sequenceState(scanner: JsonScanner, node: number): number {
  const type = scanner.types[node];
  if (type === JsonType.absent) return ABSENT;
  if (type === JsonType.null) return EMPTY;
  if (type !== JsonType.string && type !== JsonType.number) return BAD;
  const start = scanner.starts[node];
  const end = scanner.ends[node];
  if (isSequenceText(scanner.text, start, end)) return NUMBER;
  const isNegative = end - start > 1 && scanner.text[start] === MINUS && isSequenceText(scanner.text, start + 1, end);
  return isNegative ? NEGATIVE : BAD;
}
