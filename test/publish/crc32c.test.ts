import { expect, test } from "bun:test";
import fc from "fast-check";
import { crc32c } from "../../src/publish/crc32c.ts";

const ascii = (text: string): Buffer => Buffer.from(text, "latin1");

test("crc32c() gives the published vectors (RFC 3720 B.4 and the check value)", () => {
  const ascending = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
  expect(crc32c(ascii("123456789"), 0, 9)).toBe(0xe3069283);
  expect(crc32c(Buffer.alloc(32), 0, 32)).toBe(0x8a9136aa);
  expect(crc32c(Buffer.alloc(32, 0xff), 0, 32)).toBe(0x62a8ab43);
  expect(crc32c(ascending, 0, 32)).toBe(0x46dd794e);
  expect(crc32c(ascending.reverse(), 0, 32)).toBe(0x113fdb5c);
  expect(crc32c(Buffer.alloc(0), 0, 0)).toBe(0);
});

test("crc32c() agrees with the bitwise definition on any slice", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), fc.nat(20), (bytes, a, b) => {
      const start = Math.min(a, bytes.length);
      const end = Math.max(start, bytes.length - b);
      expect(crc32c(bytes, start, end)).toBe(bitwise(bytes.subarray(start, end)));
    }),
  );
});

function bitwise(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
