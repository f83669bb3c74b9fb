import { expect, test } from "bun:test";
import fc from "fast-check";
import { digitCount, varintBytes, writeDigits, writeSlice, writeVarint } from "../../src/publish/byte-writer.ts";

test("writeDigits() writes any whole number up to 2^53 as its decimal text", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.maxSafeNat(), fc.nat(200_000_000), fc.constantFrom(0, 9, 10, 99_999_999, 100_000_000, 2 ** 53 - 1)),
      (value) => {
        const target = Buffer.alloc(20, 0x2e);
        const count = digitCount(value);
        expect(writeDigits(target, 2, value, count)).toBe(2 + count);
        expect(target.toString("latin1", 2, 2 + count)).toBe(String(value));
        expect(target[1]).toBe(0x2e);
        expect(target[2 + count]).toBe(0x2e);
      },
    ),
  );
});

test("writeVarint() is the zigzag varint of Kafka records and as long as varintBytes() says", () => {
  const known: [number, number[]][] = [
    [0, [0]],
    [-1, [1]],
    [1, [2]],
    [63, [126]],
    [-64, [127]],
    [64, [0x80, 1]],
    [300, [0xd8, 4]],
    [2147483647, [0xfe, 0xff, 0xff, 0xff, 0x0f]],
    [-2147483648, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ];
  for (const [value, bytes] of known) {
    const target = Buffer.alloc(8);
    const end = writeVarint(target, 0, value);
    expect([...target.subarray(0, end)]).toEqual(bytes);
    expect(varintBytes(value)).toBe(bytes.length);
  }
});

test("writeSlice() copies short and long slices to the byte", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(80), (source, cut) => {
      const start = Math.min(cut, source.length);
      const target = Buffer.alloc(100, 0xee);
      const end = writeSlice(target, 5, source, start, source.length);
      expect(Buffer.compare(target.subarray(5, end), source.subarray(start))).toBe(0);
      expect(target[end]).toBe(0xee);
    }),
  );
});
