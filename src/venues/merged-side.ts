// Hot path.
import { decimalState, FieldState } from "./field-state.ts";
import { JsonType, skipSpace } from "./json-grammar.ts";
import type { JsonScanner } from "./json-scanner.ts";
import { UNWANTED } from "./path-trie.ts";
import type { FieldPlan, SidePlan } from "./quote-plan.ts";
import type { RejectReason } from "./reject-reason.ts";

/** Of a field: the message does not speak of it; it stays as it is. */
export const KEEP = -2;
/** Of a field: the message says that there is none. */
export const CLEAR = -1;

const COMMA = 0x2c;
const CLOSE_ARRAY = 0x5d;
const NO_BYTES = new Uint8Array(0);

/** Reads what a message changes on one side: each start is a position in the message, {@link KEEP} or {@link CLEAR}. */
export class MergedSide {
  priceStart = KEEP;
  priceEnd = KEEP;
  sizeStart = KEEP;
  sizeEnd = KEEP;

  readonly #scanner: JsonScanner;
  readonly #isZeroPriceEmpty: boolean;
  /** The best price before this message. */
  #known: Uint8Array = NO_BYTES;
  #knownStart = 0;
  #knownEnd = 0;

  constructor(scanner: JsonScanner, isZeroPriceEmpty: boolean) {
    this.#scanner = scanner;
    this.#isZeroPriceEmpty = isZeroPriceEmpty;
  }

  /** True when the message spoke of this side. */
  get isTouched(): boolean {
    return this.priceStart !== KEEP || this.sizeStart !== KEEP;
  }

  /** The price that a level of size zero would take away: `text[start, end)`, none when `end` is before `start`. */
  setKnownPrice(text: Uint8Array, start: number, end: number): void {
    this.#known = text;
    this.#knownStart = start;
    this.#knownEnd = end;
  }

  /** Reads the side from the slots; returns why the message must be rejected, or the empty text. */
  read(side: SidePlan): RejectReason | "" {
    this.#set(KEEP, KEEP);
    return side.list.node === UNWANTED ? this.#readFields(side) : this.#readLevels(side);
  }

  #readFields({ price, size }: SidePlan): RejectReason | "" {
    const { starts, ends } = this.#scanner;
    const priceState = decimalState(this.#scanner, price.node);
    if (priceState === FieldState.bad) return "bad_price";
    if (priceState === FieldState.empty || (priceState === FieldState.zero && this.#isZeroPriceEmpty)) {
      this.#set(CLEAR, CLEAR);
      return "";
    }
    if (priceState !== FieldState.absent) {
      this.priceStart = starts[price.node];
      this.priceEnd = ends[price.node];
    }
    if (size.node === UNWANTED) return "";
    const sizeState = decimalState(this.#scanner, size.node);
    if (sizeState === FieldState.bad || sizeState === FieldState.negative) return "bad_size";
    if (sizeState === FieldState.absent) return "";
    this.sizeStart = sizeState === FieldState.empty ? CLEAR : starts[size.node];
    this.sizeEnd = ends[size.node];
    return "";
  }

  /** Levels of a book one deep: the first with a size is the best now, a size of zero takes the known price away. */
  #readLevels(side: SidePlan): RejectReason | "" {
    const scanner = this.#scanner;
    const { list, levelRoot, levelPrice, levelSize } = side;
    const type = scanner.types[list.node];
    if (type === JsonType.absent) return "";
    if (type === JsonType.null) {
      this.#set(CLEAR, CLEAR);
      return "";
    }
    if (type !== JsonType.array) return "bad_list";
    if (scanner.types[side.firstLevelNode] === JsonType.absent) return "";
    if (scanner.types[side.secondLevelNode] === JsonType.absent) return this.#readLevel(side.price, side.size);
    const end = scanner.ends[list.node];
    let at = skipSpace(scanner.text, scanner.starts[list.node] + 1, end);
    while (scanner.text[at] !== CLOSE_ARRAY) {
      at = scanner.scanPart(levelRoot, at, end);
      if (at < 0) return scanner.problem === "" ? "bad_list" : scanner.problem;
      const problem = this.#readLevel(levelPrice, levelSize);
      if (problem !== "") return problem;
      at = skipSpace(scanner.text, at, end);
      if (scanner.text[at] === COMMA) at = skipSpace(scanner.text, at + 1, end);
    }
    return "";
  }

  #readLevel(price: FieldPlan, size: FieldPlan): RejectReason | "" {
    const { starts, ends, text } = this.#scanner;
    const priceState = decimalState(this.#scanner, price.node);
    const sizeState = decimalState(this.#scanner, size.node);
    if (priceState === FieldState.absent || sizeState === FieldState.absent) return "missing_field";
    if (priceState === FieldState.bad || priceState === FieldState.empty) return "bad_price";
    if (sizeState === FieldState.bad || sizeState === FieldState.empty || sizeState === FieldState.negative) {
      return "bad_size";
    }
    const priceStart = starts[price.node];
    const priceEnd = ends[price.node];
    if (sizeState === FieldState.zero) {
      if (this.priceStart < 0 && this.#isKnownPrice(text, priceStart, priceEnd)) this.#set(CLEAR, CLEAR);
      return "";
    }
    if (this.priceStart >= 0) return "";
    this.priceStart = priceStart;
    this.priceEnd = priceEnd;
    this.sizeStart = starts[size.node];
    this.sizeEnd = ends[size.node];
    return "";
  }

  #isKnownPrice(text: Uint8Array, start: number, end: number): boolean {
    if (end - start !== this.#knownEnd - this.#knownStart) return false;
    for (let i = 0; i < end - start; i++) if (text[start + i] !== this.#known[this.#knownStart + i]) return false;
    return true;
  }

  #set(price: number, size: number): void {
    this.priceStart = price;
    this.priceEnd = price;
    this.sizeStart = size;
    this.sizeEnd = size;
  }
}
