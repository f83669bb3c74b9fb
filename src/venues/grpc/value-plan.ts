import type { TimeReader } from "../time-text.ts";
import type { IntegerForm } from "./integer-text.ts";
import type { ScanPlan } from "./wire-plan.ts";

/** Where a value is recorded: by the scanner of the whole message, or by that of one element of the list of quotes. */
export interface ValueRef {
  readonly slot: number;
  readonly isInItem: boolean;
  /** False where protobuf leaves a value out of the message when it is zero or empty: then "not there" says that it is. */
  readonly hasPresence: boolean;
}

/** A price or a size: how its exact text is made. */
export type DecimalPlan =
  /** A string; also the `value` of a google.type.Decimal. */
  | { readonly kind: "text"; readonly value: ValueRef }
  /** A whole number times 10^exponent; with `exponentValue` the message says the exponent. */
  | {
      readonly kind: "scaled";
      readonly value: ValueRef;
      readonly form: IntegerForm;
      readonly exponent: number;
      readonly exponentValue: (ValueRef & { readonly form: IntegerForm }) | null;
    }
  /** Whole units and billionths within one message. */
  | {
      readonly kind: "unitsNano";
      /** The message that holds both. */
      readonly value: ValueRef;
      readonly units: number;
      readonly unitsForm: IntegerForm;
      readonly nano: number;
      readonly nanoForm: IntegerForm;
    };

/** A stamp. */
export type TimePlan =
  | { readonly kind: "text"; readonly value: ValueRef; readonly reader: TimeReader }
  | { readonly kind: "integer"; readonly value: ValueRef; readonly form: IntegerForm; readonly reader: TimeReader }
  /** google.protobuf.Timestamp: the slots of its seconds and nanos. */
  | { readonly kind: "timestamp"; readonly value: ValueRef; readonly seconds: number; readonly nanos: number };

/** A venue's number. `form` null: digits in a string. */
export interface SequencePlan {
  readonly value: ValueRef;
  readonly form: IntegerForm | null;
}

/** A string by which the venue names an instrument. */
export interface SymbolPlan {
  readonly value: ValueRef;
  readonly template: string;
}

/** What a value may be compared with. */
export type TestPlan =
  | { readonly kind: "presence"; readonly value: ValueRef; readonly isPresent: boolean }
  /** One of these numbers (also enums and bools), as halves. */
  | {
      readonly kind: "number";
      readonly value: ValueRef;
      readonly lows: readonly number[];
      readonly highs: readonly number[];
    }
  | { readonly kind: "text"; readonly value: ValueRef; readonly texts: readonly Uint8Array[] };

/** One side of a quote. */
export interface SidePlan {
  readonly price: DecimalPlan;
  readonly size: DecimalPlan | null;
  /** The list whose first element holds both; null when they stand by themselves. */
  readonly levels: ValueRef | null;
}

/** A quote mapping, compiled. */
export interface GrpcQuotePlan {
  /** The list whose elements are quotes, as the index of the scanner's list; −1: the message is one quote. */
  readonly list: number;
  readonly item: ScanPlan;
  readonly symbol: SymbolPlan;
  readonly bid: SidePlan;
  readonly ask: SidePlan;
  readonly time: TimePlan | null;
  readonly sequence: SequencePlan | null;
  readonly previousSequence: SequencePlan | null;
  /** Null when the profile tells no snapshot from an update. */
  readonly snapshot: readonly TestPlan[] | null;
  readonly doesSnapshotRestart: boolean;
  /** A change before any snapshot is rejected. */
  readonly isSnapshotNeeded: boolean;
  readonly isMerged: boolean;
  readonly isZeroPriceEmpty: boolean;
}
