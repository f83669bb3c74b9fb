// Hot path.
import { decimalState, FieldState } from "./field-state.ts";
import { JsonType } from "./json-grammar.ts";
import type { JsonScanner } from "./json-scanner.ts";
import { UNWANTED } from "./path-trie.ts";
import type { SidePlan } from "./quote-plan.ts";
import type { RejectReason } from "./reject-reason.ts";

/** No bytes: the field is `null` in the record. */
const NONE = -1;

/** Reads one side of a message that says all there is to say: what is not in it does not exist. */
export class SideReader {
  priceStart = NONE;
  priceEnd = NONE;
  sizeStart = NONE;
  sizeEnd = NONE;

  readonly #scanner: JsonScanner;
  readonly #isZeroPriceEmpty: boolean;

  constructor(scanner: JsonScanner, isZeroPriceEmpty: boolean) {
    this.#scanner = scanner;
    this.#isZeroPriceEmpty = isZeroPriceEmpty;
  }

  /** Fills the four offsets from the slots; returns why the message must be rejected, or the empty text. */
  read(side: SidePlan): RejectReason | "" {
    this.priceStart = NONE;
    this.priceEnd = NONE;
    this.sizeStart = NONE;
    this.sizeEnd = NONE;
    const { list, firstLevelNode, price, size } = side;
    const types = this.#scanner.types;
    if (list.node !== UNWANTED) {
      const type = types[list.node];
      if (type === JsonType.absent) return list.isOptional ? "" : "missing_field";
      if (type === JsonType.null) return "";
      if (type !== JsonType.array) return "bad_list";
      if (types[firstLevelNode] === JsonType.absent) return "";
    }
    const priceState = decimalState(this.#scanner, price.node);
    if (priceState === FieldState.bad) return "bad_price";
    if (priceState === FieldState.absent) return price.isOptional ? "" : "missing_field";
    if (priceState === FieldState.empty) return "";
    if (priceState === FieldState.zero && this.#isZeroPriceEmpty) return "";
    this.priceStart = this.#scanner.starts[price.node];
    this.priceEnd = this.#scanner.ends[price.node];
    if (size.node === UNWANTED) return "";
    const sizeState = decimalState(this.#scanner, size.node);
    if (sizeState === FieldState.bad || sizeState === FieldState.negative) return "bad_size";
    if (sizeState === FieldState.absent) return size.isOptional ? "" : "missing_field";
    if (sizeState === FieldState.empty) return "";
    this.sizeStart = this.#scanner.starts[size.node];
    this.sizeEnd = this.#scanner.ends[size.node];
    return "";
  }
}
