import { expect, test } from "bun:test";
import fc from "fast-check";
import { decimalText, trimmedDecimalText } from "../../src/simulator/decimal-text.ts";

test("decimalText() writes units with all their zeros", () => {
  expect(decimalText(110, 2)).toBe("1.10");
  expect(decimalText(1, 8)).toBe("0.00000001");
  expect(decimalText(6_412_345_000_000, 8)).toBe("64123.45000000");
  expect(decimalText(64123, 0)).toBe("64123");
});

test("trimmedDecimalText() leaves no trailing zero and no bare point", () => {
  expect(trimmedDecimalText(1500, 3)).toBe("1.5");
  expect(trimmedDecimalText(2000, 3)).toBe("2");
  expect(trimmedDecimalText(0, 3)).toBe("0");
});

test("decimalText() loses no digit of any safe integer", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 12 }), (units, decimals) => {
      const exact = String(units).padStart(decimals + 1, "0");
      const at = exact.length - decimals;
      const wanted = decimals === 0 ? exact : `${exact.slice(0, at)}.${exact.slice(at)}`;
      expect(decimalText(units, decimals)).toBe(wanted);
    }),
  );
});
