/** How a value stands on the wire (protobuf encoding, "Message Structure"). */
export const WireType = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** See {@link WireType}. */
export type WireType = (typeof WireType)[keyof typeof WireType];

/** A field that is wanted: where it is recorded, and what is looked for within it. */
export interface FieldStep {
  readonly number: number;
  readonly wireType: WireType;
  /** The scanner's slot; each step has one of its own. */
  readonly slot: number;
  /** Looked into, unless null. */
  readonly child: MessagePlan | null;
  /** The scanner's list that keeps where every element stands; −1: none. */
  readonly list: number;
  /** Of a repeated field: only the first element is looked into, and recorded. */
  readonly isFirstOnly: boolean;
}

/** The wanted fields of one message. */
export interface MessagePlan {
  /** By field number; null where nothing is wanted, or past the end. */
  readonly dense: readonly (FieldStep | null)[];
  /** Fields with higher numbers. */
  readonly sparse: readonly FieldStep[];
}

/** What one scanner looks for: a message, with how many slots and lists it takes. */
export interface ScanPlan {
  readonly message: MessagePlan;
  readonly slotCount: number;
  readonly listCount: number;
}
