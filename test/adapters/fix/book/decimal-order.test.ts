import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compareDecimals, DecimalKey, isZeroDecimal } from "../../../../src/adapters/fix/book/decimal-order.ts";

/** The order the numbers have, by way of whole numbers of any size. */
function modelOrder(a: string, b: string): number {
  const places = Math.max(fractionOf(a).length, fractionOf(b).length);
  const [x, y] = [scaled(a, places), scaled(b, places)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function fractionOf(text: string): string {
  return text.split(".")[1] ?? "";
}

function scaled(text: string, places: number): bigint {
  const whole = text.replace("-", "").split(".")[0];
  const value = BigInt(`${whole}${fractionOf(text).padEnd(places, "0")}` || "0");
  return text.startsWith("-") ? -value : value;
}

/** By text alone. */
function orderByText(a: string, b: string): number {
  const key = new DecimalKey();
  key.read(Buffer.from(a), 0, a.length);
  return Math.sign(compareDecimals(key, Buffer.from(b), 0, b.length));
}

/** By the two whole numbers, as far as they tell. */
function orderByKeys(a: string, b: string): number | "undecided" {
  const [one, other] = [new DecimalKey(), new DecimalKey()];
  one.read(Buffer.from(`9${a}9`), 1, 1 + a.length);
  other.read(Buffer.from(`9${b}9`), 1, 1 + b.length);
  if (one.high !== other.high) return one.high < other.high ? -1 : 1;
  if (one.low !== other.low) return one.low < other.low ? -1 : 1;
  return one.isLong || other.isLong ? "undecided" : 0;
}

describe("order of decimals", () => {
  test.each([
    ["1.10", "1.1", 0],
    [".5", "0.5", 0],
    ["5.", "5", 0],
    ["007", "7", 0],
    ["-0", "0.000", 0],
    ["", "0", 0],
    ["-.25", "-.3", 1],
    ["-1", "1", -1],
    ["-2", "-1", -1],
    ["9", "10", -1],
    ["1.0000000001", "1.0000000002", -1],
    ["1.00000000010", "1.0000000001", 0],
    ["1.123456789", "1.1234567890", 0],
    ["9007199254740993", "9007199254740992", 1],
    ["-9007199254740993", "-9007199254740992", -1],
    ["1000000000000000", "999999999999999.9", 1],
    ["0.1", "0.09999999999999999999", 1],
  ])("%s against %s is %d", (a, b, order) => {
    expect(orderByText(a, b)).toBe(order);
    expect(orderByText(b, a)).toBe(order === 0 ? 0 : -order);
    const byKeys = orderByKeys(a, b);
    expect(byKeys === "undecided" ? order : byKeys).toBe(order);
  });

  test("property: text and keys agree with numbers of any size", () => {
    const digits = (max: number) => fc.string({ unit: fc.constantFrom("0", "0", "1", "5", "9"), maxLength: max });
    const decimal = fc
      .tuple(fc.boolean(), digits(18), fc.option(digits(12), { nil: undefined }))
      .map(
        ([isNegative, whole, fraction]) =>
          `${isNegative ? "-" : ""}${whole}${fraction === undefined ? "" : `.${fraction}`}`,
      );
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const order = modelOrder(a, b);
        expect(orderByText(a, b)).toBe(order);
        const byKeys = orderByKeys(a, b);
        expect(byKeys === "undecided" ? order : byKeys).toBe(order);
        expect(isZeroDecimal(Buffer.from(a), 0, a.length)).toBe(modelOrder(a, "0") === 0);
      }),
      { numRuns: 5000 },
    );
  });

  test("property: any bytes are read without a throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ maxLength: 70 }), (a, b) => {
        const key = new DecimalKey();
        key.read(a, 0, a.length);
        expect(typeof compareDecimals(key, b, 0, b.length)).toBe("number");
        expect(typeof isZeroDecimal(a, 0, a.length)).toBe("boolean");
      }),
    );
  });
});
