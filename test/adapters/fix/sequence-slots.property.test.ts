import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  encodeSlot,
  newestSlot,
  SEQUENCE_FILE_BYTES,
  type SequenceRecord,
  slotOffset,
} from "../../../src/adapters/fix/sequence-slots.ts";

const RECORD: fc.Arbitrary<SequenceRecord> = fc.record({
  generation: fc.integer({ min: 1 }),
  identity: fc.string({ maxLength: 100 }),
  nextOutgoing: fc.integer({ min: 1 }),
  nextIncoming: fc.integer({ min: 1 }),
  lastResetMs: fc.nat(),
});

function fileOf(slots: readonly (SequenceRecord | null)[]): Uint8Array {
  const file = new Uint8Array(SEQUENCE_FILE_BYTES);
  for (const [slot, record] of slots.entries()) {
    if (record !== null) file.set(encodeSlot(record) as Uint8Array, slotOffset(slot as 0 | 1));
  }
  return file;
}

describe("Slots of the sequence file", () => {
  test("what was written is read", () => {
    fc.assert(
      fc.property(RECORD, fc.constantFrom(0, 1), (record, slot) => {
        const newest = newestSlot(fileOf(slot === 0 ? [record, null] : [null, record]));
        expect(newest).toMatchObject({ slot, record });
      }),
    );
  });

  test("the newer of two good slots counts", () => {
    fc.assert(
      fc.property(RECORD, RECORD, (first, second) => {
        fc.pre(first.generation !== second.generation);
        const newest = newestSlot(fileOf([first, second]));
        expect(newest?.slot).toBe(first.generation > second.generation ? 0 : 1);
      }),
    );
  });

  test("a slot with a changed byte never counts", () => {
    fc.assert(
      fc.property(RECORD, fc.nat({ max: 2047 }), fc.integer({ min: 1, max: 255 }), (record, at, change) => {
        const file = fileOf([record, null]);
        file[at] ^= change;
        expect(newestSlot(file)).toBeNull();
      }),
    );
  });

  test("a write that was cut anywhere leaves the other slot", () => {
    fc.assert(
      fc.property(RECORD, RECORD, fc.nat({ max: 2047 }), (old, next, cut) => {
        const file = fileOf([
          { ...old, generation: 1 },
          { ...old, generation: 2 },
        ]);
        const slot = encodeSlot({ ...next, generation: 3 }) as Uint8Array;
        file.set(slot.subarray(0, cut), slotOffset(0));
        // Its last bytes may be those that were there.
        const isWhole = Buffer.from(slot).equals(file.subarray(0, slot.length));
        expect(newestSlot(file)?.record.generation).toBe(isWhole ? 3 : 2);
      }),
    );
  });

  test("any bytes at all are read without a throw", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 7000 }), (bytes) => newestSlot(bytes) === null));
  });

  test("an identity that does not fit is refused", () => {
    const record = { generation: 1, identity: "x".repeat(3000), nextOutgoing: 1, nextIncoming: 1, lastResetMs: 0 };
    expect(encodeSlot(record)).toBeNull();
  });
});
