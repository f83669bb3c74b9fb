// Hot path.
import type { Instrument } from "../../domain/instrument.ts";
import type { QuoteSink, QuoteView } from "../../domain/quote.ts";
import { FrameKind } from "../compiled-venue.ts";
import { FieldState } from "../field-state.ts";
import type { RejectReason } from "../reject-reason.ts";
import { SymbolTable, UNKNOWN_SYMBOL } from "../symbol-table.ts";
import { renderSymbol } from "../templates.ts";
import { BAD_TIME, NO_TIME } from "../time-text.ts";
import { NOTHING, PLACES, Place, QuoteText } from "./quote-text.ts";
import type { GrpcQuotePlan, SequencePlan, SidePlan } from "./value-plan.ts";
import { SequenceState, ValueReader } from "./value-reader.ts";
import { WireScanner } from "./wire-scanner.ts";

/** What a message says of one side, or of its size. */
const KEEP = 0;
const CLEAR = 1;
const SET = 2;

/** What a quote reader works on for the length of a session. */
export interface GrpcQuoteReaderParts {
  readonly scanner: WireScanner;
  readonly instruments: readonly Instrument[];
  readonly view: QuoteView;
  readonly sink: QuoteSink;
  /** 1 where quotes of an instrument are no longer taken from here. */
  readonly muted: Uint8Array;
  /** Puts the whole message into the view; called before the first quote of each message. */
  readonly showRaw: () => void;
}

/** Turns a scanned message into quotes by one mapping, and gives them to the sink. State of one call. */
export class GrpcQuoteReader {
  /** Why the last message was rejected. */
  rejectReason: RejectReason | "" = "";
  readonly #plan: GrpcQuotePlan;
  readonly #parts: GrpcQuoteReaderParts;
  readonly #root: WireScanner;
  readonly #item: WireScanner;
  readonly #values: ValueReader;
  readonly #symbols: SymbolTable;
  /** What the message at hand says. */
  readonly #said = new QuoteText(1);
  /** The last quote of every instrument; null where a message says all there is. */
  readonly #known: QuoteText | null;
  readonly #hasSnapshot: Uint8Array;
  #priceChange = KEEP;
  #sizeChange = KEEP;
  #isTouched = true;
  #hasRaw = false;

  constructor(plan: GrpcQuotePlan, parts: GrpcQuoteReaderParts) {
    const { instruments } = parts;
    this.#plan = plan;
    this.#parts = parts;
    this.#root = parts.scanner;
    this.#item = new WireScanner(plan.item);
    this.#values = new ValueReader(this.#root, this.#item);
    this.#symbols = new SymbolTable(instruments.map(({ symbol }) => renderSymbol(plan.symbol.template, symbol)));
    this.#known = plan.isMerged ? new QuoteText(instruments.length) : null;
    this.#hasSnapshot = new Uint8Array(instruments.length);
  }

  /** Reads the message the scanner has just scanned: `quote`, `ignored` (no symbol of ours) or `rejected`. */
  read(): FrameKind {
    this.rejectReason = "";
    this.#hasRaw = false;
    if (this.#plan.list < 0) return this.#readQuote();
    const { starts, ends, count } = this.#root.lists[this.#plan.list];
    let kind: FrameKind = FrameKind.ignored;
    // A bad element costs itself alone; the message then counts as rejected.
    for (let i = 0; i < count; i++) {
      const isWhole = this.#item.scan(this.#root.bytes, starts[i], ends[i]);
      const itemKind = isWhole ? this.#readQuote() : this.#reject(this.#item.problem);
      if (itemKind === FrameKind.rejected || kind === FrameKind.ignored) kind = itemKind;
    }
    return kind;
  }

  #readQuote(): FrameKind {
    const plan = this.#plan;
    const { view, instruments, muted, sink } = this.#parts;
    const { value } = plan.symbol;
    const scanner = value.isInItem ? this.#item : this.#root;
    if (scanner.seen[value.slot] === 0) return this.#reject("missing_field");
    const index = this.#symbols.find(scanner.bytes, scanner.starts[value.slot], scanner.ends[value.slot]);
    if (index === UNKNOWN_SYMBOL || muted[index] === 1) return FrameKind.ignored;
    const isSnapshot = plan.snapshot !== null && this.#values.holdsAll(plan.snapshot);
    if (plan.isSnapshotNeeded && !isSnapshot && this.#hasSnapshot[index] === 0) return this.#reject("no_snapshot");
    view.venueTimeMs = plan.time === null ? NO_TIME : this.#values.readTime(plan.time);
    if (view.venueTimeMs === BAD_TIME) return this.#reject("bad_time");
    const problem =
      this.#readSequence(plan.sequence, Place.sequence) ||
      this.#readSequence(plan.previousSequence, Place.previousSequence) ||
      this.#readSides(index, isSnapshot);
    if (problem !== "") return this.#reject(problem);
    if (isSnapshot) this.#hasSnapshot[index] = 1;
    // A change of something else (the last trade): the feed lives, and the quote is what it was.
    if (!this.#isTouched) return FrameKind.quote;
    view.isSnapshot = isSnapshot && plan.doesSnapshotRestart;
    view.instrument = instruments[index];
    if (!this.#hasRaw) {
      this.#hasRaw = true;
      this.#parts.showRaw();
    }
    sink.accept(view);
    return FrameKind.quote;
  }

  /** A predecessor below zero means that there is none. */
  #readSequence(plan: SequencePlan | null, place: number): RejectReason | "" {
    if (plan === null) return "";
    const state = this.#values.readSequence(plan, this.#said, place);
    if (state === SequenceState.bad) return "bad_sequence";
    if (place === Place.previousSequence) return "";
    if (state === SequenceState.absent) return "missing_field";
    return state === SequenceState.negative ? "bad_sequence" : "";
  }

  /** Both sides are read before anything is kept: a rejected message changes nothing. */
  #readSides(index: number, isSnapshot: boolean): RejectReason | "" {
    const bidProblem = this.#readSide(this.#plan.bid, Place.bidPrice);
    if (bidProblem !== "") return bidProblem;
    const bidPrice = this.#priceChange;
    const bidSize = this.#sizeChange;
    const askProblem = this.#readSide(this.#plan.ask, Place.askPrice);
    if (askProblem !== "") return askProblem;
    const known = this.#known;
    if (known === null) {
      this.#show(this.#said, 0);
      return "";
    }
    const changes = bidPrice + bidSize + this.#priceChange + this.#sizeChange;
    this.#isTouched = isSnapshot || changes !== KEEP;
    if (!this.#isTouched) return "";
    const first = index * PLACES;
    if (isSnapshot) known.lengths.fill(NOTHING, first, first + PLACES);
    this.#keep(first + Place.bidPrice, Place.bidPrice, bidPrice);
    this.#keep(first + Place.bidSize, Place.bidSize, bidSize);
    this.#keep(first + Place.askPrice, Place.askPrice, this.#priceChange);
    this.#keep(first + Place.askSize, Place.askSize, this.#sizeChange);
    known.copy(first + Place.sequence, this.#said, Place.sequence);
    known.copy(first + Place.previousSequence, this.#said, Place.previousSequence);
    this.#show(known, first);
    return "";
  }

  /** Reads price and size of a side into what the message says, and what that changes. */
  #readSide({ price, size, levels }: SidePlan, pricePlace: number): RejectReason | "" {
    const said = this.#said;
    this.#priceChange = KEEP;
    this.#sizeChange = KEEP;
    const hasLevels = levels !== null;
    if (hasLevels && (levels.isInItem ? this.#item : this.#root).seen[levels.slot] === 0) {
      this.#clear(pricePlace);
      return "";
    }
    const priceState = this.#values.readDecimal(price, said, pricePlace);
    if (priceState === FieldState.bad) return "bad_price";
    if (priceState === FieldState.absent && this.#known !== null && !hasLevels) said.lengths[pricePlace] = NOTHING;
    else if (this.#isNone(priceState, said.lengths[pricePlace])) {
      this.#clear(pricePlace);
      return "";
    } else this.#priceChange = SET;
    if (size === null) {
      said.lengths[pricePlace + 1] = NOTHING;
      return "";
    }
    const sizeState = this.#values.readDecimal(size, said, pricePlace + 1);
    if (sizeState === FieldState.bad || sizeState === FieldState.negative) return "bad_size";
    if (sizeState === FieldState.absent && this.#known !== null && !hasLevels) said.lengths[pricePlace + 1] = NOTHING;
    else this.#sizeChange = SET;
    return "";
  }

  /** True for a price that means "nobody quotes": not there, empty, or zero where zero says so. */
  #isNone(state: FieldState, length: number): boolean {
    if (state === FieldState.empty) return true;
    if (state === FieldState.absent) return length === NOTHING || this.#plan.isZeroPriceEmpty;
    return state === FieldState.zero && this.#plan.isZeroPriceEmpty;
  }

  #clear(pricePlace: number): void {
    this.#said.lengths[pricePlace] = NOTHING;
    this.#said.lengths[pricePlace + 1] = NOTHING;
    this.#priceChange = CLEAR;
    this.#sizeChange = CLEAR;
  }

  #keep(place: number, saidPlace: number, change: number): void {
    if (change !== KEEP) this.#known?.copy(place, this.#said, saidPlace);
  }

  #show(text: QuoteText, first: number): void {
    const { view } = this.#parts;
    view.fields = text.bytes;
    view.bidPriceStart = text.start(first + Place.bidPrice);
    view.bidPriceEnd = text.end(first + Place.bidPrice);
    view.bidSizeStart = text.start(first + Place.bidSize);
    view.bidSizeEnd = text.end(first + Place.bidSize);
    view.askPriceStart = text.start(first + Place.askPrice);
    view.askPriceEnd = text.end(first + Place.askPrice);
    view.askSizeStart = text.start(first + Place.askSize);
    view.askSizeEnd = text.end(first + Place.askSize);
    view.sequenceStart = text.start(first + Place.sequence);
    view.sequenceEnd = text.end(first + Place.sequence);
    view.previousSequenceStart = text.start(first + Place.previousSequence);
    view.previousSequenceEnd = text.end(first + Place.previousSequence);
  }

  #reject(reason: RejectReason | ""): FrameKind {
    this.rejectReason = reason;
    return FrameKind.rejected;
  }
}
