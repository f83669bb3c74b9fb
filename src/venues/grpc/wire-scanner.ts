// Hot path.
import { type FieldStep, type MessagePlan, type ScanPlan, WireType } from "./wire-plan.ts";

/** Fields of one message that are looked at, unknown ones and those within groups included. */
export const MAX_FIELDS = 262_144;
/** Groups within groups that are jumped over. */
const MAX_GROUP_DEPTH = 64;
/** Elements a list has room for at first; it grows with the messages, whose length is capped. */
const LIST_ROOM_AT_FIRST = 64;
/** Bytes of the longest varint. */
const MAX_VARINT_BYTES = 10;
/** Bytes a tag or a length has at most: 32 bits. */
const MAX_SHORT_VARINT_BYTES = 5;

const NO_BYTES = new Uint8Array(0);
/** From a read that ran out of bytes, or over its bounds. */
const BAD = -1;

/** Why a scan failed; empty when it did not. */
export type WireProblem = "" | "invalid_wire" | "wrong_type" | "too_many_fields" | "too_deep";

/** Where the elements of a repeated field stand. */
class ElementList {
  count = 0;
  starts = new Int32Array(LIST_ROOM_AT_FIRST);
  ends = new Int32Array(LIST_ROOM_AT_FIRST);

  add(start: number, end: number): void {
    if (this.count === this.starts.length) this.#grow();
    this.starts[this.count] = start;
    this.ends[this.count++] = end;
  }

  #grow(): void {
    const starts = new Int32Array(this.starts.length * 2);
    const ends = new Int32Array(this.starts.length * 2);
    starts.set(this.starts);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }
}

/**
 * Finds the wanted fields of a protobuf message in one pass over its bytes, making nothing. What comes twice is taken as
 * protobuf says: of a value the last counts, messages are merged. Never throws, whatever the bytes.
 */
export class WireScanner {
  /** The bytes the slots point into. */
  bytes: Uint8Array = NO_BYTES;
  problem: WireProblem = "";
  /** Per slot: 1 when the message has the field. */
  readonly seen: Uint8Array;
  /** Per slot, of strings, bytes and messages: `bytes[start, end)`. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Per slot, of numbers: the 64 bits as they came, in two halves. A 32-bit number stands in the low half. */
  readonly lows: Int32Array;
  readonly highs: Int32Array;
  readonly lists: readonly ElementList[];
  readonly #message: MessagePlan;
  #at = 0;
  #fields = 0;
  #low = 0;
  #high = 0;

  constructor(plan: ScanPlan) {
    this.#message = plan.message;
    this.seen = new Uint8Array(plan.slotCount);
    this.starts = new Int32Array(plan.slotCount);
    this.ends = new Int32Array(plan.slotCount);
    this.lows = new Int32Array(plan.slotCount);
    this.highs = new Int32Array(plan.slotCount);
    this.lists = Array.from({ length: plan.listCount }, () => new ElementList());
  }

  /** Scans `bytes[start, end)`, one whole message; false when it is none, and `problem` says why. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    this.bytes = bytes;
    this.problem = "";
    this.seen.fill(0);
    for (let i = 0; i < this.lists.length; i++) this.lists[i].count = 0;
    this.#fields = 0;
    this.#at = start;
    return this.#scanMessage(this.#message, end);
  }

  /** Goes as deep as the plan does, never as deep as the bytes would have it. */
  #scanMessage(plan: MessagePlan, end: number): boolean {
    while (this.#at < end) {
      const tag = this.#readShort(end);
      const number = tag >>> 3;
      if (tag === BAD || number === 0) return this.#fail("invalid_wire");
      if (++this.#fields > MAX_FIELDS) return this.#fail("too_many_fields");
      const step = number < plan.dense.length ? plan.dense[number] : findSparse(plan.sparse, number);
      const isTaken = step === null ? this.#skip(tag, end) : this.#take(step, tag & 7, end);
      if (!isTaken) return false;
    }
    return true;
  }

  #take(step: FieldStep, wireType: number, end: number): boolean {
    const { slot } = step;
    if (wireType !== step.wireType) return this.#fail("wrong_type");
    if (wireType !== WireType.bytes) {
      if (!this.#readNumber(wireType, end)) return false;
      this.seen[slot] = 1;
      this.lows[slot] = this.#low;
      this.highs[slot] = this.#high;
      return true;
    }
    const valueEnd = this.#readLength(end);
    if (valueEnd === BAD) return this.#fail("invalid_wire");
    const valueStart = this.#at;
    const isLater = step.isFirstOnly && this.seen[slot] === 1;
    if (!isLater) {
      this.seen[slot] = 1;
      this.starts[slot] = valueStart;
      this.ends[slot] = valueEnd;
    }
    if (step.list >= 0) this.lists[step.list].add(valueStart, valueEnd);
    if (step.child !== null && !isLater && !this.#scanMessage(step.child, valueEnd)) return false;
    this.#at = valueEnd;
    return true;
  }

  /** Jumps over a field of no use; of a group, over all that is in it. */
  #skip(firstTag: number, end: number): boolean {
    let tag = firstTag;
    let depth = 0;
    for (;;) {
      const wireType = tag & 7;
      if (wireType === WireType.groupStart) {
        if (++depth > MAX_GROUP_DEPTH) return this.#fail("too_deep");
      } else if (wireType === WireType.groupEnd) {
        if (--depth < 0) return this.#fail("invalid_wire");
      } else if (wireType === WireType.bytes) {
        const valueEnd = this.#readLength(end);
        if (valueEnd === BAD) return this.#fail("invalid_wire");
        this.#at = valueEnd;
      } else if (!this.#readNumber(wireType, end)) return false;
      if (depth === 0) return true;
      tag = this.#readShort(end);
      if (tag === BAD || tag >>> 3 === 0) return this.#fail("invalid_wire");
      if (++this.#fields > MAX_FIELDS) return this.#fail("too_many_fields");
    }
  }

  /** Reads a length; returns where the value ends, {@link BAD} when that is past `end`. */
  #readLength(end: number): number {
    const length = this.#readShort(end);
    return length === BAD || length > end - this.#at ? BAD : this.#at + length;
  }

  /** Reads a varint of at most 32 bits; {@link BAD} when it is none. */
  #readShort(end: number): number {
    const { bytes } = this;
    let at = this.#at;
    if (at >= end) return BAD;
    let byte = bytes[at++];
    let value = byte & 0x7f;
    for (let shift = 7; byte > 0x7f; shift += 7) {
      if (at >= end || shift >= MAX_SHORT_VARINT_BYTES * 7) return BAD;
      byte = bytes[at++];
      if (shift === 28 && byte > 0x0f) return BAD;
      value |= (byte & 0x7f) << shift;
    }
    this.#at = at;
    return value >>> 0;
  }

  #readNumber(wireType: number, end: number): boolean {
    if (wireType === WireType.varint) return this.#readVarint(end) || this.#fail("invalid_wire");
    const size = wireType === WireType.fixed64 ? 8 : wireType === WireType.fixed32 ? 4 : BAD;
    if (size === BAD || end - this.#at < size) return this.#fail("invalid_wire");
    this.#low = readHalf(this.bytes, this.#at);
    this.#high = size === 8 ? readHalf(this.bytes, this.#at + 4) : 0;
    this.#at += size;
    return true;
  }

  /** Reads 64 bits in groups of seven, the lowest first. */
  #readVarint(end: number): boolean {
    const { bytes } = this;
    const start = this.#at;
    let low = 0;
    let high = 0;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const at = start + i;
      if (at >= end) return false;
      const byte = bytes[at];
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (i * 7);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (i * 7 - 32);
      if (byte > 0x7f) continue;
      this.#at = at + 1;
      this.#low = low;
      this.#high = high;
      return true;
    }
    return false;
  }

  #fail(problem: WireProblem): false {
    this.problem = problem;
    return false;
  }
}

function findSparse(steps: readonly FieldStep[], number: number): FieldStep | null {
  for (let i = 0; i < steps.length; i++) if (steps[i].number === number) return steps[i];
  return null;
}

function readHalf(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}
