import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DecimalKind, decimalKind, isSequenceText, numberKind } from "../../src/venues/decimal-text.ts";

const DECIMAL = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/;

function kindOf(text: string): DecimalKind {
  const bytes = Buffer.from(`1${text}1`);
  return decimalKind(bytes, 1, bytes.length - 1);
}

function numberKindOf(text: string): DecimalKind {
  const bytes = Buffer.from(`1${text}1`);
  return numberKind(bytes, 1, bytes.length - 1);
}

function isSequence(text: string): boolean {
  const bytes = Buffer.from(`1${text}1`);
  return isSequenceText(bytes, 1, bytes.length - 1);
}

describe("decimalKind()", () => {
  test.each(["0", "0.0", "-0", "-0.000", "0.00000000"])("%s is zero", (text) => {
    expect(kindOf(text)).toBe(DecimalKind.zero);
  });

  test.each(["1", "10", "0.1", "0.00000001", "123456789012345678901234567890.5"])("%s is positive", (text) => {
    expect(kindOf(text)).toBe(DecimalKind.positive);
  });

  test.each(["-1", "-37.63", "-0.01"])("%s is negative", (text) => {
    expect(kindOf(text)).toBe(DecimalKind.negative);
  });

  test.each([
    "",
    "-",
    ".",
    "1.",
    ".5",
    "01",
    "00",
    "-01",
    "+1",
    "1e5",
    "0.-10000",
    "1 ",
    " 1",
    "1,5",
    "1.2.3",
    "NaN",
    "0x1",
  ])("%p is no decimal", (text) => {
    expect(kindOf(text)).toBe(DecimalKind.invalid);
  });

  test("takes 64 bytes and no more", () => {
    expect(kindOf("1".repeat(64))).toBe(DecimalKind.positive);
    expect(kindOf("1".repeat(65))).toBe(DecimalKind.invalid);
  });

  test("property: agrees with a regular expression and the sign of the number", () => {
    const unit = fc.constantFrom(..."0015-.e");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 10 }), (text) => {
        const expected = DECIMAL.test(text) ? signKind(Number(text)) : DecimalKind.invalid;
        expect(kindOf(text)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("numberKind()", () => {
  test.each([
    ["0", DecimalKind.zero],
    ["-0.0", DecimalKind.zero],
    ["0e9", DecimalKind.zero],
    ["0.0E-7", DecimalKind.zero],
    ["1e-8", DecimalKind.positive],
    ["-2E+3", DecimalKind.negative],
    ["0.01", DecimalKind.positive],
    ["1".repeat(65), DecimalKind.invalid],
  ] as const)("%s", (text, kind) => {
    expect(numberKindOf(text)).toBe(kind);
  });

  test("property: agrees with the sign of any number JSON can write", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(numberKindOf(JSON.stringify(value))).toBe(signKind(value));
      }),
    );
  });
});

describe("isSequenceText()", () => {
  test.each(["0", "1", "007", "9".repeat(24)])("takes %s", (text) => {
    expect(isSequence(text)).toBe(true);
  });

  test.each(["", "-1", "1.0", "1e3", "a", "9".repeat(25)])("refuses %p", (text) => {
    expect(isSequence(text)).toBe(false);
  });
});

function signKind(value: number): DecimalKind {
  if (value === 0) return DecimalKind.zero;
  return value < 0 ? DecimalKind.negative : DecimalKind.positive;
}
