import { expect, test } from "bun:test";
import fc from "fast-check";
import { IntegerText, integerFormOf, MAX_INTEGER_DIGITS } from "../../../src/venues/grpc/integer-text.ts";
import type { FieldType } from "../../../src/venues/grpc/proto-schema.ts";
import { INTEGER_RANGES } from "./random-messages.ts";

/** The bits of a number as they stand on the wire. */
function wireBits(type: string, value: bigint): bigint {
  if (type.startsWith("sint")) return value >= 0n ? value * 2n : value * -2n - 1n;
  return BigInt.asUintN(type.endsWith("fixed32") ? 32 : 64, value);
}

/** The number times 10^exponent by whole-number arithmetic on text. */
function expectedText(value: bigint, exponent: number): string {
  const sign = value < 0n ? "-" : "";
  const digits = String(value < 0n ? -value : value);
  if (exponent >= 0) return value === 0n ? "0" : `${sign}${digits}${"0".repeat(exponent)}`;
  const padded = digits.padStart(-exponent + 1, "0");
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}

const anyInteger = fc.constantFrom(...INTEGER_RANGES.keys()).chain((type) => {
  const [min, max] = INTEGER_RANGES.get(type) as readonly [bigint, bigint];
  const edges = [min, max, 0n, 1n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n + 1n, 999_999_999n, 1_000_000_000n];
  const inRange = edges.filter((edge) => edge >= min && edge <= max);
  return fc.record({ type: fc.constant(type), value: fc.oneof(fc.constantFrom(...inRange), fc.bigInt({ min, max })) });
});

test("IntegerText writes every integer of every type as BigInt does, at every exponent", () => {
  const integer = new IntegerText();
  const target = new Uint8Array(80);
  fc.assert(
    fc.property(anyInteger, fc.integer({ min: -30, max: 30 }), ({ type, value }, exponent) => {
      const bits = wireBits(type, value);
      const form = integerFormOf(type as FieldType);
      if (form === null) throw new Error("no form");
      integer.set(form, Number(BigInt.asIntN(32, bits)), Number(BigInt.asIntN(32, bits >> 32n)));
      const end = integer.write(target, 3, exponent);
      expect(Buffer.from(target.subarray(3, end)).toString("latin1")).toBe(expectedText(value, exponent));
      expect(integer.isZero).toBe(value === 0n);
      expect(integer.isNegative).toBe(value < 0n);
      expect(integer.start).toBeLessThan(MAX_INTEGER_DIGITS);
    }),
    { numRuns: 3000 },
  );
});

test("integerFormOf() knows no form of what is no whole number", () => {
  for (const type of ["string", "bytes", "double", "float", "message", "group"] as const) {
    expect(integerFormOf(type)).toBeNull();
  }
});
